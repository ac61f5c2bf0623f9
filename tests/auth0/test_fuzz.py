"""Whatever the bytes of an export are, reading it ends in findings or in one clear error."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.auth0.lines import ExportError
from providers.settings import FILES
from tests.tenant import Line, member, organization, otp, password, person, read, role

pytestmark = [pytest.mark.slow, pytest.mark.property]

CONFIG = {
    "userMetadata": '{"a":"user_metadata.a","b":"app_metadata.b.c"}',
    "exportAs": '{"Mail":"email","Land":"user_metadata.a"}',
}
BOM = b"\xef\xbb\xbf"
KEY_WORDS = """user_id Id id org_id email Email email_verified blocked given_name family_name identities user_metadata
    app_metadata created_at updated_at user_metadata.a connection _id _ID alt_id passwordHash password_set_date
    identifiers type otp_secret name display_name metadata domains roles description Mail Land app_metadata.b
    identities[0].connection identities[1].user_id identities[2].provider"""
KEYS = st.sampled_from(KEY_WORDS.split())
TEXTS = st.text(max_size=6) | st.sampled_from(
    ["auth0|1", "org_a", "true", "1.09e+20", "", "'", "2020-01-01", "a@b.example"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([1.09e20, 10**400]) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
LINES: dict[str, list[Line]] = {
    "users": [
        person("1", given_name="Zoë", user_metadata={"a": "CH"}, app_metadata={"b": {"c": [1, None]}}),
        person("2", provider="google-oauth2", connection="google", blocked=True),
        person("3", email="p1@people.example", identities=[{"provider": "auth0", "user_id": 3}]),
    ],
    "organizations": [organization("a", metadata={"k": "v"}, domains=[{"domain": "a.example"}]), organization("b")],
    "members": [member("a", "auth0|1", "Admin", "Viewer"), member("b", "google-oauth2|2")],
    "roles": [role("Admin", description="all"), role("Viewer")],
    "passwords": [password("1", email="p1@people.example"), password("3", alt_id="3")],
    "mfa": [otp("auth0|1"), {"user_id": "auth0|1", "type": "recovery-code", "recovery_code": "x"}],
}
CELLS = [
    ["user_id", "email", "email_verified", "created_at", "user_metadata.a", "app_metadata", "identities[0].user_id"],
    ["auth0|1", "ada@people.example", "true", "2020-01-01T00:00:00Z", 'C"H\n', '{"b": {"c": 1}}', "1"],
    ["auth0|2", "zoë@people.example", "", "", "", "", "2"],
]
TABLE = st.builds(
    lambda rows, delimiter, line_end: _table(rows, delimiter, line_end).encode("utf-8", "replace"),
    st.just(CELLS) | st.just([CELLS[0], *([f"'{cell}" for cell in row] for row in CELLS[1:])]),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
SNIPPETS = st.sampled_from(
    [
        *(json.dumps(lines[0]).encode() for lines in LINES.values()),
        *(b"[", b"]", b",", b"\n", b"\r\n", b"\r", b" ", b"{", b"}", b'"', b":", b";", b"\t", b"'", b"null"),
        *(b"1e400", b"NaN", b"-", b"\\ud800", b"\x00", b"\xc3", b"\xff\xfe", b"\x1f\x8b", b"\x85", b"PK\x03\x04", b"<"),
        *(BOM, b'{"a": 1', b'"_id"', b'"user_id": 7', b"1.09e+20", b"user_id", b"email", b"auth0|1", b'""', b'",'),
    ]
)
JOINED = st.lists(SNIPPETS, max_size=12).map(b"".join)


def packed(data: bytes) -> bytes:
    """The same bytes at every time of day."""
    return gzip.compress(data, mtime=0)


ANY_BYTES = st.one_of(
    st.binary(max_size=200),
    JOINED,
    JOINED.map(packed),
    st.tuples(JOINED.map(packed), st.integers(0, 60)).map(lambda cut: cut[0][: cut[1]]),
)
OBJECTS = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=4).map(
    lambda lines: "".join(f"{json.dumps(line)}\n" for line in lines).encode()
)
ENDINGS = st.sampled_from([".ndjson", ".json", ".ndjson.gz", ".json.gz", ".csv", ".csv.gz"])


def _table(rows: list[Any], delimiter: str, line_end: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return text.getvalue()


def _written(lines: list[Any], shape: str) -> bytes:
    if shape == "ndjson":
        return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode("utf-8", "replace")
    indent = 1 if shape == "pretty" else None
    return json.dumps(lines, ensure_ascii=False, indent=indent).encode("utf-8", "replace")


def check(kind: str, name: str, data: bytes) -> None:
    """A valid tenant with these bytes under this name: every line is accounted for, or one sentence says why not."""
    with tempfile.TemporaryDirectory() as folder:
        for other in FILES:
            if other != kind:
                (Path(folder) / f"{other}.ndjson").write_bytes(_written(LINES[other], "ndjson"))
        (Path(folder) / name).write_bytes(data)
        try:
            outcome = read(Path(folder), **CONFIG)
        except ExportError as error:
            text = str(error)
            assert name in text
            assert "\n" not in text
            return
    buckets = outcome.buckets(kind)
    assert outcome.summary[kind]["lines"] == sum(buckets.values())
    assert sum(buckets.values()) - buckets.get("declared", 0) <= len(outcome.found(kind))


@pytest.mark.parametrize("kind", FILES)
@given(ending=ENDINGS, data=ANY_BYTES | OBJECTS | TABLE)
@example(ending=".ndjson", data=b'{"user_id": "auth0|1", "email_verified": ' + b"9" * 400 + b"}\n")
@example(ending=".ndjson", data=b'{"user_id": "auth0|1", "created_at": "0001-01-01T00:00:00+23:59"}\n')
@example(ending=".ndjson", data=b'{"id": "x", "name": "x", "metadata": {"a": NaN}}\n')
@example(ending=".csv", data=b"user_id,app_metadata\nauth0|1," + b"[" * 960 + b"]" * 960 + b"\n")
@example(ending=".csv", data=b'user_id,app_metadata\nauth0|1,"{""a"": ""\\ud800""}"\n')
def test_any_bytes_under_any_name_end_in_findings_or_one_error(kind: str, ending: str, data: bytes) -> None:
    check(kind, f"{kind}{ending}", data)


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with a few of them flipped, cut out, or written twice; or the file cut short."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.sampled_from([1, 2, 7, 60]))
        span = data[place : place + length]
        change = draw(st.sampled_from([draw(st.binary(min_size=1, max_size=2)), b"", span + span, None]))
        data = data[:place] if change is None else data[:place] + change + data[place + length :]
    return data


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data(), shape=st.sampled_from(["ndjson", "array", "pretty"]), is_packed=st.booleans())
def test_a_valid_file_with_bytes_changed_ends_in_findings_or_one_error(
    kind: str, data: st.DataObject, shape: str, is_packed: bool
) -> None:
    valid = _written(LINES[kind], shape)
    check(kind, f"{kind}.json", data.draw(mutated(packed(valid) if is_packed else valid)))


@given(st.data(), TABLE, st.booleans())
def test_a_valid_table_with_bytes_changed_ends_in_findings_or_one_error(
    data: st.DataObject, table: bytes, is_packed: bool
) -> None:
    check("users", "users.csv", data.draw(mutated(packed(table) if is_packed else table)))


@st.composite
def with_other_value(draw: st.DrawFn, value: Any) -> Any:
    """The same JSON with one value somewhere in it, or all of it, swapped for another of any type, or a key renamed."""
    inside = isinstance(value, dict | list) and value and draw(st.integers(0, 5))
    if not inside:
        return draw(VALUES)
    if isinstance(value, list):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(with_other_value(value[place])), *value[place + 1 :]]
    key = draw(st.sampled_from(list(value)))
    if draw(st.booleans()):
        return {**value, key: draw(with_other_value(value[key]))}
    return {draw(KEYS) if name == key else name: one for name, one in value.items()}


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data(), shape=st.sampled_from(["ndjson", "array", "pretty"]))
def test_a_valid_file_with_values_swapped_ends_in_findings_or_one_error(
    kind: str, data: st.DataObject, shape: str
) -> None:
    place = data.draw(st.integers(0, len(LINES[kind]) - 1))
    lines = [*LINES[kind]]
    lines[place] = data.draw(with_other_value(lines[place]))
    check(kind, f"{kind}.json", _written(lines, shape))


@given(st.integers(0, 2), st.integers(0, 6), TEXTS | VALUES.map(json.dumps), st.sampled_from(",;\t"))
def test_a_valid_table_with_cells_swapped_ends_in_findings_or_one_error(
    row: int, column: int, cell: str, delimiter: str
) -> None:
    rows = [[*cells] for cells in CELLS]
    rows[row][column] = cell
    check("users", "users.csv", _table(rows, delimiter, "\n").encode("utf-8", "replace"))
