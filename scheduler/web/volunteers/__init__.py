"""The pages of volunteers: what the campaign asks for, handing something in, taking it back, sharing.

All of it works without JavaScript, one question a page. Between two questions the draft's row holds the answers; the
browser holds a cookie that names the draft, and nothing stands in an address.
"""

from scheduler.web.routing import ANYONE, Route, get, post
from scheduler.web.volunteers import agree, cards, faces, home, message, sharing, taking_back, upload
from scheduler.web.volunteers.draft import Page, step

_ANSWERS = "600 per minute"  # from one address: hundreds of phones may share it

_STEPS: dict[str, tuple[Page, Page | None]] = {
    "faces": (faces.show, faces.take),
    "message": (message.show, message.take),
    "preview": (message.preview, None),
    "name": (message.ask_name, message.take_name),
    "alt": (message.ask_alt, message.take_alt),
    "where": (agree.ask_where, agree.take_where),
    "consent": (agree.ask_consent, agree.take_consent),
}


def _of_steps() -> list[Route]:
    found = []
    for name, (show, take) in _STEPS.items():
        covered = name != "faces"
        found.append(get(f"/add/{name}", step(show, covered=covered), ANYONE))
        if take is not None:
            found.append(post(f"/add/{name}", step(take, covered=covered), ANYONE, limit=_ANSWERS))
    return found


ROUTES: tuple[Route, ...] = (
    get("/", home.home, ANYONE),
    get("/traces", home.leave, ANYONE),
    get("/actions/{key}", home.action, ANYONE),
    get("/actions/{key}/card/{language}/{shape}", cards.show, ANYONE, limit="600 per minute"),
    get("/actions/{key}/share", sharing.show, ANYONE),
    post(
        "/actions/{key}/share",
        sharing.frame,
        ANYONE,
        files=("file",),
        most=sharing.MOST,
        seconds=600.0,
        limit=upload.LIMIT,
    ),
    get("/actions/{key}/add", upload.ask_for_file, ANYONE),
    post(
        "/actions/{key}/add",
        upload.take,
        ANYONE,
        files=("file",),
        most=upload.MOST,
        seconds=upload.SECONDS,
        limit=upload.LIMIT,
    ),
    get("/add/wait", upload.wait, ANYONE),
    post("/add/wait", upload.again, ANYONE, limit="60 per minute"),
    get("/add/faces/wait", upload.wait_for_covers, ANYONE),
    get("/add/faces/picture", faces.picture, ANYONE),
    *_of_steps(),
    get("/add/card/{shape}", cards.shown, ANYONE, limit=_ANSWERS),
    post("/add/card", cards.shown, ANYONE, limit=_ANSWERS),
    post("/add/stop", upload.stop, ANYONE),
    get("/add/receipt", agree.receipt, ANYONE),
    post("/add/receipt", agree.leave, ANYONE),
    get("/add/receipt/code", agree.code_picture, ANYONE),
    get("/add/thanks", agree.thanks, ANYONE),
    get("/back", taking_back.ask_code, ANYONE),
    post("/back", taking_back.look, ANYONE, limit=taking_back.LIMIT),
    post("/back/confirm", taking_back.confirm, ANYONE, limit=taking_back.LIMIT),
)
