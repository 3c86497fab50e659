"""The lock a job turns on itself before it looks at its file: the kernel's limits, no rights, a filter of its calls."""

import contextlib
import ctypes
import math
import os
import resource
from collections.abc import Sequence

from media.sandbox import filter as sandbox_filter

_NOBODY = 65534
_SET_PARENT_DEATH, _SET_DUMPABLE = 1, 4  # of prctl(2)
_SIGKILL = 9
_LIBRARIES = 1 << 30  # addresses that libraries, stacks and malloc's reserves take without using memory
_FILES = 32


def lock(seconds: float, memory: int, output: int, *, parent: int, keep: Sequence[int]) -> bool:
    """Give up for good whatever opening a file doesn't need.

    Args:
        seconds: what the job may take by the wall clock; of each processor's time it gets no more.
        memory: bytes it may write to.
        output: bytes a file of its may have.
        parent: the process whose end ends this one.
        keep: the descriptors it goes on with; all others are closed.

    Returns:
        Whether the filter is in force.
    """
    _close_all_but(keep)
    prctl = ctypes.CDLL(None).prctl
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, math.ceil(seconds * len(os.sched_getaffinity(0))) + 1)
    _limit(resource.RLIMIT_FSIZE, output)
    _limit(resource.RLIMIT_NOFILE, _FILES)
    # RLIMIT_DATA counts the pages a process may write to, which is what its memory is; addresses alone cost nothing.
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_AS, memory + _LIBRARIES)
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # a container's root may lack the right to be less
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    prctl(_SET_PARENT_DEATH, _SIGKILL, 0, 0, 0)  # a change of user would have undone it
    if os.getppid() != parent:
        raise ProcessLookupError(parent)
    return sandbox_filter.install()


def _close_all_but(keep: Sequence[int]) -> None:
    start = 3
    for number in sorted(keep):
        os.closerange(start, number)
        start = number + 1
    os.closerange(start, 1 << 16)


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    least = value if hard == resource.RLIM_INFINITY else min(value, hard)  # a stricter limit set from outside stays
    resource.setrlimit(what, (least, least))
