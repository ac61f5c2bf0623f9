"""A file of an export becomes JSON texts with line and place, or the run stops with the place named."""

from __future__ import annotations

import gzip
import io
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.auth0.export import Export, digest, parse
from providers.auth0.lines import ExportError, _elements, open_unpacked, pieces
from providers.findings import Ledger
from providers.settings import FILES
from tests.auth0.test_fuzz import ANY_BYTES, VALUES
from tests.tenant import read


def packed(data: bytes) -> bytes:
    """The same bytes at every time of day: test names are made of them."""
    return gzip.compress(data, mtime=0)


BOM = b"\xef\xbb\xbf"
THREE: list[dict[str, Any]] = [
    {"user_id": "auth0|1", "email": "ada@people.example"},
    {"user_id": "auth0|2", "given_name": "Zoë 😀", "user_metadata": {"nested": {"text": '} ] , { \\ "'}}},
    {"user_id": "auth0|3", "identities": [{"user_id": "3"}, {"user_id": "4"}]},
]
NDJSON = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in THREE).encode()
ARRAY = json.dumps(THREE, ensure_ascii=False).encode()
PRETTY = json.dumps(THREE, ensure_ascii=False, indent=2).encode()
PRETTY_OBJECTS = "\n".join(json.dumps(one, ensure_ascii=False, indent=2) for one in THREE).encode()

SHAPES = [
    pytest.param(NDJSON, [1, 2, 3], id="NDJSON"),
    pytest.param(NDJSON[:-1], [1, 2, 3], id="NDJSON without final newline"),
    pytest.param(NDJSON.replace(b"\n", b"\r\n"), [1, 2, 3], id="CRLF"),
    pytest.param(ARRAY, [1, 1, 1], id="array on one line"),
    pytest.param(ARRAY + b"\n\n", [1, 1, 1], id="array on one line and blank lines"),
    pytest.param(b"\n\n" + ARRAY, [3, 3, 3], id="array after blank lines"),
    pytest.param(b"[\n" + NDJSON[:-1].replace(b"\n", b",\n") + b"\n]\n", [2, 3, 4], id="array, an element a line"),
    pytest.param(PRETTY, [2, 6, 15], id="pretty-printed array"),
    pytest.param(PRETTY.replace(b"\n", b"\r\n"), [2, 6, 15], id="pretty-printed array with CRLF"),
    pytest.param(PRETTY_OBJECTS, [1, 5, 14], id="objects over several lines"),
    pytest.param(PRETTY_OBJECTS.replace(b"}\n{", b"},\n{") + b",", [1, 5, 14], id="objects with commas between"),
    pytest.param(NDJSON.replace(b"\n", b" "), [1, 1, 1], id="objects on one line"),
    pytest.param(NDJSON.replace(b"\n", b"\r"), [1, 1, 1], id="line ends of old"),
    pytest.param(NDJSON.replace(b"\n", b",\n"), [1, 2, 3], id="lines that end in commas"),
    pytest.param(b"[\n" + NDJSON + b"]\n", [2, 3, 4], id="lines within brackets"),
    pytest.param(BOM.join(b"[%s]\n" % line for line in NDJSON.splitlines()), [1, 2, 3], id="arrays one after another"),
]
WRAPPINGS = [
    pytest.param(lambda data: data, id="plain"),
    pytest.param(lambda data: BOM + data, id="BOM"),
    pytest.param(packed, id="gzip"),
    pytest.param(lambda data: packed(BOM + data), id="BOM in gzip"),
    pytest.param(lambda data: packed(data[:40]) + packed(data[40:]), id="gzip of two members"),
    pytest.param(lambda data: packed(data[:1]) + packed(b"") + packed(data[1:]), id="gzip of an almost empty member"),
    pytest.param(lambda data: packed(packed(data[:40]) + packed(data[40:])), id="gzip in gzip"),
]


def written(folder: Path, data: bytes, name: str = "users.ndjson") -> Path:
    """A file with these bytes."""
    path = folder / name
    path.write_bytes(data)
    return path


def records_of(path: Path) -> list[Any]:
    """The JSON values of a file."""
    return [json.loads(piece.data) for piece in pieces(path)]


@pytest.mark.parametrize("wrapped", WRAPPINGS)
@pytest.mark.parametrize(("data", "lines"), SHAPES)
def test_a_file_gives_its_records_with_their_lines(tmp_path: Path, data: bytes, lines: list[int], wrapped: Any) -> None:
    path = written(tmp_path, wrapped(data))

    assert records_of(path) == THREE
    assert [piece.line for piece in pieces(path)] == lines


@pytest.mark.parametrize("wrapped", WRAPPINGS)
@pytest.mark.parametrize(("data", "lines"), SHAPES)
def test_offset_and_length_lead_back_to_the_record(tmp_path: Path, data: bytes, lines: list[int], wrapped: Any) -> None:
    path = written(tmp_path, wrapped(data))
    got = []
    for piece in pieces(path):
        with open_unpacked(path) as file:
            file.seek(piece.offset)
            got.append(json.loads(file.read(len(piece.data))))

    assert got == THREE
    assert len(got) == len(lines)


@pytest.mark.parametrize("name", ["users.ndjson", "users.json", "users.ndjson.gz", "users.json.gz"])
@pytest.mark.parametrize("data", [NDJSON, packed(NDJSON)])
def test_a_file_is_unpacked_by_its_content_not_its_name(tmp_path: Path, name: str, data: bytes) -> None:
    assert records_of(written(tmp_path, data, name)) == THREE


@pytest.mark.parametrize("data", [b"", b"\n", b"[]", b"[\n]\n", BOM, BOM + b"[ ]", packed(b"")])
def test_a_file_without_records_gives_none(tmp_path: Path, data: bytes) -> None:
    assert [piece.data for piece in pieces(written(tmp_path, data)) if piece.data.strip()] == []


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    written(tmp_path, b"\n" + NDJSON.replace(b"\n", b"\n   \n"))
    outcome = read(tmp_path)

    assert outcome.summary["users"]["lines"] == 7
    assert outcome.summary["users"]["skipped"] == 4
    assert [line for line, code, _ in outcome.found("users") if code == "blank_line"] == [1, 3, 5, 7]


# Files that cannot be trusted


TRUNCATED = [
    pytest.param(NDJSON[:-20], r"users\.ndjson:3", id="NDJSON"),
    pytest.param(NDJSON[:60], r"users\.ndjson:2", id="NDJSON in its second line"),
    pytest.param(NDJSON[:20], r"users\.ndjson:1", id="NDJSON in its first line"),
    pytest.param(BOM + NDJSON[:-20], r"users\.ndjson:3", id="NDJSON with BOM"),
    pytest.param(NDJSON[: NDJSON.index("😀".encode()) + 2], r"users\.ndjson:2", id="NDJSON inside a character"),
    pytest.param(ARRAY[:-1], r"users\.ndjson:1", id="array without its bracket"),
    pytest.param(ARRAY[:-20], r"users\.ndjson:1", id="array inside a record"),
    pytest.param(PRETTY[:-2], r"users\.ndjson:2\d", id="pretty-printed array without its bracket"),
    pytest.param(PRETTY[:-20], r"users\.ndjson:15", id="pretty-printed array inside a record"),
    pytest.param(PRETTY[: PRETTY.index(b"},") + 2], r"users\.ndjson:5", id="array after a comma"),
    pytest.param(PRETTY_OBJECTS[:-20], r"users\.ndjson:14", id="objects over several lines"),
    pytest.param(ARRAY + b"\n" + ARRAY[:-1], r"users\.ndjson:2", id="a second array"),
    pytest.param(b"[", r"users\.ndjson:1", id="a bracket only"),
    pytest.param(b"{", r"users\.ndjson:1", id="a brace only"),
]


@pytest.mark.parametrize(("data", "place"), TRUNCATED)
def test_a_file_that_is_cut_short_stops_the_run_and_names_the_place(tmp_path: Path, data: bytes, place: str) -> None:
    with pytest.raises(ExportError, match=place):
        list(pieces(written(tmp_path, data)))


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 20])
@pytest.mark.parametrize("data", [NDJSON, PRETTY, NDJSON * 5000])
def test_a_gzip_file_that_is_cut_short_stops_the_run(tmp_path: Path, data: bytes, cut: int) -> None:
    with pytest.raises(ExportError, match=r"users\.ndjson\.gz: the gzip file is cut short or damaged"):
        list(pieces(written(tmp_path, packed(data)[:-cut], "users.ndjson.gz")))


@pytest.mark.parametrize("place", [2, 12, 40, -5])
def test_a_damaged_gzip_file_stops_the_run(tmp_path: Path, place: int) -> None:
    data = bytearray(packed(NDJSON * 50))
    data[place] ^= 0xFF

    with pytest.raises(ExportError, match=r"users\.ndjson: "):
        list(pieces(written(tmp_path, bytes(data))))


def test_a_gzip_file_with_something_after_its_end_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"users\.ndjson: the gzip file"):
        list(pieces(written(tmp_path, packed(NDJSON) + b"more")))


@pytest.mark.parametrize(
    "data",
    [ARRAY.replace(b'"auth0|2"', b"auth0|2"), PRETTY.replace(b"\n  },", b"\n  "), b"[" + b"\xff" + ARRAY[1:]],
)
def test_an_array_that_is_no_json_in_the_middle_stops_the_run(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ExportError, match=r"users\.ndjson:"):
        list(pieces(written(tmp_path, data)))


def test_a_file_that_cannot_be_opened_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"users\.ndjson: cannot be read"):
        list(pieces(tmp_path / "users.ndjson"))


FOREIGN = [
    pytest.param(b"PK\x03\x04" + bytes(40), "zip archive or a spreadsheet; unpack it", id="zip"),
    pytest.param(b"<!DOCTYPE html>\n<html>", "a web page or XML, as an expired download link", id="HTML"),
    pytest.param(b'\r\n <?xml version="1.0"?><Error/>', "a web page or XML, as an expired download link", id="XML"),
    pytest.param(
        b"-----BEGIN PGP MESSAGE-----\n\nhQIM", "gpg --output users.json --decrypt users.json.pgp", id="armour"
    ),
    pytest.param(b"\x85\x02\x0c\x03" + b"\xf0" * 40, "gpg --output", id="PGP for a public key"),
    pytest.param(b"\xc1\xc0\x4c\x03" + b"\xf0" * 40, "gpg --output", id="PGP in its new form"),
    pytest.param(b"\x8c\x0d\x04\x09" + b"\xf0" * 40, "gpg --output", id="PGP for a passphrase"),
    pytest.param(NDJSON.decode().encode("utf-16"), "UTF-16 text, .* save it as UTF-8", id="UTF-16"),
    pytest.param(b"\xfe\xff" + NDJSON.decode().encode("utf-16-be"), "UTF-16 text", id="UTF-16 big-endian"),
    pytest.param(NDJSON.decode().encode("utf-16-le"), "is not text", id="UTF-16 without mark"),
    pytest.param(b"SQLite format 3\0" + bytes(40), "is not text", id="database"),
    pytest.param(packed(packed(packed(packed(NDJSON)))), "is not text", id="gzip four times"),
]


@pytest.mark.parametrize("wrapped", [lambda data: data, packed, lambda data: BOM + data])
@pytest.mark.parametrize(("data", "fault"), FOREIGN)
def test_what_is_no_export_stops_the_run_with_one_sentence(
    tmp_path: Path, data: bytes, fault: str, wrapped: Any
) -> None:
    with pytest.raises(ExportError, match=rf"^users\.json: the file .*{fault}"):
        read(written(tmp_path, wrapped(data), "users.json").parent)


# Bad lines


BAD_LINES = [
    pytest.param(b"no JSON", id="text"),
    pytest.param(b'{"user_id": "auth0|2", "email": ', id="half a record"),
    pytest.param(b'{"user_id": "auth0|2"} {"user_id": "auth0|3"}', id="two records"),
    pytest.param(b"[1, 2]", id="list"),
    pytest.param(b"12", id="number"),
    pytest.param(b'"text"', id="string"),
    pytest.param(b"null", id="null"),
    pytest.param(b'{"user_id": "auth0|2", "email": "\xff@people.example"}', id="not UTF-8"),
    pytest.param(b'{"user_id": "auth0|\\ud83d", "email": "a@people.example"}', id="half a surrogate pair"),
    pytest.param(b'{"user_id": "auth0|2", "n": ' + b"9" * 5000 + b"}", id="a number too long for Python"),
    pytest.param(b'{"user_id": "auth0|2", "n": ' + b"[" * 100_000 + b"}", id="nested too deep"),
]


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_in_the_middle_is_a_finding_and_loses_no_other(tmp_path: Path, line: bytes) -> None:
    first, second, third = NDJSON.splitlines(keepends=True)
    written(tmp_path, first + line + b"\n" + third + second)
    outcome = read(tmp_path)

    assert (2, "invalid_line", "") in outcome.found("users")
    assert outcome.summary["users"]["lines"] == 4
    assert outcome.summary["users"]["declared"] == 1


def test_a_number_too_long_for_python_in_an_array_is_a_finding_and_loses_no_other(tmp_path: Path) -> None:
    data = b'[{"user_id": "auth0|2", "n": %s}, %s]' % (b"9" * 5000, NDJSON.splitlines()[0])
    outcome = read(written(tmp_path, data, "users.json").parent)

    assert outcome.found("users") == [(1, "invalid_line", "")]
    assert [user.external_id for user in outcome.directory.users] == ["auth0|1"]


@pytest.mark.parametrize("line", [b"no JSON", b'{"user_id": "auth0|2", "email": ', b'{"a": 1} trailing'])
def test_a_bad_first_line_is_a_finding_and_loses_no_other(tmp_path: Path, line: bytes) -> None:
    written(tmp_path, line + b"\n\n" + NDJSON)
    outcome = read(tmp_path)

    assert outcome.found("users")[:2] == [(1, "invalid_line", ""), (2, "blank_line", "")]
    assert outcome.summary["users"]["declared"] == 1


@pytest.mark.parametrize(
    "data", [b'[1, "x", null, {"user_id": "auth0|1", "email": "a@people.example"}]', b'1\n"x"\nnull\n']
)
def test_elements_that_are_no_objects_are_findings(tmp_path: Path, data: bytes) -> None:
    outcome = read(written(tmp_path, data, "users.json").parent)

    assert [code for _, code, _ in outcome.found("users")] == ["invalid_line"] * 3
    assert outcome.summary["users"]["lines"] == 3 + outcome.summary["users"]["declared"]


# Files larger than what is held in memory


def many(number: int) -> list[dict[str, str]]:
    """Records of about 1 KB, with characters of two to four bytes, so that chunks end inside of them."""
    return [{"user_id": f"auth0|{one}", "note": "é語😀" * 100} for one in range(number)]


@pytest.mark.parametrize("shape", ["ndjson", "array", "pretty"])
def test_files_of_several_chunks_lose_and_change_nothing(tmp_path: Path, shape: str) -> None:
    records = many(3000)
    if shape == "ndjson":
        text = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
    else:
        text = json.dumps(records, ensure_ascii=False, indent=1 if shape == "pretty" else None)
    path = written(tmp_path, text.encode())
    found = list(pieces(path))
    data = path.read_bytes()

    assert path.stat().st_size > 2.5 * (1 << 20)
    assert [json.loads(piece.data) for piece in found] == records
    assert all(data[one.offset : one.offset + len(one.data)] == one.data for one in found)
    assert found[-1].line == {"ndjson": 3000, "array": 1, "pretty": 2 + 4 * 2999}[shape]


def test_a_record_larger_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    records = [{"user_id": "auth0|1", "note": "x" * (7 << 20)}, {"user_id": "auth0|2"}]

    assert records_of(written(tmp_path, json.dumps(records, indent=1).encode())) == records
    assert records_of(written(tmp_path, "\n".join(json.dumps(record) for record in records).encode())) == records


def test_a_large_record_of_an_array_is_looked_at_a_few_times_only() -> None:
    class Counted(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)

    file = Counted(json.dumps([{"user_id": "auth0|1", "note": "x" * (30 << 20)}]).encode())

    assert len(list(_elements(file, 0, "users.json"))) == 1
    assert file.reads < 10


# The folder


def test_a_missing_folder_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="does not exist"):
        Export(tmp_path / "nowhere", Ledger())


def test_a_folder_without_users_stops_the_run(tmp_path: Path) -> None:
    written(tmp_path, NDJSON, "members.ndjson")

    with pytest.raises(ExportError, match="holds no users file"):
        Export(tmp_path, Ledger())


@pytest.mark.parametrize("names", [("users.ndjson", "users.json"), ("users.json", "users.json.gz")])
def test_a_kind_that_stands_there_twice_stops_the_run(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        written(tmp_path, NDJSON, name)

    with pytest.raises(ExportError, match="keep the one that counts"):
        Export(tmp_path, Ledger())


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("members.csv", "CSV is read for users only"),
        ("passwords.csv.gz", "CSV is read for users only"),
        ("passwords.ndjson.gz.pgp", "gpg --output passwords.ndjson.gz --decrypt passwords.ndjson.gz.pgp"),
        ("mfa.gpg", "gpg --output mfa.ndjson --decrypt mfa.gpg"),
        ("members.zip", "unpack it"),
        ("roles.jsonl", "convert it to roles.ndjson"),
    ],
)
def test_a_file_that_is_not_read_stops_the_run_instead_of_counting_as_absent(
    tmp_path: Path, name: str, way: str
) -> None:
    written(tmp_path, NDJSON)
    written(tmp_path, b"anything", name)

    with pytest.raises(ExportError, match=re.escape(f"/{name}: ") + f".*{re.escape(way)}"):
        Export(tmp_path, Ledger())


@pytest.mark.parametrize("name", ["passwords.ndjson.pgp", "passwords.md", "README.md", "manifest.json"])
def test_what_else_lies_beside_a_readable_file_is_left_alone(tmp_path: Path, name: str) -> None:
    written(tmp_path, NDJSON)
    written(tmp_path, b"", "passwords.ndjson")
    written(tmp_path, b"anything", name)

    assert Export(tmp_path, Ledger()).files.keys() == {"users", "passwords"}


@pytest.mark.parametrize("kind", FILES)
def test_the_digest_moves_with_every_file_of_the_export(tmp_path: Path, kind: str) -> None:
    written(tmp_path, NDJSON)
    written(tmp_path, NDJSON, f"{kind}.ndjson")
    before = digest([Export(tmp_path, Ledger())])
    again = digest([Export(tmp_path, Ledger())])
    written(tmp_path, NDJSON + b"\n", f"{kind}.ndjson")

    assert again == before
    assert digest([Export(tmp_path, Ledger())]) != before


# Any bytes


@given(ANY_BYTES)
@example(b"\x1f\x8b")
@example(b"\x1f\x8b\x08\x04")
@example(b"[" * 3000)
@example(b'{"a":' * 3000)
@example(b"\n" + b'{"a":' * 3000 + b"\n{}\n")
@example(b'{"a":' + b"9" * 5000 + b"}")
def test_any_bytes_end_in_pieces_or_an_export_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), data)
        try:
            found = list(pieces(path))
        except ExportError:
            return
        with open_unpacked(path) as file:
            unpacked = file.read()
    assert all(unpacked[one.offset : one.offset + len(one.data)] == one.data for one in found)
    assert [one.line for one in found] == sorted(one.line for one in found)


@given(st.lists(VALUES, max_size=3), st.sampled_from([None, 1]))
def test_every_json_text_is_read_as_json_reads_it(values: list[Any], indent: int | None) -> None:
    data = json.dumps([{"value": value} for value in values], indent=indent).encode()
    with tempfile.TemporaryDirectory() as folder:
        found = [piece.data for piece in pieces(written(Path(folder), data))]

    assert [json.dumps(json.loads(one)) for one in found] == [json.dumps({"value": value}) for value in values]


@pytest.mark.parametrize("data", [b"[1]", b"12", b"", b"{", b"\xff{}", b'{"a": "\\ud800"}', b'{"\\uDC00": 1}'])
def test_what_is_no_json_object_of_text_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the class is the contract
        parse(data)


@pytest.mark.parametrize("text", ["\\ud83d\\ude00", "\\\\ud800", "😀"])
def test_whole_characters_are_no_half_surrogates(text: str) -> None:
    assert list(parse(f'{{"a": "{text}"}}'.encode())) == ["a"]


@pytest.mark.parametrize("data", [b"[" + ARRAY, ARRAY + ARRAY[: ARRAY.index(b"},") + 1]])
def test_a_further_array_that_is_cut_short_stops_the_run(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ExportError):
        list(pieces(written(tmp_path, data)))
