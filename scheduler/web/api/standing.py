"""Where everything stands: status, accounts, tasks, health; and the pause."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query

from scheduler.app import App
from scheduler.errors import UsageError
from scheduler.figures import shown
from scheduler.operations import accounts, done, health, pause, release, status
from scheduler.posts import Loaded
from scheduler.web.api import shapes
from scheduler.web.api.rights import Editor, Looker, Parts, Pauser, Whole

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/status", tags=["standing"])
def where_everything_stands(
    app: Parts, _who: Looker, post: Annotated[str | None, Query(max_length=300)] = None
) -> shapes.Standing:
    """Say where everything, or one post (`ACTION/POST`, an action, a delivery's id), stands."""
    found = status.status(app, post)
    return shapes.Standing(
        counts=found.counts,
        paused=[shapes.Pause.of(one) for one in found.pauses],
        tasks=[shapes.Task.of(one) for one in found.tasks],
        daemons=found.alive,
        deliveries=[shapes.Delivery.of(one) for one in found.deliveries],
    )


@router.get("/health", tags=["standing"])
def whether_posts_go_out(app: Parts, _who: Looker) -> shapes.Health:
    """Say whether posts go out, and what stands in the way."""
    return shapes.Health.model_validate(shown(health.health(app)))


@router.get("/accounts", tags=["standing"])
def the_accounts(app: Parts, _who: Looker, *, verify: bool = False) -> list[shapes.Account]:
    """Say of each account whether it can be used; with `verify` its network is asked."""
    found = accounts.verify(app.workspace, clock=app.clock, ask=verify)
    return [
        shapes.Account(
            account=one.account.name, platform=one.account.platform, ok=one.ok, detail=one.detail, asked=one.asked
        )
        for one in found
    ]


@router.get("/tasks", tags=["standing"])
def what_only_people_can_do(app: Parts, _who: Looker) -> list[shapes.Task]:
    """List what people still have to do."""
    return [shapes.Task.of(one) for one in status.status(app).tasks]


@router.post("/tasks/{id}/done", tags=["decisions"])
def a_task_is_done(id: Number, app: Parts, who: Editor) -> shapes.Delivery:  # noqa: A002 - the name in the address
    """Say that a task is done; return the delivery it was about."""
    return shapes.Delivery.of(done.done(app, id, who=who.name))


@router.get("/pauses", tags=["standing"])
def what_is_paused(app: Parts, _who: Looker) -> list[shapes.Pause]:
    """List what is held."""
    return [shapes.Pause.of(one) for one in status.status(app).pauses]


@router.post("/pauses", tags=["decisions"])
def hold(what: shapes.Held, site: Whole, who: Pauser) -> shapes.PauseDone:
    """Hold everything, an action or an account, at once, until it is resumed."""
    _require_known(site.app, site.campaign(), what.scope, what.name)
    done_now = pause.pause(site.app, scope=what.scope, name=what.name, why=what.why, who=who.name)
    return shapes.PauseDone(scope=what.scope, name=what.name or None, why=what.why, changed=done_now)


@router.post("/pauses/resume", tags=["decisions"])
def resume(what: shapes.Lifted, app: Parts, who: Editor) -> shapes.ResumeDone:
    """Lift a pause. What came due in the meantime stays held until a person decides; it is returned."""
    late = pause.resume(app, scope=what.scope, name=what.name, who=who.name)
    return shapes.ResumeDone(scope=what.scope, name=what.name or None, late=[shapes.Delivery.of(one) for one in late])


@router.post("/actions/{action}/release", tags=["decisions"])
def let_go(
    action: Annotated[str, Path(max_length=200, pattern=shapes.NAMED)], site: Whole, who: Editor
) -> shapes.Released:
    """Open an action that waits for a person's word."""
    declared = {one.key for one in site.campaign().actions if one.manual_release}
    free = release.release(site.app, action, who=who.name, declared=declared)
    return shapes.Released(action=action, free=free)


def _require_known(app: App, loaded: Loaded, scope: str, name: str) -> None:
    """Refuse to pause what isn't there: a slip of the pen must not look like a pause."""
    actions = {one.key for one in loaded.actions} | {one.action for one in status.status(app).deliveries}
    known: Mapping[str, set[str]] = {"all": {""}, "account": set(app.workspace.accounts), "action": actions}
    if name not in known[scope]:
        msg = f"{name or 'no name'}: there is no such {scope}"
        raise UsageError(msg)
