"""``.env.example`` lists what the code reads, no more and no less."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# Objects that hold the environment, by the names they go by in the code.
HOLDERS = {"env", "environ", "environment", "os.environ"}
# What other programs set for us, or what a script hands to another: nothing to configure.
HANDED_OVER = re.compile(r"^(DJANGO_\w+|PYTEST_\w+|PYTHON\w*|ABE_TEST_\w+|ABE_TOKEN_\w*|PATH|HOME|TMPDIR)$")
VARIABLE = re.compile(r"^[A-Z][A-Z0-9_]+$")


def read_by(source: str) -> Iterator[str]:
    """The variables that Python code takes from the environment."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.Call(func=ast.Attribute(value=holder), args=[ast.Constant(value=str(name)), *_])
                | ast.Call(func=ast.Name() as holder, args=[ast.Constant(value=str(name)), *_])
            ):
                pass
            case ast.Subscript(value=holder, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                pass
            case _:
                continue
        if ast.unparse(holder) in HOLDERS and VARIABLE.match(name) and not HANDED_OVER.match(name):
            yield name


def committed(*patterns: str) -> list[Path]:
    """The committed files that match."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=CHECKOUT, capture_output=True, check=True
    )
    return [CHECKOUT / name for name in listed.stdout.decode().split("\0") if name]


def test_every_variable_that_is_read_is_listed_and_every_listed_one_is_read():
    code = [
        path
        for path in committed("*.py")
        if path.parts[len(CHECKOUT.parts)] not in {"tests", "bench", "scripts", "docs"}
    ]
    read = {name for path in code for name in read_by(path.read_text())}
    read |= set(re.findall(r"\$\{([A-Z_]+)", (CHECKOUT / "docker-compose.yml").read_text()))
    listed = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(read)


def test_the_search_sees_every_way_of_reading():
    source = 'env.str("ABE_ONE"); os.environ.get("ABE_TWO"); environ["ABE_THREE"]; env("ABE_FOUR"); other.get("NO_1")'
    assert set(read_by(source)) == {"ABE_ONE", "ABE_TWO", "ABE_THREE", "ABE_FOUR"}


def test_the_example_holds_no_secret_and_changes_nothing_when_copied():
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    assert all(not line or line.startswith("#") for line in lines)
