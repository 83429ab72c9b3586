"""What may not be in the repository."""

import re
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# The escapes keep this file from naming what it forbids.
REGISTRIES = re.compile(
    r"pythonhosted\.org|pypi\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|deb\.debian\.org"
)
# Absolute folders of a developer's machine.
MACHINE_PATHS = re.compile(r"(?<![\w./~$-])/(?:work|farm|root|home/[a-z]+|Users/\w+)/")
GENERATED = re.compile(
    r"\.min\.(js|css)$|\.map$|(^|/)node_modules/|(^|/)dist/|uv\.lock$|\.pyc$|\.sqlite3?$|(^|/)\.env$"
)
LONGEST_LINE = 5_000  # of what a person wrote; minified code is one line
LARGEST_FILE = 1_500_000


def texts():
    """Each committed text file with its text."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        path = CHECKOUT / name
        if name and path.is_file():
            try:
                yield name, path.read_text()
            except UnicodeDecodeError:
                continue


def found(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}: {hit[0]}" for name, text in texts() for hit in pattern.finditer(text)]


def test_no_package_registry_is_named():
    assert found(REGISTRIES) == []


def test_no_folder_of_a_machine_is_named():
    assert found(MACHINE_PATHS) == []


def test_nothing_generated_or_minified_is_committed():
    assert [name for name, _ in texts() if GENERATED.search(name)] == []
    assert [
        name for name, text in texts() if any(len(line) > LONGEST_LINE for line in text.splitlines())
    ] == []


def test_no_file_is_huge():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    files = [CHECKOUT / name for name in listed.decode().split("\0") if name]
    assert [str(file) for file in files if file.is_file() and file.stat().st_size > LARGEST_FILE] == []


def test_every_locked_package_has_hashes():
    for lock in CHECKOUT.glob("requirements*.txt"):
        blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text())
        pinned = [block for block in blocks if re.match(r"[a-z0-9][\w.-]*(\[.*\])?==", block)]
        assert pinned
        assert [block.split()[0] for block in pinned if "--hash=sha256:" not in block] == []
