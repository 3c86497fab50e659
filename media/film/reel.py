"""A film played once from its beginning: pictures and sound as they come, ready for the encoder."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from media.errors import DamagedVideo
from media.film.picture import Most, Thinner, Upright, check, decoded
from media.film.sound import Sound
from media.film.source import Film, picture_track, sound_track
from media.order import Region


class Picture(NamedTuple):
    """An upright picture and when it is shown, in ticks from the film's beginning."""

    frame: VideoFrame
    when: int


class Block(NamedTuple):
    """A piece of sound for the encoder."""

    frame: AudioFrame


def play(
    film: Film, *, limit: float, max_side: Most, sound: bool, hidden: Sequence[Region] = ()
) -> Iterator[Picture | Block]:
    """Yield pictures and sound of the first `limit` seconds; the same file yields the same ones every time.

    What lies in the places `hidden` is made one colour before anything else is done to a picture.

    Raises:
        DamagedVideo: a part can't be decoded, or there is no picture at all.
        NotAVideo: the pictures have see-through parts.
        Exception: whatever a decoder raises over a broken part.
    """
    with film.open() as container:
        reel = _Reel(film, container, limit, max_side, sound=sound, hidden=hidden)
        for packet in container.demux(*reel.tracks):
            yield from reel.take(packet)
            if reel.over:
                break
        yield from reel.rest()
        if not reel.begun:
            raise DamagedVideo


class _Reel:
    """One playing of a film."""

    def __init__(
        self,
        film: Film,
        container: InputContainer,
        limit: float,
        max_side: Most,
        *,
        sound: bool,
        hidden: Sequence[Region],
    ) -> None:
        self._pictures = picture_track(container)
        decoded(self._pictures)
        self._shape = self._pictures.sample_aspect_ratio or self._pictures.codec_context.sample_aspect_ratio or 1
        self._max_side = max_side
        self._hidden = hidden
        self._thinner = Thinner(film, limit)
        self._upright: Upright | None = None
        heard = sound_track(container) if sound else None
        self._sound = Sound(heard, film.start, limit) if heard else None
        self.tracks = (self._pictures, heard) if heard else (self._pictures,)

    @property
    def over(self) -> bool:
        """Whether pictures and sound have both come to the limit."""
        return self._thinner.over and (self._sound is None or self._sound.over)

    @property
    def begun(self) -> bool:
        """Whether there was any picture."""
        return self._upright is not None

    def take(self, packet: "Packet[Stream]") -> Iterator[Picture | Block]:
        """Yield what a packet of either track holds."""
        picture = packet.stream is self._pictures
        if self._thinner.over if picture else (self._sound is None or self._sound.over):
            return
        for frame in packet.decode():
            if isinstance(frame, VideoFrame):
                yield from self._picture(frame)
            elif isinstance(frame, AudioFrame) and self._sound is not None:
                yield from map(Block, self._sound.blocks(frame))

    def rest(self) -> Iterator[Block]:
        """Yield the sound that waited for a whole block."""
        if self._sound is not None:
            yield from map(Block, self._sound.blocks(None))

    def _picture(self, frame: VideoFrame) -> Iterator[Picture]:
        check(frame)
        when = self._thinner.when(frame)
        if when is not None:
            self._upright = self._upright or Upright(frame, Fraction(self._shape), self._max_side, self._hidden)
            yield Picture(self._upright.picture(frame), when)
