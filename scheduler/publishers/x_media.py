"""Pictures and films on their way to X: invisible until a post names them, kept there for about a day.

A picture goes in one request. A film goes in segments, and then X works on it for a while: each step ends where its
outcome can be stored, so that nothing is waited for in here, and a film is never in memory whole.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from scheduler.clock import Clock
from scheduler.errors import Rejected, TryLater
from scheduler.model import Medium
from scheduler.publishers.x_texts import is_id

SEGMENT = 3_000_000  # bytes; 4 MB as base64, and X takes 5 MB a request; 512 MB are 171 segments of its 1,000
LONGEST_WORK = timedelta(minutes=10)  # that X may take over a film
_ONE_STEP = timedelta(seconds=45)  # of uploading, before it is stored how far we are
_LASTS = 86_400.0  # seconds; where X doesn't say how long it keeps something
_SOONEST = 1.0  # seconds until X is asked again how it gets on


class Ask(Protocol):
    """One request to X: `Wire.ask`."""

    def __call__(
        self,
        method: str,
        route: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        missing_ok: bool = False,
        empty_ok: bool = False,
    ) -> dict[str, Any]:
        """Return X's JSON object."""
        ...


def picture(ask: Ask, medium: Medium, *, clock: Clock, warning: bool) -> tuple[str, float]:
    """Upload one picture with its alt text; return its id and when X forgets it (epoch seconds)."""
    coded = base64.b64encode(_read(medium.path, 0, medium.size + 1)).decode("ascii")
    sent_at = clock.now().timestamp()
    data = _data(ask("POST", "/2/media/upload", body={"media": coded, "media_category": "tweet_image"}), medium)
    describe(ask, data["id"], alt=medium.alt, warning=warning)
    return data["id"], sent_at + _lasts(data)


def describe(ask: Ask, media_id: str, *, alt: str = "", warning: bool = False) -> None:
    """Say what is to be seen, and that X has to warn of it, where there is anything to say."""
    metadata: dict[str, object] = {}
    if alt:
        metadata["alt_text"] = {"text": alt}
    if warning:
        metadata["sensitive_media_warning"] = {"adult_content": False, "graphic_violence": False, "other": True}
    if metadata:
        ask("POST", "/2/media/metadata", body={"id": media_id, "metadata": metadata})


def film(ask: Ask, medium: Medium, begun: object, *, clock: Clock) -> tuple[Mapping[str, object], datetime | None]:
    """Take a film one step further; return where it stands, and when to go on: None once X has it ready.

    `begun` is what the step before returned, plain JSON values. What is not about this film begins anew.
    """
    ours = isinstance(begun, Mapping) and begun.get("sha256") == medium.sha256
    if not isinstance(begun, Mapping) or not ours or not is_id(begun.get("id")) or "sent" not in begun:
        return _initialized(ask, medium, clock), clock.now()
    if int(begun["sent"]) * SEGMENT < medium.size:
        return _appended(ask, medium, begun, clock), clock.now()
    if "final_at" not in begun:
        data = _data(_known(ask("POST", f"{_upload(begun)}/finalize", missing_ok=True), medium), medium)
        final = {"final_at": clock.now().timestamp(), "expires_at": clock.now().timestamp() + _lasts(data)}
        return _ready({**begun, **final}, data, medium, clock)
    asked = {"command": "STATUS", "media_id": str(begun["id"])}
    data = _data(_known(ask("GET", "/2/media/upload", params=asked, missing_ok=True), medium), medium)
    return _ready(begun, data, medium, clock)


def _initialized(ask: Ask, medium: Medium, clock: Clock) -> Mapping[str, object]:
    body = {"media_type": medium.mime, "media_category": "tweet_video", "total_bytes": medium.size}
    data = _data(ask("POST", "/2/media/upload/initialize", body=body), medium)
    expires_at = clock.now().timestamp() + _lasts(data)
    return {"id": data["id"], "sha256": medium.sha256, "sent": 0, "expires_at": expires_at}


def _appended(ask: Ask, medium: Medium, begun: Mapping[str, Any], clock: Clock) -> Mapping[str, object]:
    until = clock.now() + _ONE_STEP
    sent = int(begun["sent"])
    while sent * SEGMENT < medium.size and (sent == begun["sent"] or clock.now() < until):
        coded = base64.b64encode(_read(medium.path, sent * SEGMENT, SEGMENT)).decode("ascii")
        body = {"media": coded, "segment_index": sent}
        _known(ask("POST", f"{_upload(begun)}/append", body=body, missing_ok=True, empty_ok=True), medium)
        sent += 1
    return {**begun, "sent": sent}


def _ready(
    state: Mapping[str, Any], data: Mapping[str, Any], medium: Medium, clock: Clock
) -> tuple[Mapping[str, object], datetime | None]:
    """Read from X's word how far it is with a film."""
    work = data.get("processing_info")
    if not isinstance(work, dict) or work.get("state") == "succeeded":
        return state, None
    if work.get("state") == "failed":
        said = work.get("error")
        why = said.get("message") if isinstance(said, dict) else None
        raise Rejected(f"X can't use the film {medium.path.name}: {why or 'it gives no reason'}")
    now = clock.now()
    if now - datetime.fromtimestamp(state["final_at"], UTC) >= LONGEST_WORK:
        minutes = LONGEST_WORK // timedelta(minutes=1)
        raise TryLater(
            f"X has not finished with the film {medium.path.name} in {minutes} minutes: uploaded again later"
        )
    wait = work.get("check_after_secs")
    seconds = float(wait) if isinstance(wait, int | float) and 0 <= wait <= 600 else _SOONEST
    return state, now + timedelta(seconds=max(seconds, _SOONEST))


def _upload(begun: Mapping[str, Any]) -> str:
    return f"/2/media/upload/{begun['id']}"


def _known(answer: dict[str, Any], medium: Medium) -> dict[str, Any]:
    if "missing" in answer:
        raise TryLater(f"X no longer knows the upload of {medium.path.name}: it begins anew")
    return answer


def _data(answer: Mapping[str, Any], medium: Medium) -> dict[str, Any]:
    data = answer.get("data")
    if not isinstance(data, dict) or not is_id(data.get("id")):
        raise TryLater(f"X gave no id for {medium.path.name}")
    return data


def _lasts(data: Mapping[str, Any]) -> float:
    lasts = data.get("expires_after_secs")
    return float(lasts) if isinstance(lasts, int | float) else _LASTS


def _read(path: Path, start: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(size)
    except OSError as error:
        raise TryLater(f"{path.name} can't be read: {error.strerror}") from None
