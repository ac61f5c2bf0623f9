"""Pulumi's own host process for dynamic providers, spoken to as the engine speaks to it; and the project it runs in."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider
from pulumi.runtime import proto, rpc
from pulumi.runtime.proto import provider_pb2_grpc

from providers.directory.model import SCHEMA_OF, Record, fields
from providers.directory.store import open_store
from providers.resources.record import MembershipProvider, OrganizationProvider, RoleProvider, UserProvider
from providers.settings import Kind, read_settings
from providers.state.bags import RecordInputs
from tests.resources.host_fork import end_host, fork_host
from tests.stack import KEY, Sandbox
from tests.tenant import Line, write

Bag = dict[str, Any]
PROVIDER: dict[Kind, type[ResourceProvider]] = {
    "roles": RoleProvider,
    "organizations": OrganizationProvider,
    "users": UserProvider,
    "memberships": MembershipProvider,
}
#: How Pulumi marks a secret on the wire.
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
UNKNOWN = rpc.UNKNOWN
_LONGEST_CALL = 30

_serialized: dict[type[ResourceProvider], str] = {}


def serialized(provider: type[ResourceProvider]) -> str:
    """A provider as the program hands it to the engine; once a class, since each time costs the next one more."""
    if provider not in _serialized:
        _serialized[provider] = str(serialize_provider(provider()))
    return _serialized[provider]


def wire(bag: Bag) -> Any:
    """A bag as it travels: nulls left out, numbers as floats."""
    return asyncio.run(rpc.serialize_properties(bag, {}))


class Raised(Exception):
    """A call of the host raised; the engine shows the text."""


class ProviderHost:
    """One host process, configured."""

    def __init__(self, project: Path, config: dict[str, str], command: tuple[str, ...]) -> None:
        """`command` are the words of the engine's command that it is started by, the verb first."""
        self._errors = (project / f"host-{len(list(project.glob('host-*')))}.txt").open("w+", encoding="utf-8")
        said, says = os.pipe()
        environment = {"PATH": os.environ["PATH"], "PULUMI_PROJECT": "ferry", "PULUMI_STACK": "dev"}
        self._engine = fork_host(command, project, environment, says, self._errors.fileno())
        os.close(says)
        self._said = open(said, "rb")  # noqa: PTH123, SIM115
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self._said.readline())}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._answers: list[str] = []
        args: Bag = {f"ferry:{key}": text for key, text in config.items()}
        args["ferry:workosApiKey"] = {**SECRET, "value": config["workosApiKey"]}
        self._call("Configure", proto.ConfigureRequest(args=wire(args)))

    def close(self) -> None:
        """End the process, and the one that started it; afterwards both have ended."""
        if self._said.closed:
            return
        self._channel.close()
        end_host(self._engine)
        self._said.read()
        self._said.close()
        self._errors.close()

    def said(self) -> str:
        """What it wrote for people to read."""
        self._errors.seek(0)
        return self._errors.read()

    def told(self) -> str:
        """Everything that left the process so far: answers, errors, and what is written for people."""
        return "\n".join([*self._answers, self.said()])

    def check(self, provider: type[ResourceProvider], news: Bag, olds: Bag | None = None) -> Any:
        """The inputs to use, and what is wrong with them."""
        held = self._bag(provider, olds) if olds else wire({})
        return self._call("Check", proto.CheckRequest(olds=held, news=self._bag(provider, news)))

    def diff(self, provider: type[ResourceProvider], id_: str, olds: Bag, news: Bag) -> str:
        """What the engine makes of the answer: `same`, `update` or `replace`."""
        answer = self._call(
            "Diff", proto.DiffRequest(id=id_, olds=self._bag(provider, olds), news=self._bag(provider, news))
        )
        assert answer.changes in {proto.DiffResponse.DIFF_SOME, proto.DiffResponse.DIFF_NONE}
        assert answer.deleteBeforeReplace == id_.startswith(("failed:", "pending:"))
        changed = answer.changes == proto.DiffResponse.DIFF_SOME
        assert changed or not answer.replaces
        return "replace" if answer.replaces else "update" if changed else "same"

    def create(self, provider: type[ResourceProvider], news: Bag) -> tuple[str, Bag]:
        """Id and outputs."""
        answer = self._call("Create", proto.CreateRequest(properties=self._bag(provider, news)))
        return answer.id, _plain(answer.properties)

    def update(self, provider: type[ResourceProvider], id_: str, olds: Bag, news: Bag) -> Bag:
        """Outputs."""
        request = proto.UpdateRequest(id=id_, olds=self._bag(provider, olds), news=self._bag(provider, news))
        return _plain(self._call("Update", request).properties)

    def read(self, provider: type[ResourceProvider], id_: str, held: Bag) -> tuple[str, Bag]:
        """Id, empty if the object is gone, and outputs."""
        answer = self._call("Read", proto.ReadRequest(id=id_, properties=self._bag(provider, held)))
        return answer.id, _plain(answer.properties)

    def delete(self, provider: type[ResourceProvider], id_: str, held: Bag) -> None:
        """Take it away."""
        self._call("Delete", proto.DeleteRequest(id=id_, properties=self._bag(provider, held)))

    def _bag(self, provider: type[ResourceProvider], bag: Bag) -> Any:
        return wire({PROVIDER_KEY: serialized(provider), **bag})

    def _call(self, name: str, request: Any) -> Any:
        try:
            answer = getattr(self._stub, name)(request, timeout=_LONGEST_CALL)
        except grpc.RpcError as error:
            said = str(error.details()).removeprefix("Exception calling application: ")
            self._answers.append(said)
            raise Raised(said) from None
        self._answers.append(str(answer))
        return answer


def _plain(properties: Any) -> Bag:
    bag: Bag = rpc.deserialize_properties(properties)
    assert PROVIDER_KEY in bag
    return {key: value for key, value in bag.items() if key != PROVIDER_KEY}


@dataclass
class Project:
    """A project folder with a small export, and the WorkOS environment it is for."""

    folder: Path
    workos: Sandbox
    hosts: list[ProviderHost] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)

    def exports(self, **files: Iterable[Line | str]) -> None:
        """The export folder, made anew."""
        for old in (self.folder / "export").glob("*"):
            old.unlink()
        write(self.folder / "export", **files)

    def starts(self, *command: str, destroy: bool = False, **config: str) -> ProviderHost:
        """A new host process, as every command of the engine starts one; `up` unless it is told otherwise."""
        self.config = {
            "export": "export",
            "workosApiKey": KEY,
            "workosBaseUrl": self.workos.url,
            "rateShare": "1.0",
            **config,
        }
        self.hosts.append(ProviderHost(self.folder, self.config, command or ("destroy" if destroy else "up",)))
        return self.hosts[-1]

    def declares(self, kind: Kind, **ids: str) -> dict[str, Bag]:
        """The inputs of every record of a kind as the program makes them; `ids` are WorkOS ids by key of an end."""
        raw = {f"ferry:{key}": text for key, text in self.config.items()}
        with open_store(read_settings(raw, {}), self.folder) as store:
            return {record.key: _inputs(record, ids) for record in store.records(kind)}


def _inputs(record: Record, ids: dict[str, str]) -> Bag:
    ends = [(name, str(fields(record)[name])) for name, _ in SCHEMA_OF[type(record)].ends]
    found = {f"{name}_id": ids.get(end, f"unknown {end}") for name, end in ends}
    return {**RecordInputs().bag({**fields(record), **found}), "failure": None}


@dataclass
class Hosted:
    """What the engine keeps between commands: id and outputs by kind and key."""

    project: Project
    held: dict[tuple[Kind, str], tuple[str, Bag]] = field(default_factory=dict)

    def up(self, host: ProviderHost) -> dict[str, str]:
        """Check, diff, create and update every declared record in graph order; what was done to which."""
        done = {}
        for kind, provider in PROVIDER.items():
            for key, news in self.project.declares(kind, **self.ids()).items():
                id_, olds = self.held.get((kind, key), ("", {}))
                assert not host.check(provider, news, olds).failures
                step = host.diff(provider, id_, olds, news) if id_ else "create"
                if step in {"create", "replace"}:
                    self.held[kind, key] = host.create(provider, news)
                elif step == "update":
                    self.held[kind, key] = id_, host.update(provider, id_, olds, news)
                if step != "same":
                    done[f"{kind} {key}"] = step
        return done

    def ids(self) -> dict[str, str]:
        """WorkOS ids of users and organizations by key."""
        return {key: id_ for (kind, key), (id_, _) in self.held.items() if kind != "memberships"}

    def outputs(self, kind: Kind, key: str) -> Bag:
        """The outputs of one record."""
        return self.held[kind, key][1]

    def id(self, kind: Kind, key: str) -> str:
        """The id of one record."""
        return self.held[kind, key][0]

    def delete(self, host: ProviderHost, kind: Kind, key: str) -> None:
        """What the engine does with a record that the program declares no more."""
        host.delete(PROVIDER[kind], *self.held[kind, key])

    def text(self) -> str:
        """The whole of what is kept."""
        return json.dumps([*self.held.values()])
