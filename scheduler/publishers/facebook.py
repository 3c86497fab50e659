"""Facebook Pages: Meta's Graph API with the Page's own token.

Facebook has no idempotency key. Pictures are uploaded unpublished, so their ids tell afterwards whether the post that
holds them is out. With `two_phase` the whole post lies there unpublished, and the visible call only flips its state.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Account, Content, Finding, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base, facebook_links, facebook_login, facebook_posts, facebook_reads
from scheduler.publishers.facebook_links import is_node, post_url
from scheduler.publishers.facebook_posts import is_held, photos_of

if TYPE_CHECKING:
    from scheduler.publishers.http_wire import Verdict
    from scheduler.publishers.meta_wire import Graph

_FILM = "video/mp4"
_PHOTOS_LAST = timedelta(hours=20)  # an unpublished photo that no post holds is kept for about a day
_FILM_AGAIN = timedelta(seconds=15)
_FILM_PATIENCE = timedelta(minutes=30)
_RENEW = timedelta(days=1)
_CLOCKS_APART = timedelta(seconds=30)  # how far our clock may run ahead of Facebook's
_PROBE = "Solidarity tries whether a post can be held back. Nobody sees this."
_DEVELOPING = "while Meta's app is not “Live”, only people with a role in it see what it posts"


class _Unsent(TryLater):
    """Proven not sent."""


class Publisher(base.Publisher):
    """One Facebook Page."""

    platform = "facebook"
    options = frozenset({"timeout", "two_phase", "version"})
    limits: ClassVar[base.Limits] = base.Limits(
        text=63_206,
        images=10,
        image_bytes=4_000_000,
        image_types=frozenset({"image/jpeg", "image/png"}),
        alt=1000,
        card=(1200, 630),
        source="Meta's Pages API and business SDK descriptions, read 2026-04; text: third parties, read 2026-11",
        film=base.Film(bytes=100_000_000, seconds=1200, width=1920, height=1920),
        link_card=True,
    )
    secrets = ("PAGE_ID", "PAGE_TOKEN")
    optional_secrets = ("APP_SECRET",)
    looks = (timedelta(seconds=15), timedelta(seconds=60), timedelta(seconds=130), timedelta(seconds=300))

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `two_phase` (true: held back, then published), `version` of the API, `timeout` (seconds)."""
        super().__init__(account, **kwargs)
        self._base_url = base.checked_url(account, "https://graph.facebook.com")
        self._waits = base.checked_waits(account)
        self._two_phase = facebook_posts.checked_two_phase(account)
        self._version = facebook_posts.checked_version(account)
        self._opened: dict[bool, Graph] = {}

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return the length in UTF-16 units: a link is as long as it is written, an emoji 2 or more."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    def problems(self, content: Content) -> list[Finding]:
        """Return what Facebook would refuse."""
        found = []
        pictures = len(content.images) + (content.card is not None)
        if (over := self.measure(content.text) - self.limits.text) > 0:
            cure = "shorten the text, or write a shorter one for it under text_for"
            message = f"{over} character{'s' if over > 1 else ''} over Facebook's {self.limits.text}: {cure}"
            found.append(Finding(rule="text-too-long", message=message))
        if not (content.text.strip() or content.link or pictures or content.video):
            found.append(Finding(rule="text-empty", message="there is no text: write one"))
        if pictures > self.limits.images:
            message = f"{pictures} pictures, Facebook takes {self.limits.images} (a card counts as one): leave some out"
            found.append(Finding(rule="too-many-images", message=message, about="images"))
        for number, image in enumerate(content.images, 1):
            if (over := len(image.alt) - self.limits.alt) > 0:
                message = f"the alt text of picture {number} is {over} over {self.limits.alt}: shorten it"
                found.append(Finding(rule="alt-too-long", message=message, about="images"))
        if content.video is not None and pictures:
            message = "a post on Facebook shows pictures or a video, not both: keep one kind"
            found.append(Finding(rule="mixed-media", message=message, about="video"))
        return found

    @classmethod
    def remote_id(cls, url: str) -> tuple[str, str]:
        """Return a post's id and its own link; links to photos and videos are those of their own.

        Raises:
            UserError: the link is none to a post.
        """
        return facebook_links.remote_id(url)

    # ── ahead of time ──

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Upload what the post shows, unpublished; with `two_phase` the whole post. Waits for a film's processing."""
        if begun is not None and is_node(begun.ids.get("video")):
            return self._processed(begun)
        if (over := self.measure(out.text) - self.limits.text) > 0:
            raise Rejected(f"the text is {over} over Facebook's {self.limits.text} characters")
        self._check_media(out.media)
        self._page()
        self._wire().ease()
        now = self._clock.now()
        if out.media and out.media[0].mime == _FILM:
            video = self._upload(out.media[0], "videos", {"description": out.text})
            return Staged({"video": video, "staged_at": now.timestamp()}, again_at=now + _FILM_AGAIN)
        photos = [self._upload(medium, "photos", {"alt_text_custom": medium.alt}) for medium in out.media]
        ids: dict[str, object] = {"photos": photos, "staged_at": now.timestamp()}
        if self._two_phase:
            ids["draft"] = self._draft(facebook_posts.fields(out, photos))
        return Staged(ids)

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the photos may be forgotten by now. A post or a film of its own is kept."""
        at = staged.ids.get("staged_at")
        alone = staged.ids.get("photos") and "draft" not in staged.ids
        return bool(alone) and isinstance(at, int | float) and now.timestamp() >= at + _PHOTOS_LAST.total_seconds()

    def _check_media(self, media: tuple[Medium, ...]) -> None:
        films = [medium for medium in media if medium.mime == _FILM]
        if len(media) > (1 if films else self.limits.images):
            raise Rejected(f"{len(media)} files: Facebook takes one film, or {self.limits.images} pictures")
        largest = self.limits.film.bytes if films and self.limits.film else self.limits.image_bytes
        for medium in media:
            if medium.mime not in {_FILM, *self.limits.image_types} or medium.size > largest:
                raise Rejected(f"{medium.path.name}: {medium.mime} of {medium.size} bytes is not for Facebook")

    def _upload(self, medium: Medium, edge: str, about: Mapping[str, str]) -> str:
        """Upload a file that nobody sees yet; return its id."""
        try:
            data = medium.path.read_bytes()
        except OSError as error:
            why = error.strerror
        else:
            fields = {"published": "false", **{name: value for name, value in about.items() if value}}
            files = {"source": (f"file.{medium.mime.rpartition('/')[2]}", data, medium.mime)}
            return self._created(edge, data=fields, files=files)
        raise TryLater(f"{medium.path.name} can't be read: {why}")

    def _processed(self, begun: Staged) -> Staged:
        """Return a film's staging as done once Facebook has processed it, else when to look again."""
        status = self._read(str(begun.ids["video"]), "status").get("status")
        state = status.get("video_status") if isinstance(status, dict) else None
        if state == "ready":
            return Staged(begun.ids)
        if state in {"error", "expired", "upload_failed"}:
            raise Rejected(f"Facebook can't process the film ({state}): make it an MP4 with H.264 and AAC")
        now, since = self._clock.now(), begun.ids.get("staged_at")
        if not isinstance(since, int | float) or now.timestamp() - since > _FILM_PATIENCE.total_seconds():
            raise TryLater("Facebook has not processed the film within half an hour: it is uploaded again")
        return Staged(begun.ids, again_at=now + _FILM_AGAIN)

    def _draft(self, post: Mapping[str, str]) -> str:
        """Create a post that nobody sees; return its id."""
        return self._created("feed", data={**post, "published": "false"})

    def _created(self, edge: str, **request: Any) -> str:
        node = self._invisible(f"/{self._page_id()}/{edge}", **request).get("id")
        if not is_node(node):
            raise TryLater(f"Facebook gave no id for what was sent to {edge}")
        return str(node)

    # ── at the due second ──

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Publish. After a refusal of whatever kind it is looked at once whether the post is out all the same."""
        began = self._clock.now()
        try:
            return self._published(out, staged)
        except OutcomeUnknown:
            raise
        except PublishError as error:
            refusal = error
        if isinstance(refusal, _Unsent):
            raise TryLater(str(refusal))
        return self._after_refusal(refusal, out, staged, began)

    def _after_refusal(self, refusal: PublishError, out: Outgoing, staged: Staged, began: datetime) -> Receipt:
        """Return the receipt of a post that is out in spite of a refusal, else raise what is safe."""
        found, failed = None, None
        try:
            found = self._seen(out, staged, began)
        except PublishError as error:
            failed = error
        if isinstance(found, Receipt):
            return found
        if isinstance(found, base.Absent) or _stands(refusal, failed, staged):
            raise refusal
        if failed is None and self._has_forgotten(photos_of(staged), str(refusal)):
            raise TryLater("Facebook has forgotten what was prepared: it is uploaded again")
        raise OutcomeUnknown(f"{refusal}; whether the post is out can't be seen")

    def _has_forgotten(self, photos: list[str], refusal: str) -> bool:
        """Tell whether a post was refused because its photos aren't there any more: the refusal must name them."""
        if not any(word in refusal for word in ("attached_media", *photos)):
            return False
        try:
            self._page()  # to another token everything seems forgotten
            return not all(self._read(photo, "id") for photo in photos)
        except PublishError:
            return False

    def _published(self, out: Outgoing, staged: Staged) -> Receipt:
        """Make the one visible call: flip what is held back, or post what holds the photos."""
        from scheduler.publishers.http_wire import Verdict

        photos = photos_of(staged)
        for kind, change in (("video", {"published": "true"}), ("draft", {"is_published": "true"})):
            if is_node(node := staged.ids.get(kind)):
                known = {Verdict.duplicate: Rejected}  # its own state says at once whether it is out
                if self._visible(f"/{node}", change, known).get("success") is not True:
                    raise OutcomeUnknown("Facebook didn't say that the post is out")
                return self._receipt(str(node), self._clock.now(), photos, film=kind == "video")
        if len(photos) != len(out.media) or "staged_at" not in staged.ids:
            raise _Unsent("not staged for Facebook, or not all of it: nothing was sent")
        wrong_page = {Verdict.missing: AccountBlocked}
        post_id = self._visible(f"/{self._page_id()}/feed", facebook_posts.fields(out, photos), wrong_page).get("id")
        if not is_node(post_id):
            raise OutcomeUnknown("Facebook answered the post without an id")
        return self._receipt(str(post_id), self._clock.now(), photos)

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Look for the post. What is still held back is absent only once the call can't be in work any more."""
        found = self._seen(out, staged, since)
        if isinstance(found, base.Absent) and self._clock.now() - since < base.IN_FLIGHT:
            return None
        return found

    def _seen(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Read the state of what was held back, else the photos' story, else the Page's posts.

        Several posts may have the same words: where photos were uploaded, they alone tell which one is theirs.
        """
        photos = photos_of(staged)
        for kind, field in (("video", "published"), ("draft", "is_published")):
            if is_node(node := staged.ids.get(kind)):
                state = self._read(str(node), field).get(field)
                if state is True:
                    return self._receipt(str(node), since, photos, film=kind == "video")
                return base.Absent() if state is False else None
        for photo in photos:
            story = self._read(photo, "page_story_id").get("page_story_id")
            if is_node(story):  # only published photos have one; some never do
                return self._receipt(str(story), since, photos)
        return None if out.media and staged.ids else self._listed(out, since)

    def _listed(self, out: Outgoing, since: datetime) -> Receipt | None:
        """Look among the Page's published posts. A list that is ranked and cut proves no absence."""
        matches = [
            (created, post["id"])
            for post in facebook_reads.posts(self._wire(), self._page_id())
            if (created := facebook_posts.moment(post.get("created_time")))
            and created >= since - _CLOCKS_APART
            and facebook_posts.is_same(out.text, post.get("message"))
        ]
        if not matches:
            return None
        created, post_id = min(matches)
        return self._receipt(post_id, created, [])

    # ── taking down ──

    def delete(self, receipt: Receipt) -> base.Deleted | base.NeedsHand:
        """Delete the post and its photos, and read back that they are gone. Repeatable."""
        where = receipt.url or f"the post {receipt.remote_id}"
        by_hand = f"log in to Facebook as {self.account.name}'s Page and delete {where}"
        if not is_node(receipt.remote_id):
            return base.NeedsHand(f"{by_hand} (its address doesn't hold the number that Facebook's API asks for)")
        try:
            self._page()  # to another Page's token whatever is up seems to be gone
            refused = facebook_reads.take_down(self._wire(), self._page_id(), receipt)
        except AccountBlocked as error:
            refused = str(error)
        return base.NeedsHand(f"{by_hand} ({refused})") if refused else base.Deleted()

    # ── who we are ──

    def verify(self) -> str:
        """Return the Page's name; with `two_phase`, try invisibly whether a post can be held back."""
        name = self._page()
        if self._two_phase:
            self._try_two_phase()
        return f"{name} (Page {self._page_id()}); {_DEVELOPING}"

    def _try_two_phase(self) -> None:
        """Create a post nobody sees, read and write its state, and delete it."""
        draft = self._draft({"message": _PROBE})
        try:
            held = self._read(draft, "is_published").get("is_published") is False
            held = held and self._invisible(f"/{draft}", data={"is_published": "false"}).get("success") is True
        except Rejected:
            held = False
        finally:
            facebook_reads.remove(self._wire(), draft)
        if not held:
            raise AccountBlocked(f"{self.account.name}: Facebook doesn't hold posts back here: take two_phase out")

    def renew(self) -> datetime | None:
        """Look once a day whether the Page's token lives: it has no date, but a new password ends it."""
        try:
            self._page()
        except AccountBlocked as error:
            said = str(error)
        else:
            return self._clock.now() + _RENEW
        raise AccountBlocked(f"{said}: get a new token with `solidarity accounts login --account {self.account.name}`")

    def log_in(self, ask: base.Ask) -> dict[str, str]:
        """Lead a person from a short-lived token to the Page's lasting one.

        Raises:
            PublishError: Meta refuses.
            UserError: an answer can't be used, or the person may not publish as the Page.
        """
        return facebook_login.log_in(ask, self._graph)

    def _page(self) -> str:
        """Return the name of the Page whose token this is."""
        body = self._wire().ask("GET", "/me", params={"fields": "id,name"}).body
        if not is_node(body.get("id")):
            raise TryLater("Facebook did not say whose token this is")
        if body["id"] != self._page_id():
            raise AccountBlocked(f"{self.account.name}: PAGE_TOKEN is not the token of the Page {self._page_id()}")
        return str(body.get("name") or body["id"])

    def _page_id(self) -> str:
        page = self._secrets.get("PAGE_ID", "").strip()
        if not is_node(page):
            raise AccountBlocked(f"{self.account.name}: PAGE_ID is the number of the Page, digits only")
        return page

    def _receipt(self, node: str, at: datetime, photos: list[str], *, film: bool = False) -> Receipt:
        url = post_url(f"{self._page_id()}/videos/{node}" if film else node)
        return Receipt(remote_id=node, url=url, published_at=at, ids={"photos": ",".join(photos)} if photos else {})

    # ── the wire ──

    def _visible(
        self, route: str, data: Mapping[str, str], meaning: Mapping["Verdict", type[PublishError]]
    ) -> dict[str, Any]:
        from scheduler.publishers.http_wire import Verdict

        meaning = {**meaning, Verdict.unsent: _Unsent}
        answer = self._wire(visible=True).ask("POST", route, visible=True, data=data, meaning=meaning)
        return dict(answer.body)

    def _invisible(self, route: str, **request: Any) -> dict[str, Any]:
        from scheduler.publishers.http_wire import Verdict

        answer = self._wire().ask("POST", route, meaning={Verdict.missing: AccountBlocked}, **request)
        return dict(answer.body)

    def _read(self, node: str, field: str) -> dict[str, Any]:
        return facebook_reads.read(self._wire(), node, field)

    def _wire(self, *, visible: bool = False) -> "Graph":
        if visible not in self._opened:
            if missing := [name for name in self.secrets if not self._secrets.get(name)]:
                raise AccountBlocked(f"{self.account.name} has no {', '.join(missing)}")
            token, secret = self._secrets["PAGE_TOKEN"], self._secrets.get("APP_SECRET", "")
            self._opened[visible] = self._graph(token, secret, visible=visible)
        return self._opened[visible]

    def _graph(self, token: str, secret: str, *, visible: bool = False) -> "Graph":
        from scheduler.publishers.facebook_wire import CODES, SUBCODES
        from scheduler.publishers.http_wire import Waits
        from scheduler.publishers.meta_wire import VERSION, Graph

        return Graph(
            name="Facebook",
            base=f"{self._base_url}/{self._version or VERSION}",
            waits=Waits(*self._waits),
            token=token,
            clock=self._clock,
            app_secret=secret,
            codes=CODES if visible else {},
            subcodes=SUBCODES if visible else {},
        )


def _stands(refusal: PublishError, failed: PublishError | None, staged: Staged) -> bool:
    """Tell whether a refusal is the end of it though no look has proven that nothing is out.

    What is held back can always be read again, so nothing is guessed of it, but where the login is dead.
    """
    if failed is not None:  # nobody is let in at all: neither was the call
        shut = AccountBlocked if is_held(staged) else (AccountBlocked, TryLater)
        same = isinstance(refusal, shut) and isinstance(failed, type(refusal))
        return same and not isinstance(failed, facebook_reads.Unseen)
    return not is_held(staged) and (not isinstance(refusal, Rejected) or facebook_posts.names_content(str(refusal)))
