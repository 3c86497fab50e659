"""Signing in through a provider: a strict one on loopback, with real keys and signatures."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from scheduler.operations import staff
from scheduler.submission import Role
from tests.servers.openid import CLIENT, SECRET, OpenIdServer, seconds
from tests.web.site import CONFIG, Served, TestClient
from tests.web.staff.test_signing import PASSWORD, member, sign_in

HERE = "http://127.0.0.1:8080"
BACK = f"{HERE}/staff/openid/back"


@pytest.fixture
def provider() -> Iterator[OpenIdServer]:
    """Give a provider."""
    with OpenIdServer(redirect_uri=BACK) as server:
        yield server
        assert server.errors == []


@pytest.fixture
def desk(tmp_path: Path, provider: OpenIdServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Give a site whose config.yaml names the provider."""
    monkeypatch.setenv("DESK_CLIENT_SECRET", SECRET)
    more = f"sign_in: {{issuer: {provider.url}, client_id: {CLIENT}, keys: DESK}}\n"
    made = Served(tmp_path, config=CONFIG + more, public_url=HERE)
    provider.now = seconds(made.clock)
    yield made
    made.close()


def depart(browser: TestClient, **more: str) -> str:
    """Press the button; return the provider's address that the page leads to."""
    page = browser.post("/staff/openid", data=more)
    assert page.status_code == 200, page.text
    found = re.search(r'<a class="button main" href="([^"]+)"', page.text)
    assert found
    assert f'content="0;url={found[1]}"' in page.text
    return html.unescape(found[1])


def arrive(browser: TestClient, brought: dict[str, str]) -> Any:
    """Come back from the provider, as its redirect makes a browser do."""
    headers = {"Sec-Fetch-Site": "cross-site", "Referer": "https://provider.example/"}
    return browser.get("/staff/openid/back", params=brought, headers=headers)


def linked(desk: Served, provider: OpenIdServer) -> None:
    """Have Ada bind her account of the provider to her own."""
    member(desk)
    browser = desk.client()
    sign_in(browser)
    answer = arrive(browser, provider.authorize(depart(browser, link="account", password=PASSWORD)))
    assert answer.headers["location"] == "/staff/account"


def test_who_is_linked_signs_in_and_lands_where_they_wanted(desk: Served, provider: OpenIdServer) -> None:
    """Bound on the account's page, used from then on; the client's secret may hold any letters."""
    linked(desk, provider)
    browser = desk.client()
    assert "provider" in browser.get("/staff/sign-in").text
    answer = arrive(browser, provider.authorize(depart(browser, to="/staff/account")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/account")
    assert "Ada" in browser.get("/staff/account").text


def test_an_invitation_binds_an_account_of_the_provider(desk: Served, provider: OpenIdServer) -> None:
    """Somebody invited comes in through the provider, without any password; the invitation is used up."""
    _, code = staff.add_user(desk.app, "Bea", Role.moderator, who="x")
    browser = desk.client()
    browser.post("/staff/welcome/code", data={"code": code})
    answer = arrive(browser, provider.authorize(depart(browser, link="invitation")))
    assert answer.headers["location"] == "/staff"
    assert "Bea" in browser.get("/staff/account").text
    assert desk.client().post("/staff/welcome/code", data={"code": code}).status_code == 403
    browser.post("/staff/account/provider/remove")
    assert "Nothing else would let you in" in browser.get("/staff/account").text


def test_a_stranger_stays_outside(desk: Served, provider: OpenIdServer) -> None:
    """An account of the provider that nobody is bound to lets nobody in, whatever name or address it bears."""
    member(desk, "ada@example.org")
    provider.lies = {"email": "ada@example.org", "email_verified": True, "name": "ada@example.org"}
    browser = desk.client()
    answer = arrive(browser, provider.authorize(depart(browser)))
    assert answer.status_code == 403
    assert browser.get("/staff/account").status_code == 303


def test_one_account_of_the_provider_is_one_persons(desk: Served, provider: OpenIdServer) -> None:
    """What is bound to Ada can't be bound to Bea as well."""
    linked(desk, provider)
    member(desk, "Bea")
    browser = desk.client()
    sign_in(browser, "Bea")
    assert arrive(browser, provider.authorize(depart(browser, link="account", password=PASSWORD))).status_code == 403


def test_binding_asks_for_the_password(desk: Served, provider: OpenIdServer) -> None:
    """At a desk left open nobody can bind an account of their own; without a session there is nothing to bind."""
    member(desk)
    browser = desk.client()
    sign_in(browser)
    refused = browser.post("/staff/openid", data={"link": "account", "password": "wrong wrong wrong"})
    assert refused.status_code == 403
    assert 'aria-invalid="true"' in refused.text
    stranger = desk.client()
    for link in ("account", "invitation"):
        assert arrive(stranger, provider.authorize(depart(stranger, link=link))).status_code == 403


def test_who_brings_an_invitation_while_somebody_is_signed_in_comes_in(desk: Served, provider: OpenIdServer) -> None:
    """At Ada's computer Bea binds her account to her own name, not to Ada's."""
    member(desk)
    browser = desk.client()
    sign_in(browser)
    _, code = staff.add_user(desk.app, "Bea", Role.moderator, who="x")
    browser.post("/staff/welcome/code", data={"code": code})
    arrive(browser, provider.authorize(depart(browser, link="invitation")))
    assert "Bea" in browser.get("/staff/account").text


def test_unlinking_ends_it(desk: Served, provider: OpenIdServer) -> None:
    """Who has another way in may end this one."""
    linked(desk, provider)
    browser = desk.client()
    sign_in(browser)
    browser.post("/staff/account/provider/remove")
    other = desk.client()
    assert arrive(other, provider.authorize(depart(other))).status_code == 403


LIES: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "somebody-else"},
    "several audiences without azp": {"aud": [CLIENT, "somebody-else"]},
    "another issuer": {"iss": "https://evil.example"},
    "another nonce": {"nonce": "n" * 32},
    "no nonce": {"nonce": None},
    "too old": {"exp": 1_000_000_000, "iat": 1_000_000_000},
    "no end": {"exp": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "from the future": {"nbf": 4_000_000_000},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_with_one_wrong_claim_is_refused(desk: Served, provider: OpenIdServer, lie: str) -> None:
    """Each claim is checked, though the signature is right."""
    linked(desk, provider)
    provider.lies = LIES[lie]
    browser = desk.client()
    assert arrive(browser, provider.authorize(depart(browser))).status_code == 403


def test_only_the_providers_own_signature_counts(desk: Served, provider: OpenIdServer) -> None:
    """Another key, no signature at all, and a secret used as a key are refused."""
    linked(desk, provider)
    browser = desk.client()
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert arrive(browser, provider.authorize(depart(browser))).status_code == 403
    provider.key = provider.published
    provider.algorithm = "none"
    assert arrive(browser, provider.authorize(depart(browser))).status_code == 403
    provider.algorithm = "RS256"
    assert arrive(browser, provider.authorize(depart(browser))).status_code == 303


def test_the_way_back_belongs_to_one_browser_and_counts_once(desk: Served, provider: OpenIdServer) -> None:
    """A code brought by another browser, with another state, or a second time, is worth nothing."""
    linked(desk, provider)
    browser, thief = desk.client(), desk.client()
    brought = provider.authorize(depart(browser))
    assert arrive(thief, brought).status_code == 403
    depart(thief)
    assert arrive(thief, brought).status_code == 403
    assert arrive(browser, brought).status_code == 303
    assert arrive(browser, brought).status_code == 403
    assert arrive(desk.client(), {}).status_code == 403


def test_one_cant_dawdle_at_the_provider(desk: Served, provider: OpenIdServer) -> None:
    """After ten minutes the journey is forgotten."""
    linked(desk, provider)
    browser = desk.client()
    brought = provider.authorize(depart(browser))
    desk.clock.sleep(601)
    assert arrive(browser, brought).status_code == 403


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "//127.0.0.1/x"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "http://user@127.0.0.1/x"},
    ],
)
def test_a_provider_that_describes_itself_wrongly_leads_nowhere(
    desk: Served, provider: OpenIdServer, described: dict[str, Any]
) -> None:
    """Another issuer, an address of another kind: the browser isn't sent anywhere."""
    provider.described = described
    assert desk.client().post("/staff/openid").status_code == 403


@pytest.mark.parametrize("where", ["token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "https://10.0.0.1/x", "file:///etc/passwd", ""])
def test_nothing_else_is_ever_asked(desk: Served, provider: OpenIdServer, where: str, address: str) -> None:
    """A description that points into the network behind us isn't followed."""
    linked(desk, provider)
    provider.described = {where: address}
    browser = desk.client()
    assert arrive(browser, provider.authorize(depart(browser))).status_code == 403


def test_redirects_are_not_followed(desk: Served, provider: OpenIdServer) -> None:
    """A provider that answers with a redirect has not answered."""
    with OpenIdServer() as other:
        provider.redirects = f"{other.url}/.well-known/openid-configuration"
        assert desk.client().post("/staff/openid").status_code == 403
        assert other.requests == []


@pytest.mark.parametrize("endpoint", ["GET /.well-known/openid-configuration", "POST /token", "GET /keys"])
@pytest.mark.parametrize("fault", ["reset_mid_reply", "html", "500", "cut_json", "deep_json", "not_utf8", "endless"])
def test_a_provider_in_trouble_is_said_plainly(desk: Served, provider: OpenIdServer, endpoint: str, fault: str) -> None:
    """Whatever goes wrong over there is a page that says so, and afterwards it works again."""
    linked(desk, provider)
    browser = desk.client()
    brought = provider.authorize(depart(browser))
    provider.fail(endpoint, fault)
    answer = arrive(browser, brought)
    assert answer.status_code == 403
    assert SECRET not in answer.text
    provider.clear()
    assert arrive(browser, provider.authorize(depart(browser))).status_code == 303


def test_a_client_that_must_send_its_secret_in_the_form(desk: Served, provider: OpenIdServer) -> None:
    """Where a provider only takes the secret in the body, it gets it there."""
    provider.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    linked(desk, provider)
    assert b"client_secret=" in provider.asked("POST /token")[0].body


def test_without_a_provider_or_its_secret_there_is_no_such_way(
    served: Served, desk: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No button where none is set up; a missing secret says nothing about itself."""
    monkeypatch.delenv("DESK_CLIENT_SECRET")
    assert desk.client().post("/staff/openid").status_code == 403
    assert "/staff/openid" not in served.client().get("/staff/sign-in").text
    assert served.client().post("/staff/openid").status_code == 403
