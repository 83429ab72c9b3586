"""Folders that belong to us alone, locks and logs."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import IO, Self

from abe.runtime.errors import ServicesError

LONGEST_SOCKET_PATH = 107  # bytes of sockaddr_un.sun_path, less its closing zero
LARGEST_LOG = 10 * 1024 * 1024


def private_folder(folder: Path, *, owner: int | None = None, group: int = -1) -> None:
    """Make ``folder`` at 0700, or see that the existing one is ours alone.

    Raises ServicesError where it is a link or someone else's: whoever owns it could listen in our place.
    """
    ours = {os.geteuid(), os.geteuid() if owner is None else owner}
    if os.geteuid() == 0:
        ours.add(65534)  # root may have run as nobody before
    try:
        folder.mkdir(mode=0o700)
        if owner is not None and owner != os.geteuid():
            os.chown(folder, owner, group)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
            raise ServicesError(
                f"{folder} belongs to someone else, so nothing may be started in it. "
                "Remove it, or choose another ABE_STATE."
            ) from None
        if stat.S_IMODE(status.st_mode) != 0o700:
            folder.chmod(0o700)


def check_socket_length(socket: Path) -> None:
    """Raise ServicesError where the kernel could not bind ``socket``."""
    length = len(os.fsencode(socket))
    if length > LONGEST_SOCKET_PATH:
        raise ServicesError(
            f"The socket {socket} has {length} bytes, and the kernel takes {LONGEST_SOCKET_PATH}. "
            "Set TMPDIR to a shorter folder."
        )


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending, putting a full one aside."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log was written)"


class FileLock:
    """A lock on a file that the kernel releases when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take the lock; return False where another process holds it and ``wait`` is off."""
        file = self._file or open(self.path, "a+")  # noqa: SIM115 - held until release
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            if self._file is None:
                file.close()
            return False
        self._file = file
        return True

    def sign(self) -> None:
        """Write our process number into the locked file, for messages only."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()

    def holder(self) -> str:
        """The process number that the holder wrote."""
        try:
            return self.path.read_text().strip() or "unknown"
        except FileNotFoundError:
            return "unknown"

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
