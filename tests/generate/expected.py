"""The `expected` folder: what WorkOS must hold of an export, record by record, in the form of the sample's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.generate.accounts import Account
from tests.generate.outcome import Outcome, Reject, organizations_of, outcome_of, roles_of, writes_between, writes_for
from tests.generate.shapes import encode
from tests.generate.tenancy import Organization, Role

_POLICIES = ("the identity rules of the design, ferry:multipleRoles true; for a later export ferry:removed delete",)


class Expected:
    """Grows with every group of accounts; `close` writes the summary."""

    def __init__(self, folder: Path, *, drifted: bool) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._files = ExitStack()
        names = ["users", "orgs", "rejects", *(["drift"] if drifted else [])]
        self._file = {
            name: self._files.enter_context((folder / f"{name}.ndjson").open("w", encoding="utf-8")) for name in names
        }
        self._counts: Counter[str] = Counter(dict.fromkeys(("users", "memberships", "inactive", "passwords"), 0))
        self._rejects: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._odd: Counter[str] = Counter()
        self._drift: Counter[str] = Counter()
        self._writes: Counter[str] = Counter()
        self._writes_from_empty = 0

    def tenancy(self, organizations: Sequence[tuple[str, Organization]], roles: Iterable[tuple[str, Role]]) -> None:
        """The organizations and roles, each with the prefix of its tenant."""
        lines = organizations_of(organizations, self._remarks)
        self._file["orgs"].writelines(f"{encode(line)}\n" for line in lines)
        self._slugs, rejects = roles_of(roles, self._remarks)
        self.refuse(rejects)
        self._counts["organizations"], self._counts["roles"] = len(lines), len(self._slugs)
        self._writes_from_empty += len(lines) + len(self._slugs.keys() - {"member"})

    def group(self, accounts: Sequence[Account], prefixes: Mapping[int, str]) -> Outcome:
        """All accounts of one email; what becomes of them."""
        outcome = outcome_of(accounts, prefixes)
        self.refuse(outcome.rejects)
        for remark, number in outcome.remarks.items():
            self._remarks[remark] += number
        for user in outcome.users:
            self._file["users"].write(f"{encode(user)}\n")
            self._count(user)
        self._writes_from_empty += writes_for(outcome.users)
        for account in accounts:
            self._odd.update(_odd_classes(account, len(accounts)))
        return outcome

    def refuse(self, rejects: Iterable[Reject]) -> None:
        """Lines that are not declared, and why."""
        for file, own, reason in rejects:
            self._rejects[f"{file}:{reason}"] += 1
            self._file["rejects"].write(f"{encode({'file': file, 'id': own, 'reason': reason})}\n")

    def drifted(self, kind: str, own: str, before: Sequence[Outcome], after: Sequence[Outcome]) -> None:
        """What changed since the first export, and the fewest writes that it takes."""
        olds, news = ([user for one in found for user in one.users] for found in (before, after))
        writes = writes_between(olds, news)
        self._drift[kind] += 1
        self._writes[kind] += writes
        self._file["drift"].write(f"{encode({'kind': kind, 'external_id': own, 'writes': writes})}\n")

    def close(self, lines: Mapping[str, int], about: Mapping[str, Any], stop: str) -> None:
        """Write the summary; `lines` as the files of the export have them. `stop` is where a reader has to stop:
        then nothing else is expected.
        """
        self._files.close()
        if stop:
            for name in self._file:
                (self.folder / f"{name}.ndjson").unlink()
            self._write_summary({**about, "stops": stop})
            return
        rejects = Counter(self._rejects)
        rejects["users:merged_into_primary"] = self._remarks["users:merged_into_primary"]
        summary = {
            **about,
            "policies": _POLICIES,
            "expected": {**self._counts, "optional_passwords": 0},
            "roles": self._slugs,
            "lines": lines,
            "rejects": _sorted(rejects),
            "remarks": _sorted(self._remarks),
            "odd_classes": _sorted(self._odd),
            "minimal_writes_from_empty": self._writes_from_empty,
            "sign_in": [],
        }
        if "drift" in self._file:
            summary["drift"], summary["minimal_writes_by_kind"] = _sorted(self._drift), _sorted(self._writes)
            summary["minimal_writes_from_first"] = self._writes.total()
        self._write_summary(summary)

    def _write_summary(self, summary: Mapping[str, Any]) -> None:
        text = json.dumps(summary, indent=1, ensure_ascii=False)
        (self.folder / "summary.json").write_text(f"{text}\n", encoding="utf-8")

    def _count(self, user: Mapping[str, Any]) -> None:
        self._counts["users"] += 1
        self._counts["memberships"] += len(user["memberships"])
        self._counts["inactive"] += sum(membership[2] == "inactive" for membership in user["memberships"])
        self._counts["passwords"] += user["password_hash"] is not None
        self._counts["totp"] += user["totp_secret"] is not None
        self._counts["merged_users"] += "merged_from" in user


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts) if counts[name]}


def _odd_classes(account: Account, sharing: int) -> list[str]:
    """What is odd about an account, as the sample's summary counts it."""
    found = [f"prov_{account.identities[0].provider}"]
    if sharing > 1:
        found.append(f"shared_{sharing}")
    if len(account.identities) > 1:
        found.append(f"linked_{len(account.identities)}")
    if account.blocked:
        found.append("blocked")
    if isinstance(account.email_verified, str):
        found.append("verified_text")
    if account.password and account.password.alt_id:
        found.append("hash_alt_id")
    if account.password and account.password.spelling != "object":
        found.append(f"hash_id_{account.password.spelling}")
    if len(account.factors) > 1:
        found.append("several_factors")
    if len(account.memberships) >= 50:
        found.append("many_organizations")
    return found
