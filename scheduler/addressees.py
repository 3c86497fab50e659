"""Where people are told that they are needed: the addresses that the secret of `notify:` holds."""

from scheduler import config
from scheduler.errors import UserError
from scheduler.model import Account, Workspace
from scheduler.notices import addresses

_MOST = 20


def addressees(workspace: Workspace) -> tuple[str, ...]:
    """Return the addresses; each is a secret.

    Raises:
        UserError: there is none, or there are too many.
    """
    if workspace.notify is None:
        raise UserError("nobody is told when a person is needed: add 'notify: {to: NOTIFY}' to config.yaml")
    name = workspace.notify.to
    keys = Account(name="notify", platform="apprise", language="", keys=name)
    found = addresses(config.secrets(keys, (), folder=workspace.folder, optional=("URLS",)).get("URLS", ""))
    if not found:
        raise UserError(
            f"notify: nobody can be told, for {name}_URLS is empty: put an address into it in .env, or name a file "
            f"with one a line by {name}_URLS_FILE"
        )
    if len(found) > _MOST:
        raise UserError(f"notify: {name}_URLS has more than {_MOST} addresses: tell a group in place of each person")
    return found
