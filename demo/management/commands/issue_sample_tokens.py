"""Issue the tokens with which the sample company's exports are loaded, and write them to a file."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand

from demo.load import SOURCES
from sync.services import issue_token


class Command(BaseCommand):
    help = "Issue a writing token for each source of the sample company, good for one day, into a JSON file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--out", type=Path, required=True, metavar="FILE", help="readable by its owner only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file whole or not at all."""
        path: Path = options["out"]
        tokens = {
            source: issue_token(source=source, scopes=["*:write"], name="Sample company", days=1).secret
            for source in SOURCES
        }
        unfinished = path.with_name(f"{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        with open(unfinished, "xb", opener=_for_owner_only) as file:
            file.write(msgspec.json.encode(tokens) + b"\n")
        unfinished.replace(path)
        self.stdout.write(f"{len(tokens)} tokens written to {path}")


def _for_owner_only(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
