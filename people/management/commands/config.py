"""Configuration as a file: ``manage.py config export`` and ``manage.py config import``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from people.configuration.files import (
    MAX_BYTES,
    Planned,
    apply_import,
    export_yaml,
    exportable,
    is_written,
    plan_import,
    read_yaml,
)
from people.configuration.registry import ConfigError
from people.models import User

STREAM = "-"


class Command(BaseCommand):
    """Write the configuration into a YAML file, or take it from one."""

    help = "Write the configuration into a YAML file, or take it from one; “-” is standard output or input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="Write the configuration into a file.")
        export.add_argument("file", nargs="?", default=STREAM)
        export.add_argument(
            "--section", action="append", default=[], help="Only this section; may be given several times."
        )
        into = actions.add_parser("import", help="Take the configuration from a file, all of it or nothing.")
        into.add_argument("file", nargs="?", default=STREAM)
        into.add_argument("--dry-run", action="store_true", help="Only say what would change.")
        into.add_argument(
            "--publish", action="store_true", help="Publish what would otherwise be left as a draft."
        )
        into.add_argument("--by", default="", help="Address of the person whom the history shall name.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "export":
                self._export(options["file"], options["section"])
            else:
                self._import(options)
        except ConfigError as error:
            raise CommandError("\n".join(map(str, error.problems))) from error

    def _export(self, file: str, keys: list[str]) -> None:
        text = export_yaml(keys)
        if file == STREAM:
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} can't be written: {error.strerror or error}.") from error
        named = ", ".join(section.key for section in exportable() if is_written(section, keys))
        self.stderr.write(f"Wrote {named} to {file}.")
        closed = [] if keys else [section.key for section in exportable() if not is_written(section, keys)]
        if closed:
            self.stderr.write(
                f"Left out, since not everybody may know it: {', '.join(closed)}. Name it by --section."
            )

    def _import(self, options: dict[str, Any]) -> None:
        data = read_yaml(_read(options["file"]))
        by = _person(options["by"])
        is_published = options["publish"]
        planned = plan_import(data, is_published=is_published)
        self._tell(planned)
        count = sum(len(each.changes) for each in planned)
        if not count:
            self.stdout.write("Nothing to change: the configuration already reads like this.")
        elif options["dry_run"]:
            self.stdout.write(f"{count} to change. Nothing was changed: this was a dry run.")
        else:
            done = apply_import(data, by=by, is_published=is_published)
            self.stdout.write(f"{sum(len(each.changes) for each in done)} changed.")

    def _tell(self, planned: list[Planned]) -> None:
        for each in planned:
            for change in each.changes:
                self.stdout.write(f"{each.section.key}: {change}")


def _read(file: str) -> bytes:
    try:
        # One byte more than is taken, so that a larger file is known as such without being read.
        if file == STREAM:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror or error}.") from error


def _person(email: str) -> User | None:
    if not email:
        return None
    found = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if found is None:
        raise CommandError(f"Nobody who may sign in has the address {email}.")
    return found
