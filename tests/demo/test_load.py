import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo import load
from demo.client import ApiClient, BatchAnswer, FieldError, RecordResult
from demo.exports import MANIFEST, Manifest
from demo.load import SOURCES, LoadError, load_exports, read_tokens

Exports = tuple[Path, Manifest]
TOKENS = dict.fromkeys(SOURCES, "secret")


class Recorder:
    """Stands in for the server's side of a call and remembers what it was sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, int]] = []
        self.bad: set[str] = set()
        monkeypatch.setattr(
            ApiClient, "send_batch", lambda _, resource, records: self.answer(resource, records)
        )

    def answer(self, resource: str, records: list[dict[str, Any]]) -> BatchAnswer:
        self.sent.append((resource, len(records)))
        results = []
        for index, record in enumerate(records):
            bad = record["external_id"] in self.bad
            errors = [FieldError("name", "too_long", "At most 255 characters.")] if bad else []
            status = "rejected" if bad else "created"
            results.append(RecordResult(index, status, record["external_id"], errors))
        rejected = sum(result.status == "rejected" for result in results)
        return BatchAnswer(results, created=len(records) - rejected, rejected=rejected)


def quiet() -> Console:
    return Console(file=io.StringIO(), width=120)


def test_a_load_sends_everything_in_the_order_of_references(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(monkeypatch)
    console = quiet()
    loaded = load_exports("http://nowhere", TOKENS, exports[0], batch_size=5_000, console=console)
    assert loaded.records == sum(exports[1].counts.values())
    assert list(dict.fromkeys(resource for resource, _ in recorder.sent)) == [
        "exchange-rates", "accounts", "contacts", "opportunities", "contracts", "contract-lines", "invoices",
        "payments", "tickets", "ticket-events", "csat-responses", "nps-responses", "entitled-features", "engagements",
        "usage-events",
    ]  # fmt: skip
    assert max(count for _, count in recorder.sent) == 5_000
    assert isinstance(console.file, io.StringIO)
    assert "accounts from salesforce: 400 created" in console.file.getvalue()


def test_a_rejected_record_stops_before_the_next_feed_and_is_named(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(monkeypatch)
    account = json.loads((exports[0] / "salesforce/Account.ndjson").read_text().splitlines()[7])
    recorder.bad = {account["Id"]}
    with pytest.raises(
        LoadError, match=r"1 of 400 accounts were rejected:\n  accounts record 7 .*name: At most"
    ):
        load_exports("http://nowhere", TOKENS, exports[0], console=quiet())
    assert "contacts" not in {resource for resource, _ in recorder.sent}


def test_the_command_fails_loudly(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    recorder = Recorder(monkeypatch)
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps(TOKENS))
    command = ["--url", "http://nowhere", "--tokens", str(tokens), "--exports", str(exports[0])]
    assert load.main(command) == 0
    assert "records in" in capsys.readouterr().out
    account = json.loads((exports[0] / "salesforce/Account.ndjson").read_text().splitlines()[0])
    recorder.bad = {account["Id"]}
    assert load.main(command) == 1
    assert "were rejected" in capsys.readouterr().err


def test_half_written_exports_are_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(LoadError, match="no whole set of exports"):
        load_exports("http://nowhere", TOKENS, tmp_path, console=quiet())


def test_tokens_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps(TOKENS))
    assert read_tokens(str(path)) == TOKENS
    environ = {f"ABE_TOKEN_{source.upper()}": "secret" for source in SOURCES}
    assert read_tokens("env", environ) == TOKENS
    del environ["ABE_TOKEN_ZENDESK"]
    with pytest.raises(LoadError, match="No token for zendesk"):
        read_tokens("env", environ)
    for content in ("[]", "no json", '{"stripe": 1}'):
        path.write_text(content)
        with pytest.raises(LoadError, match="can't be read"):
            read_tokens(str(path))
    with pytest.raises(LoadError, match="can't be read"):
        read_tokens(str(tmp_path / "missing.json"))
