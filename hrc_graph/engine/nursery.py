"""The process that reads a snapshot once and forks workers from it: a new one is there in milliseconds.

Commands come over the socket that is its standard input, words apart by spaces: `f` with a socket attached forks a
worker that answers over it, a number kills the worker of that id; two paths in hexadecimal digits, with a comma between
and a socket attached, fork an heir: a nursery that takes the quads of one file out of its copy of the store, puts those
of the other in, and takes its commands over that socket. It tells `ready 0|1` (confined or not), `forked PID` and
`ended PID CODE`, a line each. Only it kills and reaps its children, so a process id never means another process.
When the web process ends, however it ends, the nursery, its workers and its heirs end too.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import threading

import pyoxigraph as ox

from hrc_graph.engine import sandbox, worker

_PR_SET_PDEATHSIG = 1


def main(memory_limit: int, online: bool, prefixes: dict[str, str], quads: str, default: str, index: str) -> None:
    """Load a snapshot, then fork and kill as told, until standard input ends.

    An index on disk is opened by each worker: it has threads, which a fork would lose.
    """
    _die_with_parent()
    control = socket.socket(fileno=0)
    store = ox.Store()
    if not index:
        store.bulk_load(path=quads, format=ox.RdfFormat.N_QUADS)
        if default:
            store.bulk_load(path=default, format=ox.RdfFormat.N_TRIPLES)
    confined = not online and sandbox.confine()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while heir := _tend(store, index, control, confined, memory_limit, prefixes):
        control, less, more = heir
        for quad in ox.parse(path=less, format=ox.RdfFormat.N_QUADS):
            store.remove(quad)
        store.extend(ox.parse(path=more, format=ox.RdfFormat.N_QUADS))


def _tend(
    store: ox.Store,
    index: str,
    control: socket.socket,
    confined: bool,
    memory_limit: int,
    prefixes: dict[str, str],
) -> tuple[socket.socket, str, str] | None:
    """Fork and kill as told until there are no more commands. Returns in an heir too: with what it was told."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    gc.collect()
    gc.freeze()  # keeps the collector from touching pages that children share
    _give_back()
    children: set[int] = set()
    _tell(control, f"ready {int(confined)}")
    while True:
        readable, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in readable:
            os.read(wake, 512)
            _reap(control, children)
        if control.fileno() in readable:
            message, sockets, _, _ = socket.recv_fds(control, 16384, 1)
            if not message:
                break
            for word in message.split():
                if word == b"f":
                    pid = os.fork()
                    if pid == 0:
                        _live(store, index, control, socket.socket(fileno=sockets[0]), memory_limit, prefixes)
                    children.add(pid)
                    os.close(sockets.pop())
                    _tell(control, f"forked {pid}")
                elif b"," in word:
                    if os.fork() == 0:
                        signal.set_wakeup_fd(-1)
                        for each in (wake, woken):
                            os.close(each)
                        control.close()
                        less, more = (os.fsdecode(bytes.fromhex(path.decode())) for path in word.split(b","))
                        return socket.socket(fileno=sockets[0]), less, more
                    os.close(sockets.pop())
                elif int(word) in children:
                    os.kill(int(word), signal.SIGKILL)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    return None


def _live(
    store: ox.Store,
    index: str,
    control: socket.socket,
    channel: socket.socket,
    memory_limit: int,
    prefixes: dict[str, str],
) -> None:
    """The whole life of a worker.

    It answers in a thread of its own: the engine's random numbers belong to a thread and are seeded when it first needs
    one. In the thread that was forked they go on from where the nursery stood, alike in every worker.
    """
    code = 1

    def answer() -> None:
        nonlocal code
        sandbox.cap_memory(memory_limit)
        worker.serve(store, channel, prefixes)
        code = 0

    try:
        _die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        if index:
            store = ox.Store.read_only(index)
        thread = threading.Thread(target=answer)
        thread.start()
        thread.join()
    finally:
        os._exit(code)


def _reap(control: socket.socket, children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        if pid in children:  # and not an heir
            children.discard(pid)
            _tell(control, f"ended {pid} {os.waitstatus_to_exitcode(status)}")


def _tell(control: socket.socket, line: str) -> None:
    control.sendall(line.encode() + b"\n")


def _give_back() -> None:
    """Give the system what reading took and nobody needs any more; workers do that by themselves, as they go on."""
    collect = getattr(ctypes.CDLL(None), "mi_collect", None)  # where mimalloc takes the place of the C library's
    if collect:
        collect(True)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "online", json.loads(sys.argv[3]), *sys.argv[4:])
