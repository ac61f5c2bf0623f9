"""The directory on disk: private, written once, reused while nothing changed, and without any secret in it."""

from __future__ import annotations

import gc
import gzip
import json
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from providers.auth0.hashes import PasswordHash, read_hash
from providers.auth0.lines import ExportError
from providers.directory.model import Membership, Organization, Role
from providers.directory.store import Store, open_store
from providers.settings import read_settings
from tests.tenant import (
    HASH,
    OTHER_HASH,
    OTHER_OTP,
    OTP,
    member,
    organization,
    otp,
    password,
    person,
    role,
    write,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a small export."""
    write(
        tmp_path / "export",
        users=[
            person("1", given_name="Ada"),
            person("2", email="shared@people.example"),
            person("3", email="shared@people.example"),
            person("4", email=None),
        ],
        organizations=[organization("a", metadata={"k": "v"}, domains=[{"domain": "a.example"}])],
        members=[member("a", "auth0|1", "Admin"), member("a", "auth0|3", "Admin", "Viewer")],
        roles=[role("Admin", description="All")],
        passwords=[password("1", HASH), password("2", OTHER_HASH)],
        mfa=[otp("auth0|1", OTP), otp("auth0|3", OTHER_OTP)],
    )
    return tmp_path


def opened(project: Path, **config: str) -> Store:
    """The store of the project's export."""
    texts = {"export": "export", "multipleRoles": "true", **config}
    return open_store(read_settings({f"ferry:{key}": text for key, text in texts.items()}, {}), project)


def path_of(project: Path, **config: str) -> Path:
    """Where the store of the project's export stands."""
    with opened(project, **config) as store:
        return store.path


def stores(project: Path) -> list[Path]:
    """All stores of the project."""
    return sorted((project / ".ferry").iterdir())


def test_a_store_gives_back_the_directory(project: Path) -> None:
    with opened(project) as store:
        assert list(store.records("organizations")) == [Organization("org_a", "a", ("a.example",), {"k": "v"})]
        assert list(store.records("roles")) == [
            Role("admin", "Admin", "All", "rol_Admin"),
            Role("viewer", "Viewer", None, "rol_Viewer"),
        ]
        assert [(user.key, user.email, user.first_name) for user in store.records("users")] == [
            ("auth0|1", "1@people.example", "Ada"),
            ("auth0|2", "shared@people.example", None),
        ]
        assert list(store.records("memberships")) == [
            Membership("org_a", "auth0|1", ("admin",)),
            Membership("org_a", "auth0|2", ("admin", "viewer")),
        ]
        assert [list(store.records(kind)) for kind in ("roles", "memberships")] == [
            list(store.records("roles")),
            list(store.records("memberships")),
        ]
        assert store.summary()["users"] == {"lines": 4, "declared": 2, "merged": 1, "refused": 1, "skipped": 0}
        assert [(finding.file, finding.line, finding.code) for finding in store.findings()] == [
            ("users.ndjson", 3, "merged_into_primary"),
            ("users.ndjson", 4, "no_email"),
            ("members.ndjson", 2, "role_not_in_export"),
        ]


def test_a_store_answers_by_external_id(project: Path) -> None:
    with opened(project) as store:
        user, held = store.user_by_external_id("auth0|1"), store.organization_by_external_id("org_a")
        assert user is not None
        assert user.email == "1@people.example"
        assert held is not None
        assert held.name == "a"
        assert store.user_by_external_id("auth0|4") is None
        assert store.user_by_external_id("org_a") is None
        assert store.organization_by_external_id("auth0|1") is None


def test_a_store_knows_what_is_declared_and_what_is_withheld(project: Path) -> None:
    with opened(project, skip='["org_a/auth0|1"]') as store:
        assert store.declares("users", "auth0|2")
        assert not store.declares("users", "auth0|4")
        assert not store.declares("organizations", "auth0|2")
        assert store.declares("memberships", "org_a/auth0|2")
        assert store.declares("roles", "admin")
        assert store.withholds("users", "auth0|4")
        assert store.withholds("memberships", "org_a/auth0|1")
        assert not store.withholds("users", "auth0|2")
        assert not store.withholds("users", "auth0|99")


def test_a_line_nobody_can_read_may_be_any_record_of_its_kind(project: Path) -> None:
    with (project / "export" / "users.ndjson").open("a") as file:
        file.write("{\n\n")
    with opened(project) as store:
        assert store.withholds("users", "auth0|99")
        assert not store.withholds("memberships", "org_a/auth0|99")
        assert not store.withholds("organizations", "org_99")


# The file


def test_the_store_is_for_its_owner_only_whatever_the_umask(project: Path) -> None:
    before = os.umask(0)
    try:
        path = path_of(project)
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stores(project) == [path]


def test_no_secret_is_in_the_bytes_of_the_store(project: Path) -> None:
    data = path_of(project).read_bytes()

    assert b"shared@people.example" in data
    for secret in (HASH, OTHER_HASH, OTP, OTHER_OTP, "A" * 20, "B" * 20, "$2b$", "$2a$"):
        assert secret.encode() not in data


def test_an_unchanged_export_reuses_the_store(project: Path) -> None:
    first = path_of(project)
    before = first.stat()
    second = path_of(project)

    assert second == first
    assert (second.stat().st_mtime_ns, second.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("kind", ["users", "organizations", "members", "roles", "passwords", "mfa"])
def test_a_change_of_any_file_makes_a_new_store(project: Path, kind: str) -> None:
    first = path_of(project)
    path = project / "export" / f"{kind}.ndjson"
    path.write_bytes(path.read_bytes() + b"\n")

    assert path_of(project) != first


def test_a_file_under_another_name_makes_a_new_store(project: Path) -> None:
    """Findings name the real file."""
    first = path_of(project)
    (project / "export" / "mfa.ndjson").rename(project / "export" / "mfa.json")

    assert path_of(project) != first


SHAPING = [
    {"duplicateEmails": "reject"},
    {"blockedUsers": "skip"},
    {"emailVerified": "trust-text"},
    {"roles": '{"Admin":"boss","Viewer":"viewer"}'},
    {"roles": '{"Viewer":"viewer","Admin":"boss"}'},
    {"multipleRoles": "false"},
    {"userMetadata": '{"plan":"app_metadata.plan"}'},
    {"exportAs": '{"Mail":"email"}'},
    {"skip": '["auth0|1"]'},
]
OTHERS = [
    {"workosApiKey": "sk_test_other"},
    {"workosBaseUrl": "https://other.example"},
    {"rateShare": "0.5"},
    {"maxRemovedPercent": "50"},
    {"removed": "delete"},
    {"adopt": "email"},
    {"onDrift": "repair"},
    {"live": "true"},
    {"granularity": "record"},
]


def test_a_setting_that_shapes_the_directory_makes_a_new_store(project: Path) -> None:
    paths = {path_of(project, **config) for config in [{}, *SHAPING]}

    assert len(paths) == 1 + len(SHAPING)


@pytest.mark.parametrize("config", OTHERS, ids=lambda config: next(iter(config)))
def test_a_setting_that_shapes_nothing_reuses_the_store(project: Path, config: dict[str, str]) -> None:
    assert path_of(project, **config) == path_of(project)


def test_the_order_of_skipped_ids_changes_nothing(project: Path) -> None:
    assert path_of(project, skip='["a","b","c"]') == path_of(project, skip='["c","b","a"]')


def test_the_two_newest_stores_stay(project: Path) -> None:
    paths = [path_of(project, skip=json.dumps([str(number)])) for number in range(4)]

    assert stores(project) == sorted(paths[-2:])


def test_a_build_that_fails_leaves_no_store(project: Path) -> None:
    (project / "export" / "users.ndjson").write_text('{"user_id": "auth0|1", "ema')

    with pytest.raises(ExportError):
        opened(project)
    assert stores(project) == []
    assert gc.isenabled()


def test_a_user_is_found_without_looking_at_all_others(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By SQLite's own count of steps: each secret is looked up by its user's id."""
    users = [person(f"{number:04}") for number in range(2000)]
    users += [person(name, email="shared@people.example") for name in ("x", "y")]
    write(project / "export", users=users, passwords=[password("1000", HASH), password("y", OTHER_HASH)])
    path_of(project)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 100

    def counting(*words: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*words, **options)
        db.set_progress_handler(step, 100)
        return db

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", counting)
    with opened(project) as store:
        for own in ("auth0|1000", "auth0|y"):
            found = store.user_by_external_id(own)
            assert found is not None
            assert found.password is not None
            assert store.secret("password", own, found.password.fingerprint)
            assert store.declares("users", own)
        assert store.user_by_external_id("auth0|x") is None

    assert steps < 1000


def test_two_projects_get_the_same_store_of_the_same_export(project: Path, tmp_path: Path) -> None:
    first = path_of(project)
    write(tmp_path / "other" / "export", users=[])
    for path in (project / "export").iterdir():
        (tmp_path / "other" / "export" / path.name).write_bytes(path.read_bytes())
    second = path_of(tmp_path / "other")

    assert second.name == first.name
    assert second.read_bytes() == first.read_bytes()


# Secrets


def fingerprint_of(store: Store, field: str, external_id: str) -> str:
    """The fingerprint of a user's password or authenticator."""
    user = store.user_by_external_id(external_id)
    place = getattr(user, field)
    assert place is not None
    return str(place.fingerprint)


def test_secrets_are_read_from_the_export_at_the_moment_they_are_needed(project: Path) -> None:
    with opened(project) as store:
        one, two = fingerprint_of(store, "password", "auth0|1"), fingerprint_of(store, "password", "auth0|2")
        assert store.secret("password", "auth0|1", one) == PasswordHash("bcrypt", HASH)
        assert store.secret("password", "auth0|2", two) == PasswordHash("bcrypt", OTHER_HASH)
        assert store.secret("totp", "auth0|1", fingerprint_of(store, "totp", "auth0|1")) == OTP


def test_the_authenticator_of_a_merged_account_is_read_back(project: Path) -> None:
    with opened(project) as store:
        assert store.secret("totp", "auth0|2", fingerprint_of(store, "totp", "auth0|2")) == OTHER_OTP


CUSTOM = {"algorithm": "sha256", "hash": {"value": "ab" * 32, "encoding": "hex"}, "salt": {"value": "salt"}}


def test_a_hash_of_another_algorithm_is_read_back_in_workos_form(project: Path) -> None:
    path = project / "export" / "passwords.ndjson"
    path.write_text(json.dumps({"_id": "1", "custom_password_hash": CUSTOM}))
    with opened(project) as store:
        expected = fingerprint_of(store, "password", "auth0|1")
        found = store.secret("password", "auth0|1", expected)
        assert found == read_hash(CUSTOM)
        assert (found.type, found.salt_position) == ("ssha256", "prefix")
        path.write_text(path.read_text().replace('"salt"}', '"salt","position":"suffix"}'))
        with pytest.raises(ExportError, match="run again"):
            store.secret("password", "auth0|1", expected)


def test_secrets_are_read_from_gzip_files_and_arrays_too(project: Path) -> None:
    folder = project / "export"
    lines = [json.loads(line) for line in (folder / "passwords.ndjson").read_text().splitlines()]
    (folder / "passwords.json.gz").write_bytes(gzip.compress(json.dumps(lines, indent=2).encode(), mtime=0))
    (folder / "passwords.ndjson").unlink()
    with opened(project) as store:
        found = store.secret("password", "auth0|2", fingerprint_of(store, "password", "auth0|2"))
        assert found == PasswordHash("bcrypt", OTHER_HASH)


@pytest.mark.parametrize(
    ("external_id", "field"), [("auth0|4", "password"), ("auth0|99", "password"), ("auth0|99", "totp")]
)
def test_a_secret_that_nobody_declared_is_not_read(project: Path, external_id: str, field: str) -> None:
    with opened(project) as store, pytest.raises(ExportError, match="is not the one that was previewed"):
        store.secret("password" if field == "password" else "totp", external_id, "fingerprint 0")


def test_another_fingerprint_than_the_previewed_one_is_refused(project: Path) -> None:
    with opened(project) as store:
        other = fingerprint_of(store, "password", "auth0|2")
        with pytest.raises(ExportError, match="is not the one that was previewed"):
            store.secret("password", "auth0|1", other)


def test_a_hash_moved_to_another_users_line_is_refused(project: Path) -> None:
    path = project / "export" / "passwords.ndjson"
    with opened(project) as store:
        expected = fingerprint_of(store, "password", "auth0|1")
        path.write_text(path.read_text().replace(HASH, OTHER_HASH, 1))

        with pytest.raises(ExportError, match=r"passwords\.ndjson is not the file it was") as refused:
            store.secret("password", "auth0|1", expected)
    assert OTHER_HASH not in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"no JSON\n", b"[]", b"\x1f\x8b", b"\xff" * 900, b'{"_id": 1.5e20}' * 40])
def test_a_changed_password_file_is_refused(project: Path, data: bytes) -> None:
    with opened(project) as store:
        expected = fingerprint_of(store, "password", "auth0|1")
        (project / "export" / "passwords.ndjson").write_bytes(data)

        with pytest.raises(ExportError, match="is not the file it was"):
            store.secret("password", "auth0|1", expected)


def test_a_password_file_that_went_away_is_refused(project: Path) -> None:
    with opened(project) as store:
        expected = fingerprint_of(store, "password", "auth0|1")
        (project / "export" / "passwords.ndjson").unlink()

        with pytest.raises(ExportError, match="is not the file it was"):
            store.secret("password", "auth0|1", expected)


def test_a_gzip_file_that_was_damaged_since_is_refused(project: Path) -> None:
    folder = project / "export"
    packed = bytearray(gzip.compress((folder / "passwords.ndjson").read_bytes()))
    (folder / "passwords.ndjson.gz").write_bytes(packed)
    (folder / "passwords.ndjson").unlink()
    with opened(project) as store:
        expected = fingerprint_of(store, "password", "auth0|2")
        packed[10] ^= 0xFF
        (folder / "passwords.ndjson.gz").write_bytes(packed)

        with pytest.raises(ExportError, match="is not the file it was"):
            store.secret("password", "auth0|2", expected)
