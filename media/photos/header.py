"""What a picture's first bytes say, judged before any decoder sees them."""

from media.errors import BadPicture, NotAPicture, TooLarge
from media.photos import parts as photo_parts

FORMATS = ("JPEG", "PNG", "WebP", "GIF", "HEIC", "AVIF")
MOST_BYTES = 30_000_000
MOST_PIXELS = 50_000_000  # a 48-megapixel phone; a bomb has far more
_MOST_WEBP = 24_000_000  # its decoder takes 16 bytes a pixel at once, twice what others do
_MOST_PASSES = 1_200_000_000  # pixels times passes over them: a progressive JPEG of 50 megapixels may have 24
_LONGEST_RATIO = 20  # of the sides; decoders keep a pointer a row, and there may be 50 million rows
_MOST_PARTS = 20_000  # 30 MB of PNG in parts of 8 kB, as they are usually written, are fewer than 4,000
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_EITHER = (b"mif1", b"msf1")


def kind(data: bytes, what: str) -> str:
    """Return which of FORMATS the file is.

    Raises:
        NotAPicture: it is none of them.
        TooLarge: it has more bytes than MOST_BYTES, or is a WebP of more pixels than its decoder can bear.
        BadPicture: it has more parts than can be stepped over in time.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"the {what} has more than {MOST_BYTES // 1_000_000} MB: save it smaller")
    found = _sniff(data)
    if not found:
        raise NotAPicture(f"the {what} is no picture we can read: save it as one of {', '.join(FORMATS)}")
    if found == "WebP" and _webp_pixels(data) > _MOST_WEBP:
        raise TooLarge(f"the {what} is a WebP of more than {_MOST_WEBP // 1_000_000} megapixels: save it as a JPEG")
    if photo_parts.parts(data, _MOST_PARTS) >= _MOST_PARTS or (found == "JPEG" and photo_parts.has_gap(data)):
        raise BadPicture(f"the {what} has too many parts to open: save it again as an ordinary JPEG or PNG")
    return found


def require_size(size: tuple[int, int], data: bytes, what: str) -> None:
    """Make sure that so many pixels can be decoded and shown.

    Raises:
        TooLarge: they are too many.
        BadPicture: they are too many on one side, or gone over too often.
    """
    pixels = size[0] * size[1]
    if pixels > MOST_PIXELS:
        raise TooLarge(f"the {what} has more than {MOST_PIXELS // 1_000_000} megapixels: make it smaller")
    if max(size) > _LONGEST_RATIO * min(size):
        raise BadPicture(
            f"the {what} is {size[0]} by {size[1]} pixels, too narrow to be shown: "
            f"crop it so that one side is at most {_LONGEST_RATIO} times the other"
        )
    if data.startswith(b"\xff\xd8") and pixels * photo_parts.scans(data) > _MOST_PASSES:
        raise BadPicture(f"the {what} is saved in too many layers to open: save it again as an ordinary JPEG or PNG")


def _sniff(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return _sniff_boxes(data) if data[4:8] == b"ftyp" else ""


def _sniff_boxes(data: bytes) -> str:
    brand, others = data[8:12], data[16 : min(int.from_bytes(data[:4]), 64)]
    if brand in (b"avif", b"avis") or (brand in _EITHER and b"avif" in others):
        return "AVIF"
    return "HEIC" if brand in (*_HEIC, *_EITHER) else ""


def _webp_pixels(data: bytes) -> int:
    """Return the pixels a WebP says it has: its decoder makes room for them while it is opened."""
    sort, body = data[12:16], data[20:30]
    if sort == b"VP8X":
        return (int.from_bytes(body[4:7], "little") + 1) * (int.from_bytes(body[7:10], "little") + 1)
    if sort == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    return (int.from_bytes(body[6:8], "little") & 0x3FFF) * (int.from_bytes(body[8:10], "little") & 0x3FFF)
