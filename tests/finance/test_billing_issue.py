"""Issue, thrown away and credited: numbers without gaps, nothing lost, nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from accounts.models import Account
from finance.billing.drafting import draft_invoices, preview_drafts
from finance.billing.issuing import credit_invoice, issue_drafts, left_of, seen_of, throw_away_drafts
from finance.models import BillingCounter, Invoice, InvoiceCorrection
from people.models import User
from sync.own import OwnRecordsError
from tests.finance.billing import bill_here, drafts, issue, said
from tests.metrics.facts import make_account, make_line
from tests.users import make_user

JAN, FEB, MAR = (date(2026, month, 1) for month in (1, 2, 3))
pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(ada: User) -> Account:
    return billed(ada, "Acme")


def billed(by: User, name: str, amount: str = "31", **terms: Any) -> Account:
    """Return an account that pays so much a month from January on."""
    account = make_account("strategic", name=name, currency="EUR")
    make_line(account, JAN, None, amount, period="month", currency="EUR")
    bill_here(account, JAN, by, **terms)
    return account


def test_issued_in_the_order_of_their_days_with_numbers_that_follow_each_other(
    acme: Account, ada: User
) -> None:
    billed(ada, "Brill", payment_days=60)
    draft_invoices(until=FEB, by=ada)
    done = issue(ada, FEB)
    assert [one.number for one in done] == [f"INV-2026-0000{number}" for number in (1, 2, 3, 4)]
    assert [one.period_start for one in done] == [JAN, JAN, FEB, FEB]
    assert {one.due_on for one in done if one.account == acme} == {date(2026, 3, 3)}
    assert {one.due_on for one in done if one.account != acme} == {date(2026, 4, 2)}
    assert {one.status for one in done} == {"issued"}
    draft_invoices(until=date(2027, 1, 1), by=ada)
    assert (
        issue_drafts(seen=[seen_of(drafts()[0])], on=date(2027, 1, 1), by=ada)[0].number == "INV-2027-00001"
    )


def test_what_was_issued_can_t_be_changed_or_issued_again(acme: Account, ada: User) -> None:
    draft_invoices(until=JAN, by=ada)
    seen = [seen_of(one) for one in drafts()]
    [done] = issue_drafts(seen=seen, on=JAN, by=ada)
    with pytest.raises(ValidationError, match="no draft any more"):
        issue_drafts(seen=seen, on=JAN, by=ada)
    with transaction.atomic(), pytest.raises(IntegrityError, match="never changed"):
        Invoice.objects.filter(pk=done.pk).update(issued_on=FEB)
    assert draft_invoices(until=JAN, by=ada).total == 0


def test_a_draft_that_changed_since_it_was_seen_is_not_issued_and_takes_no_number(
    acme: Account, ada: User
) -> None:
    draft_invoices(until=JAN, by=ada)
    seen = [seen_of(one) for one in drafts()]
    make_line(acme, JAN, None, "5", period="month", currency="EUR")
    draft_invoices(until=JAN, by=ada)
    with pytest.raises(ValidationError, match="changed since"):
        issue_drafts(seen=seen, on=JAN, by=ada)
    assert not BillingCounter.objects.exists()
    for wrong in ([], ["x"], ["9999:invoice:1:1"]):
        with pytest.raises(ValidationError):
            issue_drafts(seen=wrong, on=JAN, by=ada)


def test_an_issue_that_fails_half_way_leaves_drafts_and_no_gap(
    acme: Account, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process killed between taking numbers and writing invoices leaves behind."""
    draft_invoices(until=FEB, by=ada)

    def killed(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("finance.billing.issuing.send_own_records", killed)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            issue(ada, JAN)
    assert len(drafts()) == 2
    assert draft_invoices(until=FEB, by=ada).unchanged == 2
    assert [one.number for one in issue(ada, JAN)] == ["INV-2026-00001", "INV-2026-00002"]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run these at the same time, each in a connection of its own; return what came of them."""
    gate, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait()
            found[place] = work()
        except (ValidationError, OwnRecordsError) as error:
            found[place] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return found


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_the_same_drafts_and_numbers_without_gaps() -> None:
    ada = make_user("finance")
    for number in range(6):
        billed(ada, f"Account {number}")
    runs = at_once(*[lambda: draft_invoices(until=FEB, by=ada)] * 2)
    assert sorted((run.created, run.unchanged) for run in runs) == [(0, 12), (12, 0)]
    assert len(drafts()) == 12
    seen = [seen_of(one) for one in drafts()]
    issued = at_once(
        lambda: issue_drafts(seen=seen[:7], on=FEB, by=ada),
        lambda: issue_drafts(seen=seen[7:], on=FEB, by=ada),
        lambda: issue_drafts(seen=seen[:3], on=FEB, by=ada),
        lambda: draft_invoices(until=FEB, by=ada),
    )
    numbers = sorted(Invoice.objects.filter(status="issued").values_list("number", flat=True))
    assert numbers == [f"INV-2026-{number:05}" for number in range(1, len(numbers) + 1)]
    assert len(numbers) + len(drafts()) == 12
    assert sum(isinstance(one, ValidationError) for one in issued) == 1


def test_what_was_thrown_away_comes_with_the_next_bill_and_not_again_by_itself(
    acme: Account, ada: User
) -> None:
    draft_invoices(until=JAN, by=ada)
    with pytest.raises(ValidationError, match="Say why"):
        throw_away_drafts(seen=[seen_of(drafts()[0])], reason=" ", by=ada)
    assert throw_away_drafts(seen=[seen_of(drafts()[0])], reason="Later", by=ada) == 1
    assert draft_invoices(until=JAN, by=None).total == 0
    assert "Thrown away" in preview_drafts(until=JAN).left_out[0].why
    draft_invoices(until=FEB, by=None)
    [draft] = drafts()
    assert [row[2:] for row in said(draft)] == [("01.01.–01.02.", "31.00"), ("01.02.–01.03.", "31.00")]


def test_an_invoice_is_credited_whole_or_by_line_and_never_more(acme: Account, ada: User) -> None:
    make_line(acme, JAN, None, "10", period="month", currency="EUR")
    bill_here(acme, JAN, ada, tax_percent=Decimal(19))
    draft_invoices(until=JAN, by=ada)
    [invoice] = issue(ada, JAN)
    part = credit_invoice(
        invoice=invoice, root_cause="wrong_price", on=FEB, by=ada, amounts={1: Decimal("3.33")}
    )
    assert (part.number, part.net, part.tax) == ("CN-2026-00001", Decimal("3.33"), Decimal("0.63"))
    with pytest.raises(ValidationError) as told:
        credit_invoice(invoice=invoice, root_cause="wrong_price", on=FEB, by=ada, amounts={1: Decimal(40)})
    assert "line_1" in told.value.message_dict
    rest = credit_invoice(invoice=invoice, root_cause="duplicate", on=FEB, by=ada)
    assert rest.number == "CN-2026-00002"
    assert part.total + rest.total == invoice.total
    assert {(net, tax) for _, net, tax in left_of(invoice)} == {(0, 0)}
    with pytest.raises(ValidationError, match="Nothing"):
        credit_invoice(invoice=invoice, root_cause="duplicate", on=FEB, by=ada)
    causes = InvoiceCorrection.objects.order_by("pk").values_list("root_cause", flat=True)
    assert list(causes) == ["wrong_price", "duplicate"]
    assert Invoice.objects.with_open(MAR).get(pk=invoice.pk).open_amount == 0


@pytest.mark.parametrize(
    ("cause", "on", "match"),
    [
        ("", FEB, "Choose why"),
        ("nonsense", FEB, "Choose why"),
        ("other", date(2025, 12, 1), "Choose the day"),
    ],
)
def test_a_credit_note_needs_a_cause_and_a_day(
    acme: Account, ada: User, cause: str, on: date, match: str
) -> None:
    draft_invoices(until=JAN, by=ada)
    [invoice] = issue(ada, JAN)
    with pytest.raises(ValidationError, match=match):
        credit_invoice(invoice=invoice, root_cause=cause, on=on, by=ada)


def test_drafts_and_invoices_of_other_systems_aren_t_credited_here(acme: Account, ada: User) -> None:
    draft_invoices(until=JAN, by=ada)
    with pytest.raises(ValidationError, match="Only an issued"):
        credit_invoice(invoice=drafts()[0], root_cause="other", on=JAN, by=ada)
    other = Invoice.objects.create(account=acme, number="S-1", issued_on=JAN, currency="EUR")
    with pytest.raises(ValidationError, match="Another system"):
        credit_invoice(invoice=other, root_cause="other", on=JAN, by=ada)


def test_credited_for_a_fault_and_billed_anew_all_comes_to_the_contract(acme: Account, ada: User) -> None:
    draft_invoices(until=JAN, by=ada)
    [invoice] = issue(ada, JAN)
    credit_invoice(invoice=invoice, root_cause="wrong_recipient", on=JAN, by=ada)
    draft_invoices(until=FEB, by=ada)
    issue(ada, FEB)
    totals = dict(Invoice.objects.order_by().values_list("kind").annotate(sum=Sum("total")))
    assert totals["invoice"] - totals["credit_note"] == 62
