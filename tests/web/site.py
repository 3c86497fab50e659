"""A real site for tests: a workspace in a temporary folder, its state, and browsers that behave as browsers do.

def test_home(served):
    assert served.client().get("/").status_code == 200            # a volunteer, who passes by
    assert served.staff(Role.editor).get("/staff").status_code == 200  # a member of staff, signed in
"""

import hashlib
import io
import itertools
import warnings
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from scheduler import app as parts
from scheduler.clock import SimulatedClock
from scheduler.model import Risk
from scheduler.store import staff, submissions
from scheduler.submission import May, Role, Stage, Submission, User
from scheduler.web import api
from scheduler.web.all_routes import ROUTES
from scheduler.web.entrance import SESSION, application
from scheduler.web.routing import Route
from scheduler.web.site import Site
from tests import databases
from tests.hostile.canaries_photo import JPEG
from tests.world import NOON, example_consent

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have another HTTP library under it
    from starlette.testclient import TestClient

__all__ = ["ACTION", "CANARY", "CONFIG", "NOON", "Served", "TestClient", "drawn", "spoiled"]

CANARY = b"CANARY-7d1f3a"
"""A word that no file, row, log or answer may ever hold; `spoiled` plants it."""

CONFIG = """\
name: {en: Autumn campaign, fr: Campagne d’automne}
timezone: America/Toronto
languages: [en, fr]
brand: {name: {en: Solidarity Desk, fr: Bureau de solidarité}, theme: candle}
accounts:
  en: {platform: outbox, lang: en}
  fr: {platform: outbox, lang: fr}
"""

ACTION = """\
title: {en: Bring Salma home, fr: Ramenez Salma}
phase: ongoing
opens: 2026-03-01
closes: 2026-04-01
hashtags: [BringSalmaHome]
tags: {x: [SomeMinister], outbox: [SomeMinister]}
link: https://example.org/salma
replies:
  - {title: {en: Someone asks us for help, fr: Quelqu’un demande de l’aide}, text: {en: Please see, fr: Voyez},
     links: [https://example.org/help]}
posts:
  - id: report
    at: 2026-03-03 09:00
    text: {en: A report on Salma’s case., fr: Un rapport sur le cas de Salma.}
  - id: people
    from: submissions
    every: {days: [mon, tue, wed, thu, fri, sat, sun], time: "12:00", from: 2026-03-02, until: 2026-03-31}
    text: {en: "{name} stands with Salma: {message}", fr: "{name} soutient Salma : {message}"}
"""


@cache
def drawn(size: tuple[int, int] = (640, 480), seed: int = 0) -> bytes:
    """Return a JPEG of drawn shapes, without metadata; another one for each of 65,536 seeds."""
    image = Image.linear_gradient("L").resize(size)
    flat = Image.new("L", size, seed * 37 % 256)
    flat.paste((seed * 37 + seed // 256 * 101) % 256, (0, size[1] // 2, *size))
    out = io.BytesIO()
    Image.merge("RGB", (image, image.transpose(Image.Transpose.ROTATE_90).resize(size), flat)).save(
        out, "JPEG", quality=88
    )
    return out.getvalue()


@cache
def spoiled(size: tuple[int, int] = (640, 480), seed: int = 0) -> bytes:
    """Return a JPEG that says CANARY wherever a phone writes down who, where and when."""
    made = drawn(size, seed)
    for name in ("exif", "gps", "maker-note", "xmp", "iptc", "comment", "after-end"):
        made = JPEG[name](made, CANARY)
    return made


class Served:
    """A workspace with its site. The clock stands at NOON (2026-03-02 12:00 UTC) until a test moves it."""

    def __init__(
        self,
        folder: Path,
        *,
        config: str = CONFIG,
        actions: Mapping[str, str] | None = None,
        public_url: str = "",
        routes: tuple[Route, ...] = ROUTES,
    ) -> None:
        self.folder = folder
        more = f"public_url: {public_url}\n" if public_url else ""
        url = databases.state(folder)
        more += "" if url.startswith("sqlite") else f"database: {url}\n"
        (folder / "config.yaml").write_text(config + more, "utf-8")
        (folder / "posts").mkdir(exist_ok=True)
        for name, text in (actions or {"salma": ACTION}).items():
            self.write(name, text)
        (folder / "var").mkdir(exist_ok=True)
        workspace, problems = parts.workspace(folder)
        assert not problems, [str(problem) for problem in problems]
        self.clock = SimulatedClock(NOON)
        store = databases.opened(folder, workspace.database)
        self.app = parts.build(workspace, clock=self.clock, state=store)
        self.site = Site(self.app)
        self.site.debug = True  # a fault of the program comes out as it is; False: as people meet it
        self.asgi = application(self.site, routes, mounts=[api.mount(self.site)])
        self.origin = public_url or "http://127.0.0.1:8080"
        self._clients: list[TestClient] = []
        self._names = itertools.count(1)

    # ── what the workspace holds ──

    def write(self, action: str, text: str) -> None:
        """Write the file of an action."""
        (self.folder / "posts" / f"{action}.yaml").write_text(text, "utf-8")

    @staticmethod
    def photo(size: tuple[int, int] = (640, 480), *, seed: int = 0) -> bytes:
        """Return a photo with CANARY in its metadata; another one for each seed."""
        return spoiled(size, seed)

    def user(self, role: Role | str = Role.editor, *, name: str = "") -> User:
        """Put somebody on the staff."""
        role = Role(role)
        with self.app.store.write() as c:
            number = staff.add_user(c, name or f"{role} {next(self._names)}", role, now=self.clock.now())
            found = staff.user_by_id(c, number)
        assert found is not None
        return found

    def token(self, user: User, *scopes: May) -> str:
        """Return a token for the API in somebody's name."""
        now = self.clock.now()
        with self.app.store.write() as c:
            until = now + timedelta(days=30)
            return staff.add_token(c, user.id, label="test", scopes=frozenset(scopes), until=until, now=now)

    def submission(
        self, *networks: str, stage: Stage = Stage.pending, action: str = "salma", **values: Any
    ) -> Submission:
        """Put in what a volunteer handed in, with its files, and consent for `networks` unless it is a draft."""
        number, now = next(self._names), self.clock.now()
        folder = self.app.workspace.var / "uploads"
        folder.mkdir(exist_ok=True)
        data = drawn(seed=number)
        for name in (f"photo-{number}.jpg", f"small-{number}.jpg"):
            (folder / name).write_bytes(data)
        row = {"ref": f"ref{number:05}", "file": f"photo-{number}.jpg", "preview": f"small-{number}.jpg"}
        row |= {"mime": "image/jpeg", "width": 640, "height": 480, "size": len(data), "language": "en"}
        row |= {"sha256": hashlib.sha256(data).hexdigest(), "message": f"Message {number}", "alt": "People with signs"}
        draft = {"draft_hash": staff.hashed(f"draft-{number}"), "once": f"once-{number}", "day": now.date()}
        with self.app.store.write() as c:
            risk = values.pop("risk", Risk.low)
            made = submissions.add(c, action=action, risk=risk, now=now, **{**row, **draft, **values})
            found = submissions.by_id(c, made)
            if stage is Stage.draft:
                return found
            submissions.consent(
                c, found, example_consent(networks=networks or ("outbox",), day=now.date()), code_hash=f"code-{number}"
            )
            found = submissions.change(c, submissions.by_id(c, made), to=Stage.pending)
            return found if stage is Stage.pending else submissions.change(c, found, to=stage)

    # ── browsers ──

    def client(self, **options: Any) -> TestClient:
        """Return a browser that nobody is signed in with. It keeps cookies, sends Origin, follows no redirects."""
        settings = {"base_url": self.origin, "follow_redirects": False, **options}
        made = TestClient(self.asgi, **settings)
        made.headers.update({"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "Accept-Language": "en"})
        self._clients.append(made)
        return made

    def staff(self, role: Role | str = Role.editor, *, passkey: bool = False, user: User | None = None) -> TestClient:
        """Return a browser that a member of staff is signed in with: `user`, or a new one of that role."""
        who, now = user or self.user(role), self.clock.now()
        with self.app.store.write() as c:
            secret = staff.open_session(c, user=who.id, until=now + timedelta(hours=12), now=now, passkey=passkey)
        made = self.client()
        made.cookies.set(self.site.cookie(SESSION), secret, domain=urlsplit(self.origin).hostname or "")
        return made

    def close(self) -> None:
        """Close the browsers and the state."""
        for client in self._clients:
            client.close()
        self.app.close()
