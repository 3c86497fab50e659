"""A stand-in for a Bluesky server (PDS) with its video service, as strict as the real ones and stricter.

In a test: `with Server() as server:`. For another process: `python -m scheduler.standins.bluesky --port N
--log FILE` prints one JSON line with its address and can then be told to fail over `/_control/fail`.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from scheduler.standins import bluesky_cids as cids
from scheduler.standins import bluesky_lexicon as lexicon
from scheduler.standins.bluesky_files import Blobs, Films
from scheduler.standins.bluesky_sessions import POINTS, UPLOADS, Refused, Sessions, User, user_for
from scheduler.standins.faults import Answer, Fault, send
from scheduler.standins.loopback import LoopbackServer, Request, Seat, main

COLLECTION = "app.bsky.feed.post"
_BODY = 5 * 1024 * 1024  # a PDS's own limit
_WRITE = ("repo", "collection", "rkey")


def _json(value: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(200, json.dumps(value, ensure_ascii=False).encode(), headers or {})


def _refusal(status: int, error: str, message: str = "", *, commits: bool = False) -> Fault:
    answer = Refused(status, error, message).answer
    return Fault(commits, lambda handler, _: send(handler, answer.wire()))


def _echo(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Refuse and quote the request's token, as a careless server might."""
    said = f"unexpected {handler.headers.get('Authorization')}"
    send(handler, Refused(400, "InvalidRequest", said).answer.wire())


def _limited(**headers: str) -> Fault:
    answer = Refused(429, "RateLimitExceeded", "Rate Limit Exceeded", RateLimit_Remaining="0", **headers).answer
    return Fault(False, lambda handler, _: send(handler, answer.wire()))


@dataclass
class Post:
    """A record under its key."""

    user: User
    key: str
    record: dict[str, Any]
    cid: str
    order: int

    @property
    def uri(self) -> str:
        """Its address."""
        return f"at://{self.user.did}/{COLLECTION}/{self.key}"


class Server(LoopbackServer):
    """One server that keeps all its users' posts. `commits` counts what changed."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "POST /xrpc/com.atproto.server.createSession": "log_in",
        "POST /xrpc/com.atproto.server.refreshSession": "refresh",
        "GET /xrpc/com.atproto.server.getSession": "who",
        "GET /xrpc/com.atproto.server.describeServer": "describe",
        "GET /xrpc/com.atproto.server.getServiceAuth": "service_auth",
        "GET /xrpc/com.atproto.identity.resolveHandle": "resolve",
        "POST /xrpc/com.atproto.repo.uploadBlob": "upload",
        "POST /xrpc/com.atproto.repo.putRecord": "put",
        "GET /xrpc/com.atproto.repo.getRecord": "look",
        "POST /xrpc/com.atproto.repo.deleteRecord": "remove",
        "GET /xrpc/app.bsky.video.getUploadLimits": "film_limits",
        "POST /xrpc/app.bsky.video.uploadVideo": "film",
        "GET /xrpc/app.bsky.video.getJobStatus": "film_status",
    }
    refusals: ClassVar[Mapping[str, Fault]] = {
        "400": _refusal(400, "InvalidRequest", "the request is not what it should be"),
        "400_echo": Fault(False, _echo),
        "400_swap": _refusal(400, "InvalidSwap", "Record was at another CID"),
        "400_swap_after_commit": _refusal(400, "InvalidSwap", "Record was at another CID", commits=True),
        "400_blob": _refusal(400, "BlobNotFound", "Could not find blob"),
        "400_expired": _refusal(400, "ExpiredToken", "Token has expired"),
        "400_token": _refusal(400, "InvalidToken", "Token could not be verified"),
        "401": _refusal(401, "AuthenticationRequired", "Authentication Required"),
        "401_expired": _refusal(401, "ExpiredToken", "Token has expired"),
        "401_takedown": _refusal(401, "AccountTakedown", "Account has been taken down"),
        "403": _refusal(403, "Forbidden", "Forbidden"),
        "404": _refusal(404, "XRPCNotSupported", "not found"),
        "413_own": _refusal(413, "PayloadTooLarge", "request entity too large"),
        "429_reset": _limited(RateLimit_Reset="1893456000"),  # 2030-01-01T00:00:00Z
        "429_after": _limited(Retry_After="Tue, 01 Jan 2030 00:00:00 GMT"),
        "429_absurd_reset": _limited(RateLimit_Reset="99999999999999999"),
        "429_garbled_reset": _limited(RateLimit_Reset="soon"),
        "500_own_after_commit": _refusal(500, "InternalServerError", "Internal Server Error", commits=True),
        "502_upstream": _refusal(502, "UpstreamFailure", "Upstream failure"),
        "200_without_doing": Fault(False, lambda handler, _: send(handler, _json({}).wire())),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.users: dict[str, User] = {}  # by DID
        self.posts: dict[tuple[str, str], Post] = {}  # by DID and key
        self.commits = 0
        self.sessions = Sessions(now=self._time)
        self.blobs = Blobs(now=self._time)
        self.films = Films(now=self._time)

    def _time(self) -> float:
        return self.now()  # which tests may replace

    # ── for the tests ──

    def seat(self, account: str, _options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Make a user for an account."""
        user = self.user(account)
        return Seat(base_url=self.url, secrets=user.secrets, options={"video_url": self.url})

    def user(self, account: str) -> User:
        """Return the user for an account, who is made at first."""
        user = user_for(account)
        return self.users.setdefault(user.did, user)

    def state(self) -> dict[str, Any]:
        """Return what the public sees, oldest first."""
        return {"posts": [self._plain(post) for post in sorted(self.posts.values(), key=lambda one: one.order)]}

    def _plain(self, post: Post) -> dict[str, Any]:
        embed = post.record.get("embed", {})
        shown = [(one["image"], one["alt"]) for one in embed.get("images", [])]
        shown += [(embed["video"], embed.get("alt", ""))] if "video" in embed else []
        files = [(self.blobs.data(post.user.did, blob["ref"]["$link"]), alt) for blob, alt in shown]
        return {
            "id": post.uri,
            "user": post.user.handle,
            "text": post.record["text"],
            "media": [{"sha256": hashlib.sha256(data).hexdigest(), "alt": alt} for data, alt in files],
            "at": datetime.fromisoformat(post.record["createdAt"]).timestamp(),
            "reply_to": post.record.get("reply", {}).get("parent", {}).get("uri"),
            "link": embed.get("external"),
            "facets": post.record.get("facets", []),
            "labels": [one["val"] for one in post.record.get("labels", {}).get("values", [])],
            "languages": post.record.get("langs", []),
        }

    # ── every request ──

    def answer(self, request: Request) -> Answer:
        """Answer a request, or refuse it in the servers' own form."""
        try:
            return super().answer(request)
        except Refused as refused:
            return refused.answer
        except lexicon.Wrong as wrong:
            return Refused(400, wrong.error, str(wrong)).answer

    def unknown(self, request: Request) -> Answer:
        """Answer a method that the servers don't have."""
        return Refused(404, "XRPCNotSupported", f"{request.endpoint} is not known").answer

    def _caller(self, request: Request) -> User:
        return self.sessions.user(_bearer(request))

    # ── sessions ──

    def log_in(self, request: Request) -> Answer:
        """com.atproto.server.createSession."""
        body = _closed(request, {"identifier": str, "password": str}, {"authFactorToken": str})
        names = {name: user for user in self.users.values() for name in (user.did, user.handle)}
        user = names.get(body["identifier"].lower())
        if user is None:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session(user, self.sessions.log_in(user, body["password"]))

    def refresh(self, request: Request) -> Answer:
        """com.atproto.server.refreshSession."""
        if request.body:
            raise Refused(400, "InvalidRequest", "A request body was provided when none was expected")
        return self._session(*self.sessions.refresh(_bearer(request)))

    def _session(self, user: User, tokens: Mapping[str, str]) -> Answer:
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.url}
        document = {"id": user.did, "alsoKnownAs": [f"at://{user.handle}"], "service": [service]}
        return _json({**tokens, "did": user.did, "handle": user.handle, "didDoc": document, "active": True})

    def who(self, request: Request) -> Answer:
        """com.atproto.server.getSession."""
        user = self._caller(request)
        return _json({"did": user.did, "handle": user.handle, "active": True})

    def describe(self, _request: Request) -> Answer:
        """com.atproto.server.describeServer."""
        return _json({"did": self.did, "availableUserDomains": [".bsky.social"], "links": {}})

    @property
    def did(self) -> str:
        """Who the server is."""
        return f"did:web:{quote(urlsplit(self.url).netloc, safe='')}"

    def service_auth(self, request: Request) -> Answer:
        """com.atproto.server.getServiceAuth."""
        user, query = self._caller(request), _query(request, {"aud"}, {"lxm", "exp"})
        until = float(query.get("exp", self.now() + 60))
        if not self.now() < until <= self.now() + (3600 if "lxm" in query else 60):
            raise Refused(400, "BadExpiration", "expiration is in the past, or too far ahead")
        return _json({"token": self.sessions.service_token(user, query["aud"], query.get("lxm", ""), until)})

    def resolve(self, request: Request) -> Answer:
        """com.atproto.identity.resolveHandle: whoever is here, and any name at bsky.social but nobody's."""
        handle = _query(request, {"handle"})["handle"].lower()
        if not lexicon.HANDLE.fullmatch(handle):
            raise Refused(400, "InvalidRequest", "handle must be a valid handle")
        dids = {user.handle: user.did for user in self.users.values()}
        if handle not in dids and (not handle.endswith(".bsky.social") or handle.startswith("nobody")):
            raise Refused(400, "InvalidRequest", "Unable to resolve handle")
        return _json({"did": dids.get(handle) or user_for(handle).did})

    # ── records ──

    def upload(self, request: Request) -> Answer:
        """com.atproto.repo.uploadBlob."""
        user = self._caller(request)
        if len(request.body) > _BODY:
            raise Refused(413, "PayloadTooLarge", "request entity too large")
        headers = self.sessions.spend(user, "uploads", 1, UPLOADS)
        return _json({"blob": self.blobs.keep(user.did, request.body, _content_type(request))}, headers)

    def put(self, request: Request) -> Answer:
        """com.atproto.repo.putRecord: the same record again changes nothing."""
        user = self._caller(request)
        body = _closed(request, dict.fromkeys(_WRITE, str) | {"record": dict}, {"swapRecord": object, "validate": bool})
        headers = self.sessions.spend(user, "points", 2, POINTS)
        key, record = self._key(body, user), body["record"]
        lexicon.check(
            record,
            blob=lambda value, kind: self.blobs.check(user.did, value, kind),
            reference=self._check_reference,
            is_user=lambda did: bool(lexicon.DID.fullmatch(did)),
        )
        cid, there = cids.of_record(record), self.posts.get((user.did, key))
        if there is not None and there.cid == cid:
            return _json({"uri": there.uri, "cid": cid, "validationStatus": "valid"}, headers)
        if "swapRecord" in body and body["swapRecord"] != (there.cid if there else None):
            raise Refused(400, "InvalidSwap", f"Record was at {there.cid if there else None}")
        post = Post(user, key, record, cid, there.order if there else self.commits)
        self.posts[user.did, key] = post
        self.blobs.refer(user.did, post.uri, record)
        self.note("post", **self._plain(post))
        return _json({"uri": post.uri, "cid": cid, "commit": self._commit(), "validationStatus": "valid"}, headers)

    def _key(self, body: Mapping[str, Any], user: User) -> str:
        if body["repo"] not in {user.did, user.handle}:
            raise Refused(401, "AuthenticationRequired", "Authentication Required")
        if body["collection"] != COLLECTION:
            raise Refused(400, "InvalidRequest", f"{body['collection']} is not kept here")
        if not lexicon.TID.fullmatch(body["rkey"]):
            raise Refused(400, "InvalidRequest", "Invalid record key. Expected a TID")
        return str(body["rkey"])

    def _check_reference(self, value: object) -> None:
        if not isinstance(value, dict) or not any(
            post.uri == value["uri"] and post.cid == value["cid"] for post in self.posts.values()
        ):
            raise lexicon.Wrong("Record/reply refers to a record that is not there")

    def _commit(self) -> dict[str, str]:
        self.commits += 1
        return {"cid": cids.of_record({"commit": self.commits}), "rev": f"{self.commits:013}"}

    def look(self, request: Request) -> Answer:
        """com.atproto.repo.getRecord."""
        query = _query(request, set(_WRITE))
        dids = {user.handle: user.did for user in self.users.values()}
        did = dids.get(query["repo"], query["repo"])
        if did not in self.users:
            raise Refused(400, "InvalidRequest", "Could not locate record")
        post = self.posts.get((did, query["rkey"])) if query["collection"] == COLLECTION else None
        if post is None:
            address = f"at://{did}/{query['collection']}/{query['rkey']}"
            raise Refused(400, "RecordNotFound", f"Could not locate record: {address}")
        return _json({"uri": post.uri, "cid": post.cid, "value": post.record})

    def remove(self, request: Request) -> Answer:
        """com.atproto.repo.deleteRecord: a record that isn't there is deleted."""
        user = self._caller(request)
        body = _closed(request, dict.fromkeys(_WRITE, str), {"swapRecord": str})
        headers = self.sessions.spend(user, "points", 1, POINTS)
        post = self.posts.pop((user.did, self._key(body, user)), None)
        if post is None:
            return _json({}, headers)
        self.blobs.forget(user.did, post.uri)
        self.note("delete", id=post.uri)
        return _json({"commit": self._commit()}, headers)

    # ── films ──

    def film_limits(self, request: Request) -> Answer:
        """app.bsky.video.getUploadLimits."""
        user = self.sessions.service(_bearer(request), self.did, "app.bsky.video.getUploadLimits")
        return _json(self.films.limits(user))

    def film(self, request: Request) -> Answer:
        """app.bsky.video.uploadVideo; the answer is the job itself."""
        user = self.sessions.service(_bearer(request), self.did, "com.atproto.repo.uploadBlob")
        query = _query(request, {"did", "name"})
        if query["did"] != user.did or _content_type(request) != "video/mp4":
            raise Refused(400, "InvalidRequest", "the film must be video/mp4 of one's own account")
        status, new = self.films.take(user, request.body)
        answer = _json(status)
        return answer if new else Answer(409, answer.body)

    def film_status(self, request: Request) -> Answer:
        """app.bsky.video.getJobStatus: the film is done after a few looks, and kept beside the other files."""
        job = self.films.look(_query(request, {"jobId"})["jobId"])
        status = dict(job.status)
        if job.done:
            status["blob"] = self.blobs.keep(job.user.did, job.data, "video/mp4")
        return _json({"jobStatus": status})


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind == "Bearer" else ""


def _content_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip()


def _query(request: Request, needed: set[str], optional: Collection[str] = ()) -> dict[str, str]:
    query = dict(request.query)
    if not needed <= query.keys() <= needed | set(optional):
        raise Refused(400, "InvalidRequest", f"Params must have {sorted(needed)} and no others")
    return query


def _closed(request: Request, needed: Mapping[str, type], optional: Mapping[str, type]) -> dict[str, Any]:
    """Return a JSON body that has no other keys than these, of these types."""
    if _content_type(request) != "application/json":
        raise Refused(400, "InvalidRequest", "Request encoding must be application/json")
    body = json.loads(request.body)
    if not isinstance(body, dict) or not needed.keys() <= body.keys() <= needed.keys() | optional.keys():
        raise Refused(400, "InvalidRequest", f"Input must have {sorted(needed)} and no others")
    for name, kind in {**needed, **optional}.items():
        if name in body and not isinstance(body[name], kind):
            raise Refused(400, "InvalidRequest", f"Input/{name} must be a {kind.__name__}")
    return body


if __name__ == "__main__":
    main(Server)
