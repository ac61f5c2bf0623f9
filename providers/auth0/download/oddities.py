"""What is odd about a finished download, counted over all of it: each a sentence, with an external id as example."""

from __future__ import annotations

from collections.abc import Iterator

from providers.auth0.download.paging import OFFSET_END
from providers.auth0.download.state import State

#: Words for the items of a list.
_ITEMS = {
    "roles": "role(s)",
    "organizations": "organization(s)",
    "members": "member(s)",
    "domains": "domain(s)",
    "connections": "enabled connection(s)",
}


def oddities(state: State) -> Iterator[str]:
    """Oddities that leave the download whole."""
    if count := state.fact("users_repeated"):
        yield f"{count} user(s) stand in the export more than once; `ferry check` says which line counts"
    for kind, repeated in state.db.execute("SELECT kind, sum(repeated) FROM lists GROUP BY kind HAVING sum(repeated)"):
        yield f"{repeated} {_ITEMS[kind]} came again on another page; the newest is kept"
    yield from _strangers(state)
    query = "SELECT kind, count(*) FROM items JOIN lists ON lists.id = list WHERE own IS NULL GROUP BY kind"
    for kind, count in state.db.execute(query):
        yield f"{count} {_ITEMS[kind]} came without an id; `ferry check` names the lines"
    query = "SELECT count(DISTINCT owner), min(owner) FROM lists WHERE remark = 'gone'"
    count, first = state.db.execute(query).fetchone()
    if count:
        yield f"{count} organization(s) were deleted during the download (first: {first}); their lines may lack parts"


def gaps(state: State) -> Iterator[str]:
    """What Auth0 has and did not give: the download lacks it."""
    query = "SELECT kind, owner, received - repeated, missing FROM lists WHERE missing ORDER BY id"
    for kind, owner, given, missing in state.db.execute(query):
        where = f" of {owner}" if owner else ""
        step = "its lists of this kind end at 1,000" if given + missing > OFFSET_END else "download again"
        yield f"Auth0 counts {given + missing:,} {_ITEMS[kind]}{where} and gave {given:,}: {step}"
    query = (
        "SELECT kind, remark, count(*), min(owner) FROM lists WHERE remark NOT IN ('', 'gone') GROUP BY kind, remark"
    )
    for kind, remark, count, first in state.db.execute(query):
        where = f" of {count} organization(s) (first: {first})" if first else ""
        yield f"the {_ITEMS[kind]}{where} are not all there: {remark}"


def _strangers(state: State) -> Iterator[str]:
    """Members who are no users: the two lists are read at different moments, and Auth0's are eventually consistent."""
    query = (
        "SELECT count(*), min(owner || '/' || own) FROM items JOIN lists ON lists.id = list "
        "WHERE kind = 'members' AND own IS NOT NULL AND own NOT IN (SELECT own FROM users)"
    )
    count, first = state.db.execute(query).fetchone()
    if count:
        yield f"{count} membership(s) belong to nobody in users (first: {first}): deleted or created meanwhile"
