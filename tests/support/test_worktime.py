"""Time on tickets: written once, corrected without losing what stood there, counted as of a day, closed to others."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.lenses.registry import panels
from metrics.engine.plan import today
from people.models import User
from support.models import Ticket, TimeEntry
from support.worktime.reading import work_on
from support.worktime.services import take_back, write_time
from tests.metrics.facts import ago, make_account, make_ticket, measure
from tests.sync.conftest import make_api
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("support", name="Ann Lee", email="ann@example.com")


@pytest.fixture
def held() -> Ticket:
    return make_ticket(make_account("growth"), today() - timedelta(days=5))


def write(ticket: Ticket, by: User, minutes: int = 45, **fields: Any) -> TimeEntry:
    given = {"worked_on": today(), "note": "Traced it", "key": uuid4(), **fields}
    return write_time(ticket=ticket, minutes=minutes, by=by, **given)


def page_of(ticket: Ticket) -> str:
    return reverse("support:ticket_time", args=[ticket.pk])


def test_time_is_written_once_for_each_form_and_shown_on_the_ticket(held: Ticket, ann: User) -> None:
    client, key = client_of(ann), str(uuid4())
    typed = {"spent": "1 h 30 min", "worked_on": today().isoformat(), "note": "Traced it", "key": key}
    assert client.post(page_of(held), typed).status_code == 302
    assert client.post(page_of(held), typed).status_code == 302  # pressed twice
    [entry] = TimeEntry.objects.all()
    assert (entry.minutes, entry.worked_by_email, entry.worked_on) == (90, ann.email, today())
    for address in (page_of(held), held.get_absolute_url()):
        assert "1 h 30 min by" in client.get(address).content.decode()
    # Another form is another entry; a number alone is minutes.
    assert client.post(page_of(held), {**typed, "spent": "15", "key": str(uuid4())}).status_code == 302
    assert work_on(held, ann).minutes == 105


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"spent": ""}, "required"),
        ({"spent": "a while"}, "Write a span of time"),
        ({"spent": "0"}, "Write from 1 min to 24 h"),
        ({"spent": "1441"}, "Write from 1 min to 24 h"),
        ({"spent": "9" * 20}, "Write from 1 min to 24 h"),
        ({"worked_on": "yesterday"}, "Day"),
        ({"worked_on": (today() + timedelta(days=2)).isoformat()}, "when it was opened, to today"),
        ({"worked_on": (today() - timedelta(days=9)).isoformat()}, "when it was opened, to today"),
        ({"note": "x" * 256}, "What for"),
        ({"note": "a\u0007b"}, "letters at most"),
        ({"key": "nonsense"}, "form"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_typed_is_lost(
    held: Ticket, ann: User, typed: dict[str, str], told: str
) -> None:
    fields = {
        "spent": "20 min",
        "worked_on": today().isoformat(),
        "note": "I typed this",
        "key": str(uuid4()),
    }
    answer = client_of(ann).post(page_of(held), fields | typed)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert told in shown
    if "note" not in typed:
        assert "I typed this" in shown
    assert not TimeEntry.objects.exists()


def test_a_form_sent_again_with_other_words_says_so_and_is_another_form_then(held: Ticket, ann: User) -> None:
    client, key = client_of(ann), str(uuid4())
    typed = {"spent": "45", "worked_on": today().isoformat(), "note": "Traced it", "key": key}
    assert client.post(page_of(held), typed).status_code == 302
    other = {**typed, "spent": "20", "note": "Called back"}
    refused = client.post(page_of(held), other)
    assert refused.status_code == 422
    assert "sent already, with other words" in refused.content.decode()
    fresh = refused.context["form"]["key"].value()
    assert client.post(page_of(held), {**other, "key": fresh}).status_code == 302
    assert [one.entry.minutes for one in work_on(held, ann).entries] == [20, 45]
    # What was taken back isn't written by sending its form again.
    take_back(entry=TimeEntry.objects.get(minutes=45), by=ann)
    assert "taken back meanwhile" in client.post(page_of(held), typed).content.decode()
    assert work_on(held, ann).minutes == 20


def test_nobody_works_more_than_a_day_has(held: Ticket, ann: User) -> None:
    first = write(held, ann, 1000)
    with pytest.raises(ValidationError) as refused:
        write(held, ann, 441)
    assert "1000 min are written down already" in refused.value.message_dict["spent"][0]
    write(held, ann, 440)
    write(held, make_user("engineering"), 441)  # a colleague has a day of their own
    write(held, ann, 999, instead_of=first)  # what is corrected doesn't count twice
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeEntry.objects.create(ticket=held, minutes=1441, worked_on=today())
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeEntry.objects.create(ticket=held, minutes=0, worked_on=today())


def test_a_correction_keeps_what_stood_there_and_of_two_one_wins(held: Ticket, ann: User) -> None:
    entry = write(held, ann, 45)
    address = reverse("support:ticket_time_entry", args=[held.pk, entry.pk])
    client = client_of(ann)
    assert 'value="45 min"' in client.get(address).content.decode()
    typed = {"spent": "20 min", "worked_on": today().isoformat(), "note": "Less", "key": str(uuid4())}
    assert client.post(address, typed).status_code == 302
    work = work_on(held, ann)
    assert [one.entry.minutes for one in work.entries] == [20]
    assert [one.entry.minutes for one in work.taken_back] == [45]
    late = client.post(address, {**typed, "spent": "30 min", "key": str(uuid4())})
    assert late.status_code == 422
    assert "corrected or taken back meanwhile" in late.content.decode()
    assert work_on(held, ann).minutes == 20
    shown = client.get(page_of(held)).content.decode()
    assert "Corrected or taken back" in shown
    assert (
        client.post(address, {"do": "take_back"}).status_code == 302
    )  # it is gone already: told, not a fault
    take_back(entry=work.entries[0].entry, by=ann)
    assert work_on(held, ann).entries == []


def test_whoever_worked_corrects_it_or_revops_and_sent_entries_are_the_senders(
    held: Ticket, ann: User
) -> None:
    entry = write(held, ann)
    address = reverse("support:ticket_time_entry", args=[held.pk, entry.pk])
    assert client_as("support").get(address).status_code == 403
    with pytest.raises(PermissionDenied):
        take_back(entry=entry, by=make_user("support"))
    revops = make_user("revops")
    mended = write(held, revops, 30, instead_of=entry)
    assert mended.worked_by_email == ann.email  # it stays the time of whoever worked
    sent = TimeEntry.objects.create(ticket=held, minutes=5, worked_on=today(), worked_by_email=ann.email)
    with pytest.raises(PermissionDenied):
        take_back(entry=sent, by=revops)


def test_functions_that_do_not_read_tickets_see_no_time_and_some_only_read(held: Ticket, ann: User) -> None:
    entry = write(held, ann)
    for function in ("finance", "sales", "legal"):
        assert client_as(function).get(page_of(held)).status_code == 403
        assert client_as(function).get(page_of(held), {"export": "csv"}).status_code == 403
    leader = client_as("leadership")
    assert "45 min" in leader.get(page_of(held)).content.decode()
    assert "Write down time" not in leader.get(page_of(held)).content.decode()
    typed = {"spent": "5", "worked_on": today().isoformat()}
    assert leader.post(page_of(held), typed).status_code == 403
    assert client_of(ann).get(reverse("support:ticket_time_entry", args=[held.pk, 2**70])).status_code == 404
    other = make_ticket(make_account(), today())
    assert (
        client_of(ann).get(reverse("support:ticket_time_entry", args=[other.pk, entry.pk])).status_code == 404
    )
    assert client_of(ann).get(reverse("support:ticket_time", args=[2**70])).status_code == 404


def test_the_export_has_what_counts_and_what_was_taken_back(held: Ticket, ann: User) -> None:
    entry = write(held, ann, 45)
    write(held, ann, 20, instead_of=entry)
    sent = client_of(ann).get(page_of(held), {"export": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [(row["Who"], row["Minutes"], bool(row["Taken back"])) for row in rows] == [
        ("Ann Lee", "20", False),
        ("Ann Lee", "45", True),
    ]


def test_a_help_desk_sends_time_and_reads_what_was_written_here(held: Ticket, ann: User) -> None:
    api = make_api()
    api.bulk("accounts", [{"external_id": "A", "name": "Acme"}])
    opened = {"account": "A", "subject": "Help", "opened_at": "2026-01-02T09:00:00Z"}
    api.bulk("tickets", [{"external_id": "T", **opened}])
    sent = {"external_id": "W", "ticket": "T", "minutes": 25, "worked_on": "2026-01-03"}
    assert api.statuses("time-entries", [sent | {"worked_by_email": "Ann@Example.com"}]) == ["created"]
    ticket = Ticket.objects.get(subject="Help")
    [one] = work_on(ticket, ann).entries
    assert (one.who, one.source, one.may_correct) == ("Ann Lee", "salesforce", False)
    assert api.statuses("time-entries", [sent | {"minutes": 0}]) == ["rejected"]
    assert api.statuses("time-entries", [sent | {"minutes": 1441}]) == ["rejected"]
    assert api.get("time-entries/salesforce/W/")["minutes"] == 25
    key = uuid4()
    write(held, ann, 45, key=key)
    assert api.get(f"time-entries/abe/{key.hex}/")["worked_by_email"] == ann.email


def test_minutes_count_for_90_days_by_the_account_of_the_ticket(ann: User) -> None:
    account, quiet = make_account(), make_account()
    ticket, gone = make_ticket(account, ago(200)), make_ticket(account, ago(200))
    for days, minutes in ((0, 10), (89, 20), (90, 400), (-1, 800)):
        TimeEntry.objects.create(ticket=ticket, minutes=minutes, worked_on=ago(days))
    assert measure("support.minutes_of_work") == {account.pk: 30, quiet.pk: 0}
    TimeEntry.objects.create(ticket=gone, minutes=5, worked_on=ago(1))
    assert measure("support.minutes_of_work")[account.pk] == 35
    Ticket.objects.filter(pk=gone.pk).update(deleted_at=ticket.opened_at)
    TimeEntry.objects.filter(minutes=20).update(deleted_at=ticket.opened_at)
    assert measure("support.minutes_of_work")[account.pk] == 10


def test_the_support_lens_tells_which_tickets_took_the_time(held: Ticket, ann: User) -> None:
    write(held, ann, 45)
    write(held, make_user("engineering"), 75)
    TimeEntry.objects.create(ticket=held, minutes=600, worked_on=today() - timedelta(days=90))
    page = f"{held.account.get_absolute_url()}panels/support.time_worked/"
    shown = strip_tags(client_of(ann).get(page, {"lens": "support"}).content.decode())
    assert "Time worked in 90 days" in shown
    assert shown.partition("Time worked in 90 days")[2].split("Question")[1].split()[:2] == ["22", "h"]
    panel = panels["support.time_worked"]
    [row] = panel.load(held.account, today() - timedelta(days=90))["tickets"]
    assert (row["minutes"], row["people"]) == (600, 1)
    assert panel.load(make_account(), today())["tickets"] == []
