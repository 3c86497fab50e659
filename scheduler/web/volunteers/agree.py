"""The last questions: where it may appear, and the agreement. Then the receipt, with the code that takes it back."""

from datetime import date, timedelta

from starlette.responses import Response

from scheduler import consents, slots
from scheduler.consents import ConsentText
from scheduler.model import Action, Risk
from scheduler.operations import intake
from scheduler.submission import Box, Consent, NameMode, Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import draft as drafts
from scheduler.web.volunteers.saying import why

LASTING = {"": 0, "month": 30, "quarter": 91, "year": 365}
"""For how many days it may stay; 0: until it is taken back."""

_MOST_PEOPLE = 500


def ask_where(ask: Ask, draft: Submission, action: Action) -> Response:
    """Ask where it may appear. Nothing is ticked beforehand."""
    return _where(ask, draft, action, drafts.where(ask, action))


def take_where(ask: Ask, draft: Submission, action: Action) -> Response:
    """Keep where it may appear."""
    there = slots.networks(action, ask.site.workspace)
    ticked = tuple(name for name in there if name in ask.form.all("network"))
    if not ticked:
        return _where(ask, draft, action, (), wrong={"network": ask._("Tick at least one place.")})
    return drafts.keep(ask, pages.go("/add/consent"), drafts.WHERE, "-".join(ticked))


def ask_consent(ask: Ask, draft: Submission, action: Action) -> Response:
    """Show what is agreed to."""
    if not draft.message:
        return pages.go("/add/message")
    if not drafts.where(ask, action):
        return pages.go("/add/where")
    return _consent(ask, draft, action)


def take_consent(ask: Ask, draft: Submission, action: Action) -> Response:
    """Hand it in, once everything is agreed to."""
    networks = drafts.where(ask, action)
    if not networks:
        return pages.go("/add/where")
    text = _text(ask, draft, action, networks)
    wrong = _wrong(ask, text)
    if wrong:
        return _consent(ask, draft, action, wrong=wrong)
    app = ask.site.app
    try:
        if draft.risk is not Risk.high and ask.form["contact"]:
            draft = intake.describe(app, draft, contact=ask.form["contact"])
        intake.hand_in(app, draft, _given(ask, draft, text, networks), secret=drafts.secret(ask))
    except intake.RefusedError as error:
        if error.why is intake.Why.gone:
            raise
        return _consent(ask, draft, action, wrong={"form": why(ask, error)})
    return drafts.drop(ask, pages.go("/add/receipt"), drafts.WHERE)


def receipt(ask: Ask) -> Response:
    """Show what happens next, and the code that takes it back: as long as this browser stays here."""
    code = drafts.code(ask)
    found = intake.by_code(ask.site.app, code) if code else None
    if found is None:
        return drafts.lost(ask)
    high = found.risk is Risk.high
    return pages.page(ask, "volunteers/receipt.html.jinja", code=code, group=found.group, high=high)


def code_picture(ask: Ask) -> Response:
    """Show the withdrawal link as a QR code."""
    import io

    import segno

    code = drafts.code(ask)
    if not code:
        return pages.plain("", 404)
    out = io.BytesIO()
    segno.make(f"{ask.address}/back#{code}", error="m").save(out, kind="svg", scale=6, border=4, light="#ffffff")
    return Response(out.getvalue(), media_type="image/svg+xml")


def leave(ask: Ask) -> Response:
    """Leave the receipt: this browser forgets the code."""
    return drafts.drop(ask, pages.go("/add/thanks"), drafts.DRAFT, drafts.WHERE)


def thanks(ask: Ask) -> Response:
    """Thank whoever handed something in."""
    return pages.page(ask, "volunteers/thanks.html.jinja")


def _where(
    ask: Ask, draft: Submission, action: Action, ticked: tuple[str, ...], *, wrong: dict[str, str] | None = None
) -> Response:
    there = slots.networks(action, ask.site.workspace)
    networks = [(name, consents.network_name(name, ask.words.language), name in ticked) for name in there]
    status = 422 if wrong else 200
    return drafts.question(ask, "where", draft, action, status=status, networks=networks, wrong=wrong or {})


def _consent(ask: Ask, draft: Submission, action: Action, *, wrong: dict[str, str] | None = None) -> Response:
    text = _text(ask, draft, action, drafts.where(ask, action))
    values = {name: ask.form[name] for name in ("age", "people", "everyone", "agree", "lasting", "contact")}
    return drafts.question(
        ask,
        "consent",
        draft,
        action,
        status=422 if wrong else 200,
        text=text,
        values=values,
        wrong=wrong or {},
        high=draft.risk is Risk.high,
    )


def _text(ask: Ask, draft: Submission, action: Action, networks: tuple[str, ...]) -> ConsentText:
    workspace, language = ask.site.workspace, ask.words.language
    brand = workspace.brand.name.in_language(language, workspace.language)
    return consents.text(
        language,
        draft.risk,
        networks,
        brand=brand or workspace.name.in_language(language, workspace.language),
        action=action.title.in_language(language, workspace.language),
        film=draft.film,
        covered=bool(draft.covers),
    )


def _wrong(ask: Ask, text: ConsentText) -> dict[str, str]:
    """Return what is missing, by field."""
    wrong = {}
    if ask.form["age"] not in {"adult", "guardian"}:
        wrong["age"] = ask._("Choose one of the two.")
    if _people(ask) is None:
        wrong["people"] = ask._("Write a number. 0 means that nobody can be recognised.")
    if ask.form["everyone"] != "yes":
        wrong["everyone"] = ask._("We can take it only when everybody has agreed.")
    if ask.form["agree"] != "yes":
        wrong["agree"] = ask._("Tick this to hand it in.")
    if ask.form["shown"] != text.sha256:
        wrong["form"] = ask._("The text has changed since you saw it. Please read it once more.")
    if len(intake.tidy(ask.form["contact"])) > intake.MOST_CONTACT:
        wrong["contact"] = ask._("That is too long. Please shorten it.")
    return wrong


def _people(ask: Ask) -> int | None:
    words = ask.form["people"]
    number = int(words) if words.isascii() and words.isdecimal() and len(words) < 5 else -1
    return number if 0 <= number <= _MOST_PEOPLE else None


def _given(ask: Ask, draft: Submission, text: ConsentText, networks: tuple[str, ...]) -> Consent:
    people, day = _people(ask) or 0, _today(ask)
    days = LASTING.get(ask.form["lasting"], 0)
    return Consent(
        text_sha256=text.sha256,
        text_version=text.version,
        language=text.language,
        networks=networks,
        name_mode=draft.name_mode if draft.name else NameMode.none,
        guardian=ask.form["age"] == "guardian",
        adult=ask.form["age"] == "adult",
        people=people,
        all_agreed=True,
        faces=_faces(draft, people),
        voice="kept" if draft.film else "none",
        place="none",
        risk=draft.risk,
        day=day,
        expires_on=day + timedelta(days=days) if days else None,
    )


def _faces(draft: Submission, people: int) -> str:
    if not draft.covers:
        return "shown" if people else "none"
    bare = [face for face in draft.faces if not any(_hides(cover, face) for cover in draft.covers)]
    return "some" if bare else "covered"


def _hides(cover: Box, face: Box) -> bool:
    """Tell whether the middle of a face lies under a cover."""
    across, down = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
    return cover[0] <= across <= cover[2] and cover[1] <= down <= cover[3]


def _today(ask: Ask) -> date:
    return ask.now.astimezone(ask.site.workspace.timezone).date()
