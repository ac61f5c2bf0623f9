"""Every key of the stack configuration: what it takes, what it refuses, and that Pulumi.yaml knows it too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from providers.settings import DEFAULT_BASE_URL, EXAMPLES, KINDS, InvalidSettings, Settings, Tenant, read_settings

ROOT = Path(__file__).parents[1]
KEYS = {field.alias or name: name for name, field in Settings.model_fields.items()}
API_KEY = "sk_test_Zq7marker"

VALID: list[Any] = [
    ("export", "exports/acme", "exports/acme"),
    ("granularity", "record", dict.fromkeys(KINDS, "record")),
    ("granularity", "auto", dict.fromkeys(KINDS, "auto")),
    ("granularity", '{"users":"record"}', {"users": "record"}),
    ("duplicateEmails", "merge-verified", "merge-verified"),
    ("duplicateEmails", "reject", "reject"),
    ("blockedUsers", "without-credentials", "without-credentials"),
    ("blockedUsers", "skip", "skip"),
    ("emailVerified", "as-exported", "as-exported"),
    ("emailVerified", "trust-text", "trust-text"),
    ("roles", '{"Org Admin":"admin","Viewer":"viewer"}', {"Org Admin": "admin", "Viewer": "viewer"}),
    ("multipleRoles", "true", True),
    ("multipleRoles", "false", False),
    ("userMetadata", '{"plan":"app_metadata.plan"}', {"plan": "app_metadata.plan"}),
    ("exportAs", '{"Mail":"email","Land":"user_metadata.country"}', {"Mail": "email", "Land": "user_metadata.country"}),
    ("exportAs", '{"Konto":"identities[1].user_id"}', {"Konto": "identities[1].user_id"}),
    ("removed", "retain", dict.fromkeys(KINDS, "retain")),
    ("removed", "delete", dict.fromkeys(KINDS, "delete")),
    ("removed", "deactivate", dict.fromkeys(KINDS, "deactivate")),
    ("removed", '{"users":"delete","memberships":"deactivate"}', {"users": "delete", "memberships": "deactivate"}),
    ("maxRemovedPercent", "0", 0.0),
    ("maxRemovedPercent", "12.5", 12.5),
    ("maxRemovedPercent", "100", 100.0),
    ("adopt", "external-id", "external-id"),
    ("adopt", "email", "email"),
    ("onDrift", "report", "report"),
    ("onDrift", "repair", "repair"),
    ("rateShare", "0.01", 0.01),
    ("rateShare", "1", 1.0),
    ("live", "true", True),
    ("live", "false", False),
    ("skip", '["auth0|1","org_a/auth0|2"]', frozenset({"auth0|1", "org_a/auth0|2"})),
    ("workosBaseUrl", "https://api.workos.com/", "https://api.workos.com"),
    ("workosBaseUrl", "https://workos.internal.example:8443", "https://workos.internal.example:8443"),
    ("workosBaseUrl", "http://localhost:4000", "http://localhost:4000"),
    ("workosBaseUrl", "http://127.0.0.1:4000", "http://127.0.0.1:4000"),
    ("workosBaseUrl", "http://127.9.9.9", "http://127.9.9.9"),
    ("workosBaseUrl", "http://[::1]:4000", "http://[::1]:4000"),
    (
        "tenants",
        '[{"name":"eu","export":"exports/eu","prefix":"eu:"}]',
        (Tenant(name="eu", export="exports/eu", prefix="eu:"),),
    ),
]
INVALID: list[Any] = [
    ("tenants", '[{"name":"eu"}]', "export"),
    ("tenants", '[{"name":"e u","export":"exports/eu"}]', "name"),
    ("tenants", '[{"name":"eu","export":"a"},{"name":"eu","export":"b"}]', "names a tenant twice"),
    ("tenants", "eu", "not valid JSON"),
    ("granularity", "fine", "'auto', 'record' or 'cohort'"),
    ("granularity", '{"roles":"cohort"}', "roles are few"),
    ("granularity", '{"people":"record"}', "people"),
    ("granularity", '{"users":', "not valid JSON"),
    ("granularity", '["record"]', "dictionary"),
    ("duplicateEmails", "merge", "'merge-verified' or 'reject'"),
    ("blockedUsers", "delete", "'without-credentials' or 'skip'"),
    ("emailVerified", "true", "'as-exported' or 'trust-text'"),
    ("roles", '["Admin"]', "dictionary"),
    ("roles", '{"Admin":1}', "string"),
    ("roles", "Admin=admin", "not valid JSON"),
    ("multipleRoles", "perhaps", "boolean"),
    ("userMetadata", '{"plan":["app_metadata"]}', "string"),
    ("userMetadata", "plan", "not valid JSON"),
    ("exportAs", '{"Mail":"mail"}', "Attributes: user_id, email, email_verified, "),
    ("exportAs", '{"Mail":"email","Org":"organizations[0].id"}', "user_metadata.KEY"),
    ("exportAs", '{"Land":"user_metadata."}', "an attribute that no Auth0 export has"),
    ("exportAs", '{"Mail":["email"]}', "string"),
    ("exportAs", "Mail=email", "not valid JSON"),
    ("removed", "remove", "'retain', 'deactivate' or 'delete'"),
    ("removed", '{"users":"deactivate"}', "only memberships"),
    ("removed", '{"organizations":"deactivate","memberships":"deactivate"}', "only memberships"),
    ("removed", '{"people":"delete"}', "people"),
    ("maxRemovedPercent", "-1", "greater than or equal to 0"),
    ("maxRemovedPercent", "101", "less than or equal to 100"),
    ("maxRemovedPercent", "nan", "than or equal to"),
    ("maxRemovedPercent", "five", "number"),
    ("adopt", "always", "'external-id' or 'email'"),
    ("onDrift", "ignore", "'report' or 'repair'"),
    ("rateShare", "0", "greater than 0"),
    ("rateShare", "1.1", "only a sandbox on this machine"),
    ("rateShare", "inf", "only a sandbox on this machine"),
    ("rateShare", "nan", "greater than 0"),
    ("rateShare", "90%", "number"),
    ("live", "perhaps", "boolean"),
    ("skip", '"auth0|1"', "set"),
    ("skip", "auth0|1", "not valid JSON"),
    ("skip", "[1]", "string"),
    ("workosBaseUrl", "api.workos.com", "not an http(s) address"),
    ("workosBaseUrl", "ftp://api.workos.com", "not an http(s) address"),
    ("workosBaseUrl", "https://", "not an http(s) address"),
    ("workosBaseUrl", "http://api.workos.com", "clear text"),
    ("workosBaseUrl", "http://localhost.evil.example", "clear text"),
    ("workosBaseUrl", "http://localhost@evil.example", "clear text"),
    ("workosBaseUrl", "http://10.0.0.1", "clear text"),
    ("workosBaseUrl", "http://[::2]", "clear text"),
]


def configured(**values: str) -> Settings:
    """Settings from configuration keys."""
    return read_settings({f"ferry:{key}": text for key, text in values.items()}, {})


@pytest.mark.parametrize(("key", "text", "value"), VALID)
def test_a_valid_value_is_taken(key: str, text: str, value: object) -> None:
    assert getattr(configured(**{key: text}), KEYS[key]) == value


@pytest.mark.parametrize(("key", "text", "fault"), INVALID)
def test_a_bad_value_is_refused_with_key_fault_and_example(key: str, text: str, fault: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        configured(**{key: text, "workosApiKey": API_KEY})

    assert refused.value.key == key
    assert fault in refused.value.fault
    assert str(refused.value).startswith(f"ferry:{key} ")
    example = str(refused.value).partition("Example: pulumi config set ")[2]
    assert f"ferry:{key}" in example
    assert API_KEY not in str(refused.value)
    assert refused.value.__cause__ is None


def test_every_key_has_a_case_here() -> None:
    tried = {case[0] for case in VALID} | {case[0] for case in INVALID}

    assert tried | {"workosApiKey"} == KEYS.keys()
    assert EXAMPLES.keys() == KEYS.keys()


@pytest.mark.parametrize("key", sorted(KEYS.keys() - {"workosApiKey"}))
def test_the_example_of_an_error_message_is_itself_valid(key: str) -> None:
    assert configured(**{key: EXAMPLES[key]}) is not None


@pytest.mark.parametrize("empty", ["", "[]", "{}"])
@pytest.mark.parametrize("key", sorted(KEYS))
def test_an_empty_text_list_or_map_means_unset(key: str, empty: str) -> None:
    assert configured(**{key: empty}) == Settings()


def test_what_is_not_set_has_the_defaults_of_the_design() -> None:
    settings = read_settings({}, {})

    assert settings.model_dump(exclude={"workos_api_key"}) == {
        "export": "",
        "tenants": (),
        "granularity": {},
        "duplicate_emails": "merge-verified",
        "blocked_users": "without-credentials",
        "email_verified": "as-exported",
        "roles": {},
        "multiple_roles": False,
        "user_metadata": {},
        "export_as": {},
        "removed": {},
        "max_removed_percent": 5,
        "adopt": "external-id",
        "on_drift": "report",
        "rate_share": 0.9,
        "live": False,
        "skip": frozenset(),
        "workos_base_url": DEFAULT_BASE_URL,
    }
    assert settings.workos_api_key is None


@pytest.mark.parametrize("key", ["exports", "Export", "duplicate_emails", "workos_api_key", "workosapikey", ""])
def test_an_unknown_key_is_refused_and_the_known_ones_are_named(key: str) -> None:
    with pytest.raises(InvalidSettings, match=f"^ferry:{key} is not a setting of Ferry") as refused:
        configured(**{key: "x"})

    assert all(one in str(refused.value) for one in KEYS)


def test_keys_of_other_namespaces_are_none_of_ferrys_business() -> None:
    assert read_settings({"aws:export": "x", "pulumi:tags": "y", "export": "z"}, {}) == Settings()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("retain", {"users": "retain", "memberships": "retain"}),
        ("delete", {"users": "delete", "memberships": "delete"}),
        ("deactivate", {"users": "retain", "memberships": "deactivate"}),
        ('{"users":"delete"}', {"users": "delete", "memberships": "retain", "organizations": "retain"}),
    ],
)
def test_one_word_for_removed_counts_for_all_kinds_and_a_map_for_those_it_names(
    word: str, expected: dict[Any, str]
) -> None:
    settings = configured(removed=word)

    assert {kind: settings.removal_of(kind) for kind in expected} == expected


# Access


def access(config: dict[str, str], environment: dict[str, str]) -> tuple[str, str]:
    """API key and base URL of a stack."""
    return read_settings({f"ferry:{key}": text for key, text in config.items()}, environment).require_access()


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        ({"workosApiKey": "sk_a"}, {}, ("sk_a", DEFAULT_BASE_URL)),
        ({}, {"WORKOS_API_KEY": "sk_b"}, ("sk_b", DEFAULT_BASE_URL)),
        ({"workosApiKey": "sk_a"}, {"WORKOS_API_KEY": "sk_b"}, ("sk_a", DEFAULT_BASE_URL)),
        ({"workosApiKey": ""}, {"WORKOS_API_KEY": "sk_b"}, ("sk_b", DEFAULT_BASE_URL)),
        (
            {"workosApiKey": "sk_a"},
            {"WORKOS_BASE_URL": "http://localhost:1/"},
            ("sk_a", "http://localhost:1"),
        ),
        (
            {"workosApiKey": "sk_a", "workosBaseUrl": "https://x.example"},
            {"WORKOS_BASE_URL": "http://localhost:1"},
            ("sk_a", "https://x.example"),
        ),
        ({"workosApiKey": "sk_a"}, {"WORKOS_BASE_URL": ""}, ("sk_a", DEFAULT_BASE_URL)),
        ({"workosApiKey": "sk_live_a", "live": "true"}, {}, ("sk_live_a", DEFAULT_BASE_URL)),
    ],
)
def test_the_configuration_wins_over_the_environment(
    config: dict[str, str], environment: dict[str, str], expected: tuple[str, str]
) -> None:
    assert access(config, environment) == expected


@pytest.mark.parametrize(
    ("config", "environment", "key"),
    [
        ({}, {}, "workosApiKey"),
        ({}, {"WORKOS_API_KEY": ""}, "workosApiKey"),
        ({"workosApiKey": "sk_live_Zq7marker"}, {}, "live"),
        ({"workosApiKey": "sk_live_Zq7marker", "live": "false"}, {}, "live"),
        ({}, {"WORKOS_API_KEY": "sk_live_Zq7marker"}, "live"),
        ({"workosApiKey": "sk_test_ Zq7marker"}, {}, "workosApiKey"),
        ({"workosApiKey": "sk_test_Zq7marker\n"}, {}, "workosApiKey"),
        ({"workosApiKey": "sk_test_Zq7märker"}, {}, "workosApiKey"),
    ],
)
def test_without_a_usable_key_nothing_runs_and_the_key_is_not_told(
    config: dict[str, str], environment: dict[str, str], key: str
) -> None:
    with pytest.raises(InvalidSettings) as refused:
        access(config, environment)

    assert refused.value.key == key
    assert "Zq7" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_a_sandbox_on_this_machine_may_be_sent_more_than_workos_takes(address: str) -> None:
    """What it keeps no limits for, a rehearsal need not wait for."""
    assert configured(rateShare="1000", workosBaseUrl=address).rate_share == 1000
    assert read_settings({"ferry:rateShare": "20"}, {"WORKOS_BASE_URL": address}).rate_share == 20
    for endless in ("1000.1", "inf"):
        with pytest.raises(InvalidSettings, match=r"^ferry:rateShare is above 1000"):
            configured(rateShare=endless, workosBaseUrl=address)


@pytest.mark.parametrize("address", [DEFAULT_BASE_URL, "https://localhost.evil.example", "https://127.0.0.1.example"])
def test_no_other_address_may_be_sent_more(address: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^ferry:rateShare is above 1.*ferry:workosBaseUrl"):
        configured(rateShare="1.01", workosBaseUrl=address)


def test_a_base_url_of_the_environment_is_held_to_the_same_rules() -> None:
    with pytest.raises(InvalidSettings, match="clear text"):
        read_settings({}, {"WORKOS_BASE_URL": "http://api.workos.com"})


def test_a_key_that_stands_in_the_stack_file_as_plain_text_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="--secret") as refused:
        read_settings({"ferry:workosApiKey": API_KEY}, {}, is_secret=lambda key: False)

    assert API_KEY not in str(refused.value)
    assert "Example: pulumi config set --secret ferry:workosApiKey sk_test_..." in str(refused.value)


def test_an_empty_key_in_the_stack_file_is_no_secret_that_leaked() -> None:
    settings = read_settings({"ferry:workosApiKey": ""}, {"WORKOS_API_KEY": "sk_a"}, is_secret=lambda key: False)

    assert settings.require_access()[0] == "sk_a"


def test_the_api_key_is_in_no_representation() -> None:
    settings = configured(workosApiKey=API_KEY)

    assert API_KEY not in f"{settings!r} {settings!s} {settings.model_dump()} {settings.model_dump_json()}"


def test_the_export_folder_is_relative_to_the_project_or_absolute(tmp_path: Path) -> None:
    (inside,) = configured(export="a/../b").require_tenants(tmp_path)
    (outside,) = configured(export=str(tmp_path / "c")).require_tenants(Path("/elsewhere"))

    assert (inside[1], outside[1]) == (tmp_path.resolve() / "b", tmp_path.resolve() / "c")
    assert (inside[0].name, inside[0].prefix) == ("", "")
    with pytest.raises(InvalidSettings, match=r"^ferry:export is not set"):
        read_settings({}, {}).require_tenants(tmp_path)


def test_several_tenants_have_folders_and_prefixes_of_their_own(tmp_path: Path) -> None:
    tenants = '[{"name":"eu","export":"eu","prefix":"eu:"},{"name":"us","export":"/us"}]'
    found = configured(tenants=tenants).require_tenants(tmp_path)

    assert [(one.name, one.prefix, folder) for one, folder in found] == [
        ("eu", "eu:", tmp_path.resolve() / "eu"),
        ("us", "", Path("/us").resolve()),
    ]
    with pytest.raises(InvalidSettings, match=r"^ferry:tenants is set beside ferry:export"):
        configured(tenants=tenants, export="one").require_tenants(tmp_path)


# Pulumi.yaml


def declared() -> dict[str, dict[str, Any]]:
    """The `config` section of Pulumi.yaml, without the namespace."""
    loaded = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    return {full.removeprefix("ferry:"): entry for full, entry in loaded["config"].items()}


def test_pulumi_yaml_declares_exactly_the_keys_of_the_settings() -> None:
    assert declared().keys() == KEYS.keys()


@pytest.mark.parametrize("key", sorted(KEYS))
def test_pulumi_yaml_gives_each_key_a_default_that_means_unset_and_a_description(key: str) -> None:
    entry = declared()[key]
    default = entry["default"]
    text = default if isinstance(default, str) else json.dumps(default)

    assert configured(**{key: text}) == Settings()
    assert entry["description"]


def test_the_default_that_a_description_names_is_the_default() -> None:
    named = {key: entry["description"] for key, entry in declared().items() if " (default" in entry["description"]}
    defaults = {key: str(getattr(Settings(), KEYS[key])) for key in named}

    assert len(named) >= 8
    for key, description in named.items():
        word = {"granularity": "auto", "removed": "retain", "maxRemovedPercent": "5"}.get(key, defaults[key])
        assert f"{word} (default)" in description or f"(default {word})" in description


@pytest.mark.parametrize(
    "name", ["Pulumi.demo.yaml", *sorted(path.name for path in (ROOT / "stacks").glob("*.example"))]
)
def test_the_stack_files_that_ferry_brings_are_valid(name: str) -> None:
    config = yaml.safe_load((ROOT / "stacks" / name).read_text(encoding="utf-8"))["config"]
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
        if not isinstance(value, dict) or "secure" not in value
    }

    assert read_settings(texts, {}).export


def test_json_nested_too_deep_is_refused_like_other_bad_json() -> None:
    with pytest.raises(InvalidSettings, match=r"^ferry:roles is not valid JSON"):
        configured(roles="[" * 5000)
