"""Themes: how a card looks, one YAML file each. A new look is a new file in themes/, not new code.

The file's keys are the fields of the classes below; colours are names from its own `colours` table.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from media import colour
from media.colour import Colour
from media.errors import BadTheme, LowContrast, UnknownTheme

_FOLDER = files("media").joinpath("themes")


@dataclass(frozen=True, kw_only=True)
class Background:
    """A field of one colour, or a slow change from `top` to `bottom`; `grain` in levels of 255."""

    top: Colour
    bottom: Colour
    grain: int = 0


@dataclass(frozen=True, kw_only=True)
class Message:
    """The words. `wide` and `tall` are the largest sizes on landscape and other cards, in parts of the unit."""

    colour: Colour
    font: Literal["sans", "serif"] = "sans"
    weight: Literal["Regular", "Medium", "Semi-Bold", "Bold"] = "Bold"
    wide: float = 0.12
    tall: float = 0.12
    leading: float = 1.2
    over_photo: float = 0.11  # the largest size where a photo speaks too


@dataclass(frozen=True, kw_only=True)
class Label:
    """The phase line: plain, in a pill's outline, or on a block of `fill`."""

    colour: Colour
    shape: Literal["plain", "pill", "block"] = "plain"
    fill: Colour | None = None
    upper: bool = False
    size: float = 0.036  # in parts of the unit


@dataclass(frozen=True, kw_only=True)
class Foot:
    """Hashtag and brand, over each other at the start or on one row; `band` is the colour under a row.

    The sizes are parts of the unit; that of the logo is its height.
    """

    hashtag: Colour
    brand: Colour
    arrangement: Literal["stack", "row"] = "row"
    band: Colour | None = None
    slant: float = 0.0  # the band's upper edge rises by this part of the width
    hashtag_size: float = 0.052
    brand_size: float = 0.036
    logo_size: float = 0.07


@dataclass(frozen=True, kw_only=True)
class Art:
    """What is drawn beside the words. `wide` is its part of the width, `tall` its part of the height."""

    kind: Literal["flame", "figure", "rule", "quote", "steps", "arch", "sun", "line"]
    colour: Colour
    second: Colour | None = None
    wide: float = 0.0
    tall: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo: under words on a scrim of `fill`, beside them (split), or whole with a banner (frame).

    `wide` is its part of the width beside the words, `tall` its part of the height above them. An inset photo keeps
    the card's margins and gets a thin line of `accent` around it.
    """

    kind: Literal["scrim", "split", "frame"]
    fill: Colour
    message: Colour
    accent: Colour
    quiet: Colour
    wide: float = 0.4
    tall: float = 0.38
    inset: bool = False
    needed: bool = False


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A look, checked: every text on it can be read."""

    name: str
    about: str
    background: Background
    message: Message
    label: Label
    foot: Foot
    photo: Photo
    art: tuple[Art, ...] = ()

    def pairs(self) -> list[tuple[str, Colour, Colour]]:
        """Return what is written in which colour on which, for every text of the theme."""
        grounds = [self.background.top, self.background.bottom]
        feet = [self.foot.band] if self.foot.band else grounds
        labels = [self.label.fill] if self.label.fill and self.label.shape == "block" else grounds
        found = [("message", self.message.colour, ground) for ground in grounds]
        found += [("label", self.label.colour, ground) for ground in labels]
        found += [("hashtag", self.foot.hashtag, ground) for ground in feet]
        found += [("brand", self.foot.brand, ground) for ground in feet]
        found += [("figure", art.colour, ground) for art in self.art if art.kind == "figure" for ground in grounds]
        texts = ("message", "accent", "quiet") if self.photo.kind == "scrim" else ()
        return found + [(f"photo {key}", getattr(self.photo, key), self.photo.fill) for key in texts]


def names() -> tuple[str, ...]:
    """Return the names of the themes there are, in alphabetical order."""
    return tuple(sorted(file.name[:-5] for file in _FOLDER.iterdir() if file.name.endswith(".yaml")))


@functools.cache
def load(name: str) -> Theme:
    """Return the theme `name`, read once.

    Raises:
        UnknownTheme: there is no such file; the message lists those there are.
        BadTheme: its file has an unknown key, a missing one, or a wrong value.
        LowContrast: a text of it has a contrast under 4.5.
    """
    if name not in names():
        raise UnknownTheme(f"there is no theme “{name}”: choose one of {', '.join(names())}")
    return read(name, _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8"))


def read(name: str, text: str) -> Theme:
    """Return the theme written in `text` (YAML). Raises as `load` does."""
    from ruamel.yaml import YAML  # noqa: PLC0415  # only who makes a card needs it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise BadTheme(f"theme {name}: {error}") from error
    if not isinstance(values, dict) or not isinstance(values.get("colours"), dict):
        raise BadTheme(f"theme {name}: it needs a table `colours` and the parts of a theme")
    try:
        palette = {key: colour.parse(str(value)) for key, value in values.pop("colours").items()}
    except ValueError as error:
        raise BadTheme(f"theme {name}: {error}") from error
    theme: Theme = _build(Theme, {"name": name, **values}, palette, f"theme {name}")
    for what, front, ground in theme.pairs():
        ratio = colour.contrast(front, ground)
        if ratio < colour.READABLE:
            raise LowContrast(
                f"theme {name}: the {what} has a contrast of {ratio:.1f} on its ground, "
                f"{colour.READABLE} is the least: choose a lighter or a darker colour"
            )
    return theme


def _build(kind: Any, values: Any, palette: Mapping[str, Colour], where: str) -> Any:
    """Make the dataclass `kind` from a mapping, or say which key is wrong."""
    if not isinstance(values, dict):
        raise BadTheme(f"{where}: it must be a table of {', '.join(f.name for f in dataclasses.fields(kind))}")
    hints = typing.get_type_hints(kind)
    if unknown := [key for key in values if key not in hints]:
        raise BadTheme(f"{where}: there is no `{unknown[0]}` here: choose from {', '.join(hints)}")
    made = {key: _value(hints[key], value, palette, f"{where}, {key}") for key, value in values.items()}
    try:
        return kind(**made)
    except TypeError as error:
        needed = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
        missing = ", ".join(key for key in needed if key not in made)
        raise BadTheme(f"{where}: `{missing}` is missing") from error


def _value(hint: Any, value: Any, palette: Mapping[str, Colour], where: str) -> Any:  # noqa: PLR0911
    """Return `value` as the type `hint`, or say what is wrong with it."""
    if typing.get_origin(hint) is types.UnionType:
        return None if value is None else _value(typing.get_args(hint)[0], value, palette, where)
    if hint == Colour:
        if value not in palette:
            raise BadTheme(f"{where}: {value!r} is not in the theme's table of colours")
        return palette[value]
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise BadTheme(f"{where}: {value!r} is none of {', '.join(typing.get_args(hint))}")
        return value
    if typing.get_origin(hint) is tuple:
        items = value if isinstance(value, list) else [value]
        return tuple(_build(typing.get_args(hint)[0], item, palette, where) for item in items)
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, palette, where)
    if hint is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool) is not (hint is bool):
        raise BadTheme(f"{where}: {value!r} is not {'a number' if hint in (int, float) else hint.__name__}")
    return value
