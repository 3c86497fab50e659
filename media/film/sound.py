"""The sound of a film: 48 kHz, stereo, in step with its pictures, as loud as it was."""

from collections.abc import Iterator
from fractions import Fraction

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from media.film.encode import BLOCK, SAMPLES


class Sound:
    """Turns decoded sound into blocks for the encoder, counted from the moment of the first picture."""

    def __init__(self, stream: AudioStream, start: Fraction, limit: float) -> None:
        stream.codec_context.thread_count = 1
        self._start = start
        self._limit = limit
        self._blocks = int(limit * SAMPLES) // BLOCK
        self.samples = 0
        self.over = False
        # async=1 fills holes with silence and cuts overlaps, stretching nothing; first_pts=0 begins with the pictures.
        self._resampler = AudioResampler(
            format="fltp", layout="stereo", rate=SAMPLES, frame_size=BLOCK, options={"async": "1", "first_pts": "0"}
        )

    def blocks(self, frame: AudioFrame | None) -> Iterator[AudioFrame]:
        """Yield what is ready after a decoded frame, or after the last (None)."""
        if frame is not None:
            if frame.pts is None or frame.time_base is None:
                return
            when = frame.pts * frame.time_base - self._start
            if not -self._limit < when < self._limit:
                self.over = when > 0
                return
            frame.pts = round(when / frame.time_base)
        for block in self._resampler.resample(frame):
            if self.samples < self._blocks * BLOCK:
                block.pts, block.time_base = self.samples, Fraction(1, SAMPLES)
                self.samples += block.samples
                yield block
