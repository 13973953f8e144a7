"""Takes what a worker does not need: memory past its cap, and the network.

Linux only, and only where the kernel allows it without root; elsewhere the guard's refusal of SERVICE
is the one line of defence, and `confine` says so by returning False.
Source: seccomp(2), prctl(2), linux/filter.h; system call numbers from asm/unistd.h of each machine.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys
from pathlib import Path

_SOCKET = {"x86_64": 41, "aarch64": 198}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_IO_URING_SETUP = 425  # could open sockets without the system call for it
_X32_BIT = 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EACCES


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def confine() -> bool:
    """Make every later socket() of this process fail with EACCES. True when the kernel took the filter."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _SOCKET:
        return False
    instructions = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_JUMP_EQUAL, 0, 5, _AUDIT_ARCH[machine]),
        (_LOAD, 0, 0, 0),  # the system call
        (_JUMP_AT_LEAST, 3, 0, _X32_BIT),
        (_JUMP_EQUAL, 2, 0, _SOCKET[machine]),
        (_JUMP_EQUAL, 1, 0, _IO_URING_SETUP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    array = (_Instruction * len(instructions))(*(_Instruction(*fields) for fields in instructions))
    program = _Program(len(instructions), array)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def cap_memory(extra: int) -> None:
    """Let this process take `extra` bytes of address space more than it has now, where the system can limit it."""
    if sys.platform == "linux":
        import resource

        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + extra, size + extra))
