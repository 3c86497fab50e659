"""X (Twitter): API v2, with OAuth 1.0a keys or an OAuth 2 login, through tweepy.

X has no idempotency key and gives no proof of absence: a post whose outcome is unknown is looked for several
times and then left to a person. Everything that touches the wire stands in `x_wire`, `x_media` and `x_login`.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater, UserError
from scheduler.model import Account, Content, Finding, Level, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base, x_media
from scheduler.publishers.x_posts import Posts, is_it
from scheduler.publishers.x_texts import is_gone, is_id, links, posted_at, weight
from scheduler.tokens import Tokens

if TYPE_CHECKING:
    from scheduler.publishers.http_wire import Waits
    from scheduler.publishers.x_login import Login
    from scheduler.publishers.x_wire import Wire

_PREMIUM_TEXT = 25_000  # X changelog, 2024-08-20
_EXPIRY_MARGIN = timedelta(minutes=10)  # media ids last about 24 hours; not used in their last minutes
_CLOCKS_APART = timedelta(seconds=30)  # how far our clock may run ahead of X's
_SHOWN_WITHIN = timedelta(minutes=5)  # an answer refused because X doesn't show what it answers is tried until then
_RENEWED_EARLY = timedelta(minutes=30)  # before an OAuth 2 access ends
_ENOUGH = timedelta(minutes=5)  # that an OAuth 2 access has to last where something is prepared with it
_JUST_ENOUGH = timedelta(minutes=1)  # for the visible call alone: it waits for no renewal if it can be helped
_CASHTAG = re.compile(r"(?<!\S)\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?![a-z0-9_])", re.IGNORECASE)
_OAUTH1 = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_SECRET")
_OAUTH2 = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")
# US dollars; X pricing, 2026-08-22
_POST, _POST_WITH_LINK, _METADATA = Decimal("0.015"), Decimal("0.20"), Decimal("0.005")


class Publisher(base.Publisher):
    """One account on X."""

    platform = "x"
    options = frozenset({"timeout", "threads"})
    limits: ClassVar[base.Limits] = base.Limits(
        text=280,
        images=4,
        image_bytes=5_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
        alt=1000,
        card=(1200, 675),
        source="X API v2 documentation and OpenAPI 2.167, read 2026-08-22",
        film=base.Film(bytes=512_000_000, seconds=140, width=1280, height=1024),
        threads=True,
    )
    secrets = _OAUTH1
    optional_secrets = _OAUTH2
    other_secrets: ClassVar[tuple[str, ...]] = _OAUTH2  # whole, they stand in for `secrets`
    looks = (timedelta(seconds=15), timedelta(seconds=60), timedelta(seconds=300))

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `premium` (true: 25,000 characters), `threads` (false: takes none), `timeout` (seconds)."""
        super().__init__(account, **kwargs)
        self._base_url = base.checked_url(account, "https://api.x.com")
        self._waits = base.checked_waits(account)
        self._premium = _checked(account, "premium", default=False)
        self._threads = _checked(account, "threads", default=True)
        self._user: tuple[str, str] | None = None  # id and name, asked once
        self._opened: Wire | None = None
        self._posts = Posts(self._ask)
        self._login: Login | None = None  # where the account gets in by OAuth 2
        self._access = ""  # what `_opened` sends then

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return X's weighted length: links 23, emoji and CJK 2, most other characters 1."""
        return weight(text)

    def text_limit(self) -> int:
        """Return 280, or 25,000 for an account marked `premium: true`."""
        return _PREMIUM_TEXT if self._premium else self.limits.text

    def problems(self, content: Content) -> list[Finding]:
        """Return what X would refuse (errors) or what is unwise there (warnings)."""
        return [*self._text_problems(content.text), *self._media_problems(content), *self._thread_problems(content)]

    def findings(self, content: Content) -> list[Finding]:
        """Return the problems of a content with all its parts."""
        return [*super().findings(content), *self._thread_problems(content)]

    def price(self, content: Content) -> Decimal:
        """Return what X charges for all parts, and for the words that go with the pictures."""
        parts = [_POST_WITH_LINK if links(text) else _POST for text in (content.text, *content.thread)]
        shown = [image.alt for image in content.images] + (["card"] if content.card is not None else [])
        shown += [""] if content.video is not None else []
        described = [alt for alt in shown if alt or content.warning]
        return sum(parts, Decimal(0)) + _METADATA * len(described)

    def _thread_problems(self, content: Content) -> list[Finding]:
        if self._threads or not content.thread:
            return []
        message = f"{self.account.name} takes no threads (threads: false in config.yaml): write one post"
        return [Finding(rule="threads-off", message=message)]

    def _text_problems(self, text: str) -> list[Finding]:
        found = []
        over = self.measure(text) - self.text_limit()
        if over > 0:
            what = f"{over} character{'s' if over > 1 else ''} over X's {self.text_limit()} on {self.account.name}"
            cure = "shorten the text, or write a shorter one for it under text_for"
            found.append(Finding(rule="text-too-long", message=f"{what}: {cure}"))
        if not text.strip():
            found.append(Finding(rule="text-empty", message="there is no text: write one"))
        cashtags = _CASHTAG.findall(text) if "$" in text else ()
        if len(cashtags) > 1:
            message = f"X takes one cashtag a post, not {', '.join(cashtags)}: keep one"
            found.append(Finding(rule="cashtags", message=message))
        for url in links(text):
            if not url.lower().startswith(("http://", "https://")):
                message = f"X makes a link of “{url}”: write https://{url}, or put a space after the full stop"
                found.append(Finding(rule="bare-domain", message=message, level=Level.warning))
        return found

    def _media_problems(self, content: Content) -> list[Finding]:
        found = []
        pictures = len(content.images) + (content.card is not None)
        if pictures > self.limits.images:
            message = f"{pictures} pictures, X takes {self.limits.images} (a card counts as one): leave some out"
            found.append(Finding(rule="too-many-images", message=message, about="images"))
        for number, image in enumerate(content.images, 1):
            if (over := len(image.alt) - self.limits.alt) > 0:
                message = f"the alt text of picture {number} is {over} over X's {self.limits.alt}: shorten it"
                found.append(Finding(rule="alt-too-long", message=message, about="images"))
        if content.video is not None and pictures:
            message = "X takes pictures or a video, not both: keep one kind"
            found.append(Finding(rule="mixed-media", message=message, about="video"))
        if content.video is not None and content.video.alt:
            message = "X takes no alt text for films: say in the text what is to be seen"
            found.append(Finding(rule="video-alt", message=message, level=Level.warning, about="video"))
        return found

    # ── over the wire ──

    @classmethod
    def remote_id(cls, url: str) -> tuple[str, str]:
        """Return a post's id and its own link; links to its pictures or figures lead to it too.

        Raises:
            UserError: the link is none to a post.
        """
        found = re.fullmatch(r"(https?://[^/?#]+/[^?#]*?status(?:es)?/(\d{1,19}))(?:[/?#].*)?", url.strip())
        if found is None:
            msg = f"{url}: this is no link to a post on X: it ends in /status/ and a number"
            raise UserError(msg)
        return found[2], found[1]

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Note who we are and the newest post, and upload the media: all invisible, all repeatable."""
        now = self._clock.now()
        wire = self._wire(min(max(out.due_at - now, timedelta()) + _ENOUGH, _RENEWED_EARLY))
        if wire.used_up_until is not None and wire.used_up_until > now:
            raise TryLater("X takes no more posts of this account for now", at=wire.used_up_until)
        known = ("user_id", "username", "since_id", "film")
        ids = {name: begun.ids[name] for name in known if name in begun.ids} if begun is not None else {}
        if not is_id(ids.get("user_id")) or not isinstance(ids.get("username"), str):
            user_id, username = self._who()
            ids = {"user_id": user_id, "username": username, "since_id": self._posts.newest(user_id)}
        if any(medium.mime == "video/mp4" for medium in out.media):
            return self._filmed(out, ids)
        uploads = [self._upload(medium, warning=bool(out.warning)) for medium in out.media]
        ids["media_ids"] = [media_id for media_id, _ in uploads]
        if uploads:
            ids["expires_at"] = min(expires for _, expires in uploads)
        return Staged(ids)

    def _filmed(self, out: Outgoing, ids: dict[str, object]) -> Staged:
        """Take the film one step further; what that gave is stored before the next one."""
        film, (medium, *others) = self.limits.film, out.media
        if others:
            raise Rejected("X takes pictures or a video, not both")
        if film is None or medium.size > film.bytes or medium.width > film.width or medium.height > film.height:
            what = f"{medium.width} x {medium.height} pixels and {medium.size} bytes"
            raise Rejected(f"{medium.path.name}: a film of {what} is not for X")
        state, again_at = x_media.film(self._ask, medium, ids.pop("film", None), clock=self._clock)
        if again_at is not None:
            return Staged({**ids, "film": state}, again_at=again_at)
        x_media.describe(self._ask, str(state["id"]), warning=bool(out.warning))
        return Staged({**ids, "media_ids": [state["id"]], "expires_at": state["expires_at"]})

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the pictures' ids have run out or are about to (X keeps them for about 24 hours)."""
        expires = staged.ids.get("expires_at")
        return isinstance(expires, int | float) and now.timestamp() >= expires - _EXPIRY_MARGIN.total_seconds()

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Post. A picture's id that X no longer takes is TryLater: refused, so proven not posted."""
        media_ids, username = staged.ids.get("media_ids"), staged.ids.get("username")
        if not isinstance(media_ids, list) or not isinstance(username, str):
            raise TryLater("not staged for X: nothing was sent")
        body: dict[str, object] = {"text": out.text}
        if out.part > 1:
            if not out.before:
                raise TryLater("it isn't known what this part answers: nothing was sent")
            body["reply"] = {"in_reply_to_tweet_id": out.before[-1].remote_id}
        elif len(media_ids) != len(out.media):
            raise TryLater("not all of it is staged for X: nothing was sent")
        elif media_ids:
            body["media"] = {"media_ids": media_ids}
        begun = self._clock.now()
        wire = self._wire(_JUST_ENOUGH)
        if self._clock.now() - begun > base.PROMPT:
            raise TryLater("it took too long to get in at X: nothing was sent")
        answer = self._over(wire, "POST", "/2/tweets", body=body, visible=True, missing_ok=out.part > 1)
        if "missing" in answer:
            raise self._unanswerable(out.before[-1])
        data = answer.get("data")
        post_id = data.get("id") if isinstance(data, dict) else None
        if not is_id(post_id):
            raise OutcomeUnknown("X answered the post without an id")
        return _receipt(str(post_id), username)

    def _unanswerable(self, before: Receipt) -> PublishError:
        """Judge a refusal because X doesn't show the part before: soon after that went out, X only isn't ready yet."""
        if self._clock.now() - before.published_at < _SHOWN_WITHIN:
            return TryLater("X doesn't show the part before yet: nothing was sent")
        return Rejected("X doesn't show the part before any more, so this one can't answer it")

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Look through the account's newest posts. Never Absent: a post X doesn't show yet may still be out."""
        user_id, username = staged.ids.get("user_id"), staged.ids.get("username")
        if not isinstance(user_id, str) or not isinstance(username, str):
            user_id, username = self._who()
        earliest = since - _CLOCKS_APART
        baseline = staged.ids.get("since_id")
        start = {"since_id": str(baseline)} if is_id(baseline) else {"start_time": f"{earliest:%Y-%m-%dT%H:%M:%SZ}"}
        media_ids = staged.ids.get("media_ids")
        media = [str(one) for one in media_ids] if isinstance(media_ids, list) else []
        posts = self._posts.own(user_id, {**start, "exclude": "retweets"})
        matches = [post["id"] for post in posts if posted_at(post["id"]) >= earliest and is_it(post, out, media)]
        return _receipt(min(matches, key=int), username) if matches else None

    def delete(self, receipt: Receipt) -> base.Deleted | base.NeedsHand:
        """Delete the post and read back that it is gone. Repeatable: a post that is not there is deleted."""
        if not is_id(receipt.remote_id):
            raise Rejected(f"{receipt.remote_id!r} is not the id of a post on X")
        route = f"/2/tweets/{receipt.remote_id}"
        try:
            # "Not there" is asked for again: it may be the word of a cache, or of another post's id.
            self._ask("DELETE", route, missing_ok=True)
            if not is_gone(self._ask("GET", route, missing_ok=True)):
                raise TryLater("X still shows the post after deleting it")
        except AccountBlocked as blocked:
            where = receipt.url or f"the post {receipt.remote_id}"
            return base.NeedsHand(f"log in to X as {self.account.name} and delete {where} ({blocked})")
        return base.Deleted()

    def verify(self) -> str:
        """Return the name the keys stand for."""
        self._user = None
        return f"@{self._who()[1]}"

    def renew(self) -> datetime | None:
        """Renew an OAuth 2 login that ends soon; OAuth 1.0a keys don't run out."""
        if self._has(*_OAUTH1):
            return None
        self._login = self._login or self._new_login()
        self._login.access(left=_RENEWED_EARLY)
        return self._login.ends_at() - _RENEWED_EARLY

    def log_in(self, ask: base.Ask) -> dict[str, str]:
        """Lead a person through OAuth 2 where only that client of the app is set, else through a PIN (OAuth 1.0a)."""
        from scheduler.publishers import x_login

        url, waits = self._base_url, self._patience()
        if self._has("CLIENT_ID", "CLIENT_SECRET") and not self._has("API_KEY", "API_SECRET"):
            return x_login.by_address(ask, self._secrets, base=url, waits=waits)
        key = self._secrets.get("API_KEY") or ask("The app's API key:", hidden=True).strip()
        secret = self._secrets.get("API_SECRET") or ask("The app's API key secret:", hidden=True).strip()
        return x_login.by_pin(ask, key, secret, base=url, waits=waits)

    def _ask(self, method: str, route: str, **request: Any) -> dict[str, Any]:
        """Send one request."""
        return self._over(self._wire(), method, route, **request)

    def _over(self, wire: "Wire", method: str, route: str, **request: Any) -> dict[str, Any]:
        """Send one request. Where another process has renewed the login meanwhile, a refusal of ours says nothing."""
        try:
            return wire.ask(method, route, **request)
        except AccountBlocked as error:
            blocked = error
        if self._login is not None and self._login.was_renewed():
            raise TryLater("the login was renewed meanwhile: nothing was sent")
        raise blocked

    def _wire(self, left: timedelta = _ENOUGH) -> "Wire":
        """Return the way to X, good for `left` at least."""
        if self._opened is None and not self._has(*_OAUTH1):
            self._login = self._login or self._new_login()
        if self._login is not None and (access := self._login.access(left=left)) != self._access:
            self._access, self._opened = access, None
        if self._opened is None:
            from scheduler.publishers.x_wire import Wire

            secrets = {"BEARER": self._access} if self._login else self._secrets
            self._opened = Wire(secrets=secrets, base=self._base_url, waits=self._patience())
        return self._opened

    def _has(self, *names: str) -> bool:
        return all(self._secrets.get(name) for name in names)

    def _new_login(self) -> "Login":
        from scheduler.publishers.x_login import Login

        if not self._has(*_OAUTH2):
            wanted = _OAUTH2 if any(self._secrets.get(name) for name in _OAUTH2) else _OAUTH1
            lacks = ", ".join(name for name in wanted if not self._secrets.get(name))
            raise AccountBlocked(
                f"{self.account.name} has no {lacks}; X wants {', '.join(_OAUTH1)}, or {', '.join(_OAUTH2)}"
            )
        return Login(
            account=self.account.name,
            secrets=self._secrets,
            tokens=Tokens(self._folder, self.account.name),
            clock=self._clock,
            base=self._base_url,
            waits=self._patience(),
        )

    def _patience(self) -> "Waits":
        from scheduler.publishers.http_wire import Waits

        return Waits(*self._waits)

    def _who(self) -> tuple[str, str]:
        if self._user is None:
            data = self._ask("GET", "/2/users/me").get("data")
            if not isinstance(data, dict) or not is_id(data.get("id")) or not isinstance(data.get("username"), str):
                raise TryLater("X did not say whose keys these are")
            self._user = data["id"], data["username"]
        return self._user

    def _upload(self, medium: Medium, *, warning: bool) -> tuple[str, float]:
        """Upload one picture with its alt text; return its id and when X forgets it (epoch seconds)."""
        if medium.mime not in self.limits.image_types or medium.size > self.limits.image_bytes:
            raise Rejected(f"{medium.path.name}: {medium.mime} of {medium.size} bytes is not for X")
        return x_media.picture(self._ask, medium, clock=self._clock, warning=warning)


# ── what an account's settings may be ───────────────────────────────────────────────────────────────────


def _checked(account: Account, name: str, *, default: bool) -> bool:
    value = account.options.get(name, default)
    if not isinstance(value, bool):
        raise UserError(f"{account.name}: {name} is true or false, not {value!r}")
    return value


def _receipt(post_id: str, username: str) -> Receipt:
    url = f"https://x.com/{username}/status/{post_id}"
    return Receipt(remote_id=post_id, url=url, published_at=posted_at(post_id))
