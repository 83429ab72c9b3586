"""Absences: written ahead, kept for ever, never two at once, and who works in whose place."""

from __future__ import annotations

import csv
import io
import itertools
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from people.absences.models import Absence
from people.absences.rota import Rota
from people.absences.services import away_too, change_absence, end_absence, may_write_for, write_absence
from people.models import Notice, User
from tests.metrics.facts import make_account
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

TODAY = timezone.now().astimezone(UTC).date()
DAY = timedelta(days=1)


def away(person: User, starts: int = 0, ends: int = 2, stand_in: User | None = None) -> Absence:
    """Note that somebody is away, in days from today."""
    return write_absence(
        person=person,
        starts_on=TODAY + starts * DAY,
        ends_on=TODAY + ends * DAY,
        stand_in=stand_in,
        by=person,
    )


def test_whole_days_count_in_the_time_zone_of_whoever_is_away() -> None:
    tokyo = make_user("support", time_zone="Asia/Tokyo")
    day = date(2026, 12, 3)
    Absence.objects.create(person=tokyo, starts_on=day, ends_on=day)
    for moment, is_away in (
        (datetime(2026, 12, 2, 14, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 2, 15, tzinfo=UTC), True),
        (datetime(2026, 12, 3, 14, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 12, 3, 15, tzinfo=UTC), False),
    ):
        assert Rota.read(moment).is_away(tokyo.pk) is is_away


def test_stand_ins_of_stand_ins_are_followed_and_never_in_circles() -> None:
    ann, bob, cid, eve = (make_user("support", name=name) for name in ("Ann", "Bob", "Cid", "Eve"))
    assert Rota.read().at_work_for(ann) == ann
    first = away(ann, stand_in=bob)
    assert Rota.read().at_work_for(ann) == bob
    away(bob, stand_in=cid)
    assert Rota.read().at_work_for(ann) == cid
    assert Rota.read().told(ann.pk) == f"away until {first.ends_on:%-d %b %Y}, Cid stands in"
    back = away(cid, stand_in=ann)  # ann → bob → cid → ann
    assert Rota.read().at_work_for(ann) is None
    assert "nobody stands in" in Rota.read().told(ann.pk)
    change_absence(absence=back, starts_on=back.starts_on, ends_on=back.ends_on, stand_in=eve, by=cid)
    assert Rota.read().at_work_for(ann) == eve
    User.objects.filter(pk=eve.pk).update(is_active=False)
    assert Rota.read().at_work_for(ann) is None


def test_reading_who_is_away_takes_one_query(django_assert_num_queries: object) -> None:
    people = [make_user("support") for _ in range(4)]
    for person, stand_in in itertools.pairwise(people):
        away(person, stand_in=stand_in)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert Rota.read().at_work_for(people[0]) == people[3]


def test_two_absences_of_one_person_never_overlap() -> None:
    ann = make_user("sales", name="Ann")
    away(ann, 3, 5)
    for starts, ends in ((3, 3), (5, 9), (0, 3), (4, 4), (0, 9)):
        with pytest.raises(ValidationError) as refused:
            away(ann, starts, ends)
        assert "Ann is away from" in refused.value.message_dict["starts_on"][0]
    away(ann, 0, 2)
    away(ann, 6, 6)
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(person=ann, starts_on=TODAY + 2 * DAY, ends_on=TODAY + 3 * DAY)
    withdrawn = Absence.objects.get(starts_on=TODAY + 3 * DAY)
    end_absence(absence=withdrawn, by=ann)
    away(ann, 3, 5)  # what was taken back is in nobody's way


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_that_overlap_one_is_refused() -> None:
    ann = make_user("sales")
    ready, told = threading.Barrier(2), []

    def write() -> None:
        try:
            ready.wait(10)
            away(ann)
            told.append("written")
        except ValidationError:
            told.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["refused", "written"]
    assert Absence.objects.count() == 1


def test_the_past_is_kept() -> None:
    ann = make_user("sales")
    running = away(ann, -3, 3)
    with pytest.raises(ValidationError) as refused:
        change_absence(absence=running, starts_on=TODAY, ends_on=TODAY, by=ann)
    assert "first day stays" in str(refused.value)
    ended = end_absence(absence=running, by=ann)
    assert (ended.starts_on, ended.ends_on, ended.withdrawn_at) == (TODAY - 3 * DAY, TODAY - DAY, None)
    for act in (
        lambda: end_absence(absence=ended, by=ann),
        lambda: change_absence(absence=ended, starts_on=ended.starts_on, ends_on=TODAY, by=ann),
    ):
        with pytest.raises(ValidationError, match="is over"):
            act()
    with pytest.raises(DatabaseError), transaction.atomic():
        ended.delete()
    assert Rota.read(timezone.now() - 2 * DAY).is_away(ann.pk)
    assert not Rota.read().is_away(ann.pk)
    coming = end_absence(absence=away(ann, 1, 3), by=ann)
    assert coming.withdrawn_at is not None
    assert not Rota.read(timezone.now() + 2 * DAY).is_away(ann.pk)


@pytest.mark.parametrize(
    ("field", "starts", "ends"),
    [("ends_on", 3, 2), ("ends_on", -3, -1), ("starts_on", -40, 3), ("ends_on", 0, 1200)],
)
def test_days_that_cannot_be_are_refused_at_their_field(field: str, starts: int, ends: int) -> None:
    with pytest.raises(ValidationError) as refused:
        away(make_user("sales"), starts, ends)
    assert list(refused.value.message_dict) == [field]


def test_nobody_stands_in_for_themselves_nor_after_they_left() -> None:
    ann, gone = make_user("sales"), make_user("sales", name="Gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()
    for stand_in in (ann, gone):
        with pytest.raises(ValidationError) as refused:
            away(ann, stand_in=stand_in)
        assert list(refused.value.message_dict) == ["stand_in"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(person=ann, starts_on=TODAY, ends_on=TODAY, stand_in=ann)
    with pytest.raises(ValidationError) as refused:
        away(gone)
    assert list(refused.value.message_dict) == ["person"]


def test_who_writes_whose_absences() -> None:
    desk, other, seller, revops = (make_user(of) for of in ("support", "support", "sales", "revops"))
    assert may_write_for(seller, seller)
    assert may_write_for(desk, other)
    assert may_write_for(revops, seller)
    assert not may_write_for(desk, seller)
    assert not may_write_for(seller, make_user("sales"))
    with pytest.raises(PermissionDenied):
        write_absence(person=seller, starts_on=TODAY, ends_on=TODAY, by=desk)
    absence = away(seller)
    page = client_of(desk).get(reverse("people:absence", args=[absence.pk]))
    assert page.status_code == 403
    assert client_of(desk).post(reverse("people:absence_end", args=[absence.pk])).status_code == 403
    absence.refresh_from_db()
    assert absence.withdrawn_at is None


def test_those_concerned_are_told_once_of_each_thing() -> None:
    ann, bob, cid, revops = (make_user(of) for of in ("support", "support", "support", "revops"))
    absence = write_absence(person=ann, starts_on=TODAY, ends_on=TODAY + DAY, stand_in=bob, by=revops)
    told = lambda: sorted(Notice.objects.values_list("user_id", "event"))  # noqa: E731 - asked thrice below
    assert {user for user, _ in told()} == {ann.pk, bob.pk}
    change_absence(absence=absence, starts_on=TODAY, ends_on=TODAY + DAY, stand_in=bob, note="Ill", by=ann)
    assert len(told()) == 2
    change_absence(absence=absence, starts_on=TODAY, ends_on=TODAY + 2 * DAY, stand_in=cid, by=ann)
    assert (bob.pk, "no_longer") in told()
    assert [user for user, event in told() if event.startswith("stands_in")] == [bob.pk, cid.pk]
    end_absence(absence=absence, by=ann)
    assert told() == [(cid.pk, "back")]  # what nobody was told yet of what is over isn't told any more
    assert mail.outbox == []  # mails go out afterwards, by the outbox


def test_the_page_writes_changes_and_ends_absences() -> None:
    ann, bob = make_user("finance", name="Ann Lee"), make_user("finance", name="Bob Ray")
    client, page = client_of(ann), reverse("people:absences")
    empty = client.get(page)
    assert b"Nobody is away" in empty.content
    assert b"Who is away</label>" not in empty.content  # finance writes its own alone
    typed = {"starts_on": TODAY, "ends_on": TODAY + DAY, "stand_in": bob.pk, "note": "On holiday"}
    done = client.post(page, typed, follow=True)
    assert b"Ann Lee is away from" in done.content
    assert b"Bob Ray" in done.content
    absence = Absence.objects.get()
    assert absence.author == ann
    label = f'aria-label="Change the absence of Ann Lee from {TODAY:%-d %b %Y}">Change<'
    assert label in done.content.decode()
    again = client.post(page, typed)
    assert again.status_code == 422
    assert b"Change that absence, or choose other days." in again.content
    assert b'value="On holiday"' in again.content  # nothing typed is lost
    one = reverse("people:absence", args=[absence.pk])
    assert b"Back today" in client.get(one).content
    assert client.post(one, {**typed, "ends_on": TODAY + 3 * DAY}).status_code == 302
    absence.refresh_from_db()
    assert absence.ends_on == TODAY + 3 * DAY
    assert client.post(one, {**typed, "starts_on": TODAY + DAY}).status_code == 422
    client.post(reverse("people:absence_end", args=[absence.pk]))
    assert b"Nobody is away" in client.get(page).content
    assert b"Taken back" in client.get(f"{page}?show=past").content
    assert b"is over" in client.get(one).content
    assert b"Taken back" not in client_as("finance").get(f"{page}?show=past").content


def test_a_stand_in_who_is_away_too_is_pointed_out() -> None:
    ann, bob, cid = (make_user("support", name=name) for name in ("Ann", "Bob", "Cid"))
    away(bob, stand_in=cid)
    typed = {"person": ann.pk, "starts_on": TODAY, "ends_on": TODAY, "stand_in": bob.pk, "note": ""}
    page = client_of(cid).post(reverse("people:absences"), typed, follow=True).content.decode()
    assert "Bob is away from" in page
    assert "Bob is away too" in page
    absence = Absence.objects.get(person=ann)
    assert absence.author == cid
    assert away_too(absence) == Absence.objects.get(person=bob)


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"starts_on": "soon", "ends_on": "later"},
        {"starts_on": "9999-12-31", "ends_on": "9999-12-31"},
        {"starts_on": TODAY, "ends_on": TODAY, "stand_in": "x"},
        {"starts_on": TODAY, "ends_on": TODAY, "note": "\x00"},
        {"starts_on": TODAY, "ends_on": TODAY, "note": "x" * 301},
        {"starts_on": TODAY, "ends_on": TODAY, "person": "0"},
    ],
)
def test_no_input_breaks_the_form(typed: dict[str, object]) -> None:
    page = client_as("revops").post(reverse("people:absences"), typed)
    assert page.status_code in (302, 422)
    assert client_as("sales").get(f"/people/absences/{10**30}/").status_code == 404


def test_the_export_holds_what_the_page_lists() -> None:
    ann = make_user("sales", name="=Ann")
    away(ann, 1, 2)
    made = client_as("legal").get(reverse("people:absences"), {"export": "csv"})
    [row] = csv.DictReader(io.StringIO(b"".join(made.streaming_content).decode("utf-8-sig")))  # type: ignore[attr-defined]
    assert row["Who"].endswith("=Ann")
    assert row["Who"] != "=Ann"
    assert row["State"] == "To come"


def test_users_and_accounts_show_who_is_away() -> None:
    ann, bob = make_user("sales", name="Ann Lee"), make_user("sales", name="Bob Ray")
    account = make_account(name="Kept")
    type(account).objects.filter(pk=account.pk).update(owner_email=ann.email)
    page = reverse("accounts:detail", args=[account.pk])
    revops = client_as("revops")
    assert "Ann Lee away until" not in revops.get(page).content.decode()
    away(ann, stand_in=bob)
    words = f"away until {TODAY + 2 * DAY:%-d %b %Y}, Bob Ray stands in"
    assert f"Ann Lee {words}" in revops.get(page).content.decode()
    before = TODAY - 9 * DAY
    assert words not in revops.get(f"{page}?as_of={before}").content.decode()
    assert (
        words.capitalize().replace("bob ray", "Bob Ray")[:10] in revops.get("/people/users/").content.decode()
    )
    assert words in revops.get(reverse("people:user", args=[ann.pk])).content.decode()
