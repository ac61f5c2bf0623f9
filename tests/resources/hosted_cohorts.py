"""The cohorts of a small stack in the real provider host process: what the engine would keep of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from providers.directory.store import open_store
from providers.resources.cohort import MembershipCohortProvider, OrganizationCohortProvider, UserCohortProvider
from providers.settings import Kind, read_settings
from providers.state.applied import Applied, unpack
from providers.state.cohorts import cohort_name, texts
from tests.resources.provider_host import PROVIDER, Bag, Project, ProviderHost

COHORT_PROVIDER: dict[Kind, Any] = {
    "organizations": OrganizationCohortProvider,
    "users": UserCohortProvider,
    "memberships": MembershipCohortProvider,
}


@dataclass
class Cohorts:
    """Outputs of every cohort that is not empty, or was not, by its name; roles are records of their own."""

    project: Project
    held: dict[str, Bag] = field(default_factory=dict)
    roles: dict[str, tuple[str, Bag]] = field(default_factory=dict)

    def up(self, host: ProviderHost, **more: dict[str, Any]) -> dict[str, str]:
        """Check, diff, create and update what is declared, in graph order; what was done to which cohort.

        `more` are further inputs by name of the cohort, its dash an underscore.
        """
        done = {}
        for slug, news in self.project.declares("roles").items():
            if slug not in self.roles:
                self.roles[slug] = host.create(PROVIDER["roles"], news)
        for name, kind, declared in self.inputs():
            news = declared | more.get(name.replace("-", "_"), {})
            olds = self.held.get(name)
            assert not host.check(COHORT_PROVIDER[kind], news, olds and {**news, **olds}).failures
            step = host.diff(COHORT_PROVIDER[kind], name, olds, news) if olds else "create"
            if step == "create":
                id_, self.held[name] = host.create(COHORT_PROVIDER[kind], news)
                assert id_ == name
            elif step == "update":
                self.held[name] = host.update(COHORT_PROVIDER[kind], name, olds or {}, news)
            if step != "same":
                done[name] = step
        return done

    def inputs(self) -> list[tuple[str, Kind, Bag]]:
        """Name, kind and inputs of every cohort that has lines or outputs."""
        raw = {f"ferry:{key}": text for key, text in self.project.config.items()}
        found: list[tuple[str, Kind, Bag]] = []
        with open_store(read_settings(raw, {}), self.project.folder) as store:
            for kind in COHORT_PROVIDER:
                for number, text in enumerate(texts(kind, store.records(kind))):
                    name = cohort_name(kind, number)
                    if text or name in self.held:
                        bag = {"cohort": number, "stack": "dev", "records": text, "setbacks": None}
                        found.append((name, kind, bag))
        return found

    def applied(self, kind: Kind) -> dict[str, Applied]:
        """What is remembered of every record of a kind."""
        names = [name for name in self.held if name.startswith(kind)]
        return {key: held for name in names for key, held in unpack(self.held[name]["applied"]).items()}

    def setbacks(self) -> dict[str, tuple[str, str]]:
        """State and code of every record that did not reach WorkOS, by key."""
        told = [bag["setbacks"]["records"] for bag in self.held.values() if bag.get("setbacks")]
        return {record["key"]: (record["state"], record["code"]) for records in told for record in records}

    def refresh(self, host: ProviderHost) -> None:
        """Read every cohort."""
        for kind, name in self._names():
            _, self.held[name] = host.read(COHORT_PROVIDER[kind], name, self.held[name])

    def destroy(self, host: ProviderHost) -> None:
        """Delete every cohort, memberships first."""
        for kind, name in reversed(self._names()):
            host.delete(COHORT_PROVIDER[kind], name, self.held[name])
        self.held.clear()

    def _names(self) -> list[tuple[Kind, str]]:
        return [(kind, name) for kind in COHORT_PROVIDER for name in self.held if name.startswith(kind)]
