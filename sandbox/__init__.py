"""An embedded WorkOS API, and the part of Auth0's that an export needs: demo, tests and rehearsal need no account.

In: HTTP requests to the part of WorkOS's API that Ferry calls. Out: WorkOS's answers, refusals included, from plain
Python objects in one process. It knows nothing of the rest of the project and imports none of it.

``workos`` is WorkOS's API and ``auth0`` the tenant that is downloaded, under ``/auth0`` of the same address; they know
nothing of each other. ``http`` is what both stand on: requests, faults, logs, ids. ``sandbox`` holds both sides,
``server`` starts them, ``control`` is what a test may ask and set, ``page`` what a person sees at ``/``.
Where WorkOS documents nothing, the docstring of the rule says "not documented": verify it on a staging environment.
"""
