"""An Auth0 tenant in, an export folder out: `ferry download`. Never runs inside `pulumi up`.

The only importer of auth0-python. Users come from one bulk export job, everything else from lists; no call is made for
a single user. What was fetched stands in `.download` of the folder until all of it is whole.

Reading order: `run` (the walk), `access` (who asks), `scopes` (what the application must be granted), `users` with
`link` and `profiles`, `lists` with `paging`, `state` (what an interrupted run goes on from), `publish` (the final
files), `oddities` (what is told at the end); below them `management` (the one door) and `pacing`.
"""
