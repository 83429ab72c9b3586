"""Load exports of source systems over the public API.

``python -m demo.load --url http://127.0.0.1:8000 --tokens tokens.json --exports DIR``

``--tokens`` names a JSON file of tokens by source, or is ``env``: then ABE_TOKEN_SALESFORCE,
ABE_TOKEN_STRIPE, ABE_TOKEN_ZENDESK and ABE_TOKEN_SEGMENT hold them. The exit status is 1 when anything was
rejected or refused.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from demo.client import ApiClient, ApiError, SyncReport, send_all
from demo.exports import Manifest, read_manifest
from demo.mapping import FEEDS, Feed

SOURCES = tuple(dict.fromkeys(feed.source for feed in FEEDS))
_SHOWN_REJECTIONS = 20


class LoadError(Exception):
    """The exports could not be loaded whole; the message says what was wrong with which records."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, feed by feed."""

    reports: tuple[SyncReport, ...]

    @property
    def records(self) -> int:
        """How many records were sent."""
        return sum(report.sent for report in self.reports)

    @property
    def seconds(self) -> float:
        """How long the feeds took, one after the other."""
        return sum(report.seconds for report in self.reports)

    @property
    def pending(self) -> int:
        """How many records still waited for another one when they were answered."""
        return sum(report.counts["pending"] for report in self.reports)


def read_tokens(where: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the token of each source from a JSON file, or from the environment when ``where`` is ``env``."""
    if where == "env":
        environ = os.environ if environ is None else environ
        found = {source: environ.get(f"ABE_TOKEN_{source.upper()}", "") for source in SOURCES}
    else:
        try:
            found = msgspec.json.decode(Path(where).read_bytes(), type=dict[str, str])
        except (OSError, msgspec.MsgspecError) as error:
            raise LoadError(f"The tokens can't be read from {where}: {error}") from error
    missing = [source for source in SOURCES if not found.get(source)]
    if missing:
        raise LoadError(f"No token for {', '.join(missing)}: `manage.py issue_token --source …` prints one.")
    return found


def load_exports(
    url: str,
    tokens: Mapping[str, str],
    folder: Path,
    *,
    batch_size: int = 10_000,
    in_flight: int = 2,
    console: Console | None = None,
) -> Loaded:
    """Send a folder of exports, feed by feed in the order of references, and show how far it is.

    Safe to repeat and to resume: what the server already holds changes nothing. Raises LoadError after the
    first feed with rejected records, and where the folder is not whole; ApiError where a call is refused.
    """
    console = console or Console(stderr=True)
    manifest = read_manifest(folder)
    if manifest is None:
        raise LoadError(f"{folder} holds no whole set of exports: `python -m demo.exports --out {folder}`")
    reports = []
    with _progress(console) as progress:
        for feed in FEEDS:
            files = _files(folder, feed, manifest)
            task = progress.add_task(_title(feed), total=sum(files.values()))
            with ApiClient(url, tokens[feed.source]) as client:
                report = send_all(
                    client,
                    feed.resource,
                    _records(feed, list(files)),
                    batch_size=batch_size,
                    in_flight=in_flight,
                    on_batch=lambda count, task=task: progress.advance(task, count),  # type: ignore[misc]
                )
            reports.append(report)
            if not console.is_terminal:
                console.print(_line(feed, report))
            if report.rejections:
                raise LoadError(_describe(report))
    return Loaded(tuple(reports))


def _records(feed: Feed, paths: list[Path]) -> Iterator[dict[str, Any]]:
    """Read and map one object at a time, so that a year of events never stands in memory."""
    decode = msgspec.json.Decoder().decode
    for path in paths:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for line in file:
                yield feed.convert(decode(line))


def _files(folder: Path, feed: Feed, manifest: Manifest) -> dict[Path, int]:
    """Return the feed's files with the number of their records."""
    names = sorted(name for name in manifest.counts if any(Path(name).match(glob) for glob in feed.files))
    return {folder / name: manifest.counts[name] for name in names}


def _title(feed: Feed) -> str:
    return f"{feed.resource} from {feed.source}"


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _line(feed: Feed, report: SyncReport) -> str:
    """Return one line about a feed, for logs and wherever no bar can be drawn."""
    counts = ", ".join(f"{count:,} {status}" for status, count in report.counts.items() if count) or "nothing"
    rate = report.sent / max(report.seconds, 1e-9)
    return f"{_title(feed)}: {counts} in {report.seconds:.1f} s ({rate:,.0f}/s)"


def _describe(report: SyncReport) -> str:
    shown = "\n".join(f"  {rejection}" for rejection in report.rejections[:_SHOWN_REJECTIONS])
    more = len(report.rejections) - _SHOWN_REJECTIONS
    tail = f"\n  and {more:,} more" if more > 0 else ""
    return f"{len(report.rejections):,} of {report.sent:,} {report.resource} were rejected:\n{shown}{tail}"


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, load, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="address of the platform, such as http://127.0.0.1:8000")
    parser.add_argument("--tokens", required=True, metavar="FILE|env")
    parser.add_argument("--exports", required=True, type=Path, metavar="DIR")
    parser.add_argument("--batch-size", type=int, default=10_000, help="records in a call (at most 10,000)")
    parser.add_argument("--in-flight", type=int, default=2, help="calls at a time")
    options = parser.parse_args(arguments)
    try:
        loaded = load_exports(
            options.url,
            read_tokens(options.tokens),
            options.exports,
            batch_size=options.batch_size,
            in_flight=options.in_flight,
        )
    except (LoadError, ApiError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{loaded.records:,} records in {loaded.seconds:.0f} s")
    if loaded.pending:
        print(f"{loaded.pending:,} of them waited for a record that had not arrived", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
