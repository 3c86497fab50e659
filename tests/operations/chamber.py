"""A world with an action that takes submissions, written in its file, and with people who decide on them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler import app as parts
from scheduler import posts
from scheduler.errors import UserError
from scheduler.model import Moderation
from scheduler.operations import moderate
from scheduler.operations.moderate import Case
from scheduler.slots import Slot
from scheduler.store import staff, submissions
from scheduler.submission import Placing, Role, Submission, User
from tests import databases
from tests.world import NOON, World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_ACTION = """title: Act
phase: ongoing
risk: {risk}
posts:
  - id: photos
    from: submissions
    at: '2026-03-02 18:00'
    text: "{{message}}"
  - id: more
    from: submissions
    every: {{days: daily, time: '12:00', from: '2026-03-03', until: '2026-03-12'}}
    text: "With you: {{message}}"
"""


class Chamber(World):
    """A world in which moderators sit."""

    def __init__(self, folder: Path, *, risk: str = "low", **settings: Any) -> None:
        moderation = settings.pop("moderation", Moderation(cooling_off=DAY))
        super().__init__(folder, moderation=moderation, **settings)
        self.act(risk)

    def act(self, risk: str = "low") -> None:
        """Write the action's file, and read it."""
        file = self.workspace.folder / "posts/act.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(_ACTION.format(risk=risk))
        self.read()

    def read(self) -> None:
        """Read the action's file."""
        loaded = posts.load(self.workspace, now=self.clock.now(), themes=parts.themes())
        assert not loaded.broken, loaded.problems
        self.actions = {action.key: action for action in loaded.actions}

    def user(self, name: str = "ana", role: Role = Role.moderator) -> User:
        """Return somebody on staff."""
        with self.store.write() as c:
            found = staff.user_named(c, name)
            if found is None:
                staff.add_user(c, name, role, now=NOON)
                found = staff.user_named(c, name)
        assert found is not None
        return found

    def look(self, ref: str) -> Submission:
        """Return a submission as it is now."""
        with self.store.read() as c:
            found = submissions.find(c, ref=ref)
        assert found is not None
        return found

    def yes(
        self,
        ref: str,
        who: str = "ana",
        *,
        placing: Placing = Placing.next,
        slot: Slot | None = None,
        passkey: bool = False,
        seen: str | None = None,
    ) -> Case:
        """Let somebody say yes to a submission as it is."""
        content = self.look(ref).content_hash if seen is None else seen
        user = self.user(who)
        return moderate.approve(self.app, ref, user=user, passkey=passkey, seen=content, slot=slot, placing=placing)

    def audit(self) -> list[str]:
        """Return what the audit has, in one line each."""
        with self.store.read() as c:
            rows = c.exec_driver_sql("SELECT who, what, detail FROM audit ORDER BY id")
            return [" | ".join(row) for row in rows]


def refused(chamber: Chamber, ref: str, who: str = "ana", **how: object) -> str:
    """Return why somebody's yes isn't taken."""
    with pytest.raises(UserError) as error:
        chamber.yes(ref, who, **how)  # type: ignore[arg-type]
    return str(error.value)


def traces(folder: Path, *canaries: str | bytes) -> list[str]:
    """Return where any of these are found: in the name or the bytes of any file under `folder`, or in any row."""
    wanted = [one.encode() if isinstance(one, str) else one for one in canaries]
    return [
        f"{file.relative_to(folder)}: {one!r}"
        for file in folder.rglob("*")
        if file.is_file()
        for one in wanted
        if one in file.read_bytes() or one in file.name.encode()
    ] + [row for row in databases.rows(folder.parent) if any(one in row.encode() for one in wanted)]
