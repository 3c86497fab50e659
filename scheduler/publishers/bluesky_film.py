"""A film on its way to Bluesky: handed to its video service, which puts it beside the account's other files.

The service works on it for a while. Nothing waits here: what is known so far goes back to be stored, and the next
look comes later.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from scheduler.errors import AccountBlocked, Rejected, TryLater
from scheduler.model import Medium, Outgoing, Staged
from scheduler.publishers import http_wire
from scheduler.publishers.bluesky_record import blob_of
from scheduler.publishers.bluesky_wire import Line
from scheduler.publishers.http_wire import Fault

SERVICE = "https://video.bsky.app"
LONGEST = timedelta(minutes=30)  # that we wait for the service
_TOKEN_LASTS = timedelta(minutes=25)  # the service takes none of more than 30 minutes


def brought(line: Line, service: str, out: Outgoing, begun: Staged | None, now: datetime) -> dict[str, Any] | Staged:
    """Return the film's blob, or, while the service works on it, what to come back with and when.

    Raises:
        PublishError: the service doesn't take it, or takes too long.
    """
    (film,) = out.media
    job, since = _job(begun, film)
    if job:
        route = "/xrpc/app.bsky.video.getJobStatus"
        status = _status(line.wire(service).ask("GET", route, params={"jobId": job}).body)
    else:
        status, since = _handed_over(line, service, film, out, now), now.timestamp()
    blob = blob_of(status.get("blob"), mime="video/")
    if blob is not None:
        return blob
    if status.get("state") == "JOB_STATE_FAILED" and status.get("error") != "already_exists":
        said = [str(status[name]) for name in ("error", "message") if status.get(name)]
        raise Rejected(f"Bluesky can't use the film: {' - '.join(said) or 'it does not say why'}")
    waited = timedelta(seconds=now.timestamp() - since)
    if waited > LONGEST:
        raise TryLater(f"Bluesky has not finished with the film after {LONGEST.seconds // 60} minutes")
    again_at = now + min(max(waited / 2, timedelta(seconds=3)), timedelta(minutes=1))
    return Staged({"job": status["jobId"], "job_since": since, "film": film.sha256}, again_at)


def _job(begun: Staged | None, film: Medium) -> tuple[str, float]:
    """Return the job that was begun with this very film, and since when it runs."""
    ids: Mapping[str, object] = begun.ids if begun is not None and begun.ids.get("film") == film.sha256 else {}
    job, since = ids.get("job"), ids.get("job_since")
    return (job, since) if isinstance(job, str) and isinstance(since, int | float) else ("", 0.0)


def _status(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a job; the service answers with it, or with an object around it."""
    status = body.get("jobStatus", body)
    if not isinstance(status, dict) or not isinstance(status.get("jobId"), str):
        raise TryLater("Bluesky did not say what became of the film")
    return status


def _handed_over(line: Line, service: str, film: Medium, out: Outgoing, now: datetime) -> dict[str, Any]:
    _check_allowance(line, service, film, now)
    about = line.read("com.atproto.server.describeServer", {}).body
    token = _token(line, str(about.get("did")), "com.atproto.repo.uploadBlob", now)
    params = {"did": line.session().did, "name": f"{out.token[:32]}.mp4"}
    wire, headers = line.wire(service, token), {"Content-Type": "video/mp4"}
    try:
        with film.path.open("rb") as data:
            answer = wire.look("POST", "/xrpc/app.bsky.video.uploadVideo", params=params, data=data, headers=headers)
    except OSError as error:
        said = f"{film.path.name} can't be read: {error.strerror}"
    except Fault as fault:
        trouble, refused = fault.trouble, fault.answer
        if refused is not None and refused.status == 409 and isinstance(refused.body, dict):
            return _status(refused.body)  # it has this film already
        said = ""
    else:
        return _status(answer.body)
    raise TryLater(said) if said else http_wire.raised(trouble, visible=False, hidden=[token])


def _check_allowance(line: Line, service: str, film: Medium, now: datetime) -> None:
    """Ask what the account may still hand in today, before sending all those bytes."""
    token = _token(line, f"did:web:{quote(urlsplit(service).netloc, safe='')}", "app.bsky.video.getUploadLimits", now)
    allowed = line.wire(service, token).ask("GET", "/xrpc/app.bsky.video.getUploadLimits").body
    left = allowed.get("remainingDailyBytes")
    if allowed.get("canUpload") is True and not (isinstance(left, int) and left < film.size):
        return
    said = allowed.get("message") or allowed.get("error") or "no more films today"
    if "email" in f"{allowed.get('error')} {said}".lower():
        raise AccountBlocked(f"Bluesky takes no films of this account: {said}")
    raise TryLater(f"Bluesky takes no film now: {said}", at=now + timedelta(hours=1))


def _token(line: Line, audience: str, method: str, now: datetime) -> str:
    params = {"aud": audience, "lxm": method, "exp": str(int((now + _TOKEN_LASTS).timestamp()))}
    token = line.ask("GET", "com.atproto.server.getServiceAuth", params=params).body.get("token")
    if not isinstance(token, str) or not token:
        raise TryLater("Bluesky gave no token for its video service")
    return token
