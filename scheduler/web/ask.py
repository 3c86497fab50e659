"""What a page's function gets: who asks, for what, and what the pages stand on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from scheduler.store.staff import Session
from scheduler.submission import May, User
from scheduler.web.words import Words

if TYPE_CHECKING:
    from scheduler.web.site import Site


@dataclass(frozen=True)
class Upload:
    """A file of a form. Its name stays outside: it is never read, stored, logged or shown."""

    file: BinaryIO
    size: int


@dataclass(frozen=True, kw_only=True)
class Form:
    """What was sent with a form: the words, several of one name in their order, and the files."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Return the last word of a name, without space around it; empty where there is none."""
        return self.values.get(name, ("",))[-1].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Return every word of a name."""
        return self.values.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self.values


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, understood. Its function runs in a thread of its own and may take its time."""

    site: "Site"
    words: Words
    path: Mapping[str, str]  # the parts of the address that its pattern names
    query: Mapping[str, str]
    form: Form
    cookies: Mapping[str, str]
    method: str
    here: str  # the address's path, to come back to
    client: str  # the address it comes from: only for limits, never kept
    session: Session | None = None
    address: str = ""  # of the whole site, as this browser reaches it
    trusted: bool = False  # from this very machine, or with the right to look
    now: datetime

    @property
    def user(self) -> User | None:
        """Who is signed in."""
        return self.session.user if self.session else None

    @property
    def staff(self) -> User:
        """Who is signed in, on a page that only staff reach."""
        if self.user is None:
            msg = "this page is for staff"
            raise RuntimeError(msg)
        return self.user

    def may(self, what: May) -> bool:
        """Tell whether whoever asks may do something."""
        return self.user is not None and self.user.may(what)

    @property
    def _(self) -> Callable[[str], str]:
        """Say a text of the interface in the reader's language."""
        return self.words.say

    def many(self, one: str, many: str, number: int) -> str:
        """Say a number of things in the reader's language; `{n}` stands for the number."""
        return self.words.count(one, many, number)

    def shown(self, **values: Any) -> dict[str, Any]:
        """Return what every template is given, and `values`."""
        return {"ask": self, "_": self.words.say, "many": self.words.count, "site": self.site, **values}
