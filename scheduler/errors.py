"""Every error the program raises on purpose, sorted by what must be done about it.

    SchedulerError
    ├─ UserError              someone's file or command is wrong: nothing was changed
    │  ├─ UsageError          a command names something that isn't there (exit code 2)
    │  └─ WorkspaceError      the workspace itself can't be used (exit code 2)
    └─ PublishError           sorted by what the daemon must DO
       ├─ Rejected            a final no                            -> failed
       ├─ AccountBlocked      login, permission, money              -> the account is held, a person is told
       ├─ TryLater            PROVEN not sent                       -> queued again
       └─ OutcomeUnknown      may have gone out                     -> unknown: looked up, never re-sent blind

The docstring of an exception is its default message.
"""

from datetime import datetime


class SchedulerError(Exception):
    """Something went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])


class UserError(SchedulerError):
    """A file or a command can't be used as it is."""


class UsageError(UserError):
    """A command names something that isn't there."""


class WorkspaceError(UserError):
    """This folder can't be used as a workspace."""


class PublishError(SchedulerError):
    """The network did not take the post."""


class Rejected(PublishError):  # noqa: N818
    """The network refused the post for good."""


class AccountBlocked(PublishError):  # noqa: N818
    """The network refuses this account: its login, its permission or its money."""


class TryLater(PublishError):  # noqa: N818
    """Nothing was sent; the network asks to wait."""

    def __init__(self, message: str = "", *, at: datetime | None = None) -> None:
        """`at`: aware UTC time before which there is no point in trying; None leaves it to the daemon."""
        super().__init__(message)
        self.at = at


class OutcomeUnknown(PublishError):  # noqa: N818
    """The post may or may not have gone out."""
