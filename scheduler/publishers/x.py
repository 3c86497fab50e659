"""X (Twitter): API v2 with the app's and the account's OAuth 1.0a keys, through tweepy.

X has no idempotency key and gives no proof of absence: a post whose outcome is unknown is looked for several
times and then left to a person. Everything that touches the wire stands in `x_wire`, imported when needed.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater, UserError
from scheduler.model import Account, Content, Finding, Level, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base

if TYPE_CHECKING:
    from scheduler.publishers.x_wire import Wire

_PREMIUM_TEXT = 25_000  # X changelog, 2024-08-20
_EXPIRY_MARGIN = timedelta(minutes=10)  # media ids last about 24 hours; not used in their last minutes
_CLOCKS_APART = timedelta(seconds=30)  # how far our clock may run ahead of X's
_PAGES = 5  # of 100 posts: far more than an account posts between staging and the last look
_FIELDS = "created_at,entities,note_tweet,referenced_tweets"
_CASHTAG = re.compile(r"(?<!\S)\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?![a-z0-9_])", re.IGNORECASE)
_EPOCH = 1_288_834_974_657  # ms; X's ids count from here


class Publisher(base.Publisher):
    """One account on X."""

    platform = "x"
    options = frozenset({"timeout"})
    limits: ClassVar[base.Limits] = base.Limits(
        text=280,
        images=4,
        image_bytes=5_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
        alt=1000,
        card=(1200, 675),
        source="X API v2 documentation and OpenAPI 2.167, read 2026-08-22",
    )
    secrets = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_SECRET")
    looks = (timedelta(seconds=15), timedelta(seconds=60), timedelta(seconds=300))

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `premium` (true: 25,000 characters) and `timeout` (seconds to connect and to read)."""
        super().__init__(account, **kwargs)
        self._base_url = base.checked_url(account, "https://api.x.com")
        self._waits = base.checked_waits(account)
        self._premium = _checked_premium(account)
        self._user: tuple[str, str] | None = None  # id and name, asked once
        self._opened: Wire | None = None

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return X's weighted length: links 23, emoji and CJK 2, most other characters 1."""
        from twitter_text import parse_tweet

        return int(parse_tweet(_countable(text)).weightedLength)

    def text_limit(self) -> int:
        """Return 280, or 25,000 for an account marked `premium: true`."""
        return _PREMIUM_TEXT if self._premium else self.limits.text

    def problems(self, content: Content) -> list[Finding]:
        """Return what X would refuse (errors) or what is unwise there (warnings)."""
        return [*self._text_problems(content.text), *self._media_problems(content)]

    def _text_problems(self, text: str) -> list[Finding]:
        from twitter_text import extract_urls

        found = []
        over = self.measure(text) - self.text_limit()
        if over > 0:
            what = f"{over} character{'s' if over > 1 else ''} over X's {self.text_limit()} on {self.account.name}"
            cure = "shorten the text, or write a shorter one for it under text_for"
            found.append(Finding(rule="text-too-long", message=f"{what}: {cure}"))
        if not text.strip():
            found.append(Finding(rule="text-empty", message="there is no text: write one"))
        cashtags = _CASHTAG.findall(text)
        if len(cashtags) > 1:
            message = f"X takes one cashtag a post, not {', '.join(cashtags)}: keep one"
            found.append(Finding(rule="cashtags", message=message))
        for url in extract_urls(_countable(text)):
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
        if content.video is not None:
            message = "videos can't be published on X by this program yet: use pictures, or post it by hand"
            found.append(Finding(rule="video-unsupported", message=message, about="video"))
            if pictures:
                message = "X takes pictures or a video, not both: keep one kind"
                found.append(Finding(rule="mixed-media", message=message, about="video"))
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

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:  # noqa: ARG002
        """Note who we are and the newest post, and upload the pictures: all invisible, all repeatable."""
        user_id, username = self._who()
        ids: dict[str, object] = {"user_id": user_id, "username": username, "since_id": self._newest(user_id)}
        uploads = [self._upload(medium) for medium in out.media]
        ids["media_ids"] = [media_id for media_id, _ in uploads]
        if uploads:
            ids["expires_at"] = min(expires for _, expires in uploads)
        return Staged(ids)

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the pictures' ids have run out or are about to (X keeps them for about 24 hours)."""
        expires = staged.ids.get("expires_at")
        return isinstance(expires, int | float) and now.timestamp() >= expires - _EXPIRY_MARGIN.total_seconds()

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Post. A picture's id that X no longer takes is TryLater: refused, so proven not posted."""
        media_ids, username = staged.ids.get("media_ids"), staged.ids.get("username")
        if not isinstance(media_ids, list) or not isinstance(username, str) or len(media_ids) != len(out.media):
            raise TryLater("not staged for X, or not all of it: nothing was sent")
        body: dict[str, object] = {"text": out.text}
        if media_ids:
            body["media"] = {"media_ids": media_ids}
        data = self._wire().ask("POST", "/2/tweets", body=body, visible=True).get("data")
        post_id = data.get("id") if isinstance(data, dict) else None
        if not _is_id(post_id):
            raise OutcomeUnknown("X answered the post without an id")
        return _receipt(str(post_id), username)

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Look through the account's newest posts. Never Absent: a post X doesn't show yet may still be out."""
        user_id, username = staged.ids.get("user_id"), staged.ids.get("username")
        if not isinstance(user_id, str) or not isinstance(username, str):
            user_id, username = self._who()
        earliest = since - _CLOCKS_APART
        baseline = staged.ids.get("since_id")
        start = {"since_id": str(baseline)} if _is_id(baseline) else {"start_time": f"{earliest:%Y-%m-%dT%H:%M:%SZ}"}
        wanted = _canonical(out.text)
        matches = [
            post["id"]
            for post in self._own_posts(user_id, {**start, "exclude": "retweets", "tweet.fields": _FIELDS})
            if _posted_at(post["id"]) >= earliest and not _is_reply(post) and _canonical(_as_written(post)) == wanted
        ]
        return _receipt(min(matches, key=int), username) if matches else None

    def delete(self, receipt: Receipt) -> base.Deleted | base.NeedsHand:
        """Delete the post and read back that it is gone. Repeatable: a post that is not there is deleted."""
        if not _is_id(receipt.remote_id):
            raise Rejected(f"{receipt.remote_id!r} is not the id of a post on X")
        route = f"/2/tweets/{receipt.remote_id}"
        try:
            gone = _is_gone(self._wire().ask("DELETE", route, missing_ok=True))
            if not gone and not _is_gone(self._wire().ask("GET", route, missing_ok=True)):
                raise TryLater("X still shows the post after deleting it")
        except AccountBlocked as blocked:
            where = receipt.url or f"the post {receipt.remote_id}"
            return base.NeedsHand(f"log in to X as {self.account.name} and delete {where} ({blocked})")
        return base.Deleted()

    def verify(self) -> str:
        """Return the name the keys stand for."""
        self._user = None
        return f"@{self._who()[1]}"

    def _wire(self) -> "Wire":
        if self._opened is None:
            from scheduler.publishers.http_wire import Waits
            from scheduler.publishers.x_wire import Wire

            if missing := [name for name in self.secrets if not self._secrets.get(name)]:
                raise AccountBlocked(f"{self.account.name} has no {', '.join(missing)}")
            waits = Waits(*self._waits)
            self._opened = Wire(secrets=self._secrets, base=self._base_url, waits=waits)
        return self._opened

    def _who(self) -> tuple[str, str]:
        if self._user is None:
            data = self._wire().ask("GET", "/2/users/me").get("data")
            if not isinstance(data, dict) or not _is_id(data.get("id")) or not isinstance(data.get("username"), str):
                raise TryLater("X did not say whose keys these are")
            self._user = data["id"], data["username"]
        return self._user

    def _newest(self, user_id: str) -> str | None:
        """Return the id of the account's newest post: what is found after it is new."""
        posts = self._page(user_id, {"max_results": "5"}).get("data", [])
        return max((post["id"] for post in posts), key=int, default=None)

    def _own_posts(self, user_id: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        posts: list[dict[str, Any]] = []
        wanted = {**params, "max_results": "100"}
        for _ in range(_PAGES):
            answer = self._page(user_id, wanted)
            posts += answer.get("data", [])
            following = answer.get("meta", {}).get("next_token")
            if not following:
                break
            wanted["pagination_token"] = following
        return posts

    def _page(self, user_id: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = self._wire().ask("GET", f"/2/users/{user_id}/tweets", params=params)
        posts, meta = answer.get("data", []), answer.get("meta")
        fits = isinstance(meta, dict) and isinstance(posts, list)
        if not fits or not all(isinstance(p, dict) and _is_id(p.get("id")) for p in posts):
            raise TryLater("X's list of posts is not in its own form")
        return answer

    def _upload(self, medium: Medium) -> tuple[str, float]:
        """Upload one picture with its alt text; return its id and when X forgets it (epoch seconds)."""
        if medium.mime not in self.limits.image_types or medium.size > self.limits.image_bytes:
            raise Rejected(f"{medium.path.name}: {medium.mime} of {medium.size} bytes is not for X")
        try:
            coded = base64.b64encode(medium.path.read_bytes()).decode("ascii")
        except OSError as error:
            raise TryLater(f"{medium.path.name} can't be read: {error.strerror}") from None
        sent_at = self._clock.now().timestamp()
        body = {"media": coded, "media_category": "tweet_image"}
        data = self._wire().ask("POST", "/2/media/upload", body=body).get("data")
        if not isinstance(data, dict) or not _is_id(data.get("id")):
            raise TryLater(f"X gave no id for {medium.path.name}")
        if medium.alt:
            alt = {"id": data["id"], "metadata": {"alt_text": {"text": medium.alt}}}
            self._wire().ask("POST", "/2/media/metadata", body=alt)
        lasts = data.get("expires_after_secs")
        return data["id"], sent_at + (lasts if isinstance(lasts, int | float) else 86_400)


# ── what an account's settings may be ───────────────────────────────────────────────────────────────────


def _checked_premium(account: Account) -> bool:
    premium = account.options.get("premium", False)
    if not isinstance(premium, bool):
        raise UserError(f"{account.name}: premium is true or false, not {premium!r}")
    return premium


# ── X's texts and ids ───────────────────────────────────────────────────────────────────────────────────


def _countable(text: str) -> str:
    """Return `text` so that twitter-text-parser can't stumble: the same weight, bounded time.

    Half a surrogate pair stops it, and its pattern for domains takes minutes over "a.a.a.a…": a word with
    that many full stops is no address.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    normal = unicodedata.normalize("NFC", whole)
    return re.sub(r"\S+", lambda m: m[0] if m[0].count(".") <= 50 else m[0].replace(".", ","), normal)


def _as_written(post: Mapping[str, Any]) -> str:
    """Return the text of a post X shows as it was handed in: links expanded, the pictures' link dropped."""
    long = post.get("note_tweet")
    shown = {**post, **long} if isinstance(long, dict) else post  # past 280, `text` holds only the beginning
    text = html.unescape(str(shown.get("text", "")))
    entities = shown.get("entities")
    for link in entities.get("urls", ()) if isinstance(entities, dict) else ():
        short, written = str(link.get("url", "")), str(link.get("expanded_url", ""))
        own_media = re.search(rf"/status/{post['id']}/(photo|video)/\d+$", written)
        text = text.replace(short, "" if own_media else written) if short else text
    return text


def _canonical(text: str) -> str:
    """Return what two writings of the same post have in common: X adds schemes and trims ends."""
    normal = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text))
    return re.sub(r"https?://|/(?=\s|$)", "", normal, flags=re.IGNORECASE).strip()


def _is_reply(post: Mapping[str, Any]) -> bool:
    return any(other.get("type") == "replied_to" for other in post.get("referenced_tweets") or ())


def _is_gone(answer: Mapping[str, Any]) -> bool:
    """Tell whether X says that a post isn't there: with 404, or with 200, no data and an error of its own."""
    errors = answer.get("errors")
    kinds = [error.get("type") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    absent = any(str(kind).endswith("/resource-not-found") for kind in kinds)
    return "missing" in answer or (absent and "data" not in answer)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) is not None


def _posted_at(post_id: str) -> datetime:
    return datetime.fromtimestamp(((int(post_id) >> 22) + _EPOCH) / 1000, UTC)


def _receipt(post_id: str, username: str) -> Receipt:
    url = f"https://x.com/{username}/status/{post_id}"
    return Receipt(remote_id=post_id, url=url, published_at=_posted_at(post_id))
