"""The filters of the proof sheet: check boxes, and the CSS rules that make them work without a script.

A facet (state, action, account, language) with nothing checked shows everything; with boxes checked it shows
what has one of them. Facets narrow each other. Class names are numbers made here, never text from a file.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scheduler.gallery import words
from scheduler.gallery.shown import Shown


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One check box. `css` is both its id and the class of the posts it shows."""

    css: str
    value: str
    label: str
    count: int
    language: str = ""  # of the label, where it differs from the interface's


@dataclass(frozen=True, kw_only=True)
class Facet:
    """One group of check boxes."""

    name: str
    choices: tuple[Choice, ...]

    def css_of(self, value: str) -> str:
        """Return the class of posts that have `value`."""
        return next(choice.css for choice in self.choices if choice.value == value)


def build(shown: Sequence[Shown], language: str) -> dict[str, Facet]:
    """Return the facets by name, each with the values that occur and how often."""
    titles: dict[str, str] = {}
    # A title may come in each post's language: the interface's own comes first.
    own = language.partition("-")[0]
    for item in sorted(shown, key=lambda item: item.language.partition("-")[0] != own):
        titles.setdefault(item.action, item.action_title or item.action)
    states = {name: place for place, name in enumerate(words.STATES)}
    number = Counter(str(item.status) for item in shown)
    return {
        "state": _facet(
            "state",
            (item.status for item in shown),
            label=lambda value: words.state_of(number[value], value, language),
            order=lambda value: (states.get(value, len(states)), value),
        ),
        "action": _facet(
            "action",
            (item.action for item in shown),
            label=titles.__getitem__,
            order=lambda value: titles[value].casefold(),
        ),
        "account": _facet("account", (item.account for item in shown), label=str, order=str),
        "language": _facet(
            "language", (item.language for item in shown), label=words.language_name, order=str, own=True
        ),
    }


def _facet(
    name: str,
    values: Iterable[str],
    *,
    label: Callable[[str], str],
    order: Callable[[str], object],
    own: bool = False,
) -> Facet:
    counts = Counter(str(value) for value in values)
    ordered = sorted(counts, key=order)  # type: ignore[arg-type]  # each order gives keys of one kind
    return Facet(
        name=name,
        choices=tuple(
            Choice(
                css=f"{name}-{place}",
                value=value,
                label=label(value),
                count=counts[value],
                language=value if own else "",
            )
            for place, value in enumerate(ordered)
        ),
    )


def rules(facets: Iterable[Facet], days: Iterable[tuple[str, frozenset[str]]]) -> str:
    """Return the CSS that hides posts and whole days. `days`: the id of each with the classes of its posts.

    `:has` looks into the small form only, never through thousands of posts.
    """
    days = list(days)
    lines = []
    for facet in facets:
        active = f"#filters:has(.facet-{facet.name} :checked)"
        lines += [f"{active}:not(:has(#{choice.css}:checked)) ~ main .post.{choice.css}" for choice in facet.choices]
        mine = {choice.css for choice in facet.choices}
        grouped: dict[tuple[str, ...], list[str]] = {}
        for day, classes in days:
            grouped.setdefault(tuple(sorted(classes & mine)), []).append(day)
        for classes_of_day, names in grouped.items():
            boxes = ", ".join(f"#{css}:checked" for css in classes_of_day)
            where = ", ".join(f"#{name}" for name in names)
            lines.append(f"{active}:not(:has({boxes})) ~ main :is({where})")
    return "".join(f"{line} {{ display: none }}\n" for line in lines)
