"""Which files, and which pictures, submissions have: by the stages they are in."""

from sqlalchemy import ColumnElement, Connection, select

from scheduler.store.submissions import FILES
from scheduler.store.tables import submissions
from scheduler.submission import Stage


def files(c: Connection, *stages: Stage) -> frozenset[str]:
    """Return the names of the files under var/uploads of the submissions in these stages."""
    rows = c.execute(select(*(submissions.c[name] for name in FILES)).where(_in(stages)))
    return frozenset(name for row in rows for name in row if name)


def hashes(c: Connection, *stages: Stage) -> frozenset[str]:
    """Return the SHA-256 of the pictures of the submissions in these stages, as far as they are still known."""
    return frozenset(c.execute(select(submissions.c.sha256).where(_in(stages))).scalars()) - {""}


def _in(stages: tuple[Stage, ...]) -> ColumnElement[bool]:
    return submissions.c.stage.in_([str(stage) for stage in stages])
