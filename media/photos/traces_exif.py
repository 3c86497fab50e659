"""What an EXIF block tells about people, places and cameras: its tags named in plain words, their values not read."""

from collections.abc import Iterator

_MOST_TAGS = 500
_EXIF_PART, _GPS_PART, _THUMBNAIL = 0x8769, 0x8825, 0x0201
_WORDS = {
    0x010E: "description",
    0x010F: "camera make and model",
    0x0110: "camera make and model",
    0x0131: "software",
    0x0132: "date and time",
    0x013B: "author and copyright",
    0x013C: "computer's name",
    _THUMBNAIL: "thumbnail",
    0x02BC: "XMP",
    0x8298: "author and copyright",
    0x83BB: "IPTC",
    0x8773: "colour profile",
    _GPS_PART: "GPS position",
    0x9003: "date and time",
    0x9004: "date and time",
    0x927C: "maker notes",
    0x9286: "comment",
    0xA430: "owner's name",
    0xA431: "serial numbers",
    0xA433: "camera make and model",
    0xA434: "camera make and model",
    0xA435: "serial numbers",
    0xA500: "camera settings",
}
_QUIET = {
    0x0112,
    0x011A,
    0x011B,
    0x0128,
    0x0213,
    _EXIF_PART,
    0x9000,
    0x9101,
    0xA000,
    0xA001,
    0xA002,
    0xA003,
}  # how to show it, no more


def walk(tiff: bytes) -> Iterator[str]:
    """Yield a word for each tag that tells something; stop quietly where the block makes no sense."""
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None:
        return

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    waiting, seen, tags = [number(4, 4)], set[int](), 0
    while waiting:
        start = waiting.pop(0)
        if start in seen or not 8 <= start < len(tiff) - 2:
            continue
        seen.add(start)
        count = number(start, 2)
        for at in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
            tags += 1
            if tags > _MOST_TAGS:
                return
            tag = number(at, 2)
            yield "" if tag in _QUIET else _WORDS.get(tag, "camera settings")
            if tag == _EXIF_PART:
                waiting.append(number(at + 8, 4))
        waiting.append(number(start + 2 + 12 * count, 4))  # the next part: the thumbnail's
