"""Proper files cut off at every hundredth, and with seeded damage: flipped bytes, swapped parts, false lengths."""

import os
import random
from collections.abc import Callable

from tests.hostile import bases
from tests.hostile.case import Case

PHOTOS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF")
SEEDS = int(os.environ.get("SOLIDARITY_HOSTILE_SEEDS", "40"))  # for all ways of damage together


def whole(kind: str) -> bytes:
    """The proper file of a kind that damage starts from."""
    return bases.film(quiet=True, frames=12, sound="") if kind == "MP4" else bases.saved(kind)


def truncations() -> list[Case]:
    """Each kind cut off after 1, 2, … 99 hundredths of its bytes."""
    return [
        Case(
            name=f"{kind.lower()}-{part:02}",
            make=lambda kind=kind, part=part: whole(kind)[: len(whole(kind)) * part // 100],
            kind="video" if kind == "MP4" else "photo",
        )
        for kind in (*PHOTOS, "MP4")
        for part in range(1, 100)
    ]


def flipped(data: bytes, rng: random.Random) -> bytes:
    """`data` with up to twenty bytes changed."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def flipped_early(data: bytes, rng: random.Random) -> bytes:
    """`data` with a few bytes of its first hundred changed, where headers are."""
    return flipped(data[:100], rng) + data[100:]


def swapped(data: bytes, rng: random.Random) -> bytes:
    """`data` with two stretches exchanged."""
    one, two, three, four = sorted(rng.randrange(len(data)) for _ in range(4))
    return data[:one] + data[three:four] + data[two:three] + data[one:two] + data[four:]


def lying(data: bytes, rng: random.Random) -> bytes:
    """`data` with a number of two or four bytes replaced by one that decoders trip over."""
    at = rng.randrange(len(data) - 4)
    lie = rng.choice(
        (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0", b"\0\0\0\1", b"\xff\xff", b"\0\0")
    )
    return data[:at] + lie + data[at + len(lie) :]


def doubled(data: bytes, rng: random.Random) -> bytes:
    """`data` with one stretch repeated up to a hundred times."""
    start, end = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:start] + data[start : min(end, start + 400)] * rng.randint(2, 100) + data[end:]


def dropped(data: bytes, rng: random.Random) -> bytes:
    """`data` without one stretch."""
    start, end = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:start] + data[min(end, start + 60) :]


def zeroed(data: bytes, rng: random.Random) -> bytes:
    """`data` with one stretch of zeros."""
    start = rng.randrange(len(data))
    size = min(len(data) - start, rng.randint(1, 200))
    return data[:start] + bytes(size) + data[start + size :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped,
    flipped_early,
    swapped,
    lying,
    doubled,
    dropped,
    zeroed,
)


def mutations(kinds: tuple[str, ...] = (*PHOTOS, "MP4")) -> list[Case]:
    """Each kind damaged in each way, by seeds that never change."""
    return [
        Case(
            name=f"{kind.lower()}-{damage.__name__}-{seed}",
            make=lambda kind=kind, damage=damage, seed=seed: damage(
                whole(kind), random.Random(f"{kind}{damage.__name__}{seed}")
            ),
            kind="video" if kind == "MP4" else "photo",
        )
        for kind in kinds
        for damage in DAMAGES
        for seed in range(SEEDS // len(DAMAGES) + 1)
    ]


def cases() -> list[Case]:
    """Every damaged file."""
    return [*truncations(), *mutations()]
