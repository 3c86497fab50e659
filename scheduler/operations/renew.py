"""Renew what lets us into the networks, before it runs out. A dead token holds its account, and no other."""

import contextlib
import logging
from collections.abc import MutableMapping
from datetime import datetime

from scheduler.app import App
from scheduler.errors import AccountBlocked, PublishError, UserError
from scheduler.store import controls

_LOG = logging.getLogger(__name__)


def renew(app: App, times: MutableMapping[str, datetime]) -> None:
    """Renew the tokens of every account for which it is time.

    `times` remembers when to ask again, by account; begin with an empty one.
    """
    now = app.clock.now()
    for account in list(app.workspace.accounts):
        if account not in times or times[account] <= now:
            times.pop(account, None)
            # One whose secrets are missing has nothing to renew; its posts say what is missing.
            with contextlib.suppress(UserError):
                _renew(app, account, times)


def _renew(app: App, account: str, times: MutableMapping[str, datetime]) -> None:
    publisher = app.publisher(account)
    try:
        again = publisher.renew()
    except AccountBlocked as error:
        _hold(app, account, str(error))
    except PublishError as error:
        what = "%s: its login could not be renewed yet and will be tried again: %s"
        _LOG.warning(what, account, error, extra={"account": account})
    except Exception as error:  # its words may quote what it was about
        what = "%s: unexpected fault while its login was renewed: %s"
        _LOG.error(what, account, type(error).__name__, extra={"account": account})
    else:
        if again is not None:
            times[account] = again


def _hold(app: App, account: str, why: str) -> None:
    """Hold an account as its refusal of a post would; where it is held already, the first reason stays."""
    with app.store.write() as c:
        held = controls.pause(c, "account", account, why=why, now=app.clock.now(), kind="blocked")
    if held:
        _LOG.error("%s: held, nothing of it goes out: %s", account, why, extra={"account": account})
