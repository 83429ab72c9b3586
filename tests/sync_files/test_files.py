"""Every file that can't be taken is told why and what to do; what spreadsheets really hold is read as that."""

from __future__ import annotations

import re
import struct
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account
from finance.models import Contract
from sync.files import reading as reading_module
from sync.files import services
from sync.files import workbook as workbook_module
from sync.files.report import rejected_table
from sync.files.storage import report_of
from sync.files.tasks import work_off
from sync.models import Batch, Import, Link
from tests.sync.conftest import make_api
from tests.sync_files.books import with_entry, workbook
from tests.sync_files.conftest import Upload, bring_in, upload_file

pytestmark = pytest.mark.django_db

SHEET = "xl/worksheets/sheet1.xml"
HEAD = ["id", "name"]


def refused(content: bytes | str, name: str = "file.csv") -> str:
    imported = upload_file(content, name=name)
    assert imported.state == Import.State.UNREADABLE, imported.columns
    assert not imported.blocks.exists()
    assert not Batch.objects.exists()
    return imported.error


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("id,name\n", "no rows below"),
        ("\n\n  \n", "file is empty"),
        ("id,name,Name\n1,a,b\n", "Columns B and C are both called “Name”"),
        ("id,name,\n1,a,b\n", "Column C holds cells (row 2) but has no heading"),
        ("My export\nid,name\n1,Acme\n", "one heading for 2 columns"),
        ('id,name\n1,"Acme\n2,Brill\n', "From row 2 on a quotation mark is opened and never closed"),
        ('id,name\n1,"Ac"me"\n', "Row 2 holds a quotation mark inside"),
        ("id,na\x00me\n1,Acme\n", "heading of column B holds a NUL"),
        ("id," + "n" * 300 + "\n1,Acme\n", "longer than 255"),
        (f"id,name\n1,{'x' * 140_000}\n", "Row 2 holds a cell of more than 131,072"),
        (",".join(f"c{n}" for n in range(300)) + "\n" + ",".join("1" * 300) + "\n", "300 columns"),
        (b"PK\x03\x04 nothing of the kind", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old kind (.xls)"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "protected by a password",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(content: bytes | str, told: str, db: None) -> None:
    assert told in refused(content)


def test_an_empty_or_huge_upload_is_refused_at_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="The file is empty"):
        upload_file("")
    monkeypatch.setattr(services, "MOST_BYTES", 10)
    with pytest.raises(ValidationError, match="larger than"):
        upload_file("id,name\n1,Acme\n")
    assert not Import.objects.exists()


def test_more_rows_than_the_limit_are_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "MAX_RECORDS", 2)
    monkeypatch.setattr(reading_module, "MOST_ROWS", 4)
    text = "id,name\n" + "".join(f"{n},Name\n" for n in range(4))
    assert upload_file(text).state == Import.State.MAPPING
    assert "more than 4 rows" in refused(text + "9,One more\n")


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "cp1252"), ("utf-8", "utf-8")],
)
def test_encodings_are_found(upload: Upload, encoding: str, named: str) -> None:
    names = ["Müller & Söhne GmbH", "Crème Brûlée Traiteur", "Señor Ñandú Española", "Größe Straße Köln"]
    text = "id;name\n" + "".join(f"{n};{name}\n" for n, name in enumerate(names * 5))
    imported = upload(text.encode(encoding))
    assert imported.reading["encoding"] == named
    assert imported.reading["encoding_is_sure"] == (encoding != "cp1252")
    bring_in(imported)
    assert set(Account.objects.values_list("name", flat=True)) == set(names)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_comma_in_each_amount_and_in_its_heading_cuts_nothing(upload: Upload, delimiter: str) -> None:
    rows = (("Name", "Amount, EUR"), ("Acme", "1,50"), ("Brill", "2,50"))
    imported = upload("\n".join(map(delimiter.join, rows)))
    assert imported.reading["delimiter"] == delimiter
    assert [column["name"] for column in imported.columns] == ["Name", "Amount, EUR"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(upload: Upload, delimiter: str, ending: str) -> None:
    rows = [["id", "name", "industry"], ["1", '"Acme, Inc; | or so"', "Steel"], ["2", "Brill", "1,5"]]
    rows[2][2] = '"1,5"'
    imported = bring_in(upload(ending.join(delimiter.join(row) for row in rows) + ending))
    assert imported.counts == {"created": 2}
    assert Account.objects.get(name__startswith="Acme").name == "Acme, Inc; | or so"


def test_the_first_row_is_asked_about_where_it_may_be_a_record(upload: Upload) -> None:
    imported = upload("1,jane@acme.test\n2,joe@acme.test\n")
    with pytest.raises(ValidationError, match="heading or a record"):
        services.begin_import(imported=imported)
    services.read_again(imported=imported, heading="no")
    work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert [column["name"] for column in imported.columns] == ["Column A", "Column B"]
    assert imported.rows == 2


def test_rows_with_too_many_cells_are_rejected_and_short_ones_padded(upload: Upload) -> None:
    imported = bring_in(upload("id,name,industry\n1,Acme,Steel,oops\n2,Brill\n\n3,Corus,Tin,\n"))
    assert imported.counts == {"rejected": 1, "created": 2}
    assert (imported.reading["ragged_rows"], imported.reading["short_rows"]) == (1, 1)
    assert report_of(imported.blocks.get())[0].errors[0][1] == "too_many_cells"
    (row,) = rejected_table(imported).rows
    assert "“oops”" in row[-1], "no cell is lost on the way to whoever mends the row"


def test_a_nul_in_a_cell_refuses_its_row_alone(upload: Upload) -> None:
    imported = bring_in(upload("id,name\n1,Ac\x00me\n2,Brill\n"))
    assert imported.counts == {"rejected": 1, "created": 1}


def test_cells_of_a_workbook_are_what_they_are(upload: Upload) -> None:
    make_api("csv").bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    rows: list[list[Any]] = [
        ["Contract ID", "Account ID", "Start", "End", "Currency", "Notice days", "Auto renew", "Budget"],
        [7, "001", date(2026, 4, 3), datetime(2027, 4, 3, tzinfo=UTC), "EUR", 30, True, 1.5],
        ["008", "001", date(2026, 5, 4), "", "EUR", 60.0, False, "text"],
    ]
    imported = upload(workbook(rows), "contracts", columns={"Budget": {"to": "custom.budget"}})
    assert imported.reading["kind"] == "xlsx"
    assert bring_in(imported).counts == {"created": 2}, report_of(imported.blocks.get())
    assert set(Link.objects.filter(resource="contracts").values_list("external_id", flat=True)) == {
        "7",
        "008",
    }
    first, second = Contract.objects.order_by("start_on")
    assert (first.start_on, first.end_on) == (date(2026, 4, 3), date(2027, 4, 3))
    assert (first.notice_days, first.auto_renew, first.custom) == (30, True, {"budget": 1.5})
    assert (second.notice_days, second.auto_renew, second.end_on) == (60, False, None)


def test_day_numbers_of_excel_are_dates_once_somebody_says_so(upload: Upload) -> None:
    make_api("csv").bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    text = "Contract ID,Account ID,Start,Currency\n1,001,46115,EUR\n"
    imported = upload(text, "contracts", columns={"Start": {"to": "start_on"}})
    with pytest.raises(ValidationError, match="Are they days as Excel counts them"):
        services.begin_import(imported=imported)
    bring_in(upload(text, "contracts", columns={"Start": {"dates": "serial"}}))
    assert Contract.objects.get().start_on == date(2026, 4, 3)


def test_an_id_that_lost_its_digits_in_a_spreadsheet_is_refused(upload: Upload) -> None:
    imported = bring_in(upload(workbook([HEAD, [12345678901234567890, "Acme"], [12345, "Brill"]])))
    assert imported.counts == {"rejected": 1, "created": 1}
    assert report_of(imported.blocks.get())[0].errors[0][1] == "lost_digits"


def test_merged_cells_are_refused_where_they_hold_a_value_of_the_table(upload: Upload) -> None:
    def merge(first: int) -> Any:
        return lambda _, sheet: sheet.merge_range(first, 0, first, 1, "Both")

    told = refused(workbook([HEAD, ["1", "Acme"]], merge(0)), "file.xlsx")
    assert "merged cells (A1:B1)" in told
    body = workbook([HEAD, ["1", "Acme"], ["2", "Brill"]], lambda _, sheet: sheet.merge_range(5, 3, 6, 4, ""))
    assert upload(body, name="file.xlsx").state == Import.State.MAPPING
    for last, column, cells in ((2, 1, "B2:B3"), (1, 2, "B2:C2")):
        shared = workbook(
            [[*HEAD, "Industry"], ["1", "", ""], ["2", "", ""]],
            lambda _, sheet, last=last, column=column: sheet.merge_range(1, 1, last, column, "Acme"),
        )
        assert f"Cells {cells} are merged" in refused(shared, "file.xlsx")


def test_a_formula_without_its_result_is_refused_by_its_cell(upload: Upload) -> None:
    def formula(value: str) -> Any:
        return lambda _, sheet: sheet.write_formula(1, 1, '="Ac"&"me"', None, value)

    bring_in(upload(workbook([HEAD, ["1", ""]], formula("Acme")), name="file.xlsx"))
    assert Account.objects.get().name == "Acme"
    book = with_entry(
        workbook([HEAD, ["1", ""]], formula("Acme")),
        SHEET,
        b"",
        lambda xml: xml.replace(b"<v>Acme</v>", b""),
    )
    imported = upload(book, name="file.xlsx")
    assert imported.state == Import.State.UNREADABLE
    assert "Cell B2 holds a formula whose result" in imported.error


def test_a_cell_that_shows_an_error_is_refused_only_on_the_sheet_that_is_read(upload: Upload) -> None:
    def error(_: Any, sheet: Any) -> None:
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")

    def beside(book: Any, _: Any) -> None:
        error(book, book.add_worksheet("R & D"))

    assert "Cell B2 shows the error #N/A" in refused(workbook([HEAD, ["1", ""]], error), "file.xlsx")
    imported = upload(workbook([HEAD, ["1", "Acme"]], beside), name="file.xlsx")
    assert imported.state == Import.State.MAPPING
    services.read_again(imported=imported, sheet="R & D")
    work_off(imported.pk, seconds=60)
    imported.refresh_from_db()
    assert "Cell B2 shows the error #N/A" in imported.error


def test_archives_that_unpack_to_too_much_are_refused_whatever_they_say_of_themselves(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_module, "MOST_UNPACKED", 3_000_000)
    bomb = with_entry(workbook([HEAD, ["1", "Acme"]]), SHEET, b"<x>" + b" " * 5_000_000 + b"</x>")
    assert "unpacks to more than" in refused(bomb, "file.xlsx")
    # The sizes that the archive states are only words.
    place = bomb.find(SHEET.encode(), bomb.find(b"PK\x01\x02")) - 46
    lying = bytearray(bomb)
    while place > 0 and lying[place : place + 4] == b"PK\x01\x02":
        struct.pack_into("<I", lying, place + 24, 10)
        break
    assert "unpacks to more than" in refused(bytes(lying), "file.xlsx")


@pytest.mark.parametrize("entry", ["[Content_Types].xml", "xl/workbook.xml", SHEET])
def test_a_damaged_workbook_says_so(entry: str, db: None) -> None:
    book = with_entry(workbook([HEAD, ["1", "Acme"]]), entry, b"<no xml")
    imported = upload_file(book, name="file.xlsx")
    assert imported.state in (Import.State.UNREADABLE, Import.State.MAPPING)
    if imported.state == Import.State.UNREADABLE:
        assert "damaged" in imported.error or "empty" in imported.error or "no sheet" in imported.error


def test_other_sheets_can_be_chosen(upload: Upload) -> None:
    def second(book: Any, _: Any) -> None:
        sheet = book.add_worksheet("More")
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["9", "Dux"])

    imported = upload(workbook([HEAD, ["1", "Acme"]], second), name="file.xlsx")
    assert imported.reading["sheets"] == ["Rows", "More"]
    services.read_again(imported=imported, sheet="More")
    work_off(imported.pk, seconds=60)
    bring_in(imported)
    assert Account.objects.get().name == "Dux"


def with_error(xml: bytes) -> bytes:
    """Let cell B2 show an error."""
    shown = re.sub(rb'<c r="B2"[^>]*>.*?</c>', b'<c r="B2" t="e"><v>#REF!</v></c>', xml)
    assert shown != xml
    return shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="B2" t="e"', b't="e" r="B2"'),
        (b'r="B2" t="e"', b"r='B2' t='e'"),
        (b'r="B2" t="e"><v>', b'r="B2"\n t="e" >\n <v>'),
        (b"<v>#REF!</v>", b"<f t='shared' si='0'/><v>#REF!</v>"),
        (b"<v>#REF!</v>", b""),
        (b't="e"><v>#REF!</v>', b"><f>1+1</f>\n<v></v>\n"),
        (b't="e"><v>#REF!</v>', b"><f>1+1</f>"),
    ],
)
def test_a_cell_without_value_is_refused_however_a_program_writes_it(
    db: None, old: bytes, new: bytes
) -> None:
    def rewritten(xml: bytes) -> bytes:
        assert old in with_error(xml)
        return with_error(xml).replace(old, new)

    told = refused(with_entry(workbook([HEAD, ["1", "Acme"]]), SHEET, b"", rewritten), "file.xlsx")
    assert "Cell B2 shows the error" in told or "Cell B2 holds a formula whose result" in told


def prefixed(xml: bytes) -> bytes:
    return re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", xml).replace(b'xmlns="', b'xmlns:x="')


def test_tags_may_have_a_prefix_and_attributes_any_order(upload: Upload) -> None:
    def turned(xml: bytes) -> bytes:
        return re.sub(
            rb'<x:sheet name="([^"]*)" sheetId="(\d+)" r:id="([^"]*)"/>',
            rb"<x:sheet r:id='\3' sheetId='\2' name='\1'/>",
            prefixed(xml),
        )

    plain = with_entry(workbook([HEAD, ["1", "Acme"]]), "xl/workbook.xml", b"", turned)
    book = with_entry(plain, SHEET, b"", prefixed)
    broken = with_entry(with_entry(plain, SHEET, b"", with_error), SHEET, b"", prefixed)
    assert "Cell B2 shows the error" in refused(broken, "file.xlsx")
    assert bring_in(upload(book, name="file.xlsx")).counts == {"created": 1}


def test_the_name_of_a_sheet_may_be_escaped(db: None) -> None:
    book = with_entry(
        workbook([HEAD, ["1", "Acme"]]),
        "xl/workbook.xml",
        b"",
        lambda xml: re.sub(rb'<sheet name="[^"]*"', b'<sheet name="&#82;ows&#x20;"', xml),
    )
    assert upload_file(book, name="file.xlsx").state == Import.State.MAPPING
    book = with_entry(book, SHEET, b"", with_error)
    assert "Cell B2 shows the error" in refused(book, "file.xlsx")


def far_apart(xml: bytes) -> bytes:
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return xml.replace(b"</sheetData>", cell)


def often_the_same(xml: bytes) -> bytes:
    rows = (b'<row r="%d"><c r="B%d" t="s"><v>3</v></c></row>' % (row, row) for row in range(3, 1003))
    return xml.replace(b"</sheetData>", b"".join(rows) + b"</sheetData>")


@pytest.mark.parametrize("change", [far_apart, often_the_same])
def test_a_small_workbook_that_asks_for_all_memory_costs_its_reader_only(
    db: None, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    monkeypatch.setattr(workbook_module, "MOST_MEMORY", 512 * 1024**2)
    book = with_entry(workbook([HEAD, ["1", "Acme"]]), SHEET, b"", change)
    long = b"<t>" + b"x" * 1_000_000 + b"</t>"
    book = with_entry(book, "xl/sharedStrings.xml", b"", lambda xml: xml.replace(b"<t>Acme</t>", long))
    assert len(book) < 20_000
    assert "can't be opened: its cells lie too far apart" in refused(book, "file.xlsx")
