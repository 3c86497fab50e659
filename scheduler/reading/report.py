"""Where problems are gathered while a file is read, and how values are shown in them."""

import difflib
from collections.abc import Iterable

from scheduler.model import Level, Place, Problem


class Wrong(Exception):  # noqa: N818
    """A value isn't what its key takes: raised by the reader of one value, reported where it stands."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


class Report:
    """The problems of one file, or of one post in it."""

    def __init__(self, post: str | None = None, *, action: str = "") -> None:
        """`post`: ACTION/POST, noted with every problem; `action`: the key of the action that the file is of."""
        self.action = action
        self.problems: list[Problem] = []
        self.hidden: set[str] = set()  # values that no message may repeat
        self._post = post
        self._seen: set[Problem] = set()

    def error(self, place: Place, rule: str, message: str) -> None:
        """Note what keeps a post from going out."""
        self._add(place, Level.error, rule, message)

    def warn(self, place: Place, rule: str, message: str) -> None:
        """Note what someone should look at."""
        self._add(place, Level.warning, rule, message)

    def take(self, other: "Report") -> None:
        """Note the problems of `other` too."""
        self.problems += other.problems

    @property
    def has_errors(self) -> bool:
        """Tell whether anything noted is an error."""
        return bool(self.problems) and any(problem.level is Level.error for problem in self.problems)

    def _add(self, place: Place, level: Level, rule: str, message: str) -> None:
        for value in sorted(self.hidden, key=len, reverse=True):
            message = message.replace(value, "…")
        problem = Problem(place=place, level=level, rule=rule, message=message, post=self._post)
        if problem not in self._seen:
            self._seen.add(problem)
            self.problems.append(problem)


def shown(value: str) -> str:
    """Return `value` in quotes, on one line, cut short, with nothing that a terminal would obey."""
    clean = "".join(char if char.isprintable() else " " for char in value[:200])
    clean = " ".join(clean.split())
    return f"'{clean[:57]}…'" if len(clean) > 60 or len(value) > 200 else f"'{clean}'"


def cure(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown `word`: the nearest known one, or all of them."""
    options = sorted(set(known))
    # Case is the commonest slip, so it doesn't count against a likeness.
    folded = {option.casefold(): option for option in options}
    near = difflib.get_close_matches(word[:100].casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{folded[near[0]]}'?"
    if not options:
        return "; none is known here"
    return f"; write {options[0]}" if len(options) == 1 else f"; use one of {', '.join(options)}"
