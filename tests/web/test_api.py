"""The JSON API: tokens and their rights, and that it says what the command line says."""

import pytest

from scheduler.operations import queue
from scheduler.submission import MAY, May, Role, Stage
from tests.web.site import Served

READS = {
    "/status": May.look,
    "/health": May.look,
    "/accounts": May.look,
    "/tasks": May.look,
    "/pauses": May.look,
    "/deliveries": May.look,
    "/deliveries/salma/report@en": May.look,
    "/deliveries/salma/report@en/log": May.look,
    "/submissions": May.moderate,
    "/submissions/nothing": May.moderate,
    "/audit": May.govern,
    "/audit/verify": May.govern,
}
CHANGES = {
    "/pauses": May.pause,
    "/pauses/resume": May.edit,
    "/actions/salma/release": May.edit,
    "/tasks/1/done": May.edit,
    **{
        f"/deliveries/salma/report@en/{what}": May.edit
        for what in ("approve", "retry", "cancel", "withdraw", "resolve")
    },
    **{
        f"/submissions/nothing/{what}": May.moderate
        for what in ("approve", "reject", "cover", "describe", "risk", "second-look", "take-back")
    },
}
KEYS = {
    "id", "post", "action", "account", "platform", "status", "due_at", "published_at", "remote_id", "url", "attempts",
    "reason", "text", "source",
}  # fmt: skip


def bearer(served: Served, role: Role, *scopes: May) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {served.token(served.user(role), *scopes)}"}


def test_the_table_of_rights_is_whole(served: Served) -> None:
    """Every operation of the description stands in the tables of this file."""
    paths = served.client().get("/api/v1/openapi.json").json()["paths"]
    described = {(method, path) for path, item in paths.items() for method in item}
    told = {("get", path) for path in READS} | {("post", path) for path in CHANGES}
    names = {
        "salma/report@en": "{id}",
        "nothing": "{ref}",
        "/actions/salma": "/actions/{action}",
        "tasks/1": "tasks/{id}",
    }
    for old, new in names.items():
        told = {(method, path.replace(old, new)) for method, path in told}
    assert told == described


@pytest.mark.parametrize("right", May)
def test_a_token_does_what_its_right_says(served: Served, right: May) -> None:
    """Without a token 401, with another right 403, and never more than the person behind it may."""
    own, other = bearer(served, Role.admin, right), bearer(served, Role.admin, *(set(May) - {right}))
    weak = [bearer(served, role, right) for role in Role if right not in MAY[role]]
    client = served.client()
    wanted = [("GET", path) for path, what in READS.items() if what is right]
    wanted += [("POST", path) for path, what in CHANGES.items() if what is right]
    assert wanted
    for method, path in wanted:
        address = f"/api/v1{path}"
        assert client.request(method, address).status_code == 401, path
        assert client.request(method, address, headers={"Authorization": "Bearer nonsense"}).status_code == 401, path
        assert client.request(method, address, headers={"Authorization": "Basic x"}).status_code == 401, path
        assert client.request(method, address, headers=own).status_code not in {401, 403}, path
        for headers in (other, *weak):
            assert client.request(method, address, headers=headers).status_code == 403, path


def test_a_cookie_opens_nothing(served: Served) -> None:
    """Whoever is signed in with a browser is nobody here, so that no page can forge a request."""
    assert served.staff(Role.admin).get("/api/v1/status").status_code == 401


def test_it_says_what_the_command_line_says(served: Served) -> None:
    """The keys of a delivery are those of `status --json`; a decision takes effect and is in the audit by name."""
    queue.apply(served.app, served.site.campaign())
    client, who = served.client(), served.user(Role.admin, name="Alex")
    client.headers["Authorization"] = f"Bearer {served.token(who, *May)}"
    standing = client.get("/api/v1/status").json()
    assert {one["id"] for one in standing["deliveries"]} >= {"salma/report@en", "salma/report@fr"}
    assert all(set(one) == KEYS for one in standing["deliveries"])
    assert standing["deliveries"][0]["due_at"].endswith("Z")
    done = client.post("/api/v1/deliveries/salma/report@en/cancel")
    assert done.json()["status"] == "cancelled"
    again = client.post("/api/v1/deliveries/salma/report@en/cancel")
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    assert "cancelled already" in again.json()["detail"]
    assert client.post("/api/v1/pauses", json={"scope": "account", "name": "en", "why": "a reason"}).json()["changed"]
    assert client.post("/api/v1/pauses", json={"scope": "account", "name": "no", "why": "x"}).status_code == 404
    entries = client.get("/api/v1/audit").json()
    assert [(one["what"], one["who"]) for one in entries][:2] == [("pause", "Alex"), ("cancel", "Alex")]
    assert client.get("/api/v1/audit/verify").json()["ok"]
    listed = client.get("/api/v1/deliveries", params={"status": "cancelled", "account": "en"}).json()
    assert [one["id"] for one in listed] == ["salma/report@en"]


def test_a_submission_can_be_decided_on(served: Served) -> None:
    """A yes is to the very thing that was seen; a no needs a reason; taking back blanks it."""
    one, two = served.submission(), served.submission()
    client = served.client()
    client.headers.update(bearer(served, Role.moderator, May.moderate))
    listed = client.get("/api/v1/submissions").json()
    assert [found["ref"] for found in listed] == [one.ref, two.ref]
    stale = client.post(f"/api/v1/submissions/{one.ref}/approve", json={"seen": "x"})
    assert stale.status_code == 409
    body = {"seen": one.content_hash, "placing": "pool"}
    assert client.post(f"/api/v1/submissions/{one.ref}/approve", json=body).json()["stage"] == Stage.approved
    no = {"seen": two.content_hash, "reason": "the face of a passer-by"}
    assert client.post(f"/api/v1/submissions/{two.ref}/reject", json=no).json()["stage"] == Stage.rejected
    back = client.post(f"/api/v1/submissions/{one.ref}/take-back").json()
    assert (back["stage"], back["message"], back["alt"]) == (Stage.withdrawn, "", "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"scope": "all", "why": "x", "more": 1}', 422),
        (b'{"scope": "all", "why": "\\ud800"}', 422),
        (b'{"scope": "all", "why": "' + b"x" * 200_000 + b'"}', 413),
        (b'{"scope": ' + b"[" * 20_000, 400),
    ],
    ids=lambda value: value[:20].decode() if isinstance(value, bytes) else str(value),
)
def test_odd_bodies_are_explained(served: Served, body: bytes, status: int) -> None:
    """What isn't as described is refused as a problem that says where."""
    headers = {**bearer(served, Role.admin, *May), "Content-Type": "application/json"}
    answer = served.client().post("/api/v1/pauses", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_the_description_needs_nothing_from_elsewhere(served: Served) -> None:
    """OpenAPI 3.1 at its address; no page that would fetch scripts from another site."""
    client = served.client()
    assert client.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")
    assert client.get("/api/v1/docs").status_code == 404
    assert client.get("/api/v1/redoc").status_code == 404
