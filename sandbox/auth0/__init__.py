"""The part of Auth0's Management API that an export needs, under ``/auth0`` of the sandbox's address.

In: a tenant, loaded from an export folder (``tenant``). Out: the answers Auth0 gives to a client that downloads it:
tokens, export jobs and their signed links, organizations, members, roles, connections; with scopes, both kinds of
paging, rate limits, refusals in Auth0's shapes, and faults on demand. It never changes the tenant.

Reading order: ``tokens``, ``jobs`` (with ``projection``: what a line holds, and ``downloads``: the link),
``organizations``, ``catalog`` (roles, connections, applications), ``paging``, ``limits``, ``refusals``, ``endpoint``
(the door), ``control`` (what a test may set).

It promises: paths, parameters, shapes and scopes as auth0-python 6.8.0 calls and parses them; parameters Auth0 does not
have are refused; equal requests get equal answers (but tokens). It does not promise: users one by one, invitations,
groups, permissions, anything that writes, search syntax, and Auth0's order of users, which is not documented.
Where Auth0 documents nothing, the docstring of the rule says "not documented": verify it on a real tenant.
"""
