"""A form that composes a valid post and hands out its YAML, to paste or to download. It writes nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from scheduler import app as parts
from scheduler.errors import UserError
from scheduler.gallery import segments, words
from scheduler.model import Action, Level
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame, rows, telling
from scheduler.web.staff.draft import Checked, Draft, OnAccount, check

_PICTURE = re.compile(r"[0-9a-f]{40}\.jpg")
LATE = ("10 minutes", "30 minutes", "2 hours", "1 day")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The post on one account, for the page."""

    account: str
    platform: str
    when: rows.When
    text: list[segments.Segment]
    language: str
    direction: str
    length: int
    limit: int
    pictures: tuple[tuple[str, str, int, int], ...]  # address, alt, width, height


def show(ask: Ask) -> Response:
    """Show the empty form, with an action chosen where the address names one."""
    return _page(ask, _asked(ask), {})


def make(ask: Ask) -> Response:
    """Check what was composed, and hand out its YAML."""
    draft = _asked(ask)
    action = ask.site.action(draft.action)
    wrong = _missing(ask, draft, action)
    if action is None or wrong:
        return _page(ask, draft, wrong, status=400)
    try:
        checked = check(draft, action, ask.site.workspace, now=ask.now)
    except UserError as error:
        return _page(ask, draft, {"action": [telling.plain(ask, str(error))]}, status=400)
    if ask.form["do"] == "download":
        name = f"{action.key}-{re.sub('[^a-z0-9-]', '', draft.id)}.yaml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(checked.yaml.encode(), media_type="application/yaml; charset=utf-8", headers=headers)
    for key, problem in checked.problems:
        if problem.level is Level.error:
            wrong.setdefault(key or "action", []).append(telling.plain(ask, problem.message))
    return _page(ask, draft, wrong, checked, status=400 if wrong else 200)


def _asked(ask: Ask) -> Draft:
    form, workspace = ask.form, ask.site.workspace
    return Draft(
        action=form["action"] or ask.query.get("action", ""),
        id=form["id"],
        at=f"{form['day']} {form['time']}".strip(),
        texts={language: _lines(form[f"text-{language}"]) for language in workspace.languages},
        card="card" in form,
        messages={language: _lines(form[f"card-{language}"]) for language in workspace.languages},
        theme=form["theme"],
        accounts=tuple(name for name in form.all("accounts") if name in workspace.accounts),
        approve="approve" in form,
        late_after=form["late_after"] if form["late_after"] in LATE else "",
        late_then=form["late_then"] if form["late_then"] in {"hold", "skip", "publish"} else "",
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _missing(ask: Ask, draft: Draft, action: Action | None) -> dict[str, list[str]]:
    """Return what the form lacks before any reader can say more."""
    wrong: dict[str, list[str]] = {}
    if action is None:
        wrong["action"] = [ask._("Choose the action that the post belongs to.")]
    elif any(one.id == draft.id for one in action.posts) or (action.key, draft.id) in ask.site.campaign().broken_posts:
        wrong["id"] = [ask._("There is a post of this name in the action already: give it another one.")]
    if not draft.id:
        wrong["id"] = [ask._("Give the post a short name, such as “first-monday”.")]
    if len(draft.at) < len("2026-11-24 09:00"):
        wrong["at"] = [ask._("Choose the day and the time.")]
    if not any(draft.texts.values()):
        wrong["text"] = [ask._("Write what the post says, in one language at least.")]
    return wrong


def _page(
    ask: Ask, draft: Draft, wrong: Mapping[str, list[str]], checked: Checked | None = None, *, status: int = 200
) -> Response:
    workspace = ask.site.workspace
    named = rows.titles(ask)
    warnings = [
        telling.plain(ask, one.message)
        for _, one in (checked.problems if checked else ())
        if one.level is Level.warning
    ]
    return frame.page(
        ask,
        "staff/schedule/compose.html.jinja",
        status=status,
        draft=draft,
        day=draft.at.partition(" ")[0] if ask.form["day"] else "",
        time=ask.form["time"],
        actions=sorted(named.items(), key=lambda one: one[1].casefold()),
        languages=[(tag, words.language_name(tag), segments.direction(tag)) for tag in workspace.languages],
        themes=sorted(parts.themes()),
        late=LATE,
        wrong=wrong,
        warnings=warnings,
        yaml=checked.yaml if checked else "",
        shown=[_shown(ask, one) for one in checked.shown] if checked else [],
    )


def _shown(ask: Ask, one: OnAccount) -> Shown:
    content = one.planned.content
    return Shown(
        account=one.planned.account,
        platform=words.platform(one.planned.platform),
        when=rows.when(ask, one.planned.due_at),
        text=segments.split(content.whole),
        language=content.language,
        direction=segments.direction(content.language),
        length=one.length,
        limit=one.limit,
        pictures=tuple(
            (f"/staff/compose/picture/{medium.path.name}", medium.alt, medium.width, medium.height)
            for medium in one.media
        ),
    )


def picture(ask: Ask) -> Response:
    """Return the card of a draft: a rendered picture, by the hash of what is on it."""
    name = ask.path["name"]
    file = ask.site.workspace.var / "rendered" / name
    if not _PICTURE.fullmatch(name) or not file.is_file():
        return pages.said(ask, 404, ask._("There is no such picture"), ask._("Check the post again."))
    return pages.file(file, "image/jpeg")


ROUTES: tuple[Route, ...] = (
    get("/staff/compose", show, May.look),
    post("/staff/compose", make, May.look, limit="60 per minute"),
    get("/staff/compose/picture/{name}", picture, May.look),
)
