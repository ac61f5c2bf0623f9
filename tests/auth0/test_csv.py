"""A CSV users export says what the JSON export of the same users says, or the run stops with the place named."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.auth0.lines import ExportError, pieces
from tests.tenant import DATABASE, Line, password, read, write

ADA = {
    "user_id": "auth0|1",
    "email": "ada@people.example",
    "email_verified": True,
    "given_name": "Ada",
    "family_name": 'King, "Countess";\nof Lovelace',
    "created_at": "2022-04-26T00:07:05.098Z",
    "app_metadata": {"plan": "pro"},
}
HOOFT = {
    "user_id": "auth0|2",
    "email": "hooft@people.example",
    "email_verified": False,
    "family_name": "'t Hooft",
    "created_at": "2020-01-01T00:00:00.000Z",
    "blocked": True,
}
COLUMNS = [
    *("user_id", "email", "email_verified", "given_name", "family_name", "created_at"),
    *("app_metadata.plan", "blocked"),
]
CELLS = [
    ["auth0|1", "ada@people.example", "true", "Ada", ADA["family_name"], ADA["created_at"], "pro", ""],
    ["auth0|2", "hooft@people.example", "false", "", "'t Hooft", HOOFT["created_at"], "", "true"],
]
TYPED = {"", "true", "false", str(ADA["created_at"]), str(HOOFT["created_at"])}


def table(rows: list[Any], *, delimiter: str = ",", line_end: str = "\n", header: list[str] | None = None) -> str:
    """CSV text."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows([header or COLUMNS, *rows])
    return text.getvalue()


def quoted(rows: list[Any]) -> str:
    """CSV text by Auth0's rule: an apostrophe before every text, and every text in quotation marks."""
    lines = [",".join(cell if cell in TYPED else "\"'" + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


def rows_of(folder: Path, data: bytes | str, name: str = "users.csv", **names: str) -> list[Any]:
    """The JSON values of a CSV file; None for a row nobody can read."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = []
    for piece in pieces(path, names):
        try:
            found.append(json.loads(piece.data))
        except ValueError:
            found.append(piece.data or None)
    return found


SHAPES = [
    pytest.param(table(CELLS), id="comma"),
    pytest.param(table(CELLS, delimiter=";"), id="semicolon"),
    pytest.param(table(CELLS, delimiter="\t"), id="tab"),
    pytest.param(table(CELLS, line_end="\r\n"), id="CRLF"),
    pytest.param(table(CELLS, line_end="\r"), id="line ends of old"),
    pytest.param(table(CELLS)[:-1], id="without final newline"),
    pytest.param("\n\n" + table(CELLS), id="after blank lines"),
    pytest.param(quoted(CELLS), id="with apostrophes"),
    pytest.param(quoted(CELLS).replace("\n", "\r\n").replace(";\r\n", ";\n"), id="with apostrophes and CRLF"),
    pytest.param(table([[*row, ""] for row in CELLS], header=[*COLUMNS, ""]), id="with an empty column"),
    pytest.param(table([["", *row] for row in CELLS], header=["Size X", *COLUMNS]), id="unknown column"),
]


@pytest.mark.parametrize("packed", [lambda data: data, gzip.compress, lambda data: gzip.compress(gzip.compress(data))])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("text", SHAPES)
def test_a_row_is_the_json_line_of_the_same_user(tmp_path: Path, text: str, mark: bytes, packed: Any) -> None:
    assert rows_of(tmp_path, packed(mark + text.encode())) == [ADA, HOOFT]


def test_a_row_stands_on_the_line_where_it_begins(tmp_path: Path) -> None:
    text = "\n" + table([CELLS[0], CELLS[1], [""] * 8, CELLS[0], CELLS[1]]) + "\n"
    (tmp_path / "users.csv").write_text(text)

    assert [piece.line for piece in pieces(tmp_path / "users.csv")] == [3, 5, 6, 7, 9, 10]


@pytest.mark.parametrize(
    "header",
    [
        "Id,Email,Email Verified,Given Name,Connection",
        "USER-ID,E-Mail,emailVerified,givenname,Connection",
        " user_id ,email,email_verified,given_name,identities[0].connection",
        "user_id,email,email_verified,given_name,Identities[0].Connection",
    ],
)
def test_a_column_is_matched_as_a_json_key_is(tmp_path: Path, header: str) -> None:
    (tmp_path / "users.csv").write_text(f"{header}\nauth0|7,ada@people.example,TRUE,Ada,{DATABASE}\n")
    write(tmp_path, passwords=[password("7"), password("7", connection="Other")])
    outcome = read(tmp_path)

    user = outcome.user("auth0|7")
    assert (user.email, user.email_verified, user.first_name) == ("ada@people.example", True, "Ada")
    assert user.password is not None
    assert outcome.found("passwords") == [(2, "no_matching_user", "7")]


CELL_VALUES: list[Any] = [
    ("user_metadata.country", "CH", {"user_metadata": {"country": "CH"}}),
    ("User Metadata.Home Town", "Bern", {"user_metadata": {"Home Town": "Bern"}}),
    ("app_metadata.number", "007", {"app_metadata": {"number": "007"}}),
    ("app_metadata.list", "[1, 2]", {"app_metadata": {"list": [1, 2]}}),
    ("app_metadata.note", "[sic", {"app_metadata": {"note": "[sic"}}),
    ("app_metadata.deep", "[" * 5000, {"app_metadata": {"deep": "[" * 5000}}),
    (
        "app_metadata",
        '{"plan": "pro", "n": 12345678901234567890}',
        {"app_metadata": {"plan": "pro", "n": 12345678901234567890}},
    ),
    ("app_metadata", "pro", {"app_metadata": "pro"}),
    ("identities", '[{"user_id": 7}]', {"identities": [{"user_id": 7}]}),
    ("email_verified", "True", {"email_verified": True}),
    ("email_verified", "a@people.example", {"email_verified": "a@people.example"}),
    ("blocked", "FALSE", {"blocked": False}),
    ("given_name", "true", {"given_name": "true"}),
    ("given_name", "{}", {"given_name": "{}"}),
    ("given_name", " ", {"given_name": " "}),
    ("given_name", "", {}),
    ("updated_at", "2022-04-26", {"updated_at": "2022-04-26"}),
]


@pytest.mark.parametrize(("column", "cell", "fields"), CELL_VALUES)
def test_a_cell_has_the_type_of_its_attribute(tmp_path: Path, column: str, cell: str, fields: Line) -> None:
    text = table([["auth0|1", cell]], header=["user_id", column])

    assert rows_of(tmp_path, text) == [{"user_id": "auth0|1", **fields}]


def test_columns_of_identities_are_the_list(tmp_path: Path) -> None:
    header = ["user_id", "identities[0].connection", "Identities[1].User ID", "identities[1].provider"]
    row = ["google-oauth2|1|2", "google", "7", "auth0"]

    assert rows_of(tmp_path, table([row], header=header))[0]["identities"] == [
        {"provider": "google-oauth2", "connection": "google", "user_id": "1|2"},
        {"provider": "auth0", "user_id": "7"},
    ]


def test_a_password_is_joined_to_a_linked_identity_of_a_csv_file(tmp_path: Path) -> None:
    header = ["user_id", "email", "email_verified", "identities[1].user_id", "identities[1].provider"]
    row = ["google-oauth2|1", "ada@people.example", "true", "7", "auth0"]
    (tmp_path / "users.csv").write_text(table([row], header=header))
    write(tmp_path, passwords=[password("7")])

    assert read(tmp_path).user("google-oauth2|1").password is not None


# Apostrophes


@pytest.mark.parametrize(
    ("cell", "value"), [("''t Hooft", "'t Hooft"), ("'Ada", "Ada"), ("Ada", "Ada"), ("''''", "'''"), ("'", None)]
)
def test_exactly_one_apostrophe_is_stripped_where_the_ids_have_one(
    tmp_path: Path, cell: str, value: str | None
) -> None:
    found = rows_of(tmp_path, table([["'auth0|1", cell]], header=["user_id", "given_name"]))

    assert found == [{"user_id": "auth0|1"} | ({"given_name": value} if value else {})]


@pytest.mark.parametrize("cell", ["'t Hooft", "''t Hooft", "'"])
def test_no_apostrophe_is_stripped_where_the_ids_have_none(tmp_path: Path, cell: str) -> None:
    found = rows_of(tmp_path, table([["auth0|1", cell]], header=["user_id", "given_name"]))

    assert found == [{"user_id": "auth0|1", "given_name": cell}]


@pytest.mark.parametrize("ids", [["'auth0|1", "auth0|2"], ["auth0|1", "'auth0|2"], ["auth0|1", "", "'auth0|2"]])
def test_ids_with_and_without_apostrophe_stop_the_run(tmp_path: Path, ids: list[str]) -> None:
    text = table([[id_, "x"] for id_ in ids], header=["user_id", "given_name"])

    with pytest.raises(ExportError, match=rf"users\.csv:{len(ids) + 1}: some user ids begin with an apostrophe"):
        rows_of(tmp_path, text)


# Own names


def test_a_name_of_the_stack_wins_over_every_spelling(tmp_path: Path) -> None:
    header = ["user_id", "email", "Email", "Mail", "Land", "Aktiv"]
    row = ["auth0|1", "old@people.example", "older@people.example", "ada@people.example", "CH", "true"]
    (tmp_path / "users.csv").write_text(table([row], header=header))
    names = {"Mail": "email", "Land": "user_metadata.country", "Aktiv": "email_verified"}
    user = read(tmp_path, exportAs=json.dumps(names), userMetadata='{"c":"user_metadata.country"}').user("auth0|1")

    assert (user.email, user.email_verified, user.metadata) == ("ada@people.example", True, {"c": "CH"})


def test_names_that_change_places_are_taken_once(tmp_path: Path) -> None:
    text = table([["auth0|1", "nick@people.example", "ada@people.example"]], header=["user_id", "email", "nickname"])
    (tmp_path / "users.csv").write_text(text)

    outcome = read(tmp_path, exportAs='{"email":"nickname","nickname":"email"}')
    assert outcome.user("auth0|1").email == "ada@people.example"


def test_the_user_id_may_have_a_name_of_the_stack(tmp_path: Path) -> None:
    text = "Konto,Name\n'auth0|1,'Ada\n"

    assert rows_of(tmp_path, text, Konto="user_id") == [{"user_id": "auth0|1", "name": "Ada"}]


def test_of_two_columns_of_one_name_the_first_that_is_not_empty_counts(tmp_path: Path) -> None:
    text = table([["auth0|1", "", "b"], ["auth0|2", "a", "b"]], header=["user_id", "nickname", "nickname"])

    assert [line["nickname"] for line in rows_of(tmp_path, text)] == ["b", "a"]


# Damage


def test_a_row_with_a_wrong_number_of_columns_is_a_finding_and_loses_no_other(tmp_path: Path) -> None:
    rows = [["auth0|1", "a@people.example"], ["auth0|2"], ["auth0|3", "c@people.example", ""]]
    text = table([*rows, [], ["", ""], ["auth0|4", "d@people.example"]], header=["user_id", "email"])
    (tmp_path / "users.csv").write_text(text)
    outcome = read(tmp_path)

    assert [user.external_id for user in outcome.directory.users] == ["auth0|1", "auth0|4"]
    assert outcome.found("users") == [
        (3, "invalid_line", ""),
        (4, "invalid_line", ""),
        (5, "blank_line", ""),
        (6, "blank_line", ""),
    ]
    assert "has not as many columns as the header" in outcome.findings[0].message


def test_a_badly_quoted_row_is_a_finding_and_loses_no_other(tmp_path: Path) -> None:
    assert rows_of(tmp_path, 'user_id,email\nauth0|1,"a"b\nauth0|2,b@people.example\n') == [
        b"-",
        {"user_id": "auth0|2", "email": "b@people.example"},
    ]


CUT = [
    pytest.param("user_id,email,name\nauth0|1,a@people.example,A\nauth0|2,b@peo", 3, id="in a row"),
    pytest.param("user_id,email,name\nauth0|1,a@people.example,A\nauth0|2\n\n", 4, id="in a row, then blank"),
    pytest.param('user_id,email,name\nauth0|1,a@people.example,A\nauth0|2,"b@peo', 3, id="in a quoted field"),
    pytest.param('user_id,email,name\nauth0|1,a@people.example,"A\nB\nC', 2, id="in a field of several lines"),
    pytest.param('user_id,"ema', 1, id="in the header"),
    pytest.param('user_id,email\nauth0|1,"a"b\n', 2, id="badly quoted"),
]


@pytest.mark.parametrize(("text", "line"), CUT)
def test_a_file_that_ends_in_the_middle_of_a_row_stops_the_run(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(ExportError, match=rf"^users\.csv:{line}: the file ends "):
        rows_of(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("user_id,identities[0].user_id\ngoogle-oauth2|1,1.08E+20\n", "users.csv:2: an id went through"),
        ("user_id\ngoogle-oauth2|1\n1.08E+20\n", "users.csv:3: an id went through"),
        ('user_id\ngoogle-oauth2|1\n"1,08E+20"\n', "users.csv:3: an id went through"),
        ("user_id,created_at\nauth0|1,\nauth0|2,26.04.2022 00:07\n", "users.csv:3: a date is not ISO 8601"),
        ("user_id,Updated At\nauth0|1,04/26/2022\n", "users.csv:2: a date is not ISO 8601"),
    ],
)
def test_what_a_spreadsheet_damaged_stops_the_run(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "users.csv").write_text(text)

    with pytest.raises(ExportError, match=place):
        read(tmp_path)


@pytest.mark.parametrize("text", ["email,name\na@people.example,A\n", "auth0|1,a@people.example\n", "no table at all"])
def test_a_table_without_user_ids_stops_the_run_and_shows_no_value(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExportError, match=r"users\.csv:1: no column is Auth0's user_id.*ferry:exportAs") as stopped:
        rows_of(tmp_path, text)

    assert "people" not in str(stopped.value)


def test_text_that_is_not_utf_8_stops_the_run_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"users\.csv:3: not UTF-8 text"):
        rows_of(tmp_path, "user_id,name\nauth0|1,Ada\nauth0|2,Zoë\n".encode("cp1252"))


def test_a_field_without_end_stops_at_the_field_limit_not_at_the_end_of_memory(tmp_path: Path) -> None:
    text = 'user_id,name\nauth0|1,"Ada\n' + "auth0|2,x\n" * 40_000

    found = rows_of(tmp_path, text)
    assert found[0] == b"-"
    assert found[-1] == {"user_id": "auth0|2", "name": "x"}


@pytest.mark.slow
def test_no_depth_of_a_cell_is_too_much(tmp_path: Path) -> None:
    text = table(
        [[f"auth0|{deep}", "[" * deep + "]" * deep] for deep in range(400, 1100)], header=["Id", "app_metadata.b"]
    )

    assert len(rows_of(tmp_path, text)) == 700


@pytest.mark.parametrize("text", ["", "\n\n", "user_id,email\n", "user_id,email"])
def test_a_table_without_rows_has_no_users(tmp_path: Path, text: str) -> None:
    assert rows_of(tmp_path, text) == []


@pytest.mark.parametrize("data", ['{"user_id": "auth0|1"}\n{"user_id": "auth0|2"}\n', '[{"user_id": "auth0|1"}]'])
def test_json_under_the_name_of_a_table_is_read_as_json(tmp_path: Path, data: str) -> None:
    assert rows_of(tmp_path, data)[0] == {"user_id": "auth0|1"}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), max_size=4),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_texts_come_back_as_they_were(
    values: list[tuple[str, str, bool]], delimiter: str, line_end: str, apostrophes: bool
) -> None:
    mark = "'" if apostrophes else ""
    rows = [
        [f"{mark}auth0|{number}", mark + given, mark + family, str(verified).lower()]
        for number, (given, family, verified) in enumerate(values)
    ]
    header = ["user_id", "given_name", "family_name", "email_verified"]
    expected = [
        {"user_id": f"auth0|{number}", "given_name": given, "family_name": family, "email_verified": verified}
        for number, (given, family, verified) in enumerate(values)
    ]
    with tempfile.TemporaryDirectory() as folder:
        text = table(rows, delimiter=delimiter, line_end=line_end, header=header)
        found = rows_of(Path(folder), text)

    assert found == [{key: value for key, value in line.items() if value != ""} for line in expected]
