"""The kernel's filter of a job's calls: what decoding needs is let through, everything else answers "not permitted".

A list of what is allowed, not of what is forbidden: a call the kernel learns tomorrow is refused too. Opening files,
sockets, programs, processes, signals, other processes' memory: none is on it. Memory can't be shared or run as code.
"""

import ctypes
import platform
import struct
import sys

_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2  # of prctl(2)
_ALLOW, _KILL, _NOT_PERMITTED, _NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_LOAD, _AND, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x06  # of classic BPF
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # where seccomp_data keeps them
_PROT_EXEC, _MAP_SHARED = 4, 1
_THREAD = 0x3D0F00  # clone(2)'s flags as pthread_create gives them; musl adds _DETACHED, which means nothing today
_DETACHED = 0x400000
_STEP = struct.Struct("<HBBI")  # struct sock_filter


# The numbers of calls in unistd.h, on the machines of _AUDIT in their order.
_LET_THROUGH = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "ftruncate": (77, 46),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "restart_syscall": (219, 128),
}
_LOOKED_AT = {"mmap": (9, 222), "mprotect": (10, 226), "clone": (56, 220), "clone3": (435, 435)}
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # audit.h's numbers of the machines themselves


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install() -> bool:
    """Turn the filter on for this thread and all it starts, for good. Return False where this machine has none."""
    machine = platform.machine()
    if machine not in _AUDIT or sys.platform != "linux" or sys.byteorder != "little":
        return False
    code = program(machine)
    fprog = _Program(len(code) // _STEP.size, code)
    prctl = ctypes.CDLL(None).prctl
    none = ctypes.c_ulong(0)
    if prctl(_NO_NEW_PRIVS, ctypes.c_ulong(1), none, none, none) != 0:
        return False
    return bool(prctl(_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(fprog), none, none) == 0)


def program(machine: str) -> bytes:
    """Return the filter's code, for the kernel's classic BPF."""
    which = list(_AUDIT).index(machine)
    number = {name: numbers[which] for name, numbers in _LOOKED_AT.items()}
    steps = [
        _step(_LOAD, _MACHINE),
        _step(_EQUAL, _AUDIT[machine], yes=1),
        _step(_RETURN, _KILL),  # another machine's calls have other numbers
        _step(_LOAD, _NUMBER),
    ]
    for numbers in _LET_THROUGH.values():
        steps += [_step(_EQUAL, numbers[which], no=1), _step(_RETURN, _ALLOW)]
    # glibc starts threads with clone3, whose flags lie where a filter can't look; told it isn't there, with clone.
    steps += [_step(_EQUAL, number["clone3"], no=1), _step(_RETURN, _NO_SUCH_CALL)]
    steps += _only_if(number["clone"], [_argument(0), _step(_AND, ~_DETACHED), _step(_EQUAL, _THREAD, yes=1)])
    steps += _only_if(number["mprotect"], [_argument(2), _step(_ANY_BIT, _PROT_EXEC, no=1)])
    private = [_argument(3), _step(_ANY_BIT, _MAP_SHARED, yes=2)]
    steps += _only_if(number["mmap"], [*private, _argument(2), _step(_ANY_BIT, _PROT_EXEC, no=1)])
    return b"".join([*steps, _step(_RETURN, _NOT_PERMITTED)])


def _only_if(number: int, tests: list[bytes]) -> list[bytes]:
    """Let one call through if its tests jump over the refusal that follows them."""
    body = [*tests, _step(_RETURN, _NOT_PERMITTED), _step(_RETURN, _ALLOW)]
    return [_step(_EQUAL, number, no=len(body)), *body]


def _argument(index: int) -> bytes:
    """Load the lower half of an argument; none of the flags asked for lies in the upper."""
    return _step(_LOAD, _ARGUMENTS + 8 * index)


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return _STEP.pack(code, yes, no, value & 0xFFFFFFFF)
