"""What was handed in, earlier ones too: where each stands, without a name or a picture."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from scheduler.model import Action
from scheduler.status import Status
from scheduler.store import handed_in
from scheduler.store.handed_in import Standing
from scheduler.submission import May, Stage
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff import frame, telling
from scheduler.web.staff.moderation import one, rows, said, within
from scheduler.web.staff.moderation.within import PAGE, Within

_STAGES = tuple(stage for stage in Stage if stage is not Stage.draft)
_ALARM = frozenset({Status.needs_human, Status.failed, Status.unknown})


@dataclass(frozen=True, kw_only=True)
class State:
    """How many deliveries of a submission are in a state."""

    said: str
    alarm: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """Where one submission stands, in words."""

    ref: str
    short: str
    action: str
    day: str
    stage: str
    due_at: datetime | None
    reason: str
    states: list[State]


def show(ask: Ask) -> Response:
    """Show what was handed in, newest first."""
    known, action = within.actions(ask), ask.query.get("action", "")[:200]
    stage = ask.query.get("stage", "")
    chosen = [wanted for wanted in _STAGES if wanted == stage] or list(_STAGES)
    before = within.number(ask.query.get("before", "")) or None
    with ask.site.app.store.read() as c:
        found = handed_in.standing(c, stages=chosen, action=action, before=before, limit=PAGE + 1)
    here = Within(action=action)
    wanted = stage if len(chosen) == 1 else ""
    return frame.page(
        ask,
        "staff/moderation/search.html.jinja",
        found=[_line(ask, one, known) for one in found[:PAGE]],
        stage=stage,
        action=action,
        stages=[(str(one), said.stage(ask, one)) for one in _STAGES],
        actions=[(key, rows.title(ask, key, known)) for key in known],
        first=f"/staff/submissions{here.to(stage=wanted)}" if before else "",
        next=f"/staff/submissions{here.to(stage=wanted, before=str(found[PAGE - 1].id))}" if found[PAGE:] else "",
        utc=one.UTC,
    )


def _line(ask: Ask, found: Standing, known: dict[str, Action]) -> Line:
    return Line(
        ref=found.ref,
        short=rows.short(found.ref),
        action=rows.title(ask, found.action, known),
        day=ask.words.day(found.day, form="medium") if found.day else "",
        stage=said.stage(ask, found.stage),
        due_at=found.due_at,
        reason=said.reason(ask, found.reason) if ask.may(May.moderate) else "",
        states=[
            State(said=f"{ask.words.number(number)} {telling.state(ask, status)}", alarm=status in _ALARM)
            for status, number in found.on_its_way.items()
        ],
    )


ROUTES: tuple[Route, ...] = (get("/staff/submissions", show, May.look),)
