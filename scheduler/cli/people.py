"""What people decide: pause, resume, release, approve, retry, cancel, resolve, withdraw."""

from typing import TYPE_CHECKING

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, opened, who
from scheduler.errors import UsageError

if TYPE_CHECKING:
    from scheduler.app import App
    from scheduler.store import Delivery


def _scope(action: str | None, account: str | None) -> tuple[str, str]:
    if action and account:
        msg = "choose --action or --account, or neither for everything"
        raise UsageError(msg)
    if action:
        return "action", action
    return ("account", account) if account else ("all", "")


@command("pause")
@click.option("--action", help="Only this action.")
@click.option("--account", help="Only this account.")
@click.option("--why", required=True, help="The reason, shown to everybody.")
@json_option
def pause(action: str | None, account: str | None, why: str, *, as_json: bool) -> int:
    """Hold everything, an action or an account, at once, until `resume`."""
    from scheduler.operations.pause import pause as hold

    scope, name = _scope(action, account)
    if not why.strip():
        msg = "--why: say the reason in some words; everybody sees it"
        raise UsageError(msg)
    with opened(in_need=True) as app:
        _require_known(app, scope, name)
        done = hold(app, scope=scope, name=name, why=why.strip(), who=who())
    if as_json:
        output.as_json({"scope": scope, "name": name or None, "why": why, "changed": done})
    elif done:
        lift = f"solidarity resume{f' --{scope} {name}' if name else ''}"
        output.say(f"{name or 'everything'} is paused; `{lift}` lifts it")
    else:
        output.say(f"{name or 'everything'} was paused already; `solidarity status` says why")
    return 0


def _require_known(app: "App", scope: str, name: str) -> None:
    """Refuse to pause what isn't there: a slip of the pen must not look like a pause."""
    from scheduler.operations.status import status

    accounts = set(app.workspace.accounts)
    if scope == "account" and name not in accounts:
        msg = f"{name}: there is no such account; config.yaml has {', '.join(sorted(accounts))}"
        raise UsageError(msg)
    if scope == "action":
        files = {file.stem for file in (app.workspace.folder / "posts").glob("*.y*ml")}
        known = files | {one.action for one in status(app).deliveries}
        if name not in known:
            msg = f"{name}: there is no such action; posts/ has {', '.join(sorted(known)) or 'none'}"
            raise UsageError(msg)


@command("resume")
@click.option("--action", help="Only this action.")
@click.option("--account", help="Only this account.")
@json_option
def resume(action: str | None, account: str | None, *, as_json: bool) -> int:
    """Lift a pause. What came due in the meantime stays held until a person decides."""
    from scheduler.operations.pause import resume as lift

    scope, name = _scope(action, account)
    with opened(in_need=True) as app:
        late = lift(app, scope=scope, name=name, who=who())
        if as_json:
            output.as_json({"scope": scope, "name": name or None, "late": [output.delivery(one) for one in late]})
            return 0
        output.say(f"{name or 'everything'} goes on")
        if late:
            came = output.count(len(late), "delivery", "deliveries")
            output.say(f"{came} came due in the meantime and stay held until a person decides:")
            output.table(
                ["was due", "delivery", "now"],
                [(output.local(one.due_at, app.workspace), one.key, one.reason) for one in late],
            )
    return 0


def _waiting(app: "App") -> set[str]:
    """Return the actions whose files say that they wait for a release, queued or not."""
    return {action.key for action in app.load_posts().actions if action.manual_release}


@command("release")
@click.argument("action")
@json_option
def release(action: str, *, as_json: bool) -> int:
    """Open an ACTION that waits for a person's word."""
    from scheduler.operations.release import release as let_go

    with opened(in_need=True) as app:
        free = let_go(app, action, who=who(), declared=_waiting(app))
    if as_json:
        output.as_json({"action": action, "free": free})
    else:
        output.say(f"{action} is released: {output.count(free, 'delivery', 'deliveries')} may go at their times")
    return 0


def _report(delivery: "Delivery", said: str, *, as_json: bool) -> int:
    """Say where a delivery stands after a person's decision."""
    if as_json:
        output.as_json(output.delivery(delivery))
    else:
        output.say_long(f"{delivery.key} {said}")
    return 0


@command("approve")
@click.argument("key", metavar="ID")
@json_option
def approve(key: str, *, as_json: bool) -> int:
    """Approve one delivery as it stands; an edit afterwards voids it."""
    from scheduler.operations.release import approve as say_yes

    with opened(in_need=True) as app:
        delivery = say_yes(app, key, who=who())
        due = output.local(delivery.due_at, app.workspace)
    still = f"; it stays held: {delivery.reason}" if delivery.status == "held" else f"; it goes at {due}"
    return _report(delivery, f"is approved{still}", as_json=as_json)


@command("retry")
@click.argument("key", metavar="ID")
@json_option
def retry(key: str, *, as_json: bool) -> int:
    """Put a failed, missed, cancelled or late delivery back; it goes as soon as it may."""
    from scheduler.operations.retry import retry as put_back

    with opened(in_need=True) as app:
        delivery = put_back(app, key, who=who())
    return _report(delivery, "is queued; it goes as soon as it may", as_json=as_json)


@command("cancel")
@click.argument("key", metavar="ID")
@json_option
def cancel(key: str, *, as_json: bool) -> int:
    """Take a waiting delivery out. It stays out, whatever its file says."""
    from scheduler.operations.cancel import cancel as take_out

    with opened(in_need=True) as app:
        delivery = take_out(app, key, who=who())
    out = f"; what is out of it stays: `solidarity withdraw {key}` takes it down" if delivery.up else ""
    return _report(delivery, f"is cancelled; `solidarity retry {key}` puts it back{out}", as_json=as_json)


@command("resolve")
@click.argument("key", metavar="ID")
@click.option("--published", "url", metavar="URL", help="It is out, at this link.")
@click.option("--not-published", "absent", is_flag=True, help="It isn't out; it goes now.")
@json_option
def resolve(key: str, url: str | None, *, absent: bool, as_json: bool) -> int:
    """Settle a delivery whose outcome nobody but a person can tell."""
    from scheduler.operations.resolve import resolve as settle

    if bool(url) == absent:
        msg = "say either --published URL or --not-published"
        raise UsageError(msg)
    with opened(in_need=True) as app:
        delivery = settle(app, key, url=url, who=who())
    return _report(delivery, f"is {delivery.status}", as_json=as_json)


@command("withdraw")
@click.argument("key", metavar="ID")
@json_option
def withdraw(key: str, *, as_json: bool) -> int:
    """Take a published post down; what its network can't delete becomes a task for a person."""
    from scheduler.operations.recover import take_down
    from scheduler.operations.status import status
    from scheduler.operations.withdraw import withdraw as want_gone
    from scheduler.status import Status

    with opened(in_need=True) as app:
        delivery = want_gone(app, key, who=who())
        ended = delivery.status in {Status.published, Status.cancelled, Status.needs_human}
        said = take_down(app, delivery) if delivery.up and ended else ""
        delivery = status(app, key).deliveries[0]
    if not said:
        gone = delivery.status is Status.cancelled
        said = delivery.reason if gone else "it may be out: it is taken down as soon as it is found"
    if as_json:
        output.as_json({"id": key, "status": str(delivery.status), "detail": said})
    else:
        output.say_long(f"{key} is {delivery.status}: {said}")
        if delivery.status is Status.withdrawn:
            output.aside("Copies that others made can't be recalled.")
    return 0 if delivery.status in {Status.withdrawn, Status.cancelled} and not delivery.up else 1


COMMANDS = (pause, resume, release, approve, retry, cancel, resolve, withdraw)
