"""Child processes that never outlive their parent, and what the kernel says about other processes."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02

_libc = ctypes.CDLL(None, use_errno=True)


def start_child(
    command: Sequence[str | Path],
    *,
    on_parent_death: signal.Signals,
    environ: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    become: Callable[[], None] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a process group of its own, so that Ctrl-C reaches only its parent.

    The kernel sends it ``on_parent_death`` when the starting thread ends, however it ends: call this from the
    main thread. ``become`` changes the user in the child before that, since a change of user forgets it.
    """
    parent = os.getpid()

    def prepare() -> None:
        if become is not None:
            become()
        _libc.prctl(PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return subprocess.Popen(
        [os.fspath(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=None if environ is None else dict(environ),
        cwd=cwd,
        process_group=0,
        preexec_fn=prepare,  # noqa: PLW1509 - it only makes system calls
    )


def stop_child(child: subprocess.Popen[bytes], how: signal.Signals, *, seconds: float) -> None:
    """Ask with ``how``, wait, then kill the child's whole process group."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_group(child.pid)
            child.wait()
    kill_group(child.pid)  # grandchildren that stayed behind


def kill_group(group: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal, by default the deadly one, to every process of a group, if any is left."""
    try:
        os.killpg(group, how)
    except (ProcessLookupError, PermissionError):
        return


def is_running(pid: int, *words: str) -> bool:
    """Whether ``pid`` is a living process (no zombie) whose command line holds all of ``words``.

    A process number alone says little: after a crash or a reboot it may belong to anything.
    """
    proc = Path("/proc") / str(pid)
    try:
        state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
        command = (proc / "cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError, IndexError):
        return False
    return state not in {"Z", "X"} and all(word in command for word in words)


def running_in(groups: set[int], *words: str) -> list[int]:
    """The living processes of these process groups whose command line holds all of ``words``."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            group = int((proc / "stat").read_text().rpartition(")")[2].split()[2])
        except (OSError, IndexError, ValueError):
            continue
        if group in groups and is_running(int(proc.name), *words):
            found.append(int(proc.name))
    return found


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Poll ``done`` until it holds or the time is up; return whether it held."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@dataclass(slots=True)
class BackOff:
    """How long to wait before the next restart: doubling, forgotten after a minute of calm."""

    first: float = 0.5
    longest: float = 30.0
    calm: float = 60.0
    _wait: float = field(default=0.0, init=False)
    _last: float = field(default=0.0, init=False)

    def next(self, now: float) -> float:
        """Seconds to wait before a restart at ``now`` (monotonic seconds)."""
        if now - self._last > self.calm + self._wait:
            self._wait = 0.0
        self._wait = min(self.longest, self._wait * 2 or self.first)
        self._last = now
        return self._wait
