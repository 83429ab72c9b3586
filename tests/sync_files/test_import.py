"""Files end as records: whatever their form, once, with every refused row told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account, Contact
from finance.models import Contract, ContractLine
from sync.files.services import begin_check, begin_import
from sync.files.steps import run as steps
from sync.files.storage import report_of
from sync.files.tasks import work_off
from sync.models import Batch, Change, Import, Link, PendingRecord
from tests.sync.conftest import make_api
from tests.sync_files.conftest import Upload, bring_in, check

pytestmark = pytest.mark.django_db

ISO = (
    "Contract ID,Account ID,Start date,End date,Currency,Payment terms days\n"
    "c-1,a-1,2026-04-03,2027-04-02,EUR,30\n"
    "c-2,a-1,2026-12-31,2027-12-30,EUR,60\n"
    "c-3,a-2,2026-04-13,2026-10-12,USD,30\n"
)
GERMAN = (
    "\ufeffContract ID;Account ID;Start date;End date;Currency;Payment terms days\r\n"
    "c-1;a-1;03-04-2026;02-04-2027;EUR;30\r\n"
    "c-2;a-1;31-12-2026;30-12-2027;EUR;60\r\n"
    "c-3;a-2;13-04-2026;12-10-2026;USD;30\r\n"
)
MIXED = (
    "Contract ID,Account ID,Start date,Currency\n"
    "c-1,a-1,03/04/2026,EUR\n"
    "c-2,a-1,13/04/2026,EUR\n"
    "c-3,a-2,04/13/2026,USD\n"
)


@pytest.fixture
def accounts(db: None) -> None:
    make_api("csv").bulk(
        "accounts", [{"external_id": "a-1", "name": "Acme"}, {"external_id": "a-2", "name": "Brill"}]
    )


def rows(source: str) -> list[dict[str, Any]]:
    links = Link.objects.filter(resource="contracts", source__slug=source).order_by("external_id")
    names = [field.name for field in Contract._meta.concrete_fields if field.name not in ("id", "created_at")]
    return [Contract.objects.filter(pk=link.object_id).values(*names).get() for link in links]


def test_two_files_of_one_table_in_different_forms_import_to_identical_rows(
    upload: Upload, accounts: None
) -> None:
    make_api("dach").bulk(
        "accounts", [{"external_id": "a-1", "name": "Acme"}, {"external_id": "a-2", "name": "Brill"}]
    )
    bring_in(upload(ISO, "contracts"))
    columns = {"Account ID": {"source": "csv"}}
    bring_in(upload(GERMAN.encode("utf-8"), "contracts", "dach", columns=columns))
    assert rows("dach") == rows("csv")
    assert [row["start_on"].isoformat() for row in rows("csv")] == ["2026-04-03", "2026-12-31", "2026-04-13"]


def test_a_file_that_mixes_date_orders_is_refused_with_the_rows_named(upload: Upload, accounts: None) -> None:
    imported = upload(MIXED, "contracts")
    for begin in (begin_check, begin_import):
        with pytest.raises(ValidationError, match=r"day first \(row 3\) and month first \(row 4\)"):
            begin(imported=imported)
    assert not Contract.objects.exists()
    assert not Batch.objects.filter(resource="contracts").exists()


def test_a_date_that_may_be_either_is_asked_for_and_then_read_as_said(upload: Upload, accounts: None) -> None:
    text = "Contract ID,Account ID,Start date,Currency\nc-1,a-1,03/04/2026,EUR\n"
    imported = upload(text, "contracts")
    with pytest.raises(ValidationError, match="whether day or month comes first"):
        begin_import(imported=imported)
    bring_in(upload(text, "contracts", columns={"Start date": {"dates": "mdy"}}))
    assert Contract.objects.get().start_on.isoformat() == "2026-03-04"


def test_a_form_that_the_cells_disprove_cannot_be_chosen(upload: Upload, accounts: None) -> None:
    text = "Contract ID,Account ID,Start date,Currency\nc-1,a-1,13/04/2026,EUR\n"
    imported = upload(text, "contracts", columns={"Start date": {"dates": "mdy"}})
    with pytest.raises(ValidationError, match="written otherwise"):
        begin_import(imported=imported)


def test_numbers_of_two_forms_end_the_same_and_mixed_ones_are_refused(upload: Upload, accounts: None) -> None:
    bring_in(upload("Contract ID,Account ID,Start,Currency\nc-1,a-1,2026-01-01,EUR\n", "contracts"))
    head = "Line ID;Contract;Product;Start;Amount;Billing period"
    plain = upload(f"{head}\nl-1;c-1;Seats;2026-01-01;1,234.56;Month\n", "contract-lines")
    comma = upload(f"{head}\nl-2;c-1;Seats;2026-01-01;1.234,56 €;month\n", "contract-lines")
    for imported in (plain, comma):
        assert bring_in(imported).counts == {"created": 1}, report_of(imported.blocks.get())
    assert set(ContractLine.objects.values_list("amount", flat=True)) == {Decimal("1234.56")}
    mixed = upload(
        f"{head}\nl-3;c-1;Seats;2026-01-01;1,234.56;month\nl-4;c-1;Seats;2026-01-01;1.234,56;month\n",
        "contract-lines",
    )
    with pytest.raises(ValidationError, match=r"decimal point \(row 2\) and with a decimal comma \(row 3\)"):
        begin_import(imported=mixed)
    unclear = upload(f"{head}\nl-3;c-1;Seats;2026-01-01;1.234;month\n", "contract-lines")
    with pytest.raises(ValidationError, match="whether 1.234 is a thousand"):
        begin_import(imported=unclear)
    assert ContractLine.objects.count() == 2


def test_ids_keep_their_zeros_and_a_repeat_changes_nothing(upload: Upload) -> None:
    text = "id,name,employees\n001,Acme,12\n01,Brill,7\n"
    first = bring_in(upload(text))
    assert first.counts == {"created": 2}
    assert set(Link.objects.values_list("external_id", flat=True)) == {"001", "01"}
    assert bring_in(upload(text)).counts == {"unchanged": 2}


def test_an_empty_cell_leaves_a_field_alone_unless_clearing_is_chosen(upload: Upload) -> None:
    bring_in(upload("id,name,industry\n1,Acme,Steel\n"))
    text = "id,name,industry\n1,Acme,\n"
    bring_in(upload(text))
    assert Account.objects.get().industry == "Steel"
    bring_in(upload(text, blank="clear"))
    assert Account.objects.get().industry == ""


def test_columns_without_a_field_can_be_kept_as_own_fields(upload: Upload) -> None:
    text = "id,name,Plan,Score\n1,Acme,gold,007\n2,Brill,,9\n"
    columns = {"Plan": {"to": "custom.plan"}, "Score": {"to": "custom.score"}}
    bring_in(upload(text, columns=columns))
    found = dict(Account.objects.values_list("name", "custom"))
    assert found == {"Acme": {"plan": "gold", "score": "007"}, "Brill": {"score": "9"}}


def test_references_go_by_name_where_it_is_unique_and_say_so_where_not(upload: Upload) -> None:
    make_api("crm").bulk(
        "accounts",
        [
            {"external_id": "1", "name": "Acme"},
            {"external_id": "2", "name": "Twin"},
            {"external_id": "3", "name": "TWIN"},
        ],
    )
    text = (
        "Account name,Name,E-Mail\nacme,Jane Doe,jane@acme.test\nTwin,Tom,tom@x.test\nNobody,Ann,ann@x.test\n"
    )
    imported = upload(text, "contacts", key="account+email")
    assert imported.plan["columns"][0]["by"] == "name"
    bring_in(imported)
    assert imported.counts == {"created": 1, "rejected": 2}
    contact = Contact.objects.get()
    assert (contact.account.name, contact.email) == ("Acme", "jane@acme.test")
    assert Link.objects.get(resource="contacts").external_id == "account=crm:1&email=jane@acme.test"
    errors = [row.errors[0] for row in report_of(imported.blocks.get()) if row.errors]
    assert [error[1] for error in errors] == ["ambiguous_reference", "unknown_reference"]
    assert "2 of crm, 3 of crm" in errors[0][2]
    assert bring_in(upload(text, "contacts", key="account+email")).counts == {"unchanged": 1, "rejected": 2}


def test_a_row_may_name_another_row_of_the_same_file(upload: Upload) -> None:
    text = "id,name,parent name\nchild,Small,Big\nholding,Big,\n"
    imported = upload(text)
    assert imported.plan["columns"][2] | {"to": "parent", "by": "name"} == imported.plan["columns"][2]
    bring_in(imported)
    assert Account.objects.get(name="Small").parent == Account.objects.get(name="Big")


def test_a_dry_run_tells_row_by_row_what_would_happen_and_does_nothing(upload: Upload) -> None:
    bring_in(upload("id,name,industry,employees\n1,Acme,Steel,10\n2,Brill,Wood,20\n"))
    text = (
        "id,name,industry,employees,lifecycle,parent\n1,Acme,Iron,10,customer,\n2,Brill,Wood,20,,\n"
        "3,Corus,Tin,-1,,\n4,Dux,Tin,40,,5\n5,Eon,Tin,50,,\n6,Fan,Tin,60,,none\n"
    )
    before = list(Account.objects.order_by("pk").values())
    batches = Batch.objects.count()
    imported = check(upload(text))
    assert imported.expected == {"updated": 1, "unchanged": 1, "rejected": 1, "created": 2, "pending": 1}
    report = report_of(imported.blocks.get())
    assert [row.status for row in report] == [
        "updated",
        "unchanged",
        "rejected",
        "created",
        "created",
        "pending",
    ]
    assert ("industry", "Steel", "Iron") in [tuple(change) for change in report[0].changes]
    assert report[2].errors[0][:2] == ("employees", "out_of_range")
    assert list(Account.objects.order_by("pk").values()) == before
    assert Batch.objects.count() == batches
    assert not PendingRecord.objects.exists()
    assert bring_in(imported).counts == imported.expected


def test_rows_that_wait_for_a_later_block_are_said_to_follow_and_are_applied_at_the_end(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.files.reading.MAX_RECORDS", 2)
    text = "id,name,parent\n1,Acme,4\n2,Brill,\n3,Corus,\n4,Dux,\n"
    imported = check(upload(text))
    row = report_of(imported.blocks.get(position=0))[0]
    assert (row.status, row.errors[0][1]) == ("pending", "follows")
    bring_in(imported)
    assert Account.objects.get(name="Acme").parent == Account.objects.get(name="Dux")
    assert not PendingRecord.objects.exists()


def test_a_killed_worker_costs_a_block_and_nothing_comes_in_twice(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.files.reading.MAX_RECORDS", 3)
    imported = upload("id,name\n" + "".join(f"{n},Name {n}\n" for n in range(10)))
    begin_import(imported=imported)
    run, calls = steps.run_batch, []

    def dies_at_the_third(**given: Any) -> Any:
        outcome = run(**given)
        calls.append(outcome)
        if len(calls) == 3:
            raise SystemExit
        return outcome

    monkeypatch.setattr(steps, "run_batch", dies_at_the_third)
    with pytest.raises(SystemExit):
        work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert (imported.state, imported.rows_done, Account.objects.count()) == ("importing", 6, 6)
    assert work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert imported.counts == {"created": 10}
    assert Account.objects.count() == 10
    assert Batch.objects.filter(resource="accounts").count() == 4
    assert Change.objects.filter(resource="accounts").count() == 10
    assert imported.state == Import.State.DONE


def test_a_plan_is_offered_again_for_the_next_file_of_its_heading(upload: Upload) -> None:
    columns = {"Kürzel": {"to": "custom.short"}, "Firmenname": {"to": "name"}}
    text = "Kürzel;Firmenname;Web\nAC;Acme;acme.test\n"
    check(upload(text, columns=columns, key="domain"))
    again = upload(text)
    assert [column["to"] for column in again.plan["columns"]] == ["custom.short", "name", "domain"]
    assert again.plan["key"] == "domain"
    other = upload("Kürzel;Firmenname;Web;New\nAC;Acme;acme.test;1\n")
    assert other.plan["columns"][0]["to"] == ""


def test_a_file_whose_rows_are_all_rejected_ends_too(upload: Upload) -> None:
    imported = bring_in(upload("id,name,employees\n1,Acme,many\n2,,3\n"))
    assert imported.counts == {"rejected": 2}
    assert imported.blocks.get().batch is not None


def test_an_error_of_ours_stops_an_import_and_is_told(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = check(upload("id,name\n1,Acme\n"))
    begin_import(imported=imported)
    run = steps.run_batch

    def breaks(**given: Any) -> Any:
        raise RuntimeError("oops")

    monkeypatch.setattr(steps, "run_batch", breaks)
    assert work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert imported.state == Import.State.STOPPED
    assert "not in your file" in imported.error
    monkeypatch.setattr(steps, "run_batch", run)
    assert bring_in(imported).counts == {"created": 1}
    assert imported.error == ""


def test_a_name_with_letters_of_two_capitals_is_found_whatever_its_case(upload: Upload) -> None:
    api = make_api("csv")
    api.bulk(
        "accounts",
        [{"external_id": "s", "name": "Straße GmbH"}, {"external_id": "i", "name": "İstanbul AŞ"}],
    )
    rows = "1,Straße GmbH,Ann\n2,straße gmbh,Ben\n3,İstanbul AŞ,Cem\n4,Strasse GmbH,Dan\n"
    imported = upload(
        f"id,Account,Name\n{rows}", "contacts", columns={"Account": {"to": "account", "by": "name"}}
    )
    bring_in(imported)
    assert imported.counts == {"created": 3, "rejected": 1}
    assert dict(Contact.objects.values_list("name", "account__name")) == {
        "Ann": "Straße GmbH",
        "Ben": "Straße GmbH",
        "Cem": "İstanbul AŞ",
    }
