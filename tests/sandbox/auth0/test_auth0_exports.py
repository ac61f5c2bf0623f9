"""Export jobs: their life, their link, and what a file holds."""

import csv
import gzip
import io
import json
import stat
from typing import Any

import httpx
import pytest
from auth0.management.errors import BadRequestError, NotFoundError
from auth0.management.types import CreateExportUsersFields

from sandbox.auth0.jobs import LINES_A_POLL, Job
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.tenant import DATABASE, person

ADA = person(
    "ada",
    name="Ada",
    nickname="ada",
    picture="https://cdn.example/a.png",
    blocked=True,
    user_metadata={"country": "ch", "address": {"city": "Bern"}},
    guardian_authenticators=["push"],
    department="math",
)
GRACE = person("grace", provider="google-oauth2", connection="google-oauth2")
GRACE["identities"][0] |= {"access_token": "made-up-idp-token", "refresh_token": "made-up-too"}
LINKED = {**person("linked"), "identities": [ADA["identities"][0], GRACE["identities"][0]]}


def receive(answer: httpx.Response, into: bytearray) -> None:
    """Keep what arrives, also if the rest does not."""
    for chunk in answer.iter_raw():
        into += chunk


@pytest.mark.parametrize(
    ("polls", "statuses"),
    [
        (1, ["completed"]),
        (2, ["processing", "completed"]),
        (3, ["pending", "processing", "completed"]),
        (4, ["pending", "processing", "processing", "completed"]),
    ],
)
def test_each_poll_is_a_step_of_the_job(auth0: Auth0Side, polls: int, statuses: list[str]) -> None:
    auth0.serve(users=[ADA])
    auth0.settings(job_polls=polls)

    made = auth0.sdk.jobs.users_exports.create(
        format="json", fields=[CreateExportUsersFields(name="user_id", export_as="Id")]
    )
    jobs = [auth0.sdk.jobs.get(str(made.id)) for _ in statuses]

    assert (made.status, made.type, made.format) == ("pending", "users_export", "json")
    assert [job.status for job in jobs] == statuses
    assert [job.location is not None for job in jobs] == [status == "completed" for status in statuses]
    for job in jobs:
        processing = job.status == "processing"
        assert (job.time_left_seconds is not None) == processing
        assert (job.percentage_done in range(1, 100)) == processing
    assert jobs[-1].percentage_done == 100
    assert gzip.decompress(httpx.get(str(jobs[-1].location)).content) == b'{"Id":"auth0|ada"}\n'


def test_a_large_export_takes_more_polls_than_were_set() -> None:
    job = Job("job_1", "now", {"format": "json"}, ("{}\n" for _ in range(2 * LINES_A_POLL + 1)), polls=1)

    statuses = []
    for _ in range(3):
        job.poll()
        statuses.append(job.status)

    assert statuses == ["pending", "processing", "completed"]
    assert gzip.decompress(job.path.read_bytes()) == b"{}\n" * (2 * LINES_A_POLL + 1)


def test_the_file_of_a_job_is_its_owners_alone_and_goes_with_the_job() -> None:
    job = Job("job_1", "now", {"format": "json"}, iter(()), polls=1)
    path = job.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    del job

    assert not path.exists()


def test_a_line_holds_exactly_what_was_asked_for(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA, GRACE])
    fields = [
        {"name": "user_id"},
        {"name": "email", "export_as": "Email"},
        {"name": "user_metadata.country"},
        {"name": "user_metadata.address.city", "export_as": "City"},
        {"name": "identities[0].connection", "export_as": "Connection"},
        {"name": "identities[1].connection"},
        {"name": "identities.provider"},
        {"name": "department"},
        {"name": "blocked"},
        {"name": "guardian_authenticators"},
    ]

    assert auth0.exported_lines(fields=fields) == [
        {
            "user_id": "auth0|ada",
            "Email": "ada@people.example",
            "user_metadata.country": "ch",
            "City": "Bern",
            "Connection": DATABASE,
            "department": "math",
            "blocked": True,
        },
        {"user_id": "google-oauth2|grace", "Email": "grace@people.example", "Connection": "google-oauth2"},
    ]


@pytest.mark.parametrize("asked", [{}, {"fields": []}])
def test_without_fields_a_predefined_set_is_exported(auth0: Auth0Side, asked: dict[str, Any]) -> None:
    auth0.serve(users=[ADA])

    (line,) = auth0.exported_lines(**asked)

    assert line.keys() == {
        "user_id", "email", "email_verified", "name", "nickname", "picture", "identities", "created_at",
    }  # fmt: skip


def test_text_of_every_language_arrives_as_it_is(auth0: Auth0Side) -> None:
    auth0.serve(users=[person("zoë", name="Zoë 🐙 ليلى")])

    assert "Zoë 🐙 ليلى" in auth0.exported(fields=[{"name": "name"}])


@pytest.mark.parametrize("name", ["identities", "identities[0].access_token"])
def test_idp_tokens_come_only_with_their_scope(auth0: Auth0Side, name: str) -> None:
    auth0.serve(users=[GRACE])
    assert "made-up-idp-token" not in auth0.exported(fields=[{"name": name}])
    assert "made-up-too" not in auth0.exported(fields=[{"name": name}])

    auth0.renew(scopes=["read:users", "read:user_idp_tokens"])

    assert "made-up-idp-token" in auth0.exported(fields=[{"name": name}])


def test_a_connection_exports_everybody_who_has_an_identity_in_it(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA, GRACE, LINKED])
    ids = {one.name: one.id for one in auth0.sdk.connections.list()}

    lines = auth0.exported_lines(connection_id=ids["google-oauth2"], fields=[{"name": "user_id"}])

    assert lines == [{"user_id": "google-oauth2|grace"}, {"user_id": "auth0|linked"}]


def test_a_limit_ends_the_export(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA, GRACE, LINKED])

    assert len(auth0.exported_lines(limit=2)) == 2


def test_csv_marks_every_text_but_auth0s_dates_with_an_apostrophe(auth0: Auth0Side) -> None:
    odd = person("o'neil", name='Ann "Al", O\'Neil', nickname=None, logins_count=3)
    auth0.serve(users=[odd])
    names = ["user_id", "name", "nickname", "email_verified", "logins_count", "created_at", "identities"]

    text = auth0.exported(format="csv", fields=[{"name": name, "export_as": name.title()} for name in names])

    assert text.splitlines()[1].startswith(
        '"\'auth0|o\'neil","\'Ann ""Al"", O\'Neil",,true,3,2020-01-01T00:00:00.000Z,"\'[{'
    )
    header, row = csv.reader(io.StringIO(text))
    assert header == [name.title() for name in names]
    assert json.loads(row[6].removeprefix("'")) == odd["identities"]


@pytest.mark.parametrize(
    "asked",
    [
        {"format": "xml"},
        {"limit": 0},
        {"limit": "5"},
        {"limit": True},
        {"connection_id": "google-oauth2"},
        {"connection_id": "con_0000000000000000"},
        {"fields": {"name": "email"}},
        {"fields": [{"name": "email", "as": "Email"}]},
        {"fields": [{"export_as": "Email"}]},
        {"fields": [{"name": "x" * 101}]},
        {"fields": [{"name": "email", "export_as": "x" * 101}]},
        {"fields": [["email"]]},
        {"query": "email:*"},
        {"format": "csv", "fields": [{"name": f"claim_{number}"} for number in range(31)]},
        {"format": "csv", "fields": [{"name": "app_metadata"}]},
        {"format": "csv", "fields": [{"name": "user_metadata"}]},
    ],
)
def test_an_export_that_auth0_does_not_have_is_refused(auth0: Auth0Side, asked: dict[str, Any]) -> None:
    answer = auth0.plain.post("/api/v2/jobs/users-exports", json=asked)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "invalid_body")


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_body_that_is_no_object_is_refused(auth0: Auth0Side, body: bytes) -> None:
    assert auth0.plain.post("/api/v2/jobs/users-exports", content=body).status_code == 400


def test_json_may_have_more_than_thirty_fields_and_whole_metadata(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA])
    fields = [{"name": f"claim_{number}"} for number in range(30)] + [{"name": "user_metadata"}]

    assert auth0.exported_lines(fields=fields) == [{"user_metadata": ADA["user_metadata"]}]


def test_the_link_gives_plain_gzip_and_takes_no_token(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA])
    link = auth0.link(auth0.export())

    answer = httpx.get(link)

    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert answer.content.startswith(b"\x1f\x8b")
    assert httpx.URL(link).path.endswith(".json.gz")
    assert auth0.plain.get(link).status_code == 400


def test_a_link_that_is_not_signed_for_this_file_is_refused_in_xml(auth0: Auth0Side) -> None:
    link = auth0.link(auth0.export())

    for wrong in (
        link.partition("?")[0],
        link[:-1],
        link.replace(".json.gz", ".csv.gz"),
        link.replace("job_", "job_x"),
    ):
        answer = httpx.get(wrong)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/xml"
        assert "<Code>AccessDenied</Code>" in answer.text


def test_a_link_serves_so_many_requests_as_are_set_and_the_job_gives_another(auth0: Auth0Side) -> None:
    auth0.settings(link_requests=2)
    job = auth0.export()
    first = auth0.link(job)

    assert [httpx.get(first).status_code for _ in range(3)] == [200, 200, 403]
    second = auth0.link(job)
    assert second != first
    assert [httpx.get(one).status_code for one in (first, second)] == [403, 200]


def test_an_expired_link_stays_expired_and_the_others_live(auth0: Auth0Side) -> None:
    job = auth0.export()
    first, second = auth0.link(job), auth0.link(job)
    auth0.fault("/auth0/exports/", "link_expired")

    assert [httpx.get(one).status_code for one in (first, first, second)] == [403, 403, 200]


def test_a_failed_job_stays_failed_and_has_no_link(auth0: Auth0Side) -> None:
    job = auth0.export()
    auth0.fault("/auth0/api/v2/jobs/", "job_failed", after=2)

    told = [auth0.sdk.jobs.get(job) for _ in range(4)]

    assert [one.status for one in told] == ["pending", "processing", "failed", "failed"]
    assert all(one.location is None for one in told)
    assert told[-1].status_details == "The export failed."


def test_a_job_that_is_gone_is_not_found_and_its_links_are_dead(auth0: Auth0Side) -> None:
    first, second = auth0.export(), auth0.export()
    links = [auth0.link(first), auth0.link(second)]
    auth0.fault(f"/jobs/{first}", "job_gone")
    auth0.fault(f"/exports/{second}", "job_gone")

    with pytest.raises(NotFoundError):
        auth0.sdk.jobs.get(first)
    assert [httpx.get(link).status_code for link in links] == [403, 403]
    with pytest.raises(NotFoundError):
        auth0.sdk.jobs.get(second)


def test_a_job_takes_no_parameters(auth0: Auth0Side) -> None:
    with pytest.raises(BadRequestError):
        auth0.sdk.jobs.get(auth0.export(), request_options={"additional_query_parameters": {"page": 1}})


def test_a_download_that_breaks_off_can_be_resumed(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA, GRACE, LINKED])
    link = auth0.link(auth0.export())
    whole = httpx.get(link)
    auth0.fault("/auth0/exports/", "drop_midway")

    received = bytearray()
    with httpx.stream("GET", link) as answer, pytest.raises(httpx.RemoteProtocolError):
        receive(answer, received)
    rest = httpx.get(link, headers={"range": f"bytes={len(received)}-", "if-range": whole.headers["etag"]})

    assert received == whole.content[: len(whole.content) // 2]
    assert rest.status_code == 206
    assert received + rest.content == whole.content
    assert auth0.log()["requests"][-2]["status"] == "dropped"


def test_a_range_beyond_the_file_is_not_satisfiable(auth0: Auth0Side) -> None:
    link = auth0.link(auth0.export())

    assert httpx.get(link, headers={"range": "bytes=1000000-"}).status_code == 416


def test_a_tenant_that_changes_under_a_job_fails_it(auth0: Auth0Side) -> None:
    auth0.serve(users=[ADA])
    job = auth0.export()
    (auth0.folder / "users.ndjson").write_text("{}\n{", encoding="utf-8")

    told = auth0.sdk.jobs.get(job)

    assert (told.status, told.status_details) == ("failed", "users.ndjson:1 is not an object with user_id")
    auth0.serve(users=[ADA])
    job = auth0.export()
    (auth0.folder / "users.ndjson").unlink()
    assert auth0.sdk.jobs.get(job).status == "failed"
