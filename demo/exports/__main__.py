"""Write the sample company's exports: ``python -m demo.exports --out DIR``."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from demo.company import build_company
from demo.exports import SEED, read_manifest, write_exports


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and write the folder."""
    parser = argparse.ArgumentParser(prog="python -m demo.exports", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write, replaced when it exists")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--today", type=date.fromisoformat, help="the day the exports are of (default: today, UTC)"
    )
    parser.add_argument(
        "--events", type=float, default=1.0, metavar="SHARE", help="share of a million usage events"
    )
    parser.add_argument("--if-missing", action="store_true", help="leave a whole folder as it is")
    options = parser.parse_args(arguments)
    if options.if_missing and read_manifest(options.out):
        print(f"The exports are there: {options.out}")
        return
    today = options.today or datetime.now(UTC).date()
    company = build_company(seed=options.seed, today=today, scale=options.events)
    manifest = write_exports(company, options.out)
    print(f"{sum(manifest.counts.values()):,} records in {len(manifest.counts)} files: {options.out}")


if __name__ == "__main__":
    main()
