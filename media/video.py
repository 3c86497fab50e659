"""A film made anew from its pixels and its sound: nothing that a phone or an editor wrote beside them comes along."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from media import faces
from media.errors import DamagedVideo, FacesLost, MediaError, VideoTooLarge
from media.film import faces as video_faces
from media.film.cover import hide
from media.film.encode import CLOCK, SAMPLES, Writer, within_bounds
from media.film.picture import Most
from media.film.poster import Poster
from media.film.reel import Block, Picture, play
from media.film.source import Film, look
from media.film.verify import verify
from media.order import Cleaned, Region

MIME = "video/mp4"
MOST_SECONDS = 140.0  # X, 2026-04: 0.5 to 140 seconds
MOST_BYTES = 95_000_000  # Mastodon, 2026-04: 99 MiB; X 512 MB, Instagram and Bluesky 300 MB
LONGEST_SIDE = 1920


def clean(
    source: BinaryIO,
    *,
    max_seconds: float = MOST_SECONDS,
    max_bytes: int = MOST_BYTES,
    max_side: Most = LONGEST_SIDE,
    cover_faces: bool = False,
    cover: Sequence[Region] = (),
) -> Cleaned:
    """Return the film in a seekable file as a fresh MP4: first picture and first sound track, H.264 and AAC.

    What lies past `max_seconds` is cut off, and `removed` says so. The same file gives the same bytes.

    Args:
        source: MP4, MOV or WebM, at most 300 MB, ten minutes, 3840 x 2160 pixels, 16 tracks.
        max_seconds: how long the film may be.
        max_bytes: how large it may be.
        max_side: its longer side in pixels, at most; or its width and its height, each at most.
        cover_faces: whether every face is covered, in every picture.
        cover: places that are covered in every picture, exactly as they are, rounded outwards to whole pixels.

    Raises:
        NotAVideo: it isn't a film in a form we read.
        DamagedVideo: it is cut off, or a part of it can't be decoded.
        VideoTooLong: it lasts longer than ten minutes.
        VideoTooLarge: it has too many bytes, pixels, tracks or pictures.
        FacesLost: a face can't be followed through every frame.
        NoDetector: faces can't be looked for here.
        TooManyBytes: it can't be made as small as `max_bytes`.
    """
    with _plain_words():
        return _clean(look(source), max_seconds, max_bytes, max_side, cover_faces=cover_faces, cover=tuple(cover))


@contextmanager
def _plain_words() -> Iterator[None]:
    """Turn whatever a decoder raises (FFmpegError, ValueError, EOFError, …) into a refusal people understand."""
    try:
        yield
    except MediaError:
        raise
    except MemoryError as error:
        raise VideoTooLarge from error
    except Exception as error:
        raise DamagedVideo from error


def _clean(
    film: Film, limit: float, max_bytes: int, max_side: Most, *, cover_faces: bool, cover: tuple[Region, ...]
) -> Cleaned:
    followed = None
    if cover_faces:
        followed = faces.bridge(video_faces.seen(film, limit), rate=float(film.kept_rate), covered=cover)
    masks = followed.masks if followed else None
    made, data = within_bounds(
        lambda bounded: _written(film, limit, max_bytes, max_side, (cover, masks), bounded=bounded)
    )
    verify(data)
    return Cleaned(
        data=data,
        mime=MIME,
        width=made.size[0],
        height=made.size[1],
        faces=followed.faces if followed else (),
        removed=_removed(film, limit),
        seconds=made.seconds,
        poster=made.poster.jpeg(),
    )


def _written(
    film: Film,
    limit: float,
    max_bytes: int,
    max_side: Most,
    hidden: tuple[tuple[Region, ...], list[tuple[Region, ...]] | None],
    *,
    bounded: bool,
) -> tuple["_Made", bytes]:
    """Write the film, covering the same regions in every picture and the masks of each in each."""
    always, masks = hidden
    made = _Made(film, limit, max_bytes, bounded=bounded)
    for item in play(film, limit=limit, max_side=max_side, sound=film.sound, hidden=always):
        if isinstance(item, Block):
            made.sound(item)
            continue
        if masks is not None and made.pictures >= len(masks):
            raise FacesLost
        here = masks[made.pictures] if masks is not None else ()
        hide(item.frame, here, always)
        made.picture(item)
    if masks is not None and made.pictures != len(masks):
        raise FacesLost
    return made, made.finish()


def _removed(film: Film, limit: float) -> tuple[str, ...]:
    cut = (f"everything after {limit:g} seconds",) if film.seconds > limit + 0.05 else ()
    return (*film.removed, *cut)


class _Made:
    """The film being made: its size is known with the first picture, and sound may come before it."""

    def __init__(self, film: Film, limit: float, max_bytes: int, *, bounded: bool) -> None:
        self._film = film
        self._bounded = bounded
        self._seconds = min(film.seconds, limit)
        self._max_bytes = max_bytes
        self._writer: Writer | None = None
        self._early: list[Block] = []
        self._heard = 0
        self._last = 0
        self.size = (0, 0)
        self.pictures = 0
        self.poster = Poster()

    @property
    def seconds(self) -> float:
        """How long the film is."""
        return round(max(self._last / CLOCK + 1 / self._film.kept_rate, self._heard / SAMPLES), 3)

    def picture(self, picture: Picture) -> None:
        """Add a picture."""
        if self._writer is None:
            self.size = (picture.frame.width, picture.frame.height)
            self._writer = self._begun()
        self.poster.offer(picture.frame, picture.when)
        self._writer.picture(picture.frame, picture.when)
        self._last = picture.when
        self.pictures += 1

    def sound(self, block: Block) -> None:
        """Add a piece of sound, or keep it until the first picture."""
        self._heard += block.frame.samples
        if self._writer is None:
            self._early.append(block)
        else:
            self._writer.sound(block.frame)

    def finish(self) -> bytes:
        """Return the film. Raises TooManyBytes."""
        if self._writer is None:
            raise DamagedVideo
        return self._writer.finish()

    def _begun(self) -> Writer:
        writer = Writer(
            self.size,
            rate=self._film.kept_rate,
            seconds=self._seconds,
            max_bytes=self._max_bytes,
            sound=self._film.sound,
            bounded=self._bounded,
        )
        for block in self._early:
            writer.sound(block.frame)
        self._early.clear()
        return writer
