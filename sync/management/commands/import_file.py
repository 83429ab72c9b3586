"""Import a file of records from the command line, as the page does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.export import csv_lines
from sync.files.delimited import DELIMITERS, ENCODINGS
from sync.files.detection import dates, numbers
from sync.files.plan import ABSENT, CLEAR, Plan, plan_of
from sync.files.reading import Reading
from sync.files.report import rejected_table, report_page
from sync.files.services import (
    begin_check,
    begin_import,
    create_import,
    discard_import,
    problems_of,
    save_plan,
)
from sync.files.steps.read import read_import
from sync.files.steps.run import check_next_block, follow_up_import, import_next_block
from sync.files.targets import REFERENCE, reference_ways, targets
from sync.models import Batch, Import
from sync.pipeline.batch import REJECTED, STATUSES
from sync.registry import resources

PIECE = 1024 * 1024
ROWS_TOLD = 20


class Command(BaseCommand):
    """``manage.py import_file accounts f.csv --source csv``: read, map, try out, ask, import, report."""

    help = "Import a CSV or Excel file. Shows what would happen and asks, unless --yes is given."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("resource", choices=[item.key for item in resources], metavar="resource")
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="Slug of the system that the rows come from.")
        parser.add_argument(
            "--mapping",
            default="",
            help="Where columns go, beside what is suggested: 'Company=name,Web=domain,Notes=custom.notes,Old='. "
            "A reference takes how it is named: 'Customer=account:name'.",
        )
        parser.add_argument(
            "--dates", default="", help="Where columns don't tell: dmy, or by heading 'Start=dmy,End=mdy'."
        )
        parser.add_argument(
            "--numbers", default="", help="Where columns don't tell: dot, or comma, or by heading."
        )
        parser.add_argument(
            "--key", default="", help="external_id, or a natural key such as domain or account+email."
        )
        parser.add_argument("--blank", choices=(ABSENT, CLEAR), default=None, help="What an empty cell does.")
        parser.add_argument(
            "--zone", default="", help="Time zone of times without an offset, such as Europe/Berlin."
        )
        parser.add_argument("--update-only", action="store_true", help="Reject rows that aren't known yet.")
        parser.add_argument("--encoding", default="", choices=["", *ENCODINGS], metavar="NAME")
        parser.add_argument("--delimiter", default="", help="One of comma, semicolon, tab, bar.")
        parser.add_argument("--sheet", default="", help="The sheet of a workbook; by default the first.")
        parser.add_argument(
            "--heading", default="", choices=["", "yes", "no"], help="Whether row 1 is a heading."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only tell what would happen.")
        parser.add_argument("--yes", action="store_true", help="Import without a dry run and without asking.")
        parser.add_argument("--rejected", type=Path, help="Write the rejected rows to this CSV file.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps; an exit code other than 0 says that rows were rejected or nothing was imported."""
        imported = self._read(options)
        plan = _plan(imported, options)
        save_plan(imported=imported, plan=plan)
        self._tell_plan(imported, plan)
        problems = problems_of(imported, plan)
        if problems:
            discard_import(imported=imported)
            names = [column["name"] for column in imported.columns]
            told = [
                f"{names[each.place]}: {each.detail}" if each.place is not None else each.detail
                for each in problems
            ]
            raise CommandError("Nothing was imported.\n" + "\n".join(f"- {line}" for line in told))
        if not options["yes"]:
            self._check(imported)
            if options["dry_run"] or not self._agreed():
                self._write_rejected(imported, options["rejected"])
                discard_import(imported=imported)
                self.stderr.write("Nothing was imported.")
                return
        elif options["dry_run"]:
            raise CommandError("--yes and --dry-run exclude each other.")
        begin_import(imported=imported)
        while import_next_block(imported.pk):
            self._progress(imported, "imported")
        imported.refresh_from_db()
        follow_up_import(imported)
        self._tell_counts("Imported", imported.counts)
        self._write_rejected(imported, options["rejected"])
        if imported.counts.get(REJECTED):
            self._tell_rejected(imported)
            sys.exit(1)

    def _read(self, options: dict[str, Any]) -> Import:
        path: Path = options["file"]
        words = {name: sign for sign, name in DELIMITERS.items()}
        delimiter = words.get(options["delimiter"], options["delimiter"])
        if delimiter and delimiter not in DELIMITERS:
            raise CommandError(f"--delimiter takes {', '.join(words)}.")
        reading = Reading(
            encoding=options["encoding"],
            delimiter=delimiter,
            sheet=options["sheet"],
            heading=options["heading"],
        )
        try:
            imported = create_import(
                source=options["source"],
                resource=options["resource"],
                file_name=path.name,
                pieces=_pieces(path),
                reading=reading,
            )
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        read_import(imported.pk)
        imported.refresh_from_db()
        if imported.state == Import.State.UNREADABLE:
            reason = imported.error
            discard_import(imported=imported)
            raise CommandError(f"{reason}\nNothing was imported.")
        return imported

    def _tell_plan(self, imported: Import, plan: Plan) -> None:
        how = msgspec.convert(imported.reading, Reading)
        form = (
            f"{ENCODINGS.get(how.encoding)}, {DELIMITERS.get(how.delimiter)}"
            if how.kind == "csv"
            else how.sheet
        )
        self.stderr.write(
            f"{imported.file_name}: {imported.rows:,} rows ({form}), told apart by {plan.key or '?'}."
        )
        for held, column in zip(imported.columns, plan.columns, strict=True):
            forms = dates.FORMATS.get(column.dates, "") or numbers.FORMATS.get(column.numbers, "")
            way = f" by {column.by}" if column.by != "id" else ""
            self.stderr.write(
                f"  {held['name']} -> {column.to or '(left out)'}{way}" + (f"  [{forms}]" if forms else "")
            )

    def _check(self, imported: Import) -> None:
        begin_check(imported=imported)
        while check_next_block(imported.pk):
            self._progress(imported, "tried")
        imported.refresh_from_db()
        self._tell_counts("Would be", imported.expected)
        self._tell_rejected(imported)

    def _agreed(self) -> bool:
        if not sys.stdin.isatty():
            self.stderr.write("Say --yes to import without being asked.")
            return False
        return input("Import? [y/N] ").strip().lower() in ("y", "yes")

    def _progress(self, imported: Import, word: str) -> None:
        if not self.stderr.isatty():
            return
        done = Import.objects.values_list("rows_done", flat=True).get(pk=imported.pk)
        width = done * 30 // max(1, imported.rows)
        ending = "\n" if done >= imported.rows else ""
        self.stderr.write(f"\r[{'#' * width:<30}] {done:,} of {imported.rows:,} {word}", ending=ending)

    def _tell_counts(self, words: str, counts: dict[str, int]) -> None:
        told = ", ".join(f"{status} {counts[status]:,}" for status in STATUSES if counts.get(status))
        self.stdout.write(f"{words}: {told or 'nothing'}.")

    def _tell_rejected(self, imported: Import) -> None:
        page = report_page(imported, REJECTED)
        for row in page.rows[:ROWS_TOLD]:
            reasons = " ".join(
                f"{heading}: {detail}" if heading else detail for heading, detail in row.errors
            )
            self.stderr.write(f"  row {row.number}: {reasons}")
        if len(page.rows) > ROWS_TOLD:
            self.stderr.write("  … and more; --rejected FILE writes all of them.")

    def _write_rejected(self, imported: Import, path: Path | None) -> None:
        if path is None:
            return
        with path.open("w", newline="", encoding="utf-8") as file:
            file.writelines(csv_lines(rejected_table(imported)))
        self.stderr.write(f"The rejected rows are in {path}.")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _plan(imported: Import, options: dict[str, Any]) -> Plan:
    """Return the suggested plan with what the options say. Raises CommandError for an unknown heading."""
    resource = resources[imported.resource]
    plan = plan_of(imported.plan)
    names = [column["name"] for column in imported.columns]
    for heading, to in _pairs(options["mapping"], names):
        column = plan.columns[names.index(heading)]
        column.to, _, way = to.partition(":")
        if way and column.to in targets(resource) and targets(resource)[column.to].kind == REFERENCE:
            ways = reference_ways(resource, column.to)
            column.by, column.source = (way, "") if way in ways else ("id", way)
    for option, forms in (("dates", dates.FORMATS), ("numbers", numbers.FORMATS)):
        given = options[option]
        if given in forms:
            for column, held in zip(plan.columns, imported.columns, strict=True):
                verdict = held[option]
                if not verdict or verdict["state"] == "ambiguous":
                    setattr(column, option, given)
        else:
            for heading, form in _pairs(given, names):
                setattr(plan.columns[names.index(heading)], option, form)
    given = {"key": options["key"], "blank": options["blank"], "zone": options["zone"]}
    if options["update_only"]:
        given["mode"] = Batch.Mode.UPDATE_ONLY
    return msgspec.structs.replace(plan, **{name: str(value) for name, value in given.items() if value})


def _pairs(text: str, names: list[str]) -> Iterator[tuple[str, str]]:
    known = {name.casefold(): name for name in names}
    for part in text.split(",") if text else []:
        heading, sign, value = part.partition("=")
        name = known.get(heading.strip().casefold())
        if not sign or name is None:
            raise CommandError(f"{part!r} names no column; there are: {', '.join(names)}.")
        yield name, value.strip()
