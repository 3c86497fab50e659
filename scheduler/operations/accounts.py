"""The accounts, and whether their credentials work."""

from dataclasses import dataclass

from scheduler import app as parts
from scheduler import publishers
from scheduler.clock import Clock
from scheduler.errors import PublishError, UserError
from scheduler.model import Account, Workspace


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Whether an account can be used: where `asked`, by its network's word, else by whether its secrets are there."""

    account: Account
    ok: bool
    detail: str
    asked: bool


def verify(workspace: Workspace, *, clock: Clock, ask: bool) -> list[Verified]:
    """Return every account; with `ask` its network is asked whether the credentials work."""
    return [verify_one(account, workspace, clock, ask=ask) for account in workspace.accounts.values()]


def verify_one(account: Account, workspace: Workspace, clock: Clock, *, ask: bool) -> Verified:
    """Return whether one account can be used."""
    try:
        publisher = parts.live_publisher(account, workspace, clock)
        detail = publisher.verify() if ask else _needs(account)
    except (UserError, PublishError) as error:
        return Verified(account=account, ok=False, detail=str(error), asked=ask)
    return Verified(account=account, ok=True, detail=detail, asked=ask)


def _needs(account: Account) -> str:
    names = publishers.load(account.platform).secrets
    return f"secrets {', '.join(f'{account.keys}_{name}' for name in names)} are set" if names else "needs no secrets"
