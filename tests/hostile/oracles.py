"""Judges of what comes out: readers of metadata, walkers of the structure, a search of the bytes."""

import atexit
import functools
from collections.abc import Callable

from tests.hostile import oracle_bytes, oracle_jpeg, oracle_mp4, oracle_tags

Judge = Callable[[bytes], list[str]]


@functools.cache
def exiftool() -> oracle_tags.Exiftool:
    """The one exiftool of this process."""
    program = oracle_tags.Exiftool()
    atexit.register(program.close)
    return program


def judges(mime: str) -> dict[str, Judge]:
    """The judges of a picture (`image/jpeg`) or film (`video/mp4`), by name."""
    picture = mime == "image/jpeg"
    found: dict[str, Judge] = {
        "reader": oracle_tags.picture_faults if picture else oracle_tags.film_faults,
        "walker": oracle_jpeg.faults if picture else oracle_mp4.faults,
        "bytes": oracle_bytes.faults,
    }
    return found | ({"exiftool": exiftool().faults} if exiftool().here else {})


def faults(data: bytes, mime: str) -> list[str]:
    """Everything any judge holds against `data`; empty where it is clean."""
    return [fault for name, judge in judges(mime).items() for fault in verdict(name, judge, data)]


def verdict(name: str, judge: Judge, data: bytes) -> list[str]:
    """What one judge says; a crash of its own is a fault of the file."""
    try:
        return [f"{name}: {fault}" for fault in judge(data)]
    except Exception as error:
        return [f"{name} can't read it: {error!r}"]
