"""Lists under trouble: pages that are empty, repeat, drop or are limited; tokens that end; organizations that go."""

import pytest

from tests.auth0.download.download import Download, serve_crowd
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.tenant import organization, role

ORGANIZATIONS = "/auth0/api/v2/organizations$"
MEMBERS = "/members$"


def test_an_empty_page_with_a_next_loses_nobody(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0, organizations=60, members=60)
    auth0.fault(MEMBERS, "empty_page", times=40)
    auth0.fault(ORGANIZATIONS, "empty_page", times=3)

    download.run()

    assert download.members() == pairs


def test_an_item_that_comes_again_is_kept_once_and_counted(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0, organizations=60, members=2)
    auth0.fault(ORGANIZATIONS, "repeated_item")
    auth0.fault(MEMBERS, "repeated_item", times=4)
    auth0.fault("/roles$", "repeated_item")

    said = download.run()

    assert download.members() == pairs
    assert len(download.lines("organizations")) == 60
    assert "note: 4 member(s) came again on another page; the newest is kept" in said
    assert "note: 1 organization(s) came again on another page" in said


def test_a_member_who_is_no_user_is_told(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(MEMBERS, "deleted_member")

    said = download.run()

    assert "note: 1 membership(s) belong to nobody in users (first: org_" in said
    assert len(download.members()) == 7


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "drop_midway", "refuse"])
@pytest.mark.parametrize("path", [ORGANIZATIONS, MEMBERS, "/roles$", "/oauth/token$", "/enabled_connections$"])
def test_an_answer_that_fails_is_asked_for_again(auth0: Auth0Side, download: Download, path: str, mode: str) -> None:
    pairs = serve_crowd(auth0)
    auth0.fault(path, mode, status=503)

    download.run()

    assert download.members() == pairs


def test_an_answer_that_is_not_auth0s_is_asked_for_again(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    auth0.fault("/jobs/job_", "refuse", status=302, headers={"location": "https://elsewhere.example"})

    assert "Auth0 refuses GET jobs/job_" in download.run(code=2)
    download.run()
    assert download.members() == pairs


def test_a_request_over_the_limit_is_sent_again_when_auth0_allows_it(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0, organizations=8)
    auth0.settings(limited="requests", limits={"/api/v2/organizations/{id}/members": 6})

    download.run()

    assert download.members() == pairs


def test_a_limit_is_waited_for_as_long_as_auth0_says(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    auth0.fault(MEMBERS, "refuse", times=25, status=429, headers={"retry-after": "0"})

    download.run()

    assert download.members() == pairs


def test_a_token_that_ends_meanwhile_is_renewed(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    auth0.fault(MEMBERS, "token_expired")

    download.run()

    assert download.members() == pairs
    assert download.asked("/oauth/token") == 2


def test_a_short_token_is_renewed_before_each_call(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    auth0.settings(expires_in=30)

    download.run()

    assert download.members() == pairs
    assert 401 not in download.statuses("/api/v2/")


def test_an_organization_that_goes_meanwhile_is_told(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    body = {"statusCode": 404, "errorCode": "inexistent_organization"}
    auth0.fault("/org_001/", "refuse", times=None, status=404, body=body)

    said = download.run()

    assert "note: 1 organization(s) were deleted during the download (first: org_001)" in said
    assert download.members() == [pair for pair in pairs if pair[0] != "org_001"]


def test_domains_that_auth0_refuses_to_give_are_told_as_missing(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    body = {"statusCode": 403, "errorCode": "feature_not_enabled"}
    auth0.fault("/discovery-domains", "refuse", times=None, status=403, body=body)

    said = download.run(code=1)

    assert (
        "missing: the domain(s) of 3 organization(s) (first: org_000) are not all there: 403 feature_not_enabled"
        in said
    )
    assert download.members() == pairs


def test_members_that_auth0_refuses_to_give_end_the_run(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(MEMBERS, "refuse", times=None, status=403, body={"errorCode": "feature_not_enabled"})

    said = download.run(code=2)

    assert "/members (403 feature_not_enabled): the application is not allowed to" in said
    assert not (download.folder / "manifest.json").exists()


def test_a_page_without_its_list_is_no_empty_page(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    auth0.fault(MEMBERS, "refuse", status=200, body={"message": "all is well"})

    assert "gives no list of members. Run the same command again later" in download.run(code=2)
    download.run()
    assert len(download.members()) == 6


def test_records_without_an_id_are_kept_and_told(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    page = {"organizations": [{"id": 7, "name": "odd"}, {"id": "org_000", "name": "000"}, {"name": "none"}]}
    auth0.fault(ORGANIZATIONS, "refuse", status=200, body=page)

    said = download.run()

    assert "note: 2 organization(s) came without an id" in said
    assert download.lines("organizations") == page["organizations"]
    assert len(download.members()) == 2


def test_a_list_that_is_shorter_than_its_total_is_told(auth0: Auth0Side, download: Download) -> None:
    auth0.serve(roles=[role("x")])
    page = {"roles": [role("x")], "start": 0, "limit": 50, "total": 2}
    auth0.fault("/roles$", "refuse", times=None, status=200, body=page)

    said = download.run(code=1)

    assert "missing: Auth0 counts 2 role(s) and gave 1: download again" in said


def test_a_list_that_never_ends_is_told(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0, organizations=2)
    auth0.fault("/org_001/members$", "empty_page", times=None)

    said = download.run(code=1)

    assert "missing: the member(s) of 1 organization(s) (first: org_001) are not all there: 100 empty pages" in said
    assert download.members() == pairs[:2]


@pytest.mark.parametrize(
    ("following", "fault"), [("same", "repeats its checkpoint"), (7, "a checkpoint that is no text")]
)
def test_a_list_that_goes_in_circles_ends_the_run(
    auth0: Auth0Side, download: Download, following: object, fault: str
) -> None:
    serve_crowd(auth0)
    page = {"organizations": [organization("000")], "next": following}
    auth0.fault(ORGANIZATIONS, "refuse", times=None, status=200, body=page)

    assert fault in download.run(code=2)
