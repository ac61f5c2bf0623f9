"""Users: what WorkOS stores, merges and refuses."""

from urllib.parse import quote

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, NotFoundError, UnprocessableEntityError
from workos.user_management._resource import PasswordHashed, PasswordPlaintext

BCRYPT = "$2b$10$" + "A" * 53
USERS = "/user_management/users"


def inner_codes(error: BadRequestError) -> list[str]:
    """Codes in ``errors`` of a refusal."""
    return [one["code"] for one in error.errors or []]


def test_a_new_user_holds_what_was_sent_and_can_be_read_by_both_ids(workos: WorkOSClient) -> None:
    made = workos.user_management.create_user(
        email="ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        email_verified=True,
        metadata={"plan": "pro"},
        external_id="auth0|5f7c",
    )

    assert made.id.startswith("user_01H")
    assert len(made.id) == len("user_") + 26
    assert made.metadata == {"plan": "pro"}
    assert made.email_verified is True
    assert workos.user_management.get_user(made.id).to_dict() == made.to_dict()
    assert workos.user_management.get_user_by_external_id("auth0|5f7c").to_dict() == made.to_dict()


def test_an_email_is_trimmed_and_lower_cased(workos: WorkOSClient) -> None:
    assert workos.user_management.create_user(email="  Ada@Example.COM ").email == "ada@example.com"


def test_a_taken_email_is_refused_inside_a_creation_error(workos: WorkOSClient) -> None:
    workos.user_management.create_user(email="ada@example.com")

    with pytest.raises(BadRequestError) as refused:
        workos.user_management.create_user(email="ADA@example.com")

    assert refused.value.code == "user_creation_error"
    assert inner_codes(refused.value) == ["email_not_available"]
    assert "ada@" not in str(refused.value)


def test_a_taken_external_id_is_refused_inside_a_creation_error(workos: WorkOSClient) -> None:
    workos.user_management.create_user(email="ada@example.com", external_id="auth0|1")

    with pytest.raises(BadRequestError) as refused:
        workos.user_management.create_user(email="grace@example.com", external_id="auth0|1")

    assert refused.value.code == "user_creation_error"
    assert inner_codes(refused.value) == ["external_id_already_used"]


def test_an_email_that_is_none_is_refused(workos: WorkOSClient) -> None:
    with pytest.raises(BadRequestError) as refused:
        workos.user_management.create_user(email="ada at example")

    assert inner_codes(refused.value) == ["invalid_email"]


def test_an_update_leaves_out_what_is_not_sent(workos: WorkOSClient) -> None:
    made = workos.user_management.create_user(email="ada@example.com", first_name="Ada", external_id="auth0|1")

    changed = workos.user_management.update_user(made.id, last_name="Lovelace")

    assert (changed.first_name, changed.last_name, changed.external_id) == ("Ada", "Lovelace", "auth0|1")
    assert changed.created_at == made.created_at
    assert changed.updated_at > made.updated_at


def test_an_empty_name_clears_it_and_null_is_refused(workos: WorkOSClient, http: httpx.Client) -> None:
    made = workos.user_management.create_user(email="ada@example.com", first_name="Ada")

    assert http.put(f"{USERS}/{made.id}", json={"first_name": None}).status_code == 422
    assert workos.user_management.update_user(made.id, first_name="").first_name is None


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"email": "Grace@example.com"}, "email_not_available"),
        ({"external_id": "auth0|2"}, "external_id_already_used"),
        ({"email": "nobody"}, "invalid_email"),
        ({"email_verified": False}, "email_already_verified"),
        ({"locale": "not a locale"}, "invalid_locale"),
        ({"metadata": {"k": 1}}, "invalid_metadata"),
        ({"metadata": {"k" * 41: None}}, "invalid_metadata"),
        ({"password_hash": "x", "password_hash_type": "bcrypt"}, "invalid_password_hash"),
    ],
)
def test_an_update_is_refused_with_a_top_level_code_and_changes_nothing(
    workos: WorkOSClient, http: httpx.Client, sent: dict[str, object], code: str
) -> None:
    made = workos.user_management.create_user(email="ada@example.com", external_id="auth0|1", email_verified=True)
    workos.user_management.create_user(email="grace@example.com", external_id="auth0|2")

    answer = http.put(f"{USERS}/{made.id}", json={"first_name": "Eve", **sent})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert workos.user_management.get_user(made.id).to_dict() == made.to_dict()


def test_a_new_email_resets_the_verification_unless_it_is_sent_along(workos: WorkOSClient) -> None:
    made = workos.user_management.create_user(email="ada@example.com", email_verified=True)

    assert workos.user_management.update_user(made.id, email="ADA@example.com").email_verified is True
    assert workos.user_management.update_user(made.id, email="a@example.com").email_verified is False
    assert (
        workos.user_management.update_user(made.id, email="b@example.com", email_verified=True).email_verified is True
    )


def test_an_email_and_an_external_id_are_free_again_after_a_change(workos: WorkOSClient) -> None:
    made = workos.user_management.create_user(email="ada@example.com", external_id="auth0|1")
    workos.user_management.update_user(made.id, email="ada@example.org", external_id="auth0|9")

    heir = workos.user_management.create_user(email="ada@example.com", external_id="auth0|1")

    assert workos.user_management.get_user_by_external_id("auth0|1").id == heir.id
    assert workos.user_management.update_user(made.id, external_id=None).external_id is None
    with pytest.raises(NotFoundError):
        workos.user_management.get_user_by_external_id("auth0|9")


def test_metadata_is_merged_key_by_key(workos: WorkOSClient) -> None:
    made = workos.user_management.create_user(email="ada@example.com", metadata={"plan": "pro", "tier": "1", "x": "y"})
    manage = workos.user_management.update_user

    assert manage(made.id, first_name="Ada").metadata == {"plan": "pro", "tier": "1", "x": "y"}
    assert manage(made.id, metadata={"plan": "free", "tier": None}).metadata == {"plan": "free", "x": "y"}  # type: ignore[dict-item]
    assert manage(made.id, metadata={"never_there": None}).metadata == {"plan": "free", "x": "y"}  # type: ignore[dict-item]
    assert manage(made.id, metadata={}).metadata == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {f"k{index}": "v" for index in range(51)},
        {"k" * 41: "v"},
        {"": "v"},
        {"k": "v" * 601},
        {"k": "ü"},
        {"ü": "v"},
        {"k": True},
        {"k": {"nested": "v"}},
        {"k": None},
    ],
)
def test_metadata_beyond_the_limits_is_refused(http: httpx.Client, metadata: dict[str, object]) -> None:
    answer = http.post(USERS, json={"email": "ada@example.com", "metadata": metadata})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_metadata")


def test_metadata_at_the_limits_is_kept_and_one_more_pair_by_update_is_refused(workos: WorkOSClient) -> None:
    full = {f"{index:02d}" + "k" * 38: "v" * 600 for index in range(50)}
    made = workos.user_management.create_user(email="ada@example.com", metadata=full)

    with pytest.raises(BadRequestError) as refused:
        workos.user_management.update_user(made.id, metadata={"one_more": "v"})

    assert made.metadata == full
    assert refused.value.code == "invalid_metadata"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("bcrypt", "$2a$10$" + "A" * 53),
        ("bcrypt", BCRYPT),
        ("bcrypt", "$2b$31$" + "./Zz9" + "A" * 48),
        ("argon2", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"),
        ("scrypt", "$scrypt$v=1$n=16384,r=8,p=1,kl=4$c2FsdA$aGFzaA"),
        ("pbkdf2", "$pbkdf2$i=600000,d=sha256$c2FsdA$aGFzaA"),
        ("ssha", "{SSHA}" + "QUFB" * 8),
        ("ssha256", "{SSHA256}" + "QUFB" * 12),
        ("firebase-scrypt", "$firebase-scrypt$hash=a$salt=b$sk=c$ss=d$r=8$m=14"),
    ],
)
def test_a_hash_of_a_supported_type_is_kept(workos: WorkOSClient, kind: str, text: str) -> None:
    hashed = PasswordHashed(password_hash=text, password_hash_type=kind)

    assert workos.user_management.create_user(email="ada@example.com", password=hashed).email == "ada@example.com"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("bcrypt", "$2b$10$" + "A" * 52),
        ("bcrypt", "$2b$03$" + "A" * 53),
        ("bcrypt", "$2x$10$" + "A" * 53),
        ("bcrypt", "$2y$10$" + "A" * 53),
        ("bcrypt", "$2b$10$" + "A" * 53 + "\n"),
        ("argon2", "$argon2id$v=19$m=1024,t=2,p=1$c2FsdA$aGFzaA"),
        ("argon2", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
        ("pbkdf2", "$pbkdf2$i=100000,d=sha256$c2FsdA$aGFzaA"),
        ("pbkdf2", "$pbkdf2$i=600000,d=sha1$c2FsdA$aGFzaA"),
        ("ssha", "{SSHA}QUFB"),
        ("ssha", "{SSHA}not base64!"),
        ("ssha256", "{SSHA}" + "QUFB" * 12),
        ("scrypt", "plain"),
        ("bcrypt", "$2b$32$" + "A" * 53),
        ("argon2", "$argon2id$v=19$m=4096,t=6,p=1$c2FsdHNhbHQ$aGFzaA"),
        ("argon2", "$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
        ("argon2", "$argon2id$v=19$m=4096,t=1,p=9$c2FsdHNhbHQ$aGFzaA"),
        ("pbkdf2", "$pbkdf2$i=1000001,d=sha256$c2FsdA$aGFzaA"),
        ("pbkdf2", "$pbkdf2$i=209999,d=sha512$c2FsdA$aGFzaA"),
        ("bcrypt", "$2b$٠٤$" + "A" * 53),
        ("argon2", "$argon2id$v=19$m=04096,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
        ("argon2", "$argon2id$v=19$m=٤٠٩٦,t=1,p=1$c2FsdHNhbHQ$aGFzaA"),
        ("argon2", "$argon2id$v=19$m=4096,t=1,p=1$c2FsdHNhbHQ$A"),
        ("pbkdf2", "$pbkdf2$i=600000,d=sha256$c2FsdA$aGFza"),
        ("pbkdf2", "$pbkdf2$i=600000,d=sha256$A$aGFzaA"),
        ("scrypt", "$scrypt$v=1$n=15,r=8,p=1$c2FsdA$aGFzaA"),
        ("scrypt", "$scrypt$v=1$n=1,r=8,p=1$c2FsdA$aGFzaA"),
        ("scrypt", "$scrypt$v=1$n=16,r=0,p=1$c2FsdA$aGFzaA"),
        ("scrypt", f"$scrypt$v=1$n={2**5000},r=8,p=1$c2FsdA$aGFzaA"),
        ("scrypt", "$scrypt$v=1$n=16,r=8,p=1,kl=64$c2FsdA$aGFzaA"),
        ("md5", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ],
)
def test_a_hash_that_is_not_of_its_type_is_refused(workos: WorkOSClient, kind: str, text: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        workos.user_management.create_user(
            email="ada@example.com", password=PasswordHashed(password_hash=text, password_hash_type=kind)
        )

    assert refused.value.code == "invalid_password_hash"
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"password": "long enough", "password_hash": BCRYPT}, 400, "password_and_password_hash_provided"),
        ({"password": "long enough", "password_hash_type": "bcrypt"}, 400, "password_and_password_hash_type_provided"),
        ({"password_salt_position": "prefix"}, 400, "password_salt_position_requires_password_hash"),
        ({"password_hash": BCRYPT}, 422, "invalid_request_parameters"),
        ({"password_hash_type": "bcrypt"}, 422, "invalid_request_parameters"),
        (
            {"password_hash": BCRYPT, "password_hash_type": "bcrypt", "password_salt_position": "prefix"},
            422,
            "invalid_request_parameters",
        ),
    ],
)
def test_password_fields_that_contradict_are_refused(
    http: httpx.Client, sent: dict[str, str], status: int, code: str
) -> None:
    answer = http.post(USERS, json={"email": "ada@example.com", **sent})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_short_plaintext_password_is_refused(workos: WorkOSClient) -> None:
    with pytest.raises(BadRequestError) as refused:
        workos.user_management.create_user(email="ada@example.com", password=PasswordPlaintext(password="short"))

    assert refused.value.code == "password_strength_error"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": ""},
        {"email": 5},
        {"email": "ada@example.com", "email_verified": "true"},
        {"email": "ada@example.com", "external_id": "x" * 129},
        {"email": "ada@example.com", "external_id": "ü"},
        {"email": "ada@example.com", "external_id": ""},
        {"email": "ada@example.com", "metadata": []},
        {"email": "ada@example.com", "locale": "de"},
        {"email": "ada@example.com", "nickname": "ada"},
        [],
    ],
)
def test_a_body_outside_the_schema_is_refused_with_its_violations(http: httpx.Client, body: object) -> None:
    answer = http.post(USERS, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")
    assert answer.json()["errors"]


def test_an_external_id_is_found_to_its_last_character(http: httpx.Client) -> None:
    """A line break in it too, which a path says as ``%0A``."""
    for number, external_id in enumerate(("a", "a\n", "a\nb", "a/b", "a%0Ab")):
        body = {"email": f"{number}@example.com", "external_id": external_id}
        made = http.post(USERS, json=body).raise_for_status().json()
        assert http.get(f"{USERS}/external_id/{quote(external_id, safe='')}").json() == made


@pytest.mark.parametrize("null", ["password", "password_hash", "password_salt_position"])
def test_an_update_takes_no_null_for_a_password(http: httpx.Client, null: str) -> None:
    made = http.post(USERS, json={"email": "ada@example.com", "password": None}).raise_for_status().json()["id"]

    assert http.put(f"{USERS}/{made}", json={null: None}).status_code == 422


def test_half_a_character_is_no_text(http: httpx.Client) -> None:
    """JSON can spell one, UTF-8 cannot: refused before anything is done; a whole one of two halves is taken."""
    spelled = '{"email": "ada@example.com", "first_name": "%s"}'
    made = [http.post(USERS, content=spelled % name) for name in (r"\ud83d", r"\uDE00\uD83D", r"\ud83d\ude00")]

    assert [one.status_code for one in made] == [400, 400, 201]
    assert made[-1].json()["first_name"] == "😀"
    assert len(http.get("/_sandbox/directory").json()["users"]) == 1


def test_the_longest_external_id_is_kept_and_found(workos: WorkOSClient) -> None:
    external_id = "saml|idp/" + "x" * 119
    made = workos.user_management.create_user(email="ada@example.com", external_id=external_id)

    assert workos.user_management.get_user_by_external_id(external_id).id == made.id


def test_a_deleted_user_is_gone_under_every_key(workos: WorkOSClient) -> None:
    made = workos.user_management.create_user(email="ada@example.com", external_id="auth0|1")

    workos.user_management.delete_user(made.id)

    with pytest.raises(NotFoundError) as by_id:
        workos.user_management.get_user(made.id)
    with pytest.raises(NotFoundError):
        workos.user_management.get_user_by_external_id("auth0|1")
    with pytest.raises(NotFoundError):
        workos.user_management.delete_user(made.id)
    assert by_id.value.code is None
    assert workos.user_management.list_users(email="ada@example.com").data == []
    assert workos.user_management.create_user(email="ada@example.com", external_id="auth0|1").id != made.id


def test_users_are_listed_by_email_and_by_active_membership(workos: WorkOSClient) -> None:
    ada, grace = (workos.user_management.create_user(email=f"{name}@example.com") for name in ("ada", "grace"))
    organization = workos.organizations.create_organization(name="Acme")
    membership = workos.organization_membership.create_organization_membership(
        user_id=ada.id, organization_id=organization.id
    )

    def ids(email: str | None = None, organization_id: str | None = None) -> list[str]:
        page = workos.user_management.list_users(email=email, organization_id=organization_id)
        old = workos.user_management.list_users(email=email, organization=organization_id)
        assert old.data == page.data
        return [user.id for user in page.data]

    assert ids() == [grace.id, ada.id]
    assert ids(email="GRACE@example.com") == [grace.id]
    assert ids(organization_id=organization.id) == [ada.id]
    assert ids(email="grace@example.com", organization_id=organization.id) == []
    workos.organization_membership.deactivate_organization_membership(membership.id)
    assert ids(organization_id=organization.id) == []
    assert ids(email="ada@example.com", organization_id=organization.id) == []


def test_an_unknown_filter_is_refused_rather_than_ignored(http: httpx.Client) -> None:
    assert http.get(USERS, params={"external_id": "auth0|1"}).status_code == 422
    assert http.get("/organizations", params={"domains": ""}).status_code == 422


def test_a_refusal_outside_the_schema_is_the_sdks_unprocessable_entity(workos: WorkOSClient) -> None:
    with pytest.raises(UnprocessableEntityError) as refused:
        workos.user_management.create_user(email="")

    assert refused.value.code == "invalid_request_parameters"
    assert (refused.value.request_id or "").startswith("req_")
