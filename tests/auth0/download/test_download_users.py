"""The users' export job and its file: what can go wrong with them, and that no token of an identity provider stays."""

import json

import pytest

from tests.auth0.download.download import Download, serve_crowd
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.tenant import person

JOB = "/jobs/job_"
CREATE = "/jobs/users-exports"
FILE = "/exports/"


def test_a_job_that_fails_is_told_and_the_next_run_starts_another(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(JOB, "job_failed")

    said = download.run(code=2)

    assert "export job job_" in said
    assert "failed: The export failed.. Nothing of it is used; run the same command again" in said
    assert not (download.folder / "users.ndjson").exists()
    download.run()
    assert download.asked(CREATE) == 2
    assert len(download.lines("users")) == 6


def test_a_job_that_vanished_is_created_once_again(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(JOB, "job_gone")

    assert "the export job is gone" in download.run()
    assert download.asked(CREATE) == 2
    assert len(download.lines("users")) == 6


def test_a_job_that_vanishes_again_ends_the_run(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(JOB, "job_gone", times=None)

    assert "the export job vanished twice" in download.run(code=2)
    assert download.asked(CREATE) == 2


def test_a_job_is_polled_until_it_is_completed(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.settings(job_polls=2)

    assert "% of the export job, which is processing" in download.run()
    assert download.asked("/jobs/{id}") == 2


@pytest.mark.parametrize("mode", ["refuse", "drop_before", "drop_after"])
def test_a_job_that_may_have_been_created_is_not_created_twice(auth0: Auth0Side, download: Download, mode: str) -> None:
    serve_crowd(auth0)
    auth0.fault(CREATE, mode)

    said = download.run(code=2)

    assert "may have been started all the same, so it is not asked for twice; run the same command again" in said
    assert download.asked(CREATE) == 1
    download.run()
    assert download.asked(CREATE) == 2


def test_a_job_that_was_surely_not_created_is_asked_for_again(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(CREATE, "refuse", status=429, headers={"retry-after": "0"})

    download.run()
    assert download.asked(CREATE) == 2


def test_an_expired_link_costs_another_look_at_the_same_job(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(FILE, "link_expired", times=2)

    download.run()

    assert len(download.lines("users")) == 6
    assert download.statuses(FILE) == {403: 2, 200: 1}
    assert download.asked("/jobs/{id}") == 3
    assert download.asked(CREATE) == 1


def test_a_connection_that_drops_within_the_file_goes_on_where_it_was(auth0: Auth0Side, download: Download) -> None:
    users = [person(f"{number:05}") for number in range(500)]
    auth0.serve(users=users)
    auth0.fault(FILE, "drop_midway", times=2)

    download.run()

    assert [line["user_id"] for line in download.lines("users")] == [user["user_id"] for user in users]
    assert download.statuses(FILE) == {"dropped": 2, 206: 1}


def test_a_file_that_is_no_export_is_fetched_again(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(FILE, "refuse", status=200, body={"message": "no export"})

    assert "cut short or damaged; fetching it again" in download.run()
    assert len(download.lines("users")) == 6


def test_a_file_that_is_never_an_export_is_not_taken_for_one(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(FILE, "refuse", times=None, status=200, body={"message": "no export"})

    assert "arrived 3 times and was never a whole export" in download.run(code=2)
    assert not (download.folder / "users.ndjson").exists()


def test_no_token_of_an_identity_provider_is_kept_even_if_auth0_sends_it(auth0: Auth0Side, download: Download) -> None:
    secrets = {"access_token": "kept-by-nobody-1", "refresh_token": "kept-by-nobody-2", "idToken": "kept-by-nobody-3"}
    nested = {"profileData": {"email": "x@people.example", "access_token_secret": "kept-by-nobody-4"}}
    talkative = person("1", user_metadata={"token": "a word of the user's own", "ratio": 1.0})
    talkative["identities"][0] |= {**secrets, **nested}
    auth0.serve(users=[talkative, person("2", user_metadata={"token": "stays"})])
    auth0.settings(scopes=[*auth0.settings()["scopes"], "read:user_idp_tokens"])

    download.run()

    text = (download.folder / "users.ndjson").read_text()
    assert "kept-by-nobody" not in text
    first, second = (json.loads(line) for line in text.splitlines())
    assert first["identities"] == [{**person("1")["identities"][0], "profileData": {"email": "x@people.example"}}]
    assert first["user_metadata"] == talkative["user_metadata"]
    assert second["user_metadata"] == {"token": "stays"}


def test_a_user_that_stands_twice_in_the_export_is_told_and_left_to_the_check(
    auth0: Auth0Side, download: Download
) -> None:
    auth0.serve(users=[person("1"), person("2"), person("1", name="newer")])

    assert "note: 1 user(s) stand in the export more than once" in download.run()
    assert len(download.lines("users")) == 3
