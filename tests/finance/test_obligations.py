"""Obligations: kept, met, due again, reminded of, and void with the contract that ends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from finance.calendars.events import follow_all
from finance.models import CalendarEvent, Contract, ContractObligation
from finance.obligations.services import (
    Terms,
    add_obligation,
    change_obligation,
    complete_obligation,
    drop_obligation,
    due_next,
    remind_of_obligations,
    reopen_obligation,
)
from people.models import Notice, User
from tests.finance.amending import in_days, sell
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold() -> Contract:
    return sell()


def keep(contract: Contract, days: int = 10, owner: User | None = None, **more: Any) -> ContractObligation:
    terms = Terms(**{"title": "Report", "party": "ours", "due_on": in_days(days), "owner": owner, **more})
    return add_obligation(contract=contract, terms=terms, by=make_user("legal"))


def due() -> list[date]:
    return list(
        ContractObligation.objects.undone(in_days(0)).order_by("due_on").values_list("due_on", flat=True)
    )


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (1, [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]),
        (3, [date(2027, 1, 31), date(2027, 4, 30), date(2027, 7, 31), date(2027, 10, 31)]),
        (12, [date(2027, 1, 31), date(2028, 1, 31), date(2029, 1, 31), date(2030, 1, 31)]),
    ],
)
def test_ends_of_months_stay_ends_of_months(sold: Contract, months: int, expected: list[date]) -> None:
    Contract.objects.update(end_on=None)
    terms = Terms(title="Report", party="ours", due_on=date(2027, 1, 31), months=months)
    held = add_obligation(contract=sold, terms=terms, by=make_user("legal"))
    for day in expected:
        held = ContractObligation.objects.undone(in_days(0)).get()
        assert held.due_on == day
        complete_obligation(obligation=held, by=make_user("legal"))
    assert due_next(date(2028, 2, 29), 12, 1) == date(2029, 2, 28)
    assert due_next(date(2028, 2, 29), 12, 4) == date(2032, 2, 29)


def test_met_twice_at_once_comes_again_once(sold: Contract) -> None:
    held = keep(sold, months=1)
    for _ in range(2):
        complete_obligation(obligation=held, by=make_user("finance"), evidence="In the drive")
    assert ContractObligation.objects.count() == 2
    held.refresh_from_db()
    assert held.evidence == "In the drive"


def test_taking_back_takes_the_next_time_with_it_unless_that_was_met(sold: Contract) -> None:
    held = keep(sold, months=1)
    complete_obligation(obligation=held, by=make_user("legal"))
    reopen_obligation(obligation=held)
    assert due() == [in_days(10)]
    complete_obligation(obligation=held, by=make_user("legal"))
    complete_obligation(obligation=ContractObligation.objects.get(follows=held), by=make_user("legal"))
    with pytest.raises(ValidationError, match="The next time"):
        reopen_obligation(obligation=held)


def test_a_contract_that_ends_stops_what_would_be_due_later(sold: Contract) -> None:
    keep(sold, 50)
    keep(sold, 150)
    keep(sold, 160, survives=True)
    assert due() == [in_days(50), in_days(150), in_days(160)], "it renews by itself"
    Contract.objects.update(auto_renew=False)
    assert due() == [in_days(50), in_days(160)]
    page = client_as("legal").get(sold.get_absolute_url())
    shown = [(each.due_on, each.has_lapsed) for each in page.context["obligations"]]
    assert shown == [(in_days(50), False), (in_days(160), False), (in_days(150), True)]
    Contract.objects.update(deleted_at="2026-01-01T00:00:00Z")
    assert due() == []


def test_what_is_late_lapses_with_its_contract_unless_it_survives(sold: Contract) -> None:
    keep(sold, -30, title="Report")
    keep(sold, -20, title="Return of data", survives=True)
    Contract.objects.update(auto_renew=False, end_on=in_days(-5))
    client = client_as("legal")
    assert due() == [in_days(-20)]
    remind_of_obligations()
    assert {notice.text.split(" (")[0] for notice in Notice.objects.all()} == {"Return of data"}
    follow_all()
    assert list(CalendarEvent.objects.filter(kind="obligation", cancelled_at=None).values_list("day")) == [
        (in_days(-30),),
        (in_days(-20),),
    ], "what has passed stays in calendars as it was"
    url = reverse("finance:obligations")
    assert [one.title for one in client.get(url).context["rows"]] == ["Return of data"]
    everything = client.get(url + "?show=all")
    assert [(one.title, one.has_lapsed) for one in everything.context["rows"]] == [
        ("Report", True),
        ("Return of data", False),
    ]
    assert "Lapsed with the contract" in everything.content.decode()
    file = client.get(url + "?show=all&export=csv").getvalue().decode()  # type: ignore[attr-defined]
    assert "lapsed" in file
    lens = reverse("accounts:panel", args=[sold.account_id, "finance.obligations"])
    told = client.get(lens).content.decode()
    assert ("Return of data" in told, "Report" in told) == (True, False)


def test_one_that_would_lapse_at_once_is_not_kept_unseen(sold: Contract) -> None:
    Contract.objects.update(auto_renew=False)
    with pytest.raises(ValidationError) as refused:
        keep(sold, 100)
    assert list(refused.value.message_dict) == ["due_on"]
    assert "also due after" in refused.value.messages[0]
    assert keep(sold, 100, survives=True)
    held = keep(sold, 99)
    with pytest.raises(ValidationError, match="also due after"):
        change_obligation(obligation=held, terms=Terms(title="Report", party="ours", due_on=in_days(101)))


@pytest.mark.parametrize("day", ["0001-01-01", "1989-12-31", "2201-01-01", "9999-12-31"])
def test_a_day_out_of_this_world_is_refused(sold: Contract, day: str) -> None:
    Contract.objects.update(end_on=None)
    with pytest.raises(ValidationError) as refused:
        keep(sold, due_on=date.fromisoformat(day))
    assert list(refused.value.message_dict) == ["due_on"]


def test_only_who_reads_contracts_sees_to_them(sold: Contract) -> None:
    """A reminder names the account and what was agreed."""
    with pytest.raises(ValidationError) as refused:
        keep(sold, owner=make_user("support"))
    assert list(refused.value.message_dict) == ["owner"]
    offered = client_as("legal").get(reverse("finance:obligation_new", args=[sold.pk])).context["form"]
    functions = {user.function for user in offered.fields["owner"].queryset}
    assert "support" not in functions
    assert "legal" in functions
    legal, gone, moved = make_user("legal"), make_user("sales"), make_user("customer_success")
    keep(sold, 5, gone, title="Of who left")
    keep(sold, 5, moved, title="Of who reads no contracts by now")
    gone.is_active = False
    gone.save()
    User.objects.filter(pk=moved.pk).update(function="support")
    remind_of_obligations()
    told = Notice.objects.values_list("user", "text")
    assert {user for user, _ in told} == {user.pk for user in User.objects.filter(function="legal")}
    assert legal.pk in {user for user, _ in told}
    assert {text.split(" (")[0] for _, text in told} == {"Of who left", "Of who reads no contracts by now"}


def test_one_that_was_void_by_mistake_is_due_again(sold: Contract) -> None:
    held = keep(sold)
    client = client_as("legal")
    client.post(reverse("finance:obligation_drop", args=[held.pk]))
    page = client.get(sold.get_absolute_url())
    assert [one.title for one in page.context["obligations"]] == ["Report"]
    assert "Void" in page.content.decode()
    assert client.post(reverse("finance:obligation_undone", args=[held.pk])).status_code == 302
    assert due() == [in_days(10)]
    assert CalendarEvent.objects.get(obligation=held).cancelled_at is None


def test_a_deleted_contract_gets_no_obligations(sold: Contract) -> None:
    Contract.objects.update(deleted_at="2026-01-01T00:00:00Z")
    with pytest.raises(ValidationError, match="deleted"):
        keep(sold)


def test_owners_are_reminded_once_of_each(sold: Contract) -> None:
    owner = make_user("customer_success")
    legal = make_user("legal")
    held = keep(sold, 10, owner, notice_days=14)
    keep(sold, 30, owner, notice_days=14)
    keep(sold, -1, None, title="Late one")
    for _ in range(2):
        remind_of_obligations()
    assert list(Notice.objects.filter(user=owner).values_list("event", flat=True)) == ["soon"]
    assert list(Notice.objects.filter(user=legal).values_list("event", flat=True)) == ["late"]
    complete_obligation(obligation=held, by=owner)
    assert not Notice.objects.filter(user=owner).exists(), "what is met needs no mail any more"


def test_reminders_begin_on_their_day_and_change_on_the_day_it_is_due(sold: Contract) -> None:
    legal = make_user("legal")
    for days in (-1, 0, 1, 14, 15):
        keep(sold, days, legal, title=f"In {days}", notice_days=14)
    remind_of_obligations()
    told = {notice.text.split(" (")[0]: notice.event for notice in Notice.objects.filter(user=legal)}
    assert told == {"In -1": "late", "In 0": "today", "In 1": "soon", "In 14": "soon"}


def test_the_first_day_after_the_term_is_too_late(sold: Contract) -> None:
    for days in (99, 100):
        keep(sold, days)
    Contract.objects.update(auto_renew=False)
    assert due() == [in_days(99)]


def test_the_next_time_says_all_that_this_one_says(sold: Contract) -> None:
    owner = make_user("sales")
    said = {"title": "Audit", "party": "theirs", "survives": True, "note": "By mail", "notice_days": 30}
    held = keep(sold, 10, owner, months=3, **said)
    complete_obligation(obligation=held, by=make_user("legal"), evidence="Sent")
    following = ContractObligation.objects.get(follows=held)
    assert {name: getattr(following, name) for name in said} == said
    assert (following.owner, following.months, following.turn) == (owner, 3, 1)
    assert (following.version, following.created_by) == (held.version, held.created_by)
    assert (following.done_at, following.evidence) == (None, "")


def test_another_day_counts_anew(sold: Contract) -> None:
    held = keep(sold, 10, months=1)
    terms = Terms(title="Report", party="theirs", due_on=in_days(40), months=1)
    change_obligation(obligation=held, terms=terms)
    held.refresh_from_db()
    assert (held.first_due_on, held.party) == (in_days(40), "theirs")
    event = CalendarEvent.objects.get(obligation=held)
    assert (event.day, event.sequence) == (in_days(40), 1)
    complete_obligation(obligation=held, by=make_user("legal"))
    with pytest.raises(ValidationError, match="met already"):
        change_obligation(obligation=held, terms=terms)
    with pytest.raises(ValidationError, match="met already"):
        drop_obligation(obligation=held)


def test_a_void_one_is_due_no_more(sold: Contract) -> None:
    held = keep(sold)
    drop_obligation(obligation=held)
    assert due() == []
    with pytest.raises(ValidationError, match="void"):
        complete_obligation(obligation=held, by=make_user("legal"))


@pytest.mark.parametrize(
    ("field", "value"), [("title", " "), ("party", "both"), ("months", 5), ("notice_days", 400)]
)
def test_what_can_not_be_is_refused_at_its_field(sold: Contract, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        keep(sold, **{field: value})
    assert list(refused.value.message_dict) == [field]


def test_legal_keeps_and_meets_obligations_on_pages(sold: Contract) -> None:
    client = client_as("legal")
    owner = make_user("sales")
    url = reverse("finance:obligation_new", args=[sold.pk])
    assert client.get(url).status_code == 200
    bad = client.post(
        url, {"title": "Report", "due_on": "never", "party": "ours", "months": "0", "notice_days": "1"}
    )
    assert bad.status_code == 422
    assert "never" in bad.content.decode()
    given = {
        "title": "Report",
        "due_on": str(in_days(3)),
        "party": "ours",
        "months": "3",
        "notice_days": "1",
        "owner": str(owner.pk),
    }
    assert client.post(url, given).status_code == 302
    held = ContractObligation.objects.get()
    assert held.owner == owner
    assert "Report" in client.get(sold.get_absolute_url()).content.decode()
    edit = reverse("finance:obligation_edit", args=[held.pk])
    assert 'value="Report"' in client.get(edit).content.decode()
    assert client.post(edit, given | {"title": "Audit report"}).status_code == 302
    done = reverse("finance:obligation_done", args=[held.pk])
    assert client_of(owner).get(done).status_code == 200, "whoever sees to it may say that it is met"
    assert client_as("sales").get(done).status_code == 403
    assert client_of(owner).post(done, {"evidence": "Sent"}).status_code == 302
    listed = client.get(reverse("finance:obligations") + "?show=done&q=audit&party=ours").content.decode()
    assert "Audit report" in listed
    file = client.get(reverse("finance:obligations") + "?show=all&export=csv").getvalue().decode()  # type: ignore[attr-defined]
    assert "Sent" in file
    assert client.post(reverse("finance:obligation_undone", args=[held.pk])).status_code == 302
    assert due() == [in_days(3)]
    assert client.post(reverse("finance:obligation_drop", args=[held.pk])).status_code == 302
    assert due() == []


def test_others_read_obligations_but_keep_none(sold: Contract) -> None:
    held = keep(sold)
    client = client_as("sales")
    assert "Report" in client.get(reverse("finance:obligations")).content.decode()
    assert client.get(reverse("finance:obligation_new", args=[sold.pk])).status_code == 403
    for name in ("obligation_undone", "obligation_drop"):
        assert client.post(reverse(f"finance:{name}", args=[held.pk])).status_code == 403
    assert client_as("support").get(reverse("finance:obligations")).status_code == 403


def test_the_list_shows_mine_and_what_is_near(sold: Contract) -> None:
    owner = make_user("legal")
    keep(sold, 10, owner, title="Mine")
    keep(sold, 50, title="Theirs", party="theirs")
    client = client_of(owner)
    url = reverse("finance:obligations")

    def titles(query: str) -> list[str]:
        return [each.title for each in client.get(url + query).context["rows"]]

    assert titles("") == ["Mine", "Theirs"]
    assert titles("?sort=-due") == ["Theirs", "Mine"]
    assert titles("?show=mine") == ["Mine"]
    assert titles("?within=30") == ["Mine"]
    assert titles("?party=theirs") == ["Theirs"]
    assert titles("?show=done") == []
    assert titles("?show=odd&sort=-done&within=x&party=y") == ["Mine", "Theirs"]


def test_the_legal_lens_names_what_is_due_and_nothing_that_was_met(sold: Contract) -> None:
    keep(sold, -2, title="Audit report", owner=make_user("legal", name="Lena Legal"))
    complete_obligation(obligation=keep(sold, title="Insurance"), by=make_user("legal"))
    page = reverse("accounts:panel", args=[sold.account_id, "finance.obligations"])
    told = client_as("legal").get(page).content.decode()
    assert ("Audit report" in told, "Late" in told, "Lena Legal" in told, "Insurance" in told) == (
        True,
        True,
        True,
        False,
    )
    assert f"{sold.get_absolute_url()}#obligations" in told
    past = client_as("legal").get(f"{page}?as_of={in_days(-1).isoformat()}").content.decode()
    assert "Audit report" not in past
    assert "Audit report" not in client_as("support").get(page).content.decode()
