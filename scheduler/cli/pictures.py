"""Pictures and films made by hand: card, collage, clean."""

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, readable, workspace
from scheduler.errors import UsageError

if TYPE_CHECKING:
    from media.order import Cleaned, Region
    from scheduler.model import Medium

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT = click.Path(path_type=Path)


@command("card")
@click.option("--action", required=True, help="The action whose hashtags, phase and theme it bears.")
@click.option("--message", required=True, help="What the card says.")
@click.option("--lang", help="Its language (default: the workspace's first).")
@click.option("--theme", help="Its theme (default: the action's); `all` for one sheet with every theme.")
@click.option("--size", default="1200x675", show_default=True, help="WIDTHxHEIGHT in pixels.")
@click.option("--photo", type=_FILE, help="A picture behind it, or in its frame.")
@click.option("--qr", is_flag=True, help="With a QR code of the action's link.")
@click.option("-o", "out", required=True, type=_OUT, help="The JPEG to write, or an .mp4 for a short film.")
@json_option
def card(**options: Any) -> int:
    """Render one card."""
    from scheduler.clock import SystemClock
    from scheduler.operations.card import make

    as_json = options.pop("as_json")
    ready = workspace()
    action = readable(ready).action(options.pop("action"))
    made = make(action, ready, now=SystemClock().now(), **{**options, "size": _size(options["size"])})
    _say_kind(made.path, made.mime)
    _print_made(made, as_json=as_json)
    return 0


@command("collage")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--action", required=True, help="The action whose hashtags and theme it bears.")
@click.option("--message", required=True, help="What it says.")
@click.option("--lang", help="Its language (default: the workspace's first).")
@click.option("--theme", help="Its theme (default: the action's).")
@click.option("--size", default="1200x675", show_default=True, help="WIDTHxHEIGHT in pixels.")
@click.option("-o", "out", required=True, type=_OUT, help="The JPEG to write.")
@json_option
def collage(**options: Any) -> int:
    """Make one picture of 4 to 400 PHOTOS (files, or folders of them), each cleaned first."""
    from scheduler.clock import SystemClock
    from scheduler.operations.collage import make

    as_json = options.pop("as_json")
    ready = workspace()
    action = readable(ready).action(options.pop("action"))
    with output.progress("Cleaning the photos") as progress:
        made = make(
            action, ready, now=SystemClock().now(), **{**options, "size": _size(options["size"])}, progress=progress
        )
    _say_kind(made.path, made.mime)
    _print_made(made, as_json=as_json)
    return 0


def _say_kind(path: Path, mime: str) -> None:
    """Say so where a name tells of another kind of file than the one that was written."""
    from scheduler.operations.clean import ENDINGS

    if path.suffix.lower() not in ENDINGS[mime]:
        output.aside(f"{path} is {mime}: a name that ends in {ENDINGS[mime][0]} says so")


def _print_made(made: "Medium", *, as_json: bool) -> None:
    if as_json:
        output.as_json(
            {"path": str(made.path), "width": made.width, "height": made.height, "bytes": made.size, "alt": made.alt}
        )
    else:
        output.say(f"{made.path} ({made.width}x{made.height}, {made.size // 1024} kB)\nalt: {made.alt}")


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{3,4})x([0-9]{3,4})", text.lower())
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(200 <= side <= 4096 for side in size):
        msg = f"--size {text[:20]}: write WIDTHxHEIGHT in pixels, each from 200 to 4096, e.g. 1200x675"
        raise UsageError(msg)
    return size


@command("clean")
@click.argument("source", metavar="IN", type=_FILE)
@click.argument("out", metavar="OUT", type=_OUT)
@click.option("--blur-faces", is_flag=True, help="Put an opaque block on every face found: a blur could be undone.")
@click.option("--cover", multiple=True, metavar="L,T,R,B", help="Cover this box too: its edges in percent, 10,5,40,60.")
@click.option("--poster", type=_OUT, help="Where a film's still goes, a JPEG.")
@json_option
def clean(**options: Any) -> int:
    """Make a photo or film safe to hand on: made anew from its pixels and sound, without anything beside them."""
    from scheduler.operations.clean import clean as make

    out: Path = options["out"]
    boxes = [_box(text) for text in options["cover"]]
    with output.progress("Cleaning"):
        made = make(options["source"], out, cover_faces=options["blur_faces"], cover=boxes, poster=options["poster"])
    _say_kind(out, made.mime)
    if options["as_json"]:
        output.as_json(_cleaned_json(out, made, covered=options["blur_faces"]))
    else:
        _print_cleaned(out, made, covered=options["blur_faces"])
    return 0


def _box(text: str) -> "Region":
    from media.order import Region

    parts = text.split(",")
    try:
        left, top, right, bottom = (float(part) / 100 for part in parts)
    except ValueError:
        left = right = top = bottom = -1.0
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        msg = f"--cover {text}: write the left, top, right and bottom edge in percent of the picture, e.g. 10,5,40,60"
        raise UsageError(msg)
    return Region(left, top, right, bottom)


def _cleaned_json(out: Path, made: "Cleaned", *, covered: bool) -> dict[str, Any]:
    unseen = bool(made.seconds) and not covered  # faces are looked for in a film only where they are to be covered
    return {
        "path": str(out),
        "mime": made.mime,
        "width": made.width,
        "height": made.height,
        "bytes": len(made.data),
        "seconds": made.seconds or None,
        "faces": None if unseen else len(made.faces),
        "boxes": None if unseen else [_percent(face) for face in made.faces],
        "removed": list(made.removed),
    }


def _percent(face: "Region") -> list[int]:
    """Return the edges of what has to be covered to hide a face, in percent, as --cover takes them."""
    from media.faces import with_margin

    left, top, right, bottom = with_margin(face)
    return [math.floor(left * 100), math.floor(top * 100), math.ceil(right * 100), math.ceil(bottom * 100)]


def _print_cleaned(out: Path, made: "Cleaned", *, covered: bool) -> None:
    length = f", {made.seconds:.1f} s" if made.seconds else ""
    output.say(f"{out} ({made.width}x{made.height}{length}, {len(made.data) // 1024} kB)")
    output.say(f"removed: {', '.join(made.removed) or 'nothing was there beside the picture'}")
    film = bool(made.seconds)
    if film and not covered:
        output.say("Faces aren't looked for in a film: --blur-faces finds and covers them in every picture.")
    elif covered and made.faces:
        faces = output.count(len(made.faces), "face")
        every = " in every picture" if film else ""
        output.say(f"{faces} covered{every}. That alone doesn't hide a person: look at what else tells who it is.")
    elif covered:
        output.say("No face was found: look yourself, and cover by hand with --cover.")
    for face in made.faces:
        if not covered and not film:
            output.say(f"a face: --cover {','.join(map(str, _percent(face)))}")


COMMANDS = (card, collage, clean)
