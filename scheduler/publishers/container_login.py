"""How a person gets the tokens of Instagram and Threads: over a terminal, by a code copied from the browser."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from scheduler.clock import Clock
from scheduler.errors import Rejected, TryLater, UserError
from scheduler.publishers.base import Ask
from scheduler.publishers.container_keys import code_of

if TYPE_CHECKING:
    from scheduler.publishers.meta_wire import Graph


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where a network lets a person in. Addresses have no slash at their end."""

    name: str
    page: str  # opened in a browser
    scope: str
    grant: str  # what turns a token of an hour into one of 60 days
    codes: str  # the host that takes the code
    tokens: str  # the host that gives the long token, and says who it is
    me: str = ""  # the field that names the account's own number, where that is a secret of ours


def log_in_by_code(door: Door, ask: Ask, waits: tuple[float, ...], clock: Clock) -> dict[str, str]:
    """Lead a person to the network's page and make a long token of the code that it gives.

    Raises:
        PublishError: the network didn't give one.
        UserError: an answer is missing.
    """
    app_id = _answer(ask, f"The number of your {door.name} app (App Dashboard, Use cases, API setup):")
    app_secret = _answer(ask, f"The {door.name} app secret that stands beside it:", hidden=True)
    back = _answer(ask, "The redirect URL that you entered there (https://…):")
    query = {"client_id": app_id, "redirect_uri": back, "response_type": "code", "scope": door.scope}
    question = f"Open {door.page}?{urlencode(query)} , allow it, and paste the address that you land on:"
    code = code_of(_answer(ask, question, hidden=True))
    short = _short_token(door, waits, clock, {
        "client_id": app_id,
        "client_secret": app_secret,
        "grant_type": "authorization_code",
        "redirect_uri": back,
        "code": code,
    })  # fmt: skip
    query = {"grant_type": door.grant, "client_secret": app_secret}
    long = _token(
        _graph(door, waits, clock, short, app_secret).ask("GET", "/access_token", params=query).body, door.name
    )
    if not door.me:
        return {"ACCESS_TOKEN": long}
    me = _graph(door, waits, clock, long).ask("GET", "/me", params={"fields": f"{door.me},username"}).body
    return {"USER_ID": _number(me.get(door.me), door.name), "ACCESS_TOKEN": long}


def log_in_by_token(ask: Ask, opened: Callable[[str], "Graph"]) -> dict[str, str]:
    """Take a page's token from a person and find the Instagram account that belongs to the page.

    Raises:
        PublishError: the token isn't good, or the page has no such account.
        UserError: the answer is missing.
    """
    token = _answer(ask, "The access token of the Facebook page that the Instagram account belongs to:", hidden=True)
    me = opened(token).ask("GET", "/me", params={"fields": "id,instagram_business_account"}).body
    account = me.get("instagram_business_account")
    if not isinstance(account, dict):
        raise Rejected("this is the token of no page with an Instagram account: link the two in the page's settings")
    return {"USER_ID": _number(account.get("id"), "Instagram"), "ACCESS_TOKEN": token}


def _short_token(door: Door, waits: tuple[float, ...], clock: Clock, form: Mapping[str, str]) -> str:
    from scheduler.publishers.http_wire import Answer, Trouble, Waits, Wire
    from scheduler.publishers.meta_wire import judged

    def judge(answer: Answer) -> Trouble:
        return judged(answer, name=door.name, now=clock.now())

    hidden = [form["client_secret"], form["code"]]
    wire = Wire(name=door.name, base=door.codes, waits=Waits(*waits), judge=judge, hidden=hidden)
    body = wire.ask("POST", "/oauth/access_token", data=form).body
    rows = body.get("data")
    return _token(rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else body, door.name)


def _graph(door: Door, waits: tuple[float, ...], clock: Clock, token: str, app_secret: str = "") -> "Graph":
    from scheduler.publishers.http_wire import Waits
    from scheduler.publishers.meta_wire import Graph

    graph = Graph(name=door.name, base=door.tokens, waits=Waits(*waits), token=token, clock=clock)
    graph.hide(app_secret)
    return graph


def _answer(ask: Ask, question: str, *, hidden: bool = False) -> str:
    answer = ask(question, hidden=hidden).strip()
    if not answer:
        raise UserError("nothing was entered: nothing has changed")
    return answer


def _token(body: dict[str, Any], name: str) -> str:
    token = body.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise TryLater(f"{name} gave no token")
    return token


def _number(value: object, name: str) -> str:
    if isinstance(value, int | str) and str(value).isdigit():
        return str(value)
    raise TryLater(f"{name} did not say which account this is")
