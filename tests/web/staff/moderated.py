"""A site with pictures that wait for the moderators: what the tests of moderation share."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from scheduler.model import Risk
from scheduler.operations import moderate, queue
from scheduler.store import submissions
from scheduler.submission import Role, Stage, Submission, User
from tests.web.site import CONFIG, Served, TestClient

SLOTS = 'every: {days: daily, time: "12:00", from: 2026-03-03, until: 2026-03-20}'


def action(title: str = "Bring Salma home", *, risk: str = "low", more: str = "", when: str = SLOTS) -> str:
    """Return an action's file with slots for what people hand in."""
    return f"""\
title: {{en: "{title}", fr: "{title}, en français"}}
phase: ongoing
risk: {risk}
opens: 2026-03-01
closes: 2026-04-01
hashtags: [BringSalmaHome]
posts:
  - id: faces
    from: submissions
    {when}
    text: {{en: "In solidarity, {{name|a volunteer}}.", fr: "Solidaires, {{name|une personne}}."}}
{more}"""


WAITING_POST = """\
  - id: report
    at: 2026-03-05 09:00
    approve: true
    text: {en: "A report <b>on</b> the case.", fr: "Un rapport."}
    card: {message: {en: Read it., fr: Lisez.}}
"""


class Bench:
    """A moderator in front of the pages."""

    def __init__(self, folder: Path, *, config: str = "", **actions: str) -> None:
        files = actions or {"salma": action(), "unite": action("Unite", risk="high")}
        self.served = Served(folder, config=CONFIG + config, actions=files)
        loaded = self.served.app.load_posts()
        assert not loaded.problems, [str(problem) for problem in loaded.problems]
        queue.apply(self.served.app, loaded)
        self.ana = self.served.user(Role.moderator, name="Ana")
        self.ben = self.served.user(Role.moderator, name="Ben")
        self.browser = self.as_(self.ana)

    def as_(self, user: User, *, passkey: bool = False) -> TestClient:
        """Return a browser that somebody is signed in with."""
        return self.served.staff(user=user, role=user.role, passkey=passkey)

    def hand_in(self, *networks: str, **values: Any) -> Submission:
        """Put in a submission; what `Served.submission` fills in itself can be given too."""
        plain = {name: values.pop(name) for name in ("action", "risk", "stage") if name in values}
        if plain.get("action") == "unite":
            plain.setdefault("risk", Risk.high)
        made = self.served.submission(*networks, **plain)
        with self.served.app.store.write() as c:
            return submissions.change(c, submissions.by_id(c, made.id), **values) if values else made

    def now(self, one: Submission) -> Submission:
        """Return a submission as it is now."""
        with self.served.app.store.read() as c:
            return submissions.by_id(c, one.id)

    def case(self, one: Submission, user: User | None = None) -> moderate.Case:
        """Return a submission as a moderator sees it."""
        return moderate.case(self.served.app, one.ref, user or self.ana, passkey=False)

    def page(self, one: Submission, end: str = "", *, browser: TestClient | None = None) -> str:
        """Return the page of a submission."""
        answer = (browser or self.browser).get(f"/staff/moderation/{one.ref}{end}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def press(self, one: Submission, what: str, *, browser: TestClient | None = None, **fields: Any) -> Any:
        """Send one of the forms of a submission's page."""
        data = {"seen": self.now(one).content_hash, **fields}
        return (browser or self.browser).post(f"/staff/moderation/{one.ref}/{what}", data=data)

    def told(self, answer: Any, *, browser: TestClient | None = None) -> str:
        """Follow a redirect and return what the page there says about what was done."""
        assert answer.status_code == 303, answer.text
        page = (browser or self.browser).get(answer.headers["location"]).text
        found = re.search(r'role="(?:status|alert)"><p>(.*?)</p>', page)
        return html.unescape(found[1]) if found else ""

    def approve(self, one: Submission, user: User, placing: str = "next") -> Any:
        """Say yes as somebody."""
        return self.press(one, "approve", browser=self.as_(user), placing=placing)

    def let(self, **length: float) -> None:
        """Let time pass."""
        self.served.clock.move_to(self.served.clock.now() + timedelta(**length))


APPROVED, PENDING, REJECTED = Stage.approved, Stage.pending, Stage.rejected
