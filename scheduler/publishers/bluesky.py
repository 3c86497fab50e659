"""Bluesky: posts are records under keys of our own choosing, so the same call can be repeated without harm.

The record and its key are made once, ahead of time. Whoever puts the same record at the same key again changes
nothing, and whether it is there can be read at the one server that keeps the account.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater, UserError
from scheduler.model import Account, Content, Finding, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base, bluesky_record, bluesky_text
from scheduler.publishers.grapheme_count import graphemes

if TYPE_CHECKING:
    from scheduler.publishers.bluesky_wire import Line

_DEFAULT = "https://bsky.social"
_FILM_ALT = 1_000  # graphemes; lexicon app.bsky.embed.video
_BLOBS_LAST = timedelta(minutes=50)  # files no post refers to may be thrown away after an hour
_RECORD_LASTS = timedelta(minutes=10)  # a post may not bear a much earlier time than that at which it goes out
_HANDLES_LAST = timedelta(hours=12)


class Publisher(base.Publisher):
    """One account on Bluesky, or on any server of its protocol."""

    platform = "bluesky"
    options = frozenset({"timeout", "video_url"})
    limits: ClassVar[base.Limits] = base.Limits(
        text=bluesky_text.GRAPHEMES,
        images=4,
        image_bytes=1_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/webp"}),
        alt=2_000,
        card=(1200, 675),
        source="bluesky-social/atproto lexicons, read 2026-08-20; PDS 0.4.217, read 2026-11-23",
        film=base.Film(bytes=100_000_000, seconds=180, width=1920, height=1920),
        threads=True,
        link_card=True,
    )
    secrets = ("IDENTIFIER", "APP_PASSWORD")
    looks = (timedelta(seconds=5), timedelta(seconds=130))  # the second past what may still be on its way

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `timeout` (seconds to connect and to read) and `video_url` (a video service of one's own)."""
        super().__init__(account, **kwargs)
        self._base_url = base.checked_url(account, _DEFAULT)
        self._video_url = _checked_video_url(account)
        self._waits = base.checked_waits(account)
        self._opened: Line | None = None
        self._dids: dict[str, tuple[str, datetime]] = {}  # of handles, and until when they are believed

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return the length in graphemes, or a tenth of the bytes where that is more (3,000 bytes is a limit too)."""
        return bluesky_text.measure(text)

    def problems(self, content: Content) -> list[Finding]:
        """Return what Bluesky would refuse (errors) or what is unwise there (warnings)."""
        return [*self._text_problems(content), *self._media_problems(content)]

    def _text_problems(self, content: Content) -> list[Finding]:
        found = []
        # No text has more graphemes than characters, and no character more than four bytes: only a long one is counted.
        over = self.measure(content.text) - self.limits.text if len(content.text) > self.limits.text else 0
        if over > 0:
            what = f"{over} character{'s' if over > 1 else ''} over Bluesky's {self.limits.text}"
            cure = "shorten the text, or write a shorter one for it under text_for"
            found.append(Finding(rule="text-too-long", message=f"{what}: {cure}"))
        if not content.text.strip():
            found.append(Finding(rule="text-empty", message="there is no text: write one"))
        return found

    def _media_problems(self, content: Content) -> list[Finding]:
        found = []
        pictures = len(content.images) + (content.card is not None)
        if pictures > self.limits.images:
            message = f"{pictures} pictures, Bluesky takes {self.limits.images} (a card counts as one): leave some out"
            found.append(Finding(rule="too-many-images", message=message, about="images"))
        for number, image in enumerate(content.images, 1):
            if (over := graphemes(image.alt) - self.limits.alt) > 0:
                message = f"the alt text of picture {number} is {over} over Bluesky's {self.limits.alt:,}: shorten it"
                found.append(Finding(rule="alt-too-long", message=message, about="images"))
        if content.video is not None:
            if (over := graphemes(content.video.alt) - _FILM_ALT) > 0:
                message = f"the alt text of the video is {over} over Bluesky's {_FILM_ALT:,}: shorten it"
                found.append(Finding(rule="alt-too-long", message=message, about="video"))
            if pictures:
                message = "Bluesky takes pictures or a video, not both: keep one kind"
                found.append(Finding(rule="mixed-media", message=message, about="video"))
        return found

    @classmethod
    def remote_id(cls, url: str) -> tuple[str, str]:
        """Return the address of the record behind a post's link, and that link.

        Raises:
            UserError: the link is none to a post.
        """
        return bluesky_record.by_link(url)

    # ── over the wire ──

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Upload the pictures or the film, resolve the mentions, and make the whole record and its key."""
        line, now = self._line(), self._clock.now()
        session = line.session()
        if any(medium.mime == "video/mp4" for medium in out.media):
            from scheduler.publishers import bluesky_film

            self._check_film(out.media)
            brought = bluesky_film.brought(line, self._video_url, out, begun, now)
            if isinstance(brought, Staged):
                return brought
            blobs = [brought]
        else:
            blobs = [self._upload(medium) for medium in out.media]
        at = max(out.due_at, now)
        reply = self._reply(out.before) if out.before else None
        facets = bluesky_text.facets(out.text, self._did)
        made = bluesky_record.record(out, at=at, facets=facets, blobs=blobs, reply=reply)
        expires = min(at + _RECORD_LASTS, now + _BLOBS_LAST) if blobs else at + _RECORD_LASTS
        ids = {"did": session.did, "handle": session.handle, "pds": session.pds, "record": made}
        return Staged({**ids, "rkey": bluesky_record.record_key(out), "expires_at": expires.timestamp()})

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the record bears too early a time by now, or its files may have been thrown away."""
        expires = staged.ids.get("expires_at")
        return isinstance(expires, int | float) and now.timestamp() >= expires

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Put the record at its key, as it was made. Where it is there already, nothing changes."""
        did, handle, made, key = (staged.ids.get(name) for name in ("did", "handle", "record", "rkey"))
        if not (isinstance(did, str) and isinstance(handle, str) and isinstance(made, str)):
            raise TryLater("not staged for Bluesky, or not all of it: nothing was sent")
        if key != bluesky_record.record_key(out):
            raise TryLater("staged for another delivery: nothing was sent")
        line, began = self._line(), self._clock.now()
        if line.session().did != did:
            raise TryLater("staged for another account: nothing was sent")
        body = bluesky_record.put_body(did, key, made)
        headers = {"Content-Type": "application/json"}
        answer = line.ask("POST", "com.atproto.repo.putRecord", visible=began, data=body, headers=headers).body
        cid = answer.get("cid")
        if answer.get("uri") != bluesky_record.uri_of(did, key) or not bluesky_record.is_cid(cid):
            raise OutcomeUnknown("Bluesky answered the post without its address")
        return bluesky_record.receipt(did, handle, key, str(cid), json.loads(made))

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Read the record at the account's own server, the only one that keeps it.

        Not there is proof as soon as no call can still be on its way. Should one come in late all the same, it writes
        to the same key: nothing can be out twice. That doesn't hold where the settings name another account by now.
        """
        did, handle, pds = (staged.ids.get(name) for name in ("did", "handle", "pds"))
        session, key = self._line().session(), bluesky_record.record_key(out)
        if not (isinstance(did, str) and isinstance(handle, str) and isinstance(pds, str)) or did == session.did:
            did, handle, pds = session.did, session.handle, session.pds  # it may have moved, its posts with it
        found = self._record(did, key, pds=pds)
        if found is None:
            is_proof = did == session.did and self._clock.now() - since >= base.IN_FLIGHT
            return base.Absent() if is_proof else None
        return bluesky_record.receipt(did, handle, key, found["cid"], found["value"])

    def delete(self, receipt: Receipt) -> base.Deleted | base.NeedsHand:
        """Delete the record and read back that it is gone. One that is not there is deleted, where it could be.

        A server answers the deletion of what it doesn't have with yes, so another account's post is left to a person.
        """
        whose = bluesky_record.split(receipt.remote_id)
        if whose is None:
            raise Rejected(f"{receipt.remote_id!r} is not the address of a post on Bluesky")
        repo, key = whose
        where = receipt.url or receipt.remote_id
        try:
            session = self._line().session()
            if (repo if repo.startswith("did:") else self._did(repo.lower())) != session.did:
                return base.NeedsHand(
                    f"delete {where}: {self.account.name} is @{session.handle} by now, not its author"
                )
            body = {"repo": session.did, "collection": bluesky_record.COLLECTION, "rkey": key}
            self._line().ask("POST", "com.atproto.repo.deleteRecord", json=body)
            gone = self._record(session.did, key) is None
        except AccountBlocked as blocked:
            return base.NeedsHand(f"log in to Bluesky as {self.account.name} and delete {where} ({blocked})")
        if not gone:
            raise TryLater("Bluesky still shows the post after deleting it")
        return base.Deleted()

    def verify(self) -> str:
        """Return the handle the password stands for."""
        handle = self._line().ask("GET", "com.atproto.server.getSession").body.get("handle")
        if not isinstance(handle, str):
            raise TryLater("Bluesky did not say whose password this is")
        return f"@{handle}"

    def renew(self) -> datetime | None:
        """Renew the session ahead of its end."""
        return self._line().renew()

    def log_in(self, ask: base.Ask) -> dict[str, str]:
        """Ask for the handle and an app password, and try them."""
        where = "https://bsky.app/settings/app-passwords" if self._base_url == _DEFAULT else self._base_url
        given = {
            "IDENTIFIER": ask("The account's handle, e.g. name.bsky.social:").strip().lstrip("@"),
            "APP_PASSWORD": ask(f"Open {where}, add an app password, and paste it:", hidden=True).strip(),
        }
        from scheduler.publishers.bluesky_wire import claims

        line = self._line_for(given)
        session = line.logged_in()
        if claims(session.access).get("scope") == "com.atproto.access":
            msg = "this is the account's own password: make an app password, which can be taken back by itself"
            raise UserError(msg)
        line.keep(session)
        return given

    # ── parts ──

    def _line(self) -> "Line":
        if self._opened is None:
            if missing := [name for name in self.secrets if not self._secrets.get(name)]:
                raise AccountBlocked(f"{self.account.name} has no {', '.join(missing)}")
            self._opened = self._line_for(self._secrets)
        return self._opened

    def _line_for(self, secrets: Mapping[str, str]) -> "Line":
        from scheduler.publishers.bluesky_wire import Line
        from scheduler.publishers.http_wire import Waits
        from scheduler.tokens import Tokens

        tokens = Tokens(self._folder, self.account.name)
        waits = Waits(*self._waits)
        return Line(self.account, secrets=secrets, base=self._base_url, waits=waits, tokens=tokens, clock=self._clock)

    def _record(self, repo: str, key: str, *, pds: str = "") -> dict[str, Any] | None:
        """Return a post's record with its address and hash, None where the server says that there is none."""
        params = {"repo": repo, "collection": bluesky_record.COLLECTION, "rkey": key}
        answer = self._line().read("com.atproto.repo.getRecord", params, missing_ok=True, pds=pds)
        if answer.status == 400:
            return None
        body: dict[str, Any] = answer.body
        uri = body.get("uri")
        whose = bluesky_record.split(uri) if isinstance(uri, str) else None
        fits = whose is not None and whose[1] == key and (whose[0] == repo or not repo.startswith("did:"))
        if not fits or not bluesky_record.is_cid(body.get("cid")) or not bluesky_record.is_post(body.get("value")):
            raise TryLater("Bluesky's record is not in its own form")
        return body

    def _reply(self, before: tuple[Receipt, ...]) -> dict[str, dict[str, str]]:
        """Return what makes a part an answer: to the first of its thread, and to the one before."""
        root = self._reference(before[0])
        return {"root": root, "parent": self._reference(before[-1]) if len(before) > 1 else root}

    def _reference(self, receipt: Receipt) -> dict[str, str]:
        if cid := receipt.ids.get("cid"):
            return {"uri": receipt.remote_id, "cid": cid}
        whose = bluesky_record.split(receipt.remote_id)  # a person said that it is out
        found = self._record(*whose) if whose else None
        if found is None:
            raise Rejected(f"{receipt.url or receipt.remote_id} isn't there, so it can't be answered")
        return {"uri": found["uri"], "cid": found["cid"]}

    def _upload(self, medium: Medium) -> dict[str, Any]:
        if medium.mime not in self.limits.image_types or medium.size > self.limits.image_bytes:
            raise Rejected(f"{medium.path.name}: {medium.mime} of {medium.size} bytes is not for Bluesky")
        try:
            data = medium.path.read_bytes()
        except OSError as error:
            raise TryLater(f"{medium.path.name} can't be read: {error.strerror}") from None
        headers = {"Content-Type": medium.mime}
        answer = self._line().ask("POST", "com.atproto.repo.uploadBlob", data=data, headers=headers).body
        blob = bluesky_record.blob_of(answer.get("blob"), mime="image/", sha256=medium.sha256)
        if blob is None:
            raise TryLater(f"Bluesky did not keep {medium.path.name} as it is")
        return blob

    def _check_film(self, media: tuple[Medium, ...]) -> None:
        film = self.limits.film
        if len(media) != 1 or film is None or media[0].size > film.bytes:
            raise Rejected(f"{media[0].path.name}: one film of {self.limits.film} at most is for Bluesky")

    def _did(self, handle: str) -> str | None:
        """Return whom a handle stands for, None where it stands for nobody: then it stays plain text."""
        known, until = self._dids.get(handle, ("", self._clock.now()))
        if known and until > self._clock.now():
            return known
        try:
            answer = self._line().read("com.atproto.identity.resolveHandle", {"handle": handle})
        except Rejected:
            return None
        did = answer.body.get("did")
        if not isinstance(did, str) or not did.startswith("did:"):
            raise TryLater(f"Bluesky did not say who {handle} is")
        self._dids[handle] = did, self._clock.now() + _HANDLES_LAST
        return did


def _checked_video_url(account: Account) -> str:
    given = account.options.get("video_url", "https://video.bsky.app")
    if not isinstance(given, str):
        raise UserError(f"{account.name}: video_url is the address of a video service, not {given!r}")
    from dataclasses import replace

    return base.checked_url(replace(account, base_url=given), "")
