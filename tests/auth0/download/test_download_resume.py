"""A download that is stopped, killed or refused goes on from its last page; a finished one is not touched."""

import signal
import sqlite3
from pathlib import Path

import pytest

from providers.auth0.download.management import IN_FLIGHT
from tests.auth0.download.download import FILES, Download, serve_crowd
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.tenant import person

MEMBERS = "/members"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_download_that_is_stopped_goes_on_from_its_last_page(
    auth0: Auth0Side, download: Download, number: int
) -> None:
    pairs = serve_crowd(auth0, organizations=2, members=2500)

    code, said = download.stop_after(30, number)

    assert "Traceback" not in said
    if number == signal.SIGINT:
        assert (code, "stopped; run the same command again to go on" in said) == (130, True)
    else:
        assert code == -number
    assert not (download.folder / "manifest.json").exists()
    assert set(download.modes().values()) == {0o600, 0o700}
    said = download.run()
    assert "going on with the download that was begun at" in said
    assert download.members() == pairs
    assert len(download.lines("users")) == 5000
    assert download.asked("/jobs/users-exports") == 1
    assert 100 <= download.statuses(MEMBERS)[200] <= 100 + IN_FLIGHT


def test_a_kill_in_the_middle_of_the_file_fetches_only_the_rest(auth0: Auth0Side, download: Download) -> None:
    auth0.serve(users=[person(f"{number:05}") for number in range(500)])
    auth0.fault("/exports/", "drop_midway")
    auth0.fault("/jobs/job_", "refuse", after=1, status=403)
    download.run(code=2)
    auth0.control("DELETE", "faults")

    download.run()

    assert download.statuses("/exports/") == {"dropped": 1, 206: 1}
    assert len({line["user_id"] for line in download.lines("users")}) == 500


def test_a_file_that_is_whole_is_not_fetched_again(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault("/organizations$", "refuse", status=403)
    download.run(code=2)
    download.run(code=0)

    assert download.asked("/jobs/users-exports") == 1


def test_a_checkpoint_that_died_begins_its_list_again(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0, organizations=1, members=500)
    auth0.fault(MEMBERS, "refuse", after=5, status=403)
    download.run(code=2)
    auth0.fault(MEMBERS, "refuse", contains="from=", status=400)
    download.forget_requests()

    download.run()

    assert download.members() == pairs
    assert download.asked(MEMBERS) == 11


def test_checkpoints_that_always_die_end_the_run(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0, organizations=1, members=500)
    auth0.fault(MEMBERS, "refuse", times=None, contains="from=", status=400)

    assert "organizations/org_000/members: refuses its own checkpoints" in download.run(code=2)


def test_a_finished_download_is_left_alone(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    download.run()
    before = contents(download.folder)
    download.forget_requests()

    said = download.run(code=2)

    assert "holds a finished download (manifest.json says of what and when). Download anew into it with: ferry " in said
    assert contents(download.folder) == before
    assert download.asked() == 0


def test_again_replaces_all_files_together(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    download.run()
    (download.folder / "passwords.ndjson").write_text("{}\n")
    pairs = serve_crowd(auth0, organizations=5)

    download.run("--again")

    assert download.members() == pairs
    assert download.manifest()["files"]["members.ndjson"]["lines"] == len(pairs)
    assert (download.folder / "passwords.ndjson").read_text() == "{}\n"


def test_again_that_fails_leaves_the_old_files_and_goes_on_later(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    download.run()
    before = contents(download.folder)
    pairs = serve_crowd(auth0, organizations=5)
    auth0.fault(MEMBERS, "refuse", status=403)

    download.run("--again", code=2)

    assert contents(download.folder) == before
    download.run()
    assert download.members() == pairs


def test_a_run_that_ended_while_the_files_got_their_names_ends_that_first(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    auth0.fault(MEMBERS, "refuse", status=403)
    download.run(code=2)
    in_the_way = download.folder / "members.ndjson" / "in-the-way"
    in_the_way.mkdir(parents=True)
    said = download.run(code=2)
    assert "members.ndjson: Is a directory" in said
    assert (download.folder / "users.ndjson").exists()
    assert not (download.folder / "manifest.json").exists()
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    download.forget_requests()

    download.run()

    assert download.members() == pairs
    assert set(auth0.log()["counts"]) == {"POST /auth0/oauth/token"}
    assert set(contents(download.folder)) == {*(f"{kind}.ndjson" for kind in FILES), "manifest.json"}


@pytest.mark.parametrize("name", ["users.json", "members.ndjson.gz", "roles.csv", "organizations.ndjson"])
def test_files_that_no_download_wrote_are_not_replaced(auth0: Auth0Side, download: Download, name: str) -> None:
    download.folder.mkdir(parents=True)
    (download.folder / name).write_text("somebody's work")

    assert f"holds {name}, which no `ferry download` wrote: move it away" in download.run(code=2)
    assert (download.folder / name).read_text() == "somebody's work"


def test_files_of_auth0s_support_may_be_there_before(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    download.folder.mkdir(parents=True)
    (download.folder / "passwords.ndjson").write_text("{}\n")

    download.run()

    assert (download.folder / "passwords.ndjson").read_text() == "{}\n"


def test_an_unfinished_download_of_another_tenant_is_not_mixed_with_this_one(
    auth0: Auth0Side, download: Download
) -> None:
    serve_crowd(auth0)
    auth0.fault(MEMBERS, "refuse", status=403)
    download.run(code=2)
    download.environment["AUTH0_DOMAIN"] = "other.eu.auth0.com"

    assert "unfinished download of another tenant (acme.eu.auth0.com)" in download.run(code=2)


def test_two_at_once_in_one_folder_are_refused(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(MEMBERS, "refuse", status=403)
    download.run(code=2)
    other = sqlite3.connect(download.folder / ".download" / "state.sqlite")
    other.executescript("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")

    assert "another `ferry download` is at work in" in download.run(code=2)
    other.close()
    download.run()


def test_a_state_that_cannot_be_read_is_told(auth0: Auth0Side, download: Download) -> None:
    (download.folder / ".download").mkdir(parents=True)
    (download.folder / ".download" / "state.sqlite").write_text("no database " * 1000)

    assert ".download was left by another version, or is damaged: delete it to begin anew" in download.run(code=2)


def test_a_folder_that_cannot_be_written_is_told(auth0: Auth0Side, download: Download) -> None:
    download.folder.parent.mkdir()
    download.folder.parent.joinpath("file").write_text("")
    download.folder = download.folder.parent / "file" / "acme"

    assert "Not a directory" in download.run(code=2)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, without those of a download that goes on."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
