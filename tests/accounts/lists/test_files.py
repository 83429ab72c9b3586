"""Files for target lists: rows looked up as pasted lines are, shown before anything is added, nothing lost."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.identity.merge import merge_accounts
from accounts.lists import files, services
from accounts.lists.errors import ListRefused
from accounts.lists.models import ListFile, ListMembership, TargetList
from accounts.models import Account
from people.models import User
from sync.models import Link, Source
from tests.accounts.rows import make_listed
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("marketing")


@pytest.fixture
def spring(ann: User) -> TargetList:
    return services.create_list(name="Spring", by=ann)


@pytest.fixture(autouse=True)
def three() -> dict[str, Account]:
    return {
        name: make_listed(name, domain=f"{name.lower()}.example", standing={})
        for name in ("Alpha", "Beta", "Gamma")
    }


def on(target: TargetList) -> set[str]:
    held = ListMembership.objects.current().filter(list=target)
    return set(held.values_list("account__name", flat=True))


def send(client: Client, target: TargetList, data: bytes, name: str = "targets.csv") -> ListFile:
    answer = client.post(
        reverse("accounts:list_upload", args=[target.pk]), {"file": SimpleUploadedFile(name, data)}
    )
    assert answer.status_code == 302, answer.context["upload"].errors
    return ListFile.objects.latest("pk")


def test_rows_are_shown_with_what_they_name_and_added_with_their_cause(
    ann: User, spring: TargetList, three: dict[str, Account]
) -> None:
    client = client_of(ann)
    make_listed("Beta", domain="other.example", standing={})
    data = (
        "Company;Web;Employees\n"
        "Alpha;alpha.example;5\n"
        "Beta;;7\n"
        "Beta;https://www.beta.example/;9\n"
        "Alpha;gamma.example;1\n"
        f"{three['Gamma'].pk};;1\n"
        "Nobody;nobody.example;3\n"
        ";;3\n"
    )
    kept = send(client, spring, data.encode())
    page = client.get(kept.get_absolute_url())
    matched = page.context["matched"]
    assert matched.columns == ["Company", "Web"]
    assert [(row.number, row.outcome) for row in matched.rows] == [
        (2, "found"),
        (3, "several"),
        (4, "found"),
        (5, "several"),
        (6, "found"),
        (7, "unknown"),
        (8, "unknown"),
    ]
    assert "different accounts" in matched.rows[3].why
    assert on(spring) == set()
    assert "<span>Add " in page.content.decode()
    done = client.post(kept.get_absolute_url(), {"apply": "1", "seen": matched.seen})
    assert done.status_code == 302
    assert on(spring) == {"Alpha", "Beta", "Gamma"}
    stays = ListMembership.objects.filter(list=spring).select_related("came_with")
    assert {(one.came_with.cause, one.came_with.by_id, one.came_with.note) for one in stays} == {
        ("file", ann.pk, "targets.csv")
    }
    again = client.get(kept.get_absolute_url())
    assert "came with version 2" in again.content.decode()
    assert [one["row"].number for one in again.context["open_rows"]] == [3, 5, 7, 8]
    text = client.get(f"{kept.get_absolute_url()}?export=csv").getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["It names"] for row in rows] == [files_outcome(row.outcome) for row in matched.rows]
    with pytest.raises(ListRefused, match="already"):
        services.add_file(kept=kept, by=ann, seen=matched.seen)


def files_outcome(outcome: str) -> str:
    return {"found": "One account", "several": "Several accounts", "unknown": "No account"}[outcome]


def test_what_a_list_exports_can_be_uploaded_to_another(ann: User, spring: TargetList) -> None:
    client = client_of(ann)
    make_listed("=Sum", domain="sum.example", standing={})
    services.add_accounts(target=spring, accounts=Account.objects.live(), by=ann)
    other = services.create_list(name="Summer", by=ann)
    for kind in ("csv", "xlsx"):
        answer = client.get(f"{spring.get_absolute_url()}?export={kind}")
        data = answer.getvalue()
        matched = files.match_file(send(client, other, data, f"spring.{kind}"))
        assert matched.columns == ["Account id", "Account", "Domain"]
        assert [row.outcome for row in matched.rows] == ["found"] * 4


def test_a_workbook_is_read_and_another_sheet_of_it(ann: User, spring: TargetList) -> None:
    made = BytesIO()
    with xlsxwriter.Workbook(made) as book:
        for name, rows in (("First", ["Account", "Alpha"]), ("Second", ["Account", "Beta", "Gamma"])):
            sheet = book.add_worksheet(name)
            for place, value in enumerate(rows):
                sheet.write(place, 0, value)
    client = client_of(ann)
    kept = send(client, spring, made.getvalue(), "targets.xlsx")
    assert client.get(kept.get_absolute_url()).context["total"] == 1
    client.post(kept.get_absolute_url(), {"read": "1", "sheet": "Second", "column": "Account"})
    assert client.get(kept.get_absolute_url()).context["total"] == 2


def test_a_column_of_ids_without_a_heading_and_chosen_columns_are_read_as_asked(
    ann: User, spring: TargetList, three: dict[str, Account]
) -> None:
    client = client_of(ann)
    kept = send(client, spring, b"alpha.example\nbeta.example\n")
    client.post(kept.get_absolute_url(), {"read": "1", "heading": "no"})
    assert client.get(kept.get_absolute_url()).context["total"] == 2
    client.post(kept.get_absolute_url(), {"read": "1", "heading": "yes"})
    assert client.get(kept.get_absolute_url()).context["total"] == 1
    wide = send(client, spring, b"Name,Notes\nNobody,Alpha\n")
    assert client.get(wide.get_absolute_url()).context["total"] == 0
    client.post(wide.get_absolute_url(), {"read": "1", "column": ["Notes", "gone"]})
    assert client.get(wide.get_absolute_url()).context["matched"].columns == ["Notes"]
    assert client.get(wide.get_absolute_url()).context["total"] == 1


def test_rows_that_name_others_by_now_are_shown_again_before_they_are_added(
    ann: User, spring: TargetList, three: dict[str, Account]
) -> None:
    client = client_of(ann)
    kept = send(client, spring, f"Account id\n{three['Alpha'].pk}\n".encode())
    seen = client.get(kept.get_absolute_url()).context["matched"].seen
    merge_accounts(winner=three["Beta"].pk, loser=three["Alpha"].pk)
    client.post(kept.get_absolute_url(), {"apply": "1", "seen": seen})
    assert on(spring) == set()
    page = client.get(kept.get_absolute_url())
    assert page.context["found_rows"][0]["named"] == [three["Beta"]]
    client.post(kept.get_absolute_url(), {"apply": "1", "seen": page.context["matched"].seen})
    assert on(spring) == {"Beta"}


def test_a_number_that_is_ours_and_a_source_gives_to_another_account_names_both(
    ann: User, spring: TargetList, three: dict[str, Account]
) -> None:
    source = Source.objects.create(slug="crm", name="CRM")
    Link.objects.create(
        source=source,
        resource="accounts",
        external_id=str(three["Alpha"].pk),
        object_id=three["Beta"].pk,
    )
    kept = send(client_of(ann), spring, f"Account id\n{three['Alpha'].pk}\n".encode())
    row = files.match_file(kept).rows[0]
    assert (row.outcome, row.accounts) == ("several", frozenset({three["Alpha"].pk, three["Beta"].pk}))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Name\n", "no rows below it"),
        (b"Name,Name\na,b\n", "both called"),
        (b"PK\x03\x04broken", "damaged"),
        (b'Name\n"open\n', "quotation mark"),
        (b"\x00\x00\n\x00", ""),
        (b"Name\n\xff\xfe\x00bad\x00\n", ""),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_can_be_thrown_away(
    ann: User, spring: TargetList, data: bytes, reason: str
) -> None:
    client = client_of(ann)
    kept = send(client, spring, data)
    page = client.get(kept.get_absolute_url())
    assert page.status_code == 200
    assert reason in page.context["error"]
    assert client.post(kept.get_absolute_url(), {"apply": "1", "seen": ""}).status_code == 302
    assert on(spring) == set()
    assert client.post(kept.get_absolute_url(), {"drop": "1"}).status_code == 302
    assert client.get(kept.get_absolute_url()).status_code == 404


def test_too_many_rows_and_bytes_are_refused(
    ann: User, spring: TargetList, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(ann)
    monkeypatch.setattr(files, "MOST_ROWS", 2)
    kept = send(client, spring, b"Name\na\nb\nc\n")
    assert "more than 2 rows" in client.get(kept.get_absolute_url()).context["error"]
    url = reverse("accounts:list_upload", args=[spring.pk])
    for given in ({}, {"file": SimpleUploadedFile("empty.csv", b"")}, {"file": "text"}):
        assert client.post(url, given).status_code == 422
    with pytest.raises(ListRefused, match="larger than 10 MB"):
        services.keep_file(target=spring, by=ann, name="x", data=b"x" * (files.MOST_BYTES + 1))


def test_only_who_changes_a_list_by_hand_brings_a_file_and_sees_it(ann: User, spring: TargetList) -> None:
    kept = send(client_of(ann), spring, b"Name\nAlpha\n")
    url = reverse("accounts:list_upload", args=[spring.pk])
    support = client_of(make_user("support"))
    assert client_of(make_user("sales")).get(kept.get_absolute_url()).status_code == 200
    assert support.get(kept.get_absolute_url()).status_code == 404
    answer = support.post(url, {"file": SimpleUploadedFile("a.csv", b"Name\nAlpha\n")})
    assert answer.status_code == 422
    assert "You don’t change who is on this list." in answer.content.decode()
    assert ListFile.objects.count() == 1
    services.change_list(target=spring, by=ann, name="Spring", purpose="", is_shared=False)
    assert support.post(url, {"file": SimpleUploadedFile("a.csv", b"x")}).status_code == 404


def test_files_are_thrown_away_after_a_month(ann: User, spring: TargetList) -> None:
    kept = send(client_of(ann), spring, b"Name\nAlpha\n")
    assert services.drop_old_files() == 0
    ListFile.objects.filter(pk=kept.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert services.drop_old_files() == 1
