"""Which user PostgreSQL runs as: it refuses to be root, and so needs help where everything else is.

Best is a user namespace in which the same user has another number: no account is created and no file changes
its owner. Where the kernel forbids that, or the folders belong to someone else, ``nobody`` runs it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from abe.runtime.errors import ServicesError

CLONE_NEWUSER = 0x10000000
INSIDE = 65534  # any number but 0 would do

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who owns the server's files, and how a child becomes that user."""

    owner: int
    group: int
    become: Callable[[], None] | None

    def own(self, folder: Path) -> None:
        """Give ``folder`` and all below it to this user, where root ran another way before."""
        if os.geteuid() != 0:
            return
        if folder.stat().st_uid == self.owner:
            return
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(os.path.join(parent, name), self.owner, self.group, follow_symlinks=False)
        os.chown(folder, self.owner, self.group)


def choose(*needed: Path) -> Identity:
    """Choose the identity; a namespace must be able to run or enter all of ``needed``.

    Raises ServicesError where not even ``nobody`` exists.
    """
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), None)
    if _works(enter_namespace, needed):
        return Identity(0, 0, enter_namespace)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise ServicesError(
            "PostgreSQL refuses to run as root, this kernel allows no user namespace, and there is no user "
            "nobody. Run as an ordinary user, or set DATABASE_URL."
        ) from error
    return Identity(nobody.pw_uid, nobody.pw_gid, _setuid(nobody.pw_uid, nobody.pw_gid))


def is_reachable(identity: Identity, *needed: Path) -> bool:
    """Whether the identity can run or enter every one of ``needed``."""
    return identity.become is None or _works(identity.become, needed)


def enter_namespace() -> None:
    """Become user 65534 inside a user namespace of our own; outside, and on disk, we stay root."""
    if _libc.unshare(CLONE_NEWUSER) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    # The kernel wants this before it takes a group map from us.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE} 0 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE} 0 1")


def lasting_folder(source: Path) -> Path:
    """A folder that ``nobody`` can reach and that outlives a reboot, one for each ``source``."""
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:12]
    folder = Path("/var/tmp") / f"abe-{digest}"  # noqa: S108 - owner and mode are checked below
    folder.mkdir(mode=0o755, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022 or folder.is_symlink():
        raise ServicesError(f"{folder} belongs to someone else. Remove it, or run as an ordinary user.")
    return folder


def copy_programs(bin_folder: Path) -> Path:
    """Copy the installation around ``bin_folder`` to where ``nobody`` can run it; return its programs.

    A wheel keeps the libraries of its programs in a folder beside the package, and finds them by that place.
    """
    programs = bin_folder.resolve()
    package = programs.parent.parent
    copy = lasting_folder(package) / "programs"
    copied = copy / programs.relative_to(package.parent)
    stamp = copy / ".complete"
    status = (programs / "postgres").stat()
    version = f"{status.st_size} {status.st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != version:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(programs.parent, copied.parent, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        _open_to_all(copy)
        stamp.write_text(version)
    return copied


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def _setuid(user: int, group: int) -> Callable[[], None]:
    def become() -> None:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)

    return become


def _works(become: Callable[[], None], needed: tuple[Path, ...]) -> bool:
    def attempt() -> None:
        become()
        for path in needed:
            if not os.access(path, os.X_OK):
                raise PermissionError(path)

    true = shutil.which("true") or "/bin/true"
    try:
        subprocess.run([true], preexec_fn=attempt, check=True, cwd="/")
    except (subprocess.SubprocessError, OSError):
        return False
    return True
