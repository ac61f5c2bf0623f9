"""Credentials and scopes: what is missing is named before anything is fetched, and no secret is ever said."""

import httpx
import pytest

from providers.auth0.download.access import Access, is_safe, read_access
from providers.auth0.download.errors import DownloadError
from tests.auth0.download.download import SECRET, Download, serve_crowd
from tests.sandbox.auth0.auth0_side import CREDENTIALS, Auth0Side
from tests.tenant import member, organization

NEEDED = {
    "read:users",
    "read:organizations",
    "read:organization_members",
    "read:organization_member_roles",
    "read:organization_discovery_domains",
    "read:organization_connections",
    "read:roles",
}
GOOD = {"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_CLIENT_ID": "made-up-client", "AUTH0_CLIENT_SECRET": SECRET}


def named(said: str) -> set[str]:
    """The scopes that a message lists."""
    return {line.split()[0] for line in said.splitlines() if line.startswith("  read:")}


def scopeless_token(auth0: Auth0Side, *scopes: str) -> None:
    """The next tokens have these scopes, and their answers do not say so."""
    auth0.settings(scopes=list(scopes))
    token = httpx.post(f"{auth0.url}/auth0/oauth/token", data=CREDENTIALS).json()["access_token"]
    body = {"access_token": token, "expires_in": 86400, "token_type": "Bearer"}
    auth0.fault("/oauth/token", "refuse", times=None, status=200, body=body)
    auth0.control("DELETE", "auth0/requests")


@pytest.mark.parametrize("lacking", [{"read:roles"}, {"read:users", "read:organization_member_roles"}, NEEDED])
def test_missing_scopes_are_named_before_anything_is_fetched(
    auth0: Auth0Side, download: Download, lacking: set[str]
) -> None:
    serve_crowd(auth0)
    auth0.settings(scopes=sorted(NEEDED - lacking))

    said = download.run(code=2)

    assert named(said) == lacking
    assert f"lacks {len(lacking)} of the 7 scopes" in said
    assert set(auth0.log()["counts"]) == {"POST /auth0/oauth/token"}
    assert not download.folder.exists()


def test_each_missing_scope_says_what_it_is_for(auth0: Auth0Side, download: Download) -> None:
    auth0.settings(scopes=sorted(NEEDED - {"read:users"}))

    assert "read:users  the export job of all users" in download.run(code=2)


@pytest.mark.parametrize("lacking", sorted(NEEDED - {"read:organizations"}))
def test_a_token_that_names_no_scopes_is_tried(auth0: Auth0Side, download: Download, lacking: str) -> None:
    serve_crowd(auth0)
    scopeless_token(auth0, *(NEEDED - {lacking}))

    assert named(download.run(code=2)) == {lacking}
    assert download.asked("/jobs/users-exports") == 0


def test_a_token_that_names_no_scopes_may_be_good(auth0: Auth0Side, download: Download) -> None:
    pairs = serve_crowd(auth0)
    scopeless_token(auth0, *NEEDED)

    download.run()

    assert download.members() == pairs


def test_a_tenant_without_organizations_needs_no_more_to_be_tried(auth0: Auth0Side, download: Download) -> None:
    auth0.serve()
    scopeless_token(auth0, "read:users", "read:organizations", "read:roles")

    download.run()


def test_a_wrong_secret_is_told_without_it(auth0: Auth0Side, download: Download) -> None:
    download.environment["AUTH0_CLIENT_SECRET"] = "wrong-made-up-secret"

    said = download.run(code=2)

    assert "gives no token (401 access_denied). AUTH0_CLIENT_ID or AUTH0_CLIENT_SECRET is wrong" in said
    assert "wrong-made-up-secret" not in said
    assert download.asked() == 1


def test_an_application_that_is_not_authorized_is_told_what_to_do(auth0: Auth0Side, download: Download) -> None:
    auth0.fault("/oauth/token", "refuse", status=403, body={"error": "access_denied", "error_description": SECRET})

    said = download.run(code=2)

    assert "Authorize the application for the API https://acme.eu.auth0.com/api/v2/" in said


def test_a_server_that_is_not_there_is_told(download: Download) -> None:
    download.environment["AUTH0_BASE_URL"] = "http://127.0.0.1:1"

    assert "cannot be reached; check AUTH0_DOMAIN and the network" in download.run(code=2)


def test_all_that_is_missing_in_the_environment_is_named() -> None:
    with pytest.raises(DownloadError, match=r"^AUTH0_DOMAIN and AUTH0_CLIENT_SECRET must be set in the environment"):
        read_access({"AUTH0_CLIENT_ID": "made-up-client", "AUTH0_CLIENT_SECRET": " "})


def test_the_base_url_replaces_the_domain_but_not_in_the_audience() -> None:
    access = read_access({**GOOD, "AUTH0_BASE_URL": "http://127.0.0.1:8080/auth0/"})

    assert (access.base_url, access.audience) == ("http://127.0.0.1:8080/auth0", "https://acme.eu.auth0.com/api/v2/")
    assert read_access(GOOD).base_url == "https://acme.eu.auth0.com"


@pytest.mark.parametrize("domain", ["https://acme.eu.auth0.com/", "ACME.eu.auth0.com"])
def test_a_domain_may_be_written_as_an_address(domain: str) -> None:
    access = read_access({**GOOD, "AUTH0_DOMAIN": domain})

    assert (access.domain, access.tenant) == ("acme.eu.auth0.com", "acme")


@pytest.mark.parametrize("domain", ["acme", "../up.example", "acme.example/path", "http://acme.example", "a..b"])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(DownloadError, match="AUTH0_DOMAIN is not a domain"):
        read_access({**GOOD, "AUTH0_DOMAIN": domain})


def test_a_secret_with_a_line_break_is_refused_without_saying_it() -> None:
    with pytest.raises(DownloadError, match="AUTH0_CLIENT_SECRET holds characters") as refused:
        read_access({**GOOD, "AUTH0_CLIENT_SECRET": "made\nup"})
    assert "up" not in str(refused.value).partition("Dashboard")[0]


def test_credentials_go_over_no_open_line() -> None:
    with pytest.raises(DownloadError, match="AUTH0_BASE_URL must be an https address"):
        read_access({**GOOD, "AUTH0_BASE_URL": "http://acme.example"})


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://acme.example/x", True),
        ("http://localhost:1", True),
        ("http://[::1]/", True),
        ("http://10.0.0.1", False),
        ("ftp://localhost", False),
        ("https:///x", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_https_and_this_machine_are_safe(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


def test_a_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(Access("acme.example", "https://acme.example", "made-up-client", SECRET))


def test_a_link_over_an_open_line_is_not_followed(auth0: Auth0Side, download: Download) -> None:
    auth0.serve(organizations=[organization("a")], members=[member("a", "auth0|1")])
    link = {"id": "job_1", "status": "completed", "location": "http://files.example/users.json.gz?signature=made-up"}
    auth0.fault("/jobs/job_", "refuse", status=200, body=link)

    said = download.run(code=2)

    assert "Auth0's link to the file of users is no https address" in said
    assert "made-up" not in said
