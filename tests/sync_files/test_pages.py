"""From upload to report in the browser: without JavaScript, with nothing lost, and only for RevOps."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from accounts.models import Account
from sync.files import tasks
from sync.models import Batch, Import
from tests.sync_files.conftest import Upload, bring_in, check
from tests.users import client_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def revops(db: None) -> Client:
    return client_as("revops")


@pytest.fixture(autouse=True)
def _workers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.work_on_import, "delay", tasks.work_on_import)


def send(client: Client, content: str, **fields: str) -> Any:
    file = SimpleUploadedFile("file.csv", content.encode())
    form = {"resource": "accounts", "source": "csv", "file": file, **fields}
    return client.post(reverse("sync:import_new"), form)


def page(client: Client, imported: Import, query: str = "") -> str:
    response = client.get(reverse("sync:import", args=[imported.pk]) + query)
    assert response.status_code == 200
    return str(response.content.decode())


def start(client: Client, imported: Import, seen: str | None = None) -> Any:
    """Press the button of the page that shows ``seen``, by default the import as it is."""
    shown = re.search(r'name="seen" value="([^"]*)"', page(client, imported))
    given = seen if seen is not None else shown[1] if shown else ""
    return client.post(reverse("sync:import_start", args=[imported.pk]), {"seen": given}, follow=True)


def test_a_file_goes_from_upload_to_report_and_back(revops: Client) -> None:
    text = "id;Firma;Started;Staff\n1;Acme;03/04/2026;7\n2;Brill;05/06/2026;none\n"
    response = send(revops, text)
    imported = Import.objects.get()
    url = reverse("sync:import", args=[imported.pk])
    assert (response.status_code, response["Location"]) == (302, url)
    columns = reverse("sync:import_columns", args=[imported.pk])
    chosen = {"to-1": "name", "to-2": "source_updated_at", "to-3": "employees", "key": "external_id"}
    asked = revops.post(columns, {**chosen, "action": "check"})
    assert asked.status_code == 422
    assert "whether day or month comes first" in asked.content.decode()
    # What was chosen stands, though it can't be carried out yet.
    assert '<option value="source_updated_at" selected>' in page(revops, imported)
    assert revops.post(columns, {"dates-2": "mdy", "action": "check"}).status_code == 302
    report = page(revops, imported)
    assert "Import 1 row" in report
    assert "is no number written like" in report
    assert not Account.objects.exists()
    start(revops, imported)
    imported.refresh_from_db()
    assert (imported.state, imported.counts) == ("done", {"created": 1, "rejected": 1})
    assert Account.objects.get().name == "Acme"
    undo = reverse("sync:import_undo", args=[imported.pk])
    assert "Removed, since it created them" in revops.get(undo).content.decode()
    assert revops.post(undo).status_code == 302
    imported.refresh_from_db()
    assert imported.state == "undone"
    assert not Account.objects.filter(deleted_at=None).exists()
    assert (
        "Taken back"
        in revops.get(reverse("sync:batch", args=[imported.blocks.get().batch_id])).content.decode()
    )
    assert revops.post(undo).status_code == 409


def test_the_report_shows_only_what_comes_in(revops: Client, upload: Upload) -> None:
    text = "id;name;Stuff\n1;Acme;nonsense\n"
    imported = bring_in(upload(text, columns={"Stuff": {"to": ""}}))
    report = page(revops, imported)
    assert "Acme" in report
    assert "nonsense" not in report


def test_rejected_rows_come_back_mended(revops: Client, upload: Upload) -> None:
    text = 'id;name;employees;Note\n1;Acme;7;fine\n2;Brill;many;"=1+1; or so"\n3;;8;\n'
    imported = bring_in(upload(text, columns={"Note": {"to": "custom.note"}}))
    url = reverse("sync:import_rejected", args=[imported.pk])
    content = b"".join(revops.get(f"{url}?export=csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0] == ["id", "name", "employees", "Note", "Why it was rejected"]
    assert rows[1][:4] == ["2", "Brill", "many", "'=1+1; or so"]
    assert rows[1][4].startswith("employees: “many” is no number")
    assert [row[0] for row in rows[1:]] == ["2", "3"]
    mended = content.replace("many", "12").replace("3,,8", "3,Corus,8")
    again = upload(mended, columns={"Note": {"to": "custom.note"}})
    assert [column["name"] for column in again.columns] == ["id", "name", "employees", "Note"]
    assert bring_in(again).counts == {"created": 2}
    assert Account.objects.get(name="Brill").custom == {"note": "=1+1; or so"}
    assert revops.get(f"{url}?export=xlsx").status_code == 200


def test_a_form_with_mistakes_keeps_what_was_typed(revops: Client) -> None:
    response = revops.post(reverse("sync:import_new"), {"resource": "contacts", "source": "No slug"})
    text = response.content.decode()
    assert response.status_code == 422
    assert 'value="No slug"' in text
    assert '<option value="contacts" selected>' in text
    assert "Choose a file." in text
    assert "A source is a slug" in text
    assert not Import.objects.exists()


def test_an_unreadable_file_says_why_and_can_be_read_otherwise(revops: Client) -> None:
    send(revops, 'id|name\n1|"Acme\n')
    imported = Import.objects.get()
    assert "never closed" in page(revops, imported)
    send(revops, "id,name\n1,Acme|Brill\n")
    other = Import.objects.latest("pk")
    revops.post(
        reverse("sync:import_read", args=[other.pk]),
        {"delimiter": "|", "heading": "yes", "encoding": "cp1252"},
    )
    other.refresh_from_db()
    assert (other.reading["delimiter"], other.reading["encoding"]) == ("|", "cp1252")


def test_the_report_is_paged_both_ways_and_narrowed(
    revops: Client, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.files.reading.MAX_RECORDS", 40)
    rows = [f"{n},Name {n},{'x' if n % 3 == 0 else n}\n" for n in range(1, 201)]
    imported = check(upload("id,name,employees\n" + "".join(rows)))
    assert imported.expected == {"created": 134, "rejected": 66}

    def shown(query: str) -> list[int]:
        response = revops.get(reverse("sync:import", args=[imported.pk]) + query)
        return [row.number for row in response.context["report"].rows]

    assert shown("") == list(range(2, 52))
    assert shown("?after=51") == list(range(52, 102))
    assert shown("?before=52") == list(range(2, 52))
    assert shown("?before=102") == list(range(52, 102))
    rejected = [n + 1 for n in range(1, 201) if n % 3 == 0]
    assert shown("?show=rejected") == rejected[:50]
    assert shown(f"?show=rejected&after={rejected[49]}") == rejected[50:]
    assert shown("?after=x&before=-1&show=nothing") == list(range(2, 52))


def test_progress_is_a_partial_that_asks_again(revops: Client, upload: Upload) -> None:
    imported = upload("id,name\n1,Acme\n")
    Import.objects.filter(pk=imported.pk).update(state="importing", rows_done=0)
    url = reverse("sync:import", args=[imported.pk])
    part = revops.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 1s"' in part
    assert '<meta http-equiv="refresh"' in page(revops, imported)
    assert revops.post(reverse("sync:import_stop", args=[imported.pk])).status_code == 302
    imported.refresh_from_db()
    assert imported.state == "stopped"
    assert "Go on with the rest" in page(revops, imported)
    start(revops, imported)
    imported.refresh_from_db()
    assert imported.state == "done"


def test_what_somebody_else_has_changed_is_not_imported_unseen(revops: Client, upload: Upload) -> None:
    imported = check(upload("id,name,industry\n1,Acme,Steel\n", columns={"industry": {"to": "industry"}}))
    seen = imported.version
    columns = reverse("sync:import_columns", args=[imported.pk])
    revops.post(columns, {"to-2": "", "action": "check"})
    for state in ("checked", "mapping"):
        imported.refresh_from_db()
        assert imported.state == state
        refused = start(revops, imported, seen).content.decode()
        assert "Somebody has changed this import in the meantime" in refused
        revops.post(reverse("sync:import_change", args=[imported.pk]))
    assert not Account.objects.exists()


def test_an_absent_broker_holds_nothing_up_for_good(
    revops: Client, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise OperationalError

    imported = check(upload("id,name\n1,Acme\n"))
    monkeypatch.setattr(tasks.work_on_import, "delay", away)
    response = start(revops, imported)
    assert "The workers can&#x27;t be reached" in response.content.decode()
    Import.objects.update(step_at="2026-01-01T00:00:00Z")
    monkeypatch.setattr(tasks.work_on_import, "delay", tasks.work_on_import)
    tasks.go_on_with_imports()
    imported.refresh_from_db()
    assert imported.state == "done"


def test_what_is_past_its_time_loses_its_cells_but_not_its_history(revops: Client, upload: Upload) -> None:
    imported = bring_in(upload("id,name\n1,Acme\n2,\n"))
    Import.objects.update(step_at="2026-01-01T00:00:00Z")
    assert tasks.drop_old_imports() == 1
    assert tasks.drop_old_imports() == 0
    assert "aren&#x27;t kept any more" in page(revops, imported) or "aren't kept any more" in page(
        revops, imported
    )
    revops.post(reverse("sync:import_undo", args=[imported.pk]))
    assert not Account.objects.filter(deleted_at=None).exists()


def test_discarding_leaves_nothing(revops: Client, upload: Upload) -> None:
    imported = upload("id,name\n1,Acme\n")
    assert revops.post(reverse("sync:import_discard", args=[imported.pk])).status_code == 302
    assert not Import.objects.exists()
    done = bring_in(upload("id,name\n1,Acme\n"))
    revops.post(reverse("sync:import_discard", args=[done.pk]))
    assert Import.objects.filter(pk=done.pk).exists()


@pytest.mark.parametrize(
    "query",
    ["?show=%00", "?after=99999999999999999999", "?before=%F0", "?export=pdf", "?show=created&after=1"],
)
def test_no_address_breaks_a_page(revops: Client, upload: Upload, query: str) -> None:
    imported = check(upload("id,name\n1,Acme\n"))
    assert page(revops, imported, query)
    assert revops.get(reverse("sync:imports") + query).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"to-0": "\x00"},
        {"to-0": "x" * 5000},
        {"key": "\x00", "zone": "/etc"},
        {"dates-0": "??", "to-0": "source_updated_at"},
        {"by-0": "id:none:x", "to-0": "parent"},
    ],
)
def test_no_choice_breaks_the_form(revops: Client, upload: Upload, sent: dict[str, str]) -> None:
    imported = upload("id,name\n1,Acme\n")
    url = reverse("sync:import_columns", args=[imported.pk])
    assert revops.post(url, {**sent, "action": "check"}).status_code in (302, 422)
    assert revops.post(url, sent, headers={"HX-Request": "true"}).status_code == 200


def test_imports_are_for_revops(upload: Upload) -> None:
    imported = upload("id,name\n1,Acme\n")
    sales = client_as("sales")
    for name in ("import", "import_rejected", "import_undo"):
        assert sales.get(reverse(f"sync:{name}", args=[imported.pk])).status_code == 403
    for name in (
        "import_columns",
        "import_start",
        "import_undo",
        "import_discard",
        "import_read",
        "import_change",
    ):
        assert sales.post(reverse(f"sync:{name}", args=[imported.pk])).status_code == 403
    assert not Batch.objects.exists()
