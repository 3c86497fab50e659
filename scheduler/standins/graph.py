"""What the stand-ins for Meta's networks share: the token's header, the app's proof, its errors, its usage headers.

A network's own file names the endpoints without the version (`POST /:page/feed`); what it raises as Refused is what
the client sees.
"""

import email
import email.policy
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from scheduler.standins.faults import Answer, Fault
from scheduler.standins.loopback import LoopbackServer, Request


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody whose token opens the door; with `app_secret` every request has to prove that it knows it."""

    id: str
    name: str
    token: str
    app_secret: str = ""


class Refused(Exception):  # noqa: N818
    """Ends a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────


def reply(value: object, status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())


def error(status: int, code: int, message: str, subcode: int = 0, **more: object) -> Answer:
    """Return a refusal in Meta's form; `more` are keys beside the usual ones, e.g. is_transient=True."""
    kind = "GraphMethodException" if code == 100 else "OAuthException"
    said = {"message": message, "type": kind, "code": code, "is_transient": False, "fbtrace_id": "AbCdEfGhIjK"}
    if subcode:
        said["error_subcode"] = subcode
    return reply({"error": {**said, **more}}, status)


def no_object(name: str, verb: str = "get") -> Answer:
    """Return Meta's words for what isn't there, or isn't for this token."""
    why = "does not exist, cannot be loaded due to missing permissions, or does not support this operation"
    return error(400, 100, f"Unsupported {verb} request. Object with ID '{name}' {why}.", 33)


def refusal(answer: Answer) -> Fault:
    """Return a fault: this answer, and nothing is done."""
    return Fault(False, lambda handler, _: handler.connection.sendall(answer.wire()))


def after_all(answer: Answer) -> Fault:
    """Return a fault: this answer, though all is done."""
    return Fault(True, lambda handler, _: handler.connection.sendall(answer.wire()))


_TEMPORARY = "An unexpected error has occurred. Please retry your request later."
_BUSY = json.dumps({"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]})
_EXPIRED = "Error validating access token: Session has expired."

REFUSALS: Mapping[str, Fault] = {
    "meta_1": refusal(error(500, 1, "Please reduce the amount of data", is_transient=True)),
    "meta_1_after_commit": after_all(error(500, 1, _TEMPORARY)),
    "meta_2": refusal(error(500, 2, _TEMPORARY, is_transient=True)),
    "meta_2_after_commit": after_all(error(500, 2, _TEMPORARY, is_transient=True)),
    "meta_2_as_400_after_commit": after_all(error(400, 2, _TEMPORARY, is_transient=True)),
    "meta_4": refusal(error(403, 4, "Application request limit reached", is_transient=True)),
    "meta_4_after_commit": after_all(error(403, 4, "Application request limit reached", is_transient=True)),
    "meta_4_as_500_after_commit": after_all(error(500, 4, "Application request limit reached")),
    "meta_200_as_500_after_commit": after_all(error(500, 200, "(#200) Permissions error")),
    "meta_10": refusal(error(403, 10, "Application does not have permission for this action")),
    "meta_17": refusal(error(400, 17, "User request limit reached", is_transient=True)),
    "meta_32": refusal(error(403, 32, "Page request limit reached", is_transient=True)),
    "meta_33": refusal(no_object("7")),
    "meta_100": refusal(error(400, 100, "Invalid parameter")),
    "meta_102": refusal(error(401, 102, "Session key invalid or no longer valid")),
    "meta_190": refusal(error(400, 190, "Invalid OAuth access token.")),
    "meta_190_460": refusal(error(400, 190, "The session was invalidated: the password was changed", 460)),
    "meta_190_463": refusal(error(400, 190, _EXPIRED, 463)),
    "meta_200": refusal(error(403, 200, "(#200) The user hasn't authorized the application to perform this action")),
    "meta_368": refusal(error(400, 368, "The action attempted has been deemed abusive or is otherwise disallowed")),
    "meta_613": refusal(error(400, 613, "Calls to this api have exceeded the rate limit.")),
    "meta_80001": refusal(error(400, 80001, "There have been too many calls to this Page account.")),
    "meta_regain": refusal(
        Answer(
            400,
            error(400, 80001, "There have been too many calls to this Page account.").body,
            {"X-Business-Use-Case-Usage": _BUSY},
        )
    ),
    "meta_retry_after": refusal(
        Answer(429, error(429, 4, "Too many requests").body, {"Retry-After": "Tue, 01 Jan 2030 00:00:00 GMT"})
    ),
    "meta_429": refusal(error(429, 4, "Too many requests")),
    "200_without_doing": refusal(reply({"success": True})),
}
"""What any of Meta's networks may say. The names with `after_commit` say it though all was done."""


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Upload:
    """A file within a form."""

    name: str
    kind: str  # as the client says
    data: bytes


@dataclass(frozen=True)
class Form:
    """What a request hands over: its fields and its files."""

    fields: Mapping[str, str]
    files: Mapping[str, Upload]


def form(request: Request) -> Form:
    """Return the body of a request, a form of either kind.

    Raises:
        Refused: it is none, or a field stands twice.
    """
    kind = request.headers.get("Content-Type", "")
    if not request.body:
        return Form({}, {})
    if kind.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        return Form(_once(pairs), {})
    if not kind.startswith("multipart/form-data"):
        raise Refused(error(400, 100, f"the body is {kind or 'of no kind'}, not a form"))
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    fields: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="Content-Disposition"))
        data = part.get_payload(decode=True)
        raw = data if isinstance(data, bytes) else b""
        if file := part.get_filename():
            files[name] = Upload(file, part.get_content_type(), raw)
        else:
            fields.append((name, raw.decode()))
    return Form(_once(fields), files)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise Refused(error(400, 100, f"(#100) Param {name} stands twice"))
        fields[name] = value
    return fields


def closed(given: Iterable[str], known: Iterable[str]) -> None:
    """Let nothing pass that the endpoint doesn't know.

    Raises:
        Refused: there is more.
    """
    if unknown := sorted(set(given) - set(known) - {"appsecret_proof"}):
        raise Refused(error(400, 100, f"(#100) Unknown parameter {', '.join(unknown)}"))


def wanted(request: Request, known: Iterable[str], default: str = "id") -> list[str]:
    """Return the fields that a request asks for, all of which the object has.

    Raises:
        Refused: it asks for others.
    """
    fields = dict(request.query).get("fields", default).split(",")
    if odd := [name for name in fields if name not in set(known)]:
        raise Refused(error(400, 100, f"(#100) Tried accessing nonexisting field ({odd[0]})"))
    return fields


# ── the server ──────────────────────────────────────────────────────────────────────────────────────────


class Graph(LoopbackServer):
    """A host of Meta's for a handful of users. Subclasses write `endpoints` without the version."""

    version: ClassVar[str] = "v26.0"
    refusals: ClassVar[Mapping[str, Fault]] = REFUSALS
    open_to_all: ClassVar[frozenset[str]] = frozenset()  # endpoints that take no token, or theirs in another way
    use_case: ClassVar[str] = "pages"  # whose limit it is, in the headers
    too_many: ClassVar[int] = 80001  # its code once the limit is reached

    def __init__(self, *, users: Iterable[User] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.users: dict[str, User] = {user.token: user for user in users}
        self.usage = 0  # percent, of what the app and its accounts may ask
        self.regain = 0  # minutes until more may be asked
        self._last_id = 100_000_000_000

    def revoke(self, user: User) -> None:
        """Make a user's token worthless."""
        with self._lock:
            self.users.pop(user.token, None)

    def match(self, method: str, path: str) -> tuple[str, tuple[str, ...]]:
        """Return the endpoint behind a path with the right version; all others are unknown."""
        prefix = f"/{self.version}/"
        if not path.startswith(prefix):
            return f"{method} {path}", ()
        return super().match(method, path.removeprefix(prefix[:-1]))

    def answer(self, request: Request) -> Answer:
        """Check who asks and how much they may, then do what is asked."""
        with self._lock:
            try:
                if request.endpoint not in self.open_to_all:
                    self.authorize(request)
                    self._count()
                answer = super().answer(request)
            except Refused as refused:
                answer = refused.answer
            return Answer(answer.status, answer.body, {**self.usage_headers(), **answer.headers})

    def unknown(self, request: Request) -> Answer:
        """Answer a path, or a version, that Meta does not have."""
        return error(400, 2500, f"Unknown path components: {request.endpoint.partition(' ')[2]}")

    def authorize(self, request: Request) -> User:
        """Return whose token came in the header.

        Raises:
            Refused: it is nobody's, it travels in the open, or the app's proof is missing or wrong.
        """
        given = {**dict(request.query), **self._plain_fields(request)}
        if "access_token" in given:
            raise Refused(error(400, 190, "the access token stands in the open: it belongs into the header"))
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        user = self.users.get(token) if kind == "Bearer" else None
        if user is None:
            raise Refused(error(400, 190, "Invalid OAuth access token - Cannot parse access token"))
        if user.app_secret:
            right = hmac.new(user.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            if not hmac.compare_digest(right, given.get("appsecret_proof", "")):
                raise Refused(error(400, 100, "Invalid appsecret_proof provided in the API argument"))
        return user

    def _plain_fields(self, request: Request) -> Mapping[str, str]:
        return form(request).fields if request.method == "POST" else {}

    def _count(self) -> None:
        if self.usage >= 100:
            raise Refused(error(400, self.too_many, "There have been too many calls to this account."))

    def usage_headers(self) -> dict[str, str]:
        """Return how much of what may be asked has been."""
        row = {"call_count": self.usage, "total_cputime": 0, "total_time": 0}
        case = {"type": self.use_case, **row, "estimated_time_to_regain_access": self.regain}
        return {"X-App-Usage": json.dumps(row), "X-Business-Use-Case-Usage": json.dumps({"1000": [case]})}

    def new_id(self) -> str:
        """Return an id nobody has had."""
        self._last_id += 1
        return str(self._last_id)
