"""Before anything goes out: init, check, plan, queue, preview, reply, schema."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli import output
from scheduler.cli.options import command, folder, json_option, opened, readable, workspace
from scheduler.errors import UserError

if TYPE_CHECKING:
    from scheduler.model import Planned, Workspace
    from scheduler.operations.check import Checked
    from scheduler.operations.preview import Preview
    from scheduler.operations.queue import Changes
    from scheduler.prices import Price


@command("init")
@click.argument("directory", type=click.Path(path_type=Path))
def init(directory: Path) -> None:
    """Make a new workspace in DIRECTORY that passes `check`, with an example to edit."""
    from scheduler.clock import SystemClock
    from scheduler.operations.init import init as make

    for file in make(directory, clock=SystemClock()):
        output.say(f"  {file}")
    output.say(f"A workspace is in {directory}. Next:")
    output.say(f"  cd {shlex.quote(str(directory))} && solidarity check && solidarity rehearse")


@command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
def check(files: tuple[Path, ...], *, as_json: bool) -> int:
    """Look at every action and post (or only FILES) and say all that is wrong. Sends nothing."""
    from scheduler.clock import SystemClock
    from scheduler.operations.check import look

    checked = look(folder(), clock=SystemClock(), files=files or None, cache=_cache())
    if as_json:
        problems = [output.problem(one) for one in checked.problems]
        output.as_json({"posts": checked.posts, "deliveries": checked.deliveries, "problems": problems})
    else:
        for problem in checked.problems:
            output.say(str(problem))
        warnings = len(checked.problems) - checked.errors
        output.say(
            f"{output.count(checked.posts, 'post')}, {output.count(checked.deliveries, 'delivery', 'deliveries')}: "
            f"{output.count(checked.errors, 'error')}, {output.count(warnings, 'warning')}"
        )
    if not checked.usable:
        return 2
    return 1 if checked.errors else 0


def _cache() -> Path | None:
    """Return the folder in which this person keeps what `check` found; None where they have none."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(named) if named.startswith("/") else Path.home() / ".cache") / "solidarity" / "checked"
    except RuntimeError:  # a user without a home
        return None


def _checked() -> "Checked":
    """Read the posts; what is wrong in them is said on standard error and left out, or kept as it was."""
    from scheduler.app import require_posts
    from scheduler.clock import SystemClock
    from scheduler.operations.check import check as look

    require_posts(workspace())
    checked = look(folder(), clock=SystemClock())
    for problem in checked.problems:
        if problem.level == "error":
            output.aside(str(problem))
    return checked


@command("plan")
@json_option
def plan(*, as_json: bool) -> int:
    """Say what `queue` would add, change and cancel."""
    from scheduler.operations.queue import find_changes

    checked = _checked()
    with opened() as app:
        _print_changes(find_changes(app, checked.loaded), app.workspace, as_json=as_json, done=False)
    return 1 if checked.errors else 0


@command("queue")
@json_option
def queue(*, as_json: bool) -> int:
    """Bring the queue to what posts/ asks for. Saying it twice changes nothing."""
    from scheduler import followed
    from scheduler.operations.queue import apply
    from scheduler.remembered import Basis

    basis = Basis(folder(), workspace().timezone.key)
    checked = _checked()
    with opened() as app:
        changes = apply(app, checked.loaded, mark=followed.mark(app, basis, checked.loaded))
        _print_changes(changes, app.workspace, as_json=as_json, done=True)
    return 1 if checked.errors else 0


def _print_changes(changes: "Changes", workspace: "Workspace", *, as_json: bool, done: bool) -> None:
    from scheduler.clock import SystemClock
    from scheduler.prices import estimates

    now = SystemClock().now()

    def row(one: Any) -> dict[str, Any]:
        names = {"id": one.key, "action": one.action, "post": one.post, "account": one.account}
        return {**names, "due_at": one.due_at, "past_due": one.due_at < now}

    lists: dict[str, list[Any]] = {
        "add": changes.add,
        "change": changes.change,
        "cancel": changes.cancel,
        "too_late": changes.too_late,
    }
    prices = estimates(changes.ahead, workspace)
    if as_json:
        rows = {name: [row(one) for one in found] for name, found in lists.items()}
        output.as_json({**rows, "unchanged": changes.unchanged, "prices": [_price_json(one) for one in prices]})
        return
    lines = [
        (name.replace("_", " "), output.local(one.due_at, workspace), one.key, "past due" if one.due_at < now else "")
        for name, found in lists.items()
        for one in found
    ]
    if lines:
        output.table(["", f"due ({workspace.timezone.key})", "delivery", ""], lines)
    forms = ("{} added", "{} changed", "{} cancelled") if done else ("{} to add", "{} to change", "{} to cancel")
    said = [form.format(len(found)) for form, found in zip(forms, lists.values(), strict=False)]
    output.say(", ".join([*said, f"{changes.unchanged} unchanged"]))
    if changes.too_late:
        output.aside(f"{len(changes.too_late)} edited too late: they are out, or on their way")
    for price in prices:
        _say_price(price)
    if lines and not done:
        output.aside("`solidarity queue` does it")


def _price_json(one: "Price") -> dict[str, Any]:
    from scheduler.prices import CURRENCY

    return {
        "account": one.account,
        "deliveries": one.deliveries,
        "estimate": float(one.estimate),
        "currency": CURRENCY,
        "budget": None if one.budget is None else float(one.budget),
        "over": list(one.over),
    }


def _say_price(one: "Price") -> None:
    budget = "" if one.budget is None else f", budget {one.budget} a month"
    output.say(f"{one.account}: {output.count(one.deliveries, 'post')}, about US$ {one.estimate:.2f}{budget}")
    for month in one.over:
        output.aside(
            f"warning: {one.account}: the posts of {month} cost about US$ {one.by_month[month]:.2f}, and its budget is "
            f"{one.budget} a month: raise `budget` in config.yaml, or take posts out"
        )


@command("preview")
@click.argument("post")
@click.option("--account", help="Only this account.")
@json_option
def preview(post: str, account: str | None, *, as_json: bool) -> int:
    """Show exactly what POST (ACTION/POST) will be on each account."""
    from scheduler.operations.preview import preview as show

    ready = workspace()
    shown = show(readable(ready).actions, ready, post=post, account=account)
    if as_json:
        output.as_json([_preview_json(one) for one in shown])
    else:
        for one in shown:
            _print_preview(one, ready)
    return 0


def _preview_json(one: "Preview") -> dict[str, Any]:
    content = one.planned.content
    return {
        "id": one.planned.key,
        "account": one.planned.account,
        "platform": one.planned.platform,
        "due_at": one.planned.due_at,
        "parts": [{"text": part.text, "length": part.length, "limit": one.limit} for part in one.parts],
        "warning": content.warning or None,
        "link": {"url": content.link, "title": content.title} if content.link else None,
        "media": [
            {
                "path": str(medium.path),
                "mime": medium.mime,
                "width": medium.width,
                "height": medium.height,
                "bytes": medium.size,
                "alt": medium.alt,
            }
            for medium in one.media
        ],
        "problems": [
            {"level": str(found.level), "rule": found.rule, "message": found.message} for found in one.findings
        ],
    }


def _print_preview(one: "Preview", workspace: "Workspace") -> None:
    due: Planned = one.planned
    lengths = " + ".join(str(part.length) for part in one.parts)
    output.say(f"── {due.key} · {due.platform} · {lengths}/{one.limit}")
    output.say(f"   {output.local(due.due_at, workspace)} {workspace.timezone.key}, {output.rfc3339(due.due_at)}\n")
    if due.content.warning and due.content.warning not in due.content.text:
        output.say(f"   readers are warned first: {due.content.warning}\n")
    for number, part in enumerate(one.parts, 1):
        output.say(part.text if number == 1 else f"\n   part {number}, an answer to part {number - 1}:\n\n{part.text}")
        if number == 1:
            _print_shown(one)
    for found in one.findings:
        output.say(f"\n   {found.level}: {found.message} [{found.rule}]")
    output.say("")


def _print_shown(one: "Preview") -> None:
    """Print what the first part shows beside its text."""
    for medium in one.media:
        output.say(
            f"\n   {medium.path} ({medium.width}x{medium.height}, {medium.size // 1024} kB)\n   alt: {medium.alt}"
        )
    if one.planned.content.link:
        output.say(f"\n   a card for the link: {one.planned.content.title}, {one.planned.content.link}")


@command("reply")
@click.argument("action")
@click.option("--lang", help="The language (default: the workspace's first).")
@json_option
def reply(action: str, lang: str | None, *, as_json: bool) -> int:
    """Print ACTION's ready-made replies, to copy."""
    ready = workspace()
    found = readable(ready).action(action)
    language = lang or ready.language
    replies = [
        {
            "title": one.title.in_language(language, ready.language),
            "lang": language,
            "text": one.text.in_language(language, ready.language),
            "links": list(one.links),
        }
        for one in found.replies
    ]
    if as_json:
        output.as_json(replies)
        return 0
    if not replies:
        msg = f"{action}: has no ready-made replies: write them under `replies` in its file"
        raise UserError(msg)
    for one in replies:
        output.say("\n".join([f"── {one['title']}", str(one["text"]), *map(str, one["links"]), ""]))
    return 0


@command("schema")
@click.argument("kind", type=click.Choice(["post", "config"]))
@click.option("--json", "as_json", is_flag=True, hidden=True, help="It is always JSON.")
def schema(kind: str, *, as_json: bool) -> int:
    """Print the JSON Schema of a posts file or of config.yaml, for editors."""
    from scheduler import config, posts

    del as_json
    output.as_json(posts.schema() if kind == "post" else config.schema())
    return 0


COMMANDS = (init, check, plan, queue, preview, reply, schema)
