"""The accounts, whether their credentials work, and how a person gets new ones."""

from dataclasses import dataclass

from scheduler import app as parts
from scheduler import config, publishers
from scheduler.clock import Clock
from scheduler.errors import PublishError, UsageError, UserError
from scheduler.model import Account, Workspace
from scheduler.publishers.base import Ask
from scheduler.store import StateError, controls


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Whether an account can be used: where `asked`, by its network's word, else by whether its secrets are there."""

    account: Account
    ok: bool
    detail: str
    asked: bool


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    """What came of a login: the variables that were written into .env, and the network's word on them."""

    written: tuple[str, ...]
    hidden: tuple[str, ...]  # of them, those that the environment sets otherwise: it goes before .env
    verified: Verified


def verify(workspace: Workspace, *, clock: Clock, ask: bool) -> list[Verified]:
    """Return every account; with `ask` its network is asked whether the credentials work."""
    return [verify_one(account, workspace, clock, ask=ask) for account in workspace.accounts.values()]


def verify_one(account: Account, workspace: Workspace, clock: Clock, *, ask: bool) -> Verified:
    """Return whether one account can be used."""
    try:
        publisher = parts.live_publisher(account, workspace, clock)
        detail = publisher.verify() if ask else _needs(account, workspace)
    except (UserError, PublishError) as error:
        return Verified(account=account, ok=False, detail=str(error), asked=ask)
    except Exception as error:  # its words may quote a secret
        return Verified(account=account, ok=False, detail=_fault(error), asked=ask)
    return Verified(account=account, ok=True, detail=detail, asked=ask)


def _fault(error: Exception) -> str:
    return f"a fault of the program, please report it: {type(error).__name__}"


def _needs(account: Account, workspace: Workspace) -> str:
    names = parts.secrets_of(account, workspace)
    return f"secrets {', '.join(f'{account.keys}_{name}' for name in names)} are set" if names else "needs no secrets"


def refused(workspace: Workspace) -> frozenset[str]:
    """Return the accounts that are held because their network refused them; none where the state can't be read."""
    try:
        store = parts.open_state(workspace)
    except StateError:
        return frozenset()
    try:
        with store.read() as c:
            return frozenset(one.name for one in controls.all_pauses(c) if one.kind == "blocked")
    except StateError:
        return frozenset()
    finally:
        store.close()


def named(workspace: Workspace, *, name: str = "", platform: str = "") -> list[Account]:
    """Return the accounts of that name, or of that platform.

    Raises:
        UsageError: there is none.
    """
    known = workspace.accounts.values()
    found = [one for one in known if one.name == name or (not name and one.platform == platform)]
    if not found:
        what = f"{name}: there is no such account" if name else f"{platform}: there is no account on it"
        there = ", ".join(f"{one.name} ({one.platform})" for one in known) or "none"
        hint = f"; say `--account {platform}`" if platform in workspace.accounts else f"; config.yaml has: {there}"
        raise UsageError(what + hint)
    return found


def log_in(account: Account, workspace: Workspace, *, clock: Clock, ask: Ask) -> LoggedIn:
    """Lead a person through getting an account's secrets, write them into .env, and ask the network whose they are.

    Raises:
        UserError: its network has no such way, or the secrets have nowhere to go; nothing was written.
        PublishError: the network didn't give them.
    """
    kind = publishers.load(account.platform)
    if kind.secrets and not account.keys:
        example = config.example_keys(account)
        raise UserError(
            f"account {account.name} doesn't say where its secrets go: add 'keys: {example}' to it in config.yaml, "
            "then log in again"
        )
    publisher = parts.newcomer(account, workspace, clock)
    try:
        given = publisher.log_in(ask)
    except (UserError, PublishError):
        raise
    except Exception as error:  # likewise
        raise UserError(_fault(error)) from None
    unknown = given.keys() - {*kind.secrets, *kind.optional_secrets}
    if unknown:
        raise UserError(f"{account.platform} gave what it has no use for: {', '.join(sorted(unknown))}")
    values = {f"{account.keys}_{name}": secret for name, secret in given.items()}
    hidden = config.put(workspace.folder, values)
    verified = verify_one(account, workspace, clock, ask=True)
    return LoggedIn(written=tuple(values), hidden=tuple(hidden), verified=verified)
