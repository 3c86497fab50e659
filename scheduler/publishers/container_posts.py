"""What Instagram and Threads share around their containers: the account, its own posts, and taking them down."""

import hashlib
import unicodedata
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import AccountBlocked, PublishError, Rejected, TryLater, UserError
from scheduler.model import Account, Content, Finding, Level, Medium, Outgoing, Receipt
from scheduler.publishers import base
from scheduler.publishers.container_keys import Keys

if TYPE_CHECKING:
    from scheduler.publishers.meta_wire import Graph

_CLOCKS_APART = timedelta(seconds=30)  # how far our clock may run ahead of Meta's
_IN_TIME = timedelta(minutes=10)  # how long after its call a post can have gone out
_FREED = timedelta(minutes=15)  # a quota of 24 hours frees up bit by bit
_PAGES = 10  # of 100 posts


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Where a network's two flows differ. `:user` is whose account it is."""

    create: str
    publish: str
    posts: str  # the account's own
    answers: str  # those that answer another post; the same where there are none
    quota: str
    post_quota: tuple[str, str]  # the fields that say how much is used, and how much there is
    answer_quota: tuple[str, str]  # the same for answers
    text: str  # the field that holds a post's words
    state: str  # the field of a container that holds its state
    why: str  # and the one that says what went wrong


class OwnPosts(base.Publisher):
    """One account on one of the two."""

    ways: ClassVar[Ways]

    def __init__(self, account: Account, **kwargs: Any) -> None:
        super().__init__(account, **kwargs)
        self._waits = base.checked_waits(account)
        self._opened: Graph | None = None
        self._opened_with = ""
        self._keys = Keys(self._folder, account.name, self._secrets.get("ACCESS_TOKEN", ""), self._clock)

    # ── what each network says for itself ──

    @abstractmethod
    def _open(self, token: str) -> "Graph":
        """Return the wire to the network."""

    def _route(self, route: str) -> str:
        return route.replace(":user", "me")

    # ── pure, alike on both ──

    def media_problems(self, content: Content) -> list[Finding]:
        """Return what is wrong with the number of pictures, or with their alt texts."""
        found = []
        pictures = len(content.images) + (content.card is not None)
        if pictures > self.limits.images:
            message = (
                f"{pictures} pictures, {self._name} takes {self.limits.images} (a card counts as one): leave some out"
            )
            found.append(Finding(rule="too-many-images", message=message, about="images"))
        for number, image in enumerate(content.images, 1):
            if (over := len(image.alt) - self.limits.alt) > 0:
                message = (
                    f"the alt text of picture {number} is {over} over {self._name}'s {self.limits.alt:,}: shorten it"
                )
                found.append(Finding(rule="alt-too-long", message=message, about="images"))
        if content.video is not None and pictures:
            message = f"{self._name} posts have pictures or a video here, not both: keep one kind"
            found.append(Finding(rule="mixed-media", message=message, about="video"))
        return found

    def medium_refusals(self, medium: Medium) -> Iterator[str]:
        """Say what is wrong with a file itself."""
        film = self.limits.film if medium.mime == "video/mp4" else None
        most = film.bytes if film else self.limits.image_bytes
        if film is None and medium.mime not in self.limits.image_types:
            yield f"{medium.path.name}: {medium.mime} is not for {self._name}"
        if medium.size > most:
            yield f"{medium.path.name}: {medium.size:,} bytes, {self._name} takes {most:,}"

    def length_problem(self, text: str) -> list[Finding]:
        """Return that a text is too long, where it is."""
        over = self.measure(text) - self.text_limit()
        if over <= 0:
            return []
        what = f"{over} character{'s' if over > 1 else ''} over {self._name}'s {self.text_limit():,}"
        cure = "shorten the text, or write a shorter one for it under text_for"
        return [Finding(rule="text-too-long", message=f"{what} on {self.account.name}: {cure}")]

    @property
    def _name(self) -> str:
        return self.platform.title()

    def _listed(self, out: Outgoing, since: datetime) -> list[Receipt]:
        """Return the posts of our own with these words since then; more than one where a person posted them too."""
        known = {receipt.remote_id for receipt in out.before}
        found = self._matches(digest(out.text), since, answers=bool(out.before))
        return [receipt for receipt in found if receipt.remote_id not in known]

    def _matches(self, words: str, since: datetime, *, answers: bool) -> list[Receipt]:
        posts = self._own_posts(since - _CLOCKS_APART, answers=answers)
        return [self._as_receipt(post) for post in posts if digest(str(post.get(self.ways.text) or "")) == words]

    def _own_posts(self, earliest: datetime, *, answers: bool) -> list[dict[str, Any]]:
        """Return the account's posts since then, newest first."""
        route = self._route(self.ways.answers if answers else self.ways.posts)
        params = {"fields": f"id,{self.ways.text},timestamp,permalink", "limit": "100"}
        posts: list[dict[str, Any]] = []
        for _ in range(_PAGES):
            body = self._graph().ask("GET", route, params=params).body
            page = body.get("data")
            if not isinstance(page, list) or not all(isinstance(one, dict) and is_id(one.get("id")) for one in page):
                raise TryLater(f"{self._name}'s list of posts is not in its own form")
            posts += page
            after = _after(body)
            if not page or not after or moment(page[-1].get("timestamp"), earliest) < earliest:
                break
            params["after"] = after
        return [post for post in posts if moment(post.get("timestamp"), earliest) >= earliest]

    def _receipt(self, post_id: str) -> Receipt:
        """Return the receipt of a post that is out; where its link can't be read, without one."""
        try:
            answer = self._graph().ask("GET", f"/{post_id}", params={"fields": "id,permalink,timestamp"})
        except PublishError:
            return Receipt(remote_id=post_id, url=None, published_at=self._clock.now(), ids=self._marks())
        return self._as_receipt({**answer.body, "id": post_id})

    def _as_receipt(self, post: Mapping[str, Any]) -> Receipt:
        link = post.get("permalink")
        url = link if isinstance(link, str) and link.startswith(("https://", "http://")) else None
        at = moment(post.get("timestamp"), self._clock.now())
        return Receipt(remote_id=str(post["id"]), url=url, published_at=at, ids=self._marks())

    def _marks(self) -> dict[str, str]:
        """Return what a receipt says about whose post it is."""
        return {}

    def _nameless(self, out: Outgoing, container: str, since: datetime) -> Receipt:
        """Return the receipt of a post that is out, but can't be told from others: later it may."""
        ids = {"container": container, "words": digest(out.text), "answers": "yes" if out.before else ""}
        return Receipt(remote_id=container, url=None, published_at=since, ids=ids)

    def named(self, receipt: Receipt) -> Receipt | None:
        """Return a receipt with the post's own id; None where it still can't be told."""
        if "container" not in receipt.ids:
            return receipt
        answers = bool(receipt.ids.get("answers"))
        found = self._matches(receipt.ids.get("words", ""), receipt.published_at, answers=answers)
        found = [one for one in found if one.published_at <= receipt.published_at + _IN_TIME]  # never a later one's
        return found[0] if len(found) == 1 else None

    def quota_used_up(self, what: str) -> TryLater:
        """Return what to raise where the network takes no more for today."""
        message = f"{self._name} takes no more for now: {what}"
        return TryLater(message, at=self._clock.now() + _FREED)

    def _quota(self, used: str, config: str) -> tuple[int, int]:
        """Return how much of a quota is used and how much there is; 0 and 0 where that can't be read."""
        try:
            answer = self._graph().ask("GET", self._route(self.ways.quota), params={"fields": f"{used},{config}"})
        except (Rejected, TryLater):
            return 0, 0
        rows = answer.body.get("data")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        settings = row.get(config)
        total = settings.get("quota_total") if isinstance(settings, dict) else None
        have = row.get(used)
        return (have, total) if isinstance(have, int) and isinstance(total, int) else (0, 0)

    # ── taking down ──

    def delete(self, receipt: Receipt) -> base.Deleted | base.NeedsHand:
        """Delete the post and read back that it is gone; where the network won't, a person is asked."""
        if not is_id(receipt.remote_id):
            raise Rejected(f"{receipt.remote_id!r} is not the id of a post on {self._name}")
        where = receipt.url or f"the post of {receipt.published_at:%Y-%m-%d %H:%M} UTC"
        by_hand = f"log in to {self._name} as {self.account.name} and delete {where}"
        try:
            post = self.named(receipt)
            if post is None:
                return base.NeedsHand(f"{by_hand} (its id isn't known)")
            done, why = self._remove(post.remote_id)
            if self._is_gone(post):
                if done or self._owns(post):
                    return base.Deleted()
                why = "it isn't there for this account, and may be another's"
        except AccountBlocked as blocked:
            return base.NeedsHand(f"{by_hand} ({blocked})")
        if why:
            return base.NeedsHand(f"{by_hand} ({why})")
        raise TryLater(f"{self._name} still shows the post after deleting it")

    def _remove(self, post_id: str) -> tuple[bool, str]:
        """Ask the network to delete a post; return whether it says that it did, and why it won't."""
        try:
            answer = self._graph().ask("DELETE", f"/{post_id}", missing_ok=True)
        except Rejected as refused:
            return False, str(refused)
        return answer.status < 300, ""

    @abstractmethod
    def _owns(self, post: Receipt) -> bool:
        """Tell whether a post is this very account's: for another one's token it isn't there, and may be out."""

    def _is_gone(self, post: Receipt) -> bool:
        """Tell whether a post is neither there by its id nor among the account's own.

        Both, since Meta says of a post that it doesn't exist also where it is only not to be read just now.
        """
        answer = self._graph().ask("GET", f"/{post.remote_id}", params={"fields": "id"}, missing_ok=True)
        if answer.status < 300:
            return False
        routes = {self.ways.posts, self.ways.answers}
        earliest = post.published_at - _CLOCKS_APART
        found = [one["id"] for kind in routes for one in self._own_posts(earliest, answers=kind == self.ways.answers)]
        return post.remote_id not in found

    # ── the account ──

    def renew(self) -> datetime | None:
        """Renew the token once a week; return when to ask again."""
        self._missing()
        return self._keys.renew(self._refreshed, self.verify, self._cure)

    def ends_at(self) -> datetime | None:
        """Return when the token runs out, where that is known: it lasts 60 days and is renewed once a week."""
        return self._keys.ends_at()

    @property
    def _cure(self) -> str:
        return f"solidarity accounts login --account {self.account.name}"

    @abstractmethod
    def _refreshed(self, token: str) -> Mapping[str, Any]:
        """Return the network's answer to a request for a younger token."""

    def _graph(self) -> "Graph":
        self._missing()
        token = self._keys.token()
        if self._opened is None or token != self._opened_with:
            self._opened, self._opened_with = self._open(token), token
        return self._opened

    def _missing(self) -> None:
        if missing := [name for name in self.secrets if not self._secrets.get(name)]:
            raise AccountBlocked(f"{self.account.name} has no {', '.join(missing)}")


def checked_version(account: Account, default: str) -> str:
    """Return the account's `version` of the API.

    Raises:
        UserError: it isn't one.
    """
    version = str(account.options.get("version", default))
    if not (version.startswith("v") and version[1:].replace(".", "", 1).isdigit()):
        raise UserError(f"{account.name}: version is one of the API's, e.g. {default}, not {version}")
    return version


def video_alt(content: Content, name: str) -> list[Finding]:
    """Return a warning where a video's alt text can't be handed over."""
    if content.video is None or not content.video.alt:
        return []
    message = f"{name} takes no alt text for videos: say in the text what is to be seen"
    return [Finding(rule="video-alt", message=message, level=Level.warning, about="video")]


def is_id(value: object) -> bool:
    """Tell whether a value has the form of one of Meta's ids."""
    return isinstance(value, str) and 0 < len(value) <= 40 and value.isascii() and value.replace("_", "").isdigit()


def digest(text: str) -> str:
    """Return what two writings of the same words have in common, however they are spaced, and no other words have."""
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(normal.encode()).hexdigest()


def moment(value: object, default: datetime) -> datetime:
    """Return the moment of a time as Meta or we write it."""
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return default
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _after(body: Mapping[str, Any]) -> str:
    """Return where the next page of a list begins; nothing where there is none."""
    paging = body.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, dict) and paging.get("next") else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) else ""
