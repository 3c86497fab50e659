"""How a stand-in for X says yes and no, and how it reads what it is asked."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, quote

from scheduler.standins import oauth1
from scheduler.standins.faults import Answer, Fault, send
from scheduler.standins.loopback import Request

PROBLEMS = "https://api.twitter.com/2/problems"
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
BAD_MEDIA = "Your media IDs are invalid."
UNSEEN = "You attempted to reply to a Tweet that is deleted or not visible to you."
NOT_YOURS = "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged."


class Refused(Exception):  # noqa: N818
    """A request is answered with a no."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def plain(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers or {})


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: object) -> Answer:
    """Return a no in X's form."""
    return plain(status, {"title": title, "type": kind, "status": status, "detail": detail, **more})


def invalid(message: str) -> Answer:
    """Return X's no to a request of the wrong form."""
    detail = "One or more parameters to your request was invalid."
    return problem(400, "Invalid Request", detail, f"{PROBLEMS}/invalid-request", errors=[{"message": message}])


def gone(what: str) -> Answer:
    """Return X's no to a path that leads nowhere."""
    return problem(404, "Not Found Error", f"Could not find {what}", f"{PROBLEMS}/resource-not-found")


def unseen() -> Answer:
    """Return X's no to an answer to a post that isn't there."""
    return problem(403, "Forbidden", UNSEEN, errors=[{"code": 385, "message": UNSEEN}])


def not_yours() -> Answer:
    """Return X's no to an answer to somebody who didn't mention the account."""
    return problem(403, "Forbidden", NOT_YOURS, f"{PROBLEMS}/not-authorized-for-resource")


def closed(request: Request, keys: Mapping[str, type]) -> dict[str, Any]:
    """Return a JSON body that has no other keys than these, of these types."""
    if request.headers.get("Content-Type") != "application/json":
        raise Refused(problem(415, "Unsupported Media Type", "must be application/json"))
    return closed_object(json.loads(request.body), keys)


def closed_object(body: object, keys: Mapping[str, type], where: str = "$") -> dict[str, Any]:
    """Return an object that has no other keys than these, of these types."""
    if not isinstance(body, dict):
        raise Refused(invalid(f"{where}: {type(body).__name__} found, object expected"))
    for key, value in body.items():
        if key not in keys:
            said = f"{where}.{key}: is not defined in the schema and the schema does not allow additional properties"
            raise Refused(invalid(said))
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
            raise Refused(invalid(f"{where}.{key}: {type(value).__name__} found"))
    return dict(body)


def form(request: Request) -> dict[str, str]:
    """Return a body that is a form."""
    if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
        raise Refused(problem(415, "Unsupported Media Type", "must be application/x-www-form-urlencoded"))
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


# ── faults in X's own words ─────────────────────────────────────────────────────────────────────────────


def refusal(answer: Answer) -> Fault:
    """Return the fault that says no without doing anything."""
    return Fault(False, lambda handler, _: send(handler, answer.wire()))


def _echo(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Refuse and quote the request's signature, as a careless proxy might."""
    send(handler, problem(400, "Invalid Request", f"unexpected {handler.headers['Authorization']}").wire())


def _name_key(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Refuse and name the access token, as it is and as it stands in an address."""
    token = oauth1.parameters(handler.headers["Authorization"]).get("oauth_token", "")
    send(handler, problem(400, "Invalid Request", f"{token} ({quote(token, safe='')}) is unknown").wire())


def limited(reset: str) -> Fault:
    """Return the fault of a limit that is used up, with its header."""
    headers = {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
    return refusal(Answer(429, b'{"title": "Too Many Requests", "status": 429}', headers))


_NOT_ENROLLED = problem(
    403, "Client Forbidden", "Not enrolled", f"{PROBLEMS}/client-forbidden", reason="client-not-enrolled"
)
REFUSALS: Mapping[str, Fault] = {
    "400": refusal(invalid("the request is not what it should be")),
    "400_echo": Fault(False, _echo),
    "400_names_key": Fault(False, _name_key),
    "200_without_doing": refusal(plain(200, {"data": {"deleted": True}})),
    "400_media": refusal(problem(400, "Invalid Request", BAD_MEDIA)),
    "401": refusal(problem(401, "Unauthorized", "Unauthorized")),
    "402": refusal(problem(402, "CreditsDepleted", "Your account has no credits.", f"{PROBLEMS}/credits")),
    "403_permission": refusal(problem(403, "Forbidden", "You are not permitted to perform this action.")),
    "403_client": refusal(_NOT_ENROLLED),
    "403_spend": refusal(problem(403, "SpendCapReached", "Spend cap reached", f"{PROBLEMS}/spend-cap")),
    "403_usage": refusal(problem(403, "UsageCapExceeded", "Usage cap exceeded", f"{PROBLEMS}/usage-capped")),
    "403_long": refusal(problem(403, "Forbidden", "Tweet needs to be a bit shorter.")),
    "403_duplicate": refusal(problem(403, "Forbidden", DUPLICATE)),
    "403_duplicate_after_commit": refusal(problem(403, "Forbidden", DUPLICATE))._replace(commits=True),
    "403_unseen": refusal(unseen()),
    "403_not_yours": refusal(not_yours()),
    "404": refusal(problem(404, "Not Found Error", "Not there", f"{PROBLEMS}/resource-not-found")),
    "429_reset": limited("1893456000"),  # 2030-01-01T00:00:00Z
    "429_absurd_reset": limited("99999999999999999"),
    "429_garbled_reset": limited("soon"),
    "429_usage": refusal(problem(429, "UsageCapExceeded", "Monthly cap", f"{PROBLEMS}/usage-capped")),
    "400_token": refusal(plain(400, {"error": "invalid_request", "error_description": "the token was invalid"})),
}
