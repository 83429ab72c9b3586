import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from demo.company import Company
from demo.exports import MANIFEST, SEED, Manifest, read_manifest, tracking, write_exports
from demo.exports.__main__ import main
from tests.demo.sample import SCALE, TODAY


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, Any]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in raw.splitlines()]


def test_the_same_seed_and_day_write_the_same_bytes(exports: tuple[Path, Manifest], tmp_path: Path) -> None:
    folder, _ = exports
    # Another process, so that nothing rests on the order of a hash.
    command = [sys.executable, "-m", "demo.exports", "--out", str(tmp_path / "again")]
    command += ["--seed", str(SEED), "--today", TODAY.isoformat(), "--events", str(SCALE)]
    subprocess.run(command, check=True, capture_output=True)
    assert digests(tmp_path / "again") == digests(folder)


def test_the_manifest_counts_what_the_files_hold(exports: tuple[Path, Manifest], company: Company) -> None:
    folder, manifest = exports
    assert manifest == read_manifest(folder)
    for name, count in manifest.counts.items():
        assert len(rows(folder / name)) == count, name
    events = sum(count for name, count in manifest.counts.items() if name.startswith("segment/"))
    assert events == company.usage.total


def test_a_folder_without_a_manifest_is_not_taken_for_whole(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    (tmp_path / MANIFEST).write_text('{"seed": 1}')
    assert read_manifest(tmp_path) is None


def test_a_failure_leaves_the_old_exports(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exports"
    write_exports(company, folder)
    before = digests(folder)

    def fail(company: Company, folder: Path) -> Iterator[tuple[Path, int]]:
        raise OSError("disk full")

    monkeypatch.setattr(tracking, "write_months", fail)
    with pytest.raises(OSError, match="disk full"):
        write_exports(company, folder)
    assert digests(folder) == before


def test_objects_look_as_their_sources_write_them(exports: tuple[Path, Manifest]) -> None:
    folder, _ = exports
    account = rows(folder / "salesforce/Account.ndjson")[0]
    assert account["Id"].startswith("001A")
    assert len(account["Id"]) == 18
    assert account["LastModifiedDate"].endswith(".000+0000")
    item = rows(folder / "stripe/subscription_items.ndjson")[0]
    assert item["id"].startswith("si_")
    assert isinstance(item["price"]["unit_amount"], int)
    assert {ticket["status"] for ticket in rows(folder / "zendesk/tickets.ndjson")} == {
        "new", "open", "pending", "hold", "solved", "closed",
    }  # fmt: skip
    track = rows(max((folder / "segment").iterdir()))[0]
    assert track["type"] == "track"
    assert track["context"]["groupId"].startswith("001A")
    assert date.fromisoformat(track["timestamp"][:10]).month == TODAY.month


def test_message_ids_are_unique_and_events_in_order(exports: tuple[Path, Manifest]) -> None:
    folder, _ = exports
    events = [row for path in sorted((folder / "segment").iterdir()) for row in rows(path)]
    assert len({event["messageId"] for event in events}) == len(events)
    stamps = [event["timestamp"] for event in events]
    assert stamps == sorted(stamps)


def test_whole_exports_are_kept_when_asked_for(
    exports: tuple[Path, Manifest], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = exports
    before = digests(folder)
    main(["--out", str(folder), "--seed", "1", "--if-missing"])
    assert "are there" in capsys.readouterr().out
    assert digests(folder) == before
