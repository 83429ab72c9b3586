"""The calendar that people subscribe to: read back as calendars read it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import icalendar
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from finance.calendars import events as calendar_events
from finance.calendars.events import follow_all, follow_contracts
from finance.models import CalendarEvent, CalendarFeed, Contract, ContractObligation
from finance.obligations.services import Terms, add_obligation, complete_obligation
from people.links.services import create_link, revoke_link
from people.models import AccessGrant, User
from tests.finance.amending import billing, contract_record, in_days, quiet, sell, send
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold() -> Contract:
    return sell()


def feed_of(user: User, **own: Any) -> str:
    return create_link(CalendarFeed, note="Phone", days=30, by=user, **own).secret


def fetch(secret: str, **headers: str) -> Any:
    return Client().get(reverse("finance:calendar_feed", args=[secret]), headers=headers)


def read(secret: str) -> dict[str, Any]:
    """Return the events of a feed by the start of their id."""
    answer = fetch(secret)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(answer.content)
    return {str(event["UID"]).split("-")[0]: event for event in calendar.walk("VEVENT")}


def test_terms_notices_and_obligations_are_whole_days(sold: Contract) -> None:
    add_obligation(
        contract=sold, terms=Terms(title="Report", party="ours", due_on=in_days(5)), by=make_user("legal")
    )
    events = read(feed_of(make_user("legal")))
    assert set(events) == {"end", "notice", "obligation"}
    assert events["end"].decoded("DTSTART") == in_days(100)
    assert events["end"].decoded("DTEND") == in_days(101)
    assert events["obligation"].decoded("DTSTART") == in_days(5)
    assert "Acme, FW-1" in str(events["end"]["SUMMARY"])
    assert str(events["end"]["STATUS"]) == "CONFIRMED"
    assert "1200" not in fetch(feed_of(make_user("finance"))).content.decode()


def test_notice_is_the_working_day_that_pages_show(sold: Contract) -> None:
    # 1 May 2028 is a holiday in Germany and a Monday.
    end = date(2028, 5, 31)
    start = end - timedelta(days=730 * 2)
    Contract.objects.update(start_on=start, end_on=end, notice_days=30, auto_renew=False)
    sold.lines.update(start_on=start)
    follow_contracts([sold.pk])
    event = CalendarEvent.objects.get(kind="notice", cancelled_at=None)
    assert (event.day, event.falls_on) == (date(2028, 4, 28), date(2028, 5, 1))
    page = client_of(make_user("legal")).get(sold.get_absolute_url())
    assert page.context["running"].act_by == event.day


def test_what_moves_keeps_its_id_and_rises_in_sequence(sold: Contract) -> None:
    secret = feed_of(make_user("legal"))
    before = read(secret)
    send(billing(), "contracts", contract_record(end_on=in_days(130).isoformat()))
    quiet()
    after = read(secret)
    assert after["end"]["UID"] == before["end"]["UID"]
    assert after["end"].decoded("DTSTART") == in_days(130)
    assert (before["end"]["SEQUENCE"], after["end"]["SEQUENCE"]) == (0, 1)
    send(billing(), "contracts", contract_record(end_on=in_days(130).isoformat(), number="FW-2"))
    quiet()
    again = read(secret)
    assert (again["end"]["SEQUENCE"], again["end"]["DTSTAMP"].dt) == (1, after["end"]["DTSTAMP"].dt)


def test_what_is_off_is_cancelled_for_a_while_and_then_gone(sold: Contract) -> None:
    secret = feed_of(make_user("legal"))
    held = add_obligation(
        contract=sold, terms=Terms(title="Report", party="ours", due_on=in_days(5)), by=make_user("legal")
    )
    complete_obligation(obligation=held, by=make_user("legal"))
    assert billing().call("delete", "contracts/billing/C1/").status_code in {200, 204}
    quiet()
    events = read(secret)
    assert {str(event["STATUS"]) for event in events.values()} == {"CANCELLED"}
    assert len(events) == 3
    CalendarEvent.objects.update(cancelled_at=timezone.now() - timedelta(days=61))
    assert read(secret) == {}
    follow_all()
    assert not CalendarEvent.objects.exists()


def test_what_has_passed_stays_as_it_was(sold: Contract) -> None:
    CalendarEvent.objects.filter(kind="notice").update(day=in_days(-3), falls_on=in_days(-3), number=99)
    follow_all()
    past = CalendarEvent.objects.get(kind="notice", number=99)
    assert (past.sequence, past.cancelled_at) == (0, None)


def test_following_again_changes_nothing(sold: Contract) -> None:
    assert follow_contracts([sold.pk]) == 0
    assert follow_all() == 0
    assert CalendarEvent.objects.count() == 2


def test_the_night_finds_what_is_out_of_step_and_locks_nothing_else(
    sold: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[list[int]] = []
    follow = calendar_events.follow_contracts

    def noted(keys: list[int]) -> int:
        followed.append(list(keys))
        return follow(keys)

    monkeypatch.setattr(calendar_events, "follow_contracts", noted)
    held = add_obligation(
        contract=sold, terms=Terms(title="Report", party="ours", due_on=in_days(5)), by=make_user("legal")
    )
    assert follow_all() == 0
    assert followed == []
    moves: list[tuple[Any, dict[str, Any], int]] = [
        (Contract.objects, {"end_on": in_days(111)}, 2),
        (ContractObligation.objects.filter(pk=held.pk), {"due_on": in_days(7)}, 1),
        (CalendarEvent.objects.filter(kind="notice"), {"cancelled_at": timezone.now()}, 1),
        (Contract.objects, {"auto_renew": False, "end_on": in_days(0)}, 3),
    ]
    for rows, fields, count in moves:
        rows.update(**fields)
        assert follow_all() == count, fields
        assert followed.pop() == [sold.pk]
    assert follow_all() == 0
    Contract.objects.update(auto_renew=True, end_on=in_days(100))
    CalendarEvent.objects.all().delete()
    assert follow_all() == 3


def test_a_full_calendar_shows_what_comes_and_says_that_there_is_more(
    sold: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finance.calendars.ics.MOST", 3)
    for days in (-30, -20, 5, 6):
        event = {"day": in_days(days), "falls_on": in_days(days)}
        CalendarEvent.objects.create(contract=sold, kind="end", number=100 + days, **event)
    text = fetch(feed_of(make_user("legal"))).content.decode()
    days = [event.decoded("DTSTART") for event in icalendar.Calendar.from_ical(text).walk("VEVENT")]
    assert sorted(days)[:2] == [in_days(5), in_days(6)], "nothing that has passed takes its place"
    assert "X-WR-CALDESC" in text


def test_whoever_asks_again_is_told_that_nothing_is_new(sold: Contract) -> None:
    secret = feed_of(make_user("legal"))
    first = fetch(secret)
    again = fetch(secret, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Cache-Control"] == "private, no-cache"
    Account.objects.update(name="Brill")
    assert fetch(secret, **{"If-None-Match": first["ETag"]}).status_code == 200


def test_it_shows_what_its_owner_may_read_at_the_time(sold: Contract) -> None:
    owner = make_user("sales")
    secret = feed_of(owner)
    assert len(read(secret)) == 2
    AccessGrant.objects.filter(function="sales", category="contracts").update(level="none")
    closed = fetch(secret)
    assert closed.status_code == 404
    AccessGrant.objects.filter(function="sales", category="contracts").update(level="full")
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert fetch(secret).content == closed.content
    User.objects.filter(pk=owner.pk).update(is_active=True)
    Account.objects.update(deleted_at=timezone.now())
    assert read(secret) == {}


def test_only_mine_keeps_to_my_accounts_and_my_obligations(sold: Contract) -> None:
    owner, other = make_user("sales"), make_user("legal")
    mine, theirs = feed_of(owner, only_mine=True), feed_of(other, only_mine=True)
    Account.objects.update(owner_email=owner.email)
    terms = Terms(title="Report", party="ours", due_on=in_days(5), owner=other)
    add_obligation(contract=sold, terms=terms, by=other)
    assert set(read(mine)) == {"end", "notice", "obligation"}
    assert set(read(theirs)) == {"obligation"}


def test_unknown_expired_and_revoked_links_read_the_same(sold: Contract) -> None:
    owner = make_user("legal")
    made = create_link(CalendarFeed, note="Phone", days=30, by=owner)
    unknown = fetch("A" * 43)
    revoke_link(link=made.link, by=owner)
    revoked = fetch(made.secret)
    CalendarFeed.objects.update(
        revoked_at=None,
        revoked_by=None,
        created_at=timezone.now() - timedelta(days=9),
        expires_at=timezone.now(),
    )
    expired = fetch(made.secret)
    assert {answer.status_code for answer in (unknown, revoked, expired)} == {404}
    assert unknown.content == revoked.content == expired.content
    assert revoked["Referrer-Policy"] == "no-referrer"


def test_people_make_and_revoke_their_own_links(sold: Contract) -> None:
    owner = make_user("legal")
    client = client_of(owner)
    url = reverse("finance:calendar_links")
    made = client.post(url, {"note": "Phone", "days": "30", "only_mine": "on"})
    address = made.context["address"]
    assert address in made.content.decode()
    assert Client().get(address).status_code == 200
    assert address not in client.get(url).content.decode()
    link = CalendarFeed.objects.get()
    assert (link.only_mine, link.created_by) == (True, owner)
    assert client.post(url, {"note": "", "days": "999"}).status_code == 422
    stranger = client_of(make_user("legal"))
    assert "Phone" not in stranger.get(url).content.decode()
    revoke = reverse("finance:calendar_revoke", args=[link.pk])
    assert stranger.post(revoke).status_code == 404
    assert client.get(revoke).status_code == 200
    client.post(revoke)
    assert Client().get(address).status_code == 404
    assert client_of(make_user("support")).get(url).status_code == 403
