"""``manage.py import_file``: the same steps without a browser."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Contact
from sync.models import Batch, Import
from tests.sync.conftest import make_api

pytestmark = pytest.mark.django_db


def run(path: Path, resource: str = "accounts", **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_file", resource, path, source="csv", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.csv"
    path.write_text("Nr;Firma;Zuletzt;Staff\n1;Acme;03/04/2026;1.234\n2;Brill;05/06/2026;2.345\n")
    return path


HOW = {"mapping": "Firma=name,Staff=employees,Nr=external_id,Zuletzt=source_updated_at"}


def test_a_file_comes_in_as_told(file: Path) -> None:
    out, err = run(file, yes=True, dates="dmy", numbers="Staff=comma", **HOW)
    assert out == "Imported: created 2.\n"
    assert "Zuletzt -> source_updated_at  [Day first: 31/12/2026]" in err
    assert sorted(Account.objects.values_list("name", "employees")) == [("Acme", 1234), ("Brill", 2345)]


def test_what_is_not_told_is_asked_and_nothing_comes_in(file: Path) -> None:
    with pytest.raises(CommandError, match="Zuletzt: No cell says whether day or month"):
        run(file, yes=True, **HOW)
    assert not Import.objects.exists()
    assert not Batch.objects.exists()


def test_a_dry_run_only_tells(file: Path) -> None:
    out, err = run(file, dry_run=True, dates="mdy", numbers="dot", **HOW)
    assert out == "Would be: rejected 2.\n"
    assert "row 2: Staff: “1.234” is no whole number." in err
    assert not Account.objects.exists()
    assert not Import.objects.exists()


def test_without_a_terminal_nothing_is_imported_unless_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    out, err = run(file, dates="mdy", numbers="comma", **HOW)
    assert out == "Would be: created 2.\n"
    assert "Say --yes" in err
    assert not Account.objects.exists()


def test_rejected_rows_go_to_a_file_and_into_the_exit_code(tmp_path: Path) -> None:
    make_api("csv").bulk("accounts", [{"external_id": "1", "name": "Acme"}])
    path, rejected = tmp_path / "f.csv", tmp_path / "rejected.csv"
    path.write_text("Customer,Name,Mail\nAcme,Jane,jane@acme.test\nNobody,Joe,joe@x.test\n")
    with pytest.raises(SystemExit) as ended:
        run(
            path,
            "contacts",
            yes=True,
            mapping="Customer=account:name,Mail=email",
            key="account+email",
            rejected=rejected,
        )
    assert ended.value.code == 1
    assert Contact.objects.get().account.name == "Acme"
    rows = list(csv.reader(rejected.read_text("utf-8-sig").splitlines()))
    assert rows[1][:3] == ["Nobody", "Joe", "joe@x.test"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mapping": "Nope=name"}, "names no column"),
        ({"delimiter": "x"}, "--delimiter takes"),
        ({"yes": True, "dry_run": True, "dates": "dmy", "numbers": "dot", **HOW}, "exclude each other"),
        ({"sheet": "", "mapping": "Firma=nothing"}, "no field 'nothing'"),
    ],
)
def test_mistakes_are_told(file: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(file, **options)
    assert not Account.objects.exists()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        run(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(CommandError, match="The file is empty"):
        run(tmp_path / "empty.csv")
