"""A stand-in for Facebook Pages on Meta's Graph API, as strict as the real one where a post could go wrong.

In a test: `with Server() as server:`. For another process: `python -m scheduler.standins.facebook --port N --log FILE`
prints one JSON line with its address and can then be told to fail over `/_control/fail`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from scheduler.standins import graph, loopback
from scheduler.standins.facebook_objects import Film, Page, Person, Photo, Post, check_film, check_photo, units
from scheduler.standins.faults import Answer, Fault
from scheduler.standins.graph import Refused, error, form, no_object, refusal, reply
from scheduler.standins.loopback import Request, Seat

PAGES = (
    Page(id="1001", name="Rights", token="canary-page-1", app_secret="canary-secret"),
    Page(id="1002", name="Droits", token="canary-page-2"),
    Page(id="1003", name="Looked at", token="canary-page-3", tasks=("ANALYZE",)),
)
APP = ("5001", "canary-secret")
SHORT = "canary-short"
PEOPLE = (Person(id="9001", name="Ada", token="canary-long-1", app_secret="canary-secret", pages=PAGES),)
_LONGEST = 63_206
_PHOTOS_LAST = 86_400  # seconds; our guess, as is the next: Meta tells neither
_SAME_FOR = 86_400
_DUPLICATE = error(400, 506, "(#506) Duplicate status message", 1455006)
_POSTED = error(400, 100, "These photos were already posted.", 1366051)
_ALREADY = error(400, 368, "It looks like you were misusing this feature by going too fast, or posted this already")
_POST_FIELDS = ("id", "message", "created_time", "is_published", "permalink_url")
_PHOTO_FIELDS = ("id", "page_story_id", "alt_text_custom", "created_time")
_FILM_FIELDS = ("id", "description", "created_time", "published", "status")


class Server(graph.Graph):
    """Facebook for a handful of Pages. `posts` are those that are out and those that are held back."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "GET /me": "me",
        "GET /me/accounts": "accounts",
        "POST /oauth/access_token": "exchange",
        "POST /:page/photos": "photo",
        "POST /:page/videos": "film",
        "POST /:page/feed": "create",
        "GET /:page/feed": "feed",
        "GET /:page/published_posts": "published",
        "GET /:id": "look",
        "POST /:id": "change",
        "DELETE /:id": "remove",
    }
    refusals: ClassVar[Mapping[str, Fault]] = {
        **graph.REFUSALS,
        "fb_324": refusal(error(400, 324, "Missing or invalid image file", 2069019)),
        "fb_368_after_commit": graph.after_all(_ALREADY),
        "fb_506": refusal(_DUPLICATE),
        "fb_506_after_commit": graph.after_all(_DUPLICATE),
        "fb_1366051": refusal(_POSTED),
        "fb_1366051_after_commit": graph.after_all(_POSTED),
        "fb_100_after_commit": graph.after_all(error(400, 100, "Invalid parameter")),
    }
    open_to_all: ClassVar[frozenset[str]] = frozenset({"POST /oauth/access_token"})

    def __init__(self, *, pages: Iterable[Page] = PAGES, people: Iterable[Person] = PEOPLE, **kwargs: Any) -> None:
        super().__init__(users=[*pages, *people], **kwargs)
        self.posts: list[Post] = []
        self.photos: dict[str, Photo] = {}
        self.films: dict[str, Film] = {}
        self.hidden_looks = 0  # for that many looks the list of posts doesn't show the newest yet
        self.tells_stories = True  # photos say in which post they are
        self.holds_back = True  # knows is_published
        self.keeps_posts = False  # lets no post be deleted
        self.processing = 20.0  # seconds that a film takes

    # ── for the tests ──

    def state(self) -> dict[str, Any]:
        """Return all that the public sees, and what lies behind that."""
        with self._lock:
            out = [post.plain() for post in self.posts if post.published]
            held = [post.id for post in self.posts if not post.published]
            shown = {photo.id for post in self.posts for photo in post.photos}
            left = [photo.id for photo in self.photos.values() if photo.story and photo.id not in shown]
            return {"posts": out, "held": held, "left": left, "photos": [*self.photos], "films": [*self.films]}

    def seat(self, account: str, _options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Give an account a Page of its own."""
        name = hashlib.sha256(account.encode()).hexdigest()
        page = Page(id=str(10**14 + int(name[:10], 16)), name=account, token=f"canary-page-{name[:16]}")
        with self._lock:
            self.users[page.token] = page
        return Seat(base_url=self.url, secrets={"PAGE_ID": page.id, "PAGE_TOKEN": page.token})

    def add(self, page: Page, message: str) -> Post:
        """Put out a post as a person would, by hand."""
        with self._lock:
            post = Post(f"{page.id}_{self.new_id()}", page.id, page.name, message, self.now())
            self.posts.append(post)
            return post

    # ── who asks ──

    def _page(self, request: Request) -> Page:
        """Return the Page that asks, which must be the one in the path.

        Raises:
            Refused: it is another, or a person.
        """
        user = self.authorize(request)
        if not isinstance(user, Page):
            raise Refused(error(403, 200, "(#200) A page access token is required to request this resource."))
        if request.args and ":page" in request.endpoint and request.args[0] != user.id:
            raise Refused(no_object(request.args[0], request.method.lower()))
        if request.method != "GET" and "CREATE_CONTENT" not in user.tasks:
            raise Refused(error(403, 200, "(#200) The user has no permission to create content as this Page"))
        return user

    def me(self, request: Request) -> Answer:
        """GET /me: the Page, or the person."""
        user = self.authorize(request)
        facts = {"id": user.id, "name": user.name}
        return reply({name: facts[name] for name in graph.wanted(request, facts)})

    def accounts(self, request: Request) -> Answer:
        """GET /me/accounts: a person's Pages, with their tokens."""
        user = self.authorize(request)
        if not isinstance(user, Person):
            raise Refused(error(400, 100, "(#100) Tried accessing nonexisting field (accounts)"))
        rows = [
            {"id": page.id, "name": page.name, "access_token": page.token, "tasks": [*page.tasks]}
            for page in user.pages
        ]
        fields = graph.wanted(request, ("id", "name", "access_token", "tasks"))
        return reply({"data": [{name: row[name] for name in fields} for row in rows]})

    def exchange(self, request: Request) -> Answer:
        """POST /oauth/access_token: a lasting token for one of an hour."""
        given = form(request).fields
        graph.closed(given, {"grant_type", "client_id", "client_secret", "fb_exchange_token"})
        if (given.get("client_id"), given.get("client_secret")) != APP:
            return error(400, 1, "Error validating client secret.")
        if given.get("grant_type") != "fb_exchange_token" or given.get("fb_exchange_token") != SHORT:
            return error(400, 190, "Invalid OAuth access token.")
        return reply({"access_token": PEOPLE[0].token, "token_type": "bearer", "expires_in": 5_184_000})

    # ── what nobody sees yet ──

    def photo(self, request: Request) -> Answer:
        """POST /{page}/photos: the picture itself, unpublished."""
        page, given = self._page(request), form(request)
        graph.closed([*given.fields, *given.files], {"published", "alt_text_custom", "source"})
        if given.fields.get("published") != "false" or "source" not in given.files:
            return error(400, 100, "(#100) here a photo comes as `source`, with published=false")
        check_photo(given.files["source"].data)
        made = Photo(self.new_id(), page.id, given.files["source"].data, given.fields.get("alt_text_custom", ""), 0)
        made.at = self.now()
        self.photos[made.id] = made
        return reply({"id": made.id})

    def film(self, request: Request) -> Answer:
        """POST /{page}/videos: the film itself, unpublished; its processing takes a while."""
        page, given = self._page(request), form(request)
        graph.closed([*given.fields, *given.files], {"published", "description", "source"})
        if given.fields.get("published") != "false" or "source" not in given.files:
            return error(400, 100, "(#100) here a video comes as `source`, with published=false")
        data, text = given.files["source"].data, given.fields.get("description", "")
        _check_text(text)
        broken, now = not check_film(data), self.now()
        made = Film(self.new_id(), page.id, data, text, now, now + self.processing, broken)
        self.films[made.id] = made
        return reply({"id": made.id})

    # ── posts ──

    def create(self, request: Request) -> Answer:
        """POST /{page}/feed: a post, out at once or held back."""
        page, given = self._page(request), form(request)
        attached = sorted(name for name in given.fields if re.fullmatch(r"attached_media\[\d+\]", name))
        graph.closed([*given.fields, *given.files], {"message", "link", "published", *attached})
        message, link = given.fields.get("message", ""), given.fields.get("link", "")
        _check_text(message)
        if link and not link.startswith(("http://", "https://")):
            return error(400, 1500, "(#1500) The url you supplied is invalid")
        if link and attached:
            return error(400, 100, "(#100) a post holds a link or photos, not both")
        if not (message or link or attached):
            return error(400, 100, "(#100) One of message, link or attached_media must be there", 33_333)
        if given.fields.get("published", "true") not in {"true", "false"}:
            return error(400, 100, "(#100) published must be a boolean")
        photos = self._attached(page, given.fields, len(attached))
        held = given.fields.get("published") == "false"
        own = [post for post in self.posts if post.owner == page.id and post.published]
        latest = [(post.message, post.link) for post in own[-1:] if self.now() - post.at < _SAME_FOR]
        if not (held or attached) and latest == [(message, link)]:
            return _DUPLICATE
        post = Post(f"{page.id}_{self.new_id()}", page.id, page.name, message, self.now(), link, photos)
        post.published = not held
        self.posts.append(post)
        for photo in photos:
            photo.held = post.id
        self._publish(post)
        return reply({"id": post.id})

    def _attached(self, page: Page, fields: Mapping[str, str], count: int) -> list[Photo]:
        photos = []
        for number in range(count):
            try:
                named = json.loads(fields[f"attached_media[{number}]"])
            except (KeyError, ValueError):
                raise Refused(error(400, 100, "(#100) attached_media must be an array of objects")) from None
            if not isinstance(named, dict) or set(named) != {"media_fbid"}:
                raise Refused(error(400, 100, "(#100) attached_media holds media_fbid"))
            photo = self._photos(page).get(str(named["media_fbid"]))
            if photo is None or photo in photos:
                raise Refused(error(400, 100, "(#100) a photo in attached_media can't be used"))
            if photo.held:
                raise Refused(_POSTED)
            photos.append(photo)
        return photos

    def _publish(self, post: Post) -> None:
        if not post.published:
            return
        for photo in post.photos:
            photo.story = post.id
        self.note("post", **post.plain())

    def change(self, request: Request) -> Answer:
        """POST /{id}: publish what was held back. Saying it twice changes nothing."""
        page, given, (name,) = self._page(request), form(request), request.args
        film, post = self._films(page).get(name), self._posts(page).get(name)
        if film is not None:
            graph.closed(given.fields, {"published"})
            if given.fields.get("published") != "true" or film.status(self.now()) != "ready":
                return error(400, 100, "(#100) The video can't be published yet")
            if not film.published:
                film.published = True
                shown = Post(f"{page.id}_{self.new_id()}", page.id, page.name, film.description, self.now(), film=film)
                self.posts.append(shown)
                self._publish(shown)
            return reply({"success": True})
        if post is None:
            return no_object(name, "post")
        graph.closed(given.fields, {"is_published"} if self.holds_back else ())
        state = given.fields.get("is_published")
        if state not in {"true", "false"} or (post.published and state == "false"):
            return error(400, 100, "(#100) is_published can't be set so")
        if state == "true" and not post.published:
            post.published = True
            self.posts.remove(post)
            self.posts.append(post)
            self._publish(post)
        return reply({"success": True})

    def look(self, request: Request) -> Answer:
        """GET /{id}: a post, a photo or a film of the Page's own."""
        page, (name,) = self._page(request), request.args
        if photo := self._photos(page).get(name):
            facts, fields = photo.shown(), graph.wanted(request, _PHOTO_FIELDS)
            if not self.tells_stories:
                facts.pop("page_story_id", None)
        elif film := self._films(page).get(name):
            facts, fields = film.shown(self.now()), graph.wanted(request, _FILM_FIELDS)
        elif post := self._posts(page).get(name):
            known = _POST_FIELDS if self.holds_back else tuple(set(_POST_FIELDS) - {"is_published"})
            facts, fields = post.shown(), graph.wanted(request, known)
        else:
            return no_object(name)
        return reply({key: facts[key] for key in ("id", *fields) if key in facts})

    def remove(self, request: Request) -> Answer:
        """DELETE /{id}. The photos of a post stay: they are objects of their own."""
        page, (name,) = self._page(request), request.args
        if photo := self._photos(page).get(name):
            del self.photos[photo.id]
            for post in self.posts:
                post.photos = [one for one in post.photos if one is not photo]
        elif film := self._films(page).get(name):
            del self.films[film.id]
            self.posts = [post for post in self.posts if post.film is not film]
        elif found := self._posts(page).get(name):
            if self.keeps_posts:
                return error(400, 100, "(#100) This post can't be deleted")
            self.posts.remove(found)
            self.note("delete", id=name)
        else:
            return no_object(name, "delete")
        return reply({"success": True})

    def _photos(self, page: Page) -> dict[str, Photo]:
        fresh = self.now() - _PHOTOS_LAST
        own = {name: photo for name, photo in self.photos.items() if photo.owner == page.id}
        return {name: photo for name, photo in own.items() if photo.held or photo.at >= fresh}

    def _films(self, page: Page) -> dict[str, Film]:
        return {name: film for name, film in self.films.items() if film.owner == page.id}

    def _posts(self, page: Page) -> dict[str, Post]:
        return {post.id: post for post in self.posts if post.owner == page.id}

    # ── lists ──

    def published(self, request: Request) -> Answer:
        """GET /{page}/published_posts: what is out, newest first."""
        page = self._page(request)
        posts = [post for post in self._posts(page).values() if post.published]
        if self.hidden_looks > 0:
            self.hidden_looks -= 1
            posts = posts[:-1]
        return self._listed(request, posts[::-1])

    def feed(self, request: Request) -> Answer:
        """GET /{page}/feed: ranked, and without every second post, as the real one may be."""
        posts = [post for post in self._posts(self._page(request)).values() if post.published]
        return self._listed(request, sorted(posts, key=lambda post: hashlib.sha256(post.id.encode()).digest())[::2])

    def _listed(self, request: Request, posts: list[Post]) -> Answer:
        query = dict(request.query)
        graph.closed(query, {"fields", "limit", "after"})
        size, start = int(query.get("limit", "25")), int(query.get("after", "0"))
        if not 1 <= size <= 100:
            return error(400, 100, "(#100) Please reduce the amount of data: limit is at most 100")
        fields = graph.wanted(request, _POST_FIELDS, "id,message,created_time")
        page = posts[start : start + size]
        rows = [{key: post.shown()[key] for key in ("id", *fields) if key in post.shown()} for post in page]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + size)}}
        if start + size < len(posts):
            paging["next"] = f"{self.url}/…"
        return reply({"data": rows, "paging": paging} if rows else {"data": []})


def _check_text(text: str) -> None:
    if units(text) > _LONGEST:
        raise Refused(error(400, 100, "(#100) The message is too long"))


if __name__ == "__main__":
    loopback.main(Server)
