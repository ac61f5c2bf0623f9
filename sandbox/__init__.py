"""An embedded WorkOS API, and the part of Auth0's that an export needs: demo, tests and rehearsal need no account.

In: HTTP requests to the part of WorkOS's API that Ferry calls. Out: WorkOS's answers, refusals included, from plain
Python objects in one process. It knows nothing of the rest of the project and imports none of it.
The room ``auth0`` is the other side: the tenant that is downloaded, under ``/auth0`` of the same address.

Reading order: ``server`` (start it), ``users``, ``organizations``, ``memberships``, ``roles``, ``factors``,
``authenticate`` (what each call does), ``state`` (what is held), ``refusals`` (what is refused, and how), ``control``
(what a test may ask).
Where WorkOS documents nothing, the docstring of the rule says "not documented": verify it on a staging environment.
"""
