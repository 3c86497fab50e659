"""One action's file -> Action: the keys are read by their table, then checked against each other."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scheduler.model import Action, Phase, Place, Post, Reply, Risk, Text, Workspace
from scheduler.posts import keys, moments, post
from scheduler.reading import parse
from scheduler.reading.late import lateness
from scheduler.reading.report import Report
from scheduler.reading.shapes import Fields
from scheduler.reading.source import read_text
from scheduler.reading.values import ID


@dataclass
class Reading:
    """What came of one file."""

    key: str
    report: Report  # on the action as a whole
    others: Report = field(default_factory=Report)  # on its posts
    action: Action | None = None  # without its broken posts
    broken_posts: set[str] = field(default_factory=set)
    is_broken: bool = False  # the action as a whole can't be trusted
    until: datetime | None = None  # from then on something else is to be said, as its times pass


def read(path: Path, name: str, world: keys.World, workspace: Workspace, now: datetime) -> Reading:
    """Return what the file says; `name` is the file's in problems. Never raises for its content."""
    report = Report(action=path.stem)
    reading = Reading(path.stem, report, is_broken=True)
    if not ID.fullmatch(path.stem) or path.suffix != ".yaml":
        message = "an action's file is named by its key: lowercase letters, digits and '-', then .yaml; rename it"
        report.error(Place(file=name), "bad-id", message)
    text = read_text(path, workspace.folder, name, report)
    root = parse.nodes(text, name, report) if text is not None else None
    fields = world.action.read(root, "an action", report) if root is not None else None
    if not isinstance(fields, Fields):
        return reading
    window = moments.window(fields, workspace, report)
    table = moments.Timetable(workspace=workspace, window=window, now=now)
    reading.is_broken = False
    posts = _posts(fields, table, reading)
    reading.until = min(table.ahead, default=None)
    _check_whole(fields, report)
    reading.action = _action(fields, path.stem, name, window, posts)
    reading.is_broken = reading.is_broken or report.has_errors
    return reading


def _check_whole(fields: Fields, report: Report) -> None:
    if fields.get("posts") == ():
        report.warn(fields.at("posts"), "no-posts", "the action has no posts; nothing of it goes out")
    if fields.get("accounts") == ():
        report.warn(fields.at("accounts"), "no-accounts", "the list of accounts is empty; nothing goes out")
    opens = fields.written.keys() & {"opens", "release"}
    if fields.get("phase") is Phase.upcoming and not opens:
        message = "an upcoming action without 'opens' or 'release: manual' is open already; add one of them"
        report.warn(fields.at("phase"), "no-opening", message)


def _action(fields: Fields, key: str, name: str, window: moments.Window, posts: list[Post]) -> Action:
    return Action(
        key=key,
        title=fields.get("title", Text({"": key})),
        phase=fields.get("phase", Phase.ongoing),
        file=name,
        posts=tuple(posts),
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        manual_release=fields.get("release", False),
        hashtags=fields.get("hashtags", ()),
        tags=fields.get("tags", {}),
        link=fields.get("link"),
        accounts=fields.get("accounts"),
        theme=fields.get("theme"),
        risk=fields.get("risk", Risk.low),
        late=lateness(fields.get("late")),
        replies=tuple(
            Reply(title=reply.get("title"), text=reply.get("text"), links=reply.get("links", ()))
            for reply in fields.get("replies", ())
            if reply.get("title") and reply.get("text")
        ),
    )


def _posts(fields: Fields, table: moments.Timetable, reading: Reading) -> list[Post]:
    """Return the good posts; the ids of the others are noted, and everybody's problems."""
    found: dict[str, Post] = {}
    lines: dict[str, int] = {}
    for read_fields, own in fields.get("posts") or ():
        made = post.build(read_fields, table, own, fields.get("accounts")) if read_fields else None
        identity = read_fields.get("id") if read_fields else None
        if identity in lines:
            message = f"the id '{identity}' is taken on line {lines[identity]}; give this post another"
            own.error(read_fields.at("id"), "duplicate-id", message)
        if made and made.card and made.card.qr and fields.get("link") is None:
            message = "a QR code shows the action's link, and it has none: give the action a link, or take qr out"
            own.error(read_fields.at("card"), "qr-without-link", message)
        reading.others.take(own)
        if identity is None:
            # Nobody knows which post this was, so none may be taken for removed.
            reading.is_broken = True
            continue
        lines.setdefault(identity, read_fields.at("id").line)
        if own.has_errors:
            reading.broken_posts.add(identity)
        elif made is not None:
            found[identity] = made
    return [made for identity, made in found.items() if identity not in reading.broken_posts]
