"""Writes of billing arrangements and milestones.

An arrangement begins to count at once where the account is entitled to all of it; else it waits for somebody else in
finance to agree. The series of the account is locked first, then its versions (``common.versions``), and a request for
approval after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from accounts.models import Account
from common.formatting import format_date
from common.versions.cycle import DatedLifecycle
from common.versions.errors import VersionChangedError
from finance.billing.facts import lock_invoices
from finance.billing.proration import round_money
from finance.billing.querysets import COUNTS
from finance.billing.terms import (
    BillingTerms,
    Finding,
    check_terms,
    differences,
    facts_of,
    findings,
)
from finance.models import BillingArrangement, BillingMilestone, Contract
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest
from people.approvals.services import request_approval
from people.models import User

KIND = "finance.billing"
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
YEARS = "Choose a day from 2000 to 2099."


def _mark(version: BillingArrangement) -> str:
    return f"{version.pk}"


def _check(version: BillingArrangement) -> None:
    """Refuse nothing: what it says was checked as it was written, and isn't edited afterwards."""


cycle: DatedLifecycle[BillingArrangement] = DatedLifecycle(
    model=BillingArrangement,
    series=("account",),
    mark=_mark,
    check=_check,
    differences=differences,
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A new version, what of it goes beyond what the account is entitled to, and the request that asks for that."""

    version: BillingArrangement
    findings: list[Finding]
    request: ApprovalRequest | None


def newest_of(account: Account) -> BillingArrangement | None:
    """Return the newest version of an account that counts, has counted or will."""
    versions = BillingArrangement.objects.filter(account=account, state__in=COUNTS)
    return versions.select_related("contact", "published_by").newest_first().first()


def expected_of(account: Account) -> str:
    """Return what stands for the version that an editor began from."""
    newest = newest_of(account)
    return str(newest.pk if newest else 0)


@transaction.atomic
def propose_arrangement(
    *, account: Account, terms: BillingTerms, starts_on: date, by: User, expected: str, note: str = ""
) -> Proposed:
    """Agree how an account is billed from a day on, or ask for it where the account isn't entitled to all of it.

    ``expected`` is what ``expected_of`` gave when the editor looked: of two at once one wins, and the other gets
    VersionChangedError with the differences. Raises ValidationError by field.
    """
    check_terms(account, terms)
    _refuse_dates(terms, starts_on)
    draft = BillingArrangement(account=account, **terms.columns())
    cycle.lock(draft)
    newest = newest_of(account)
    if str(newest.pk if newest else 0) != expected:
        seen = BillingArrangement.objects.filter(
            account=account, pk=int(expected) if expected.isdecimal() and len(expected) < 19 else 0
        ).first()
        who = f" by {newest.published_by}" if newest and newest.published_by else ""
        raise VersionChangedError(
            f"{newest} was agreed{who} meanwhile.", differences(seen, newest) if newest else []
        )
    _refuse_day(starts_on, newest)
    if (waits := waiting_for(account)) is not None:
        raise ValidationError(f"{waits.title} waits for approval. Let it be decided or withdraw it first.")
    version = cycle.begin(
        by=by, based_on=newest, account=account, starts_on=starts_on, note=note, **terms.columns()
    )
    found = findings(account, terms)
    if not found:
        return Proposed(put_in_effect(version, by=by), [], None)
    request = request_approval(
        kind=KIND,
        subject_id=version.pk,
        title=f"Billing of {account}: {version.get_schedule_display().lower()}",
        url=version_url(account),
        requested_by=by,
        reason=" ".join([*(finding.sentence for finding in found), note]).strip(),
        data={"facts": facts_of(newest, version)},
        account_id=account.pk,
    )
    return Proposed(version, found, request)


def waiting_for(account: Account) -> ApprovalRequest | None:
    """Return the live request about an account's arrangement, if there is one."""
    return ApprovalRequest.objects.live().filter(kind=KIND, account_id=account.pk).first()


def version_url(account: Account) -> str:
    """Return the path of the page that shows an account's arrangement."""
    return reverse("finance:billing", args=[account.pk])


def put_in_effect(version: BillingArrangement, *, by: User | None) -> BillingArrangement:
    """Let a draft count from its day on: published where that has come, scheduled where it lies ahead.

    In the caller's transaction. Raises ValidationError where a version that counts begins later than it.
    """
    cycle.lock(version)
    held = cycle.locked(version)
    starts_on = held.starts_on
    if starts_on is None:
        raise ValidationError({"starts_on": "Say from when it counts."})
    _refuse_day(starts_on, newest_of(held.account))
    if starts_on > today():
        return cycle.schedule(held, by=by, expected=cycle.seen(held), starts_on=starts_on, today=today())
    return cycle.publish(held, by=by, expected=cycle.seen(held), starts_on=starts_on)


@transaction.atomic
def withdraw_arrangement(*, version: BillingArrangement, by: User) -> None:
    """Take back a version whose day lies ahead; raises ValidationError for one that counts already."""
    held = cycle.unschedule(version, by=by)
    cycle.discard(held, by=by)


def publish_due_arrangements() -> int:
    """Put every arrangement in force whose day has come; return how many. Each in a transaction of its own."""
    return cycle.publish_due(today())


@transaction.atomic
def add_milestone(
    *,
    account: Account,
    label: str,
    amount: Decimal,
    currency: str,
    by: User,
    due_on: date | None = None,
    event: str = "",
    contract: Contract | None = None,
) -> BillingMilestone:
    """Plan an amount that is billed on a day or once something is reached. Raises ValidationError by field."""
    wrong: dict[str, str] = {}
    if not label.strip():
        wrong["label"] = "Say what is billed."
    if amount <= 0:
        wrong["amount"] = "Write an amount above zero."
    elif amount != round_money(amount, currency.upper()):
        wrong["amount"] = f"Amounts in {currency.upper()} have no such fractions."
    if due_on is None and not event.strip():
        wrong["due_on"] = "Give a day, or say below what must be reached."
    if due_on is not None and not EARLIEST <= due_on <= LATEST:
        wrong["due_on"] = YEARS
    if contract is not None and contract.account_id != account.pk:
        wrong["contract"] = f"Choose a contract of {account}."
    if wrong:
        raise ValidationError(wrong)
    return BillingMilestone.objects.create(
        account=account,
        contract=contract,
        label=label.strip(),
        amount=amount,
        currency=currency.upper(),
        due_on=due_on,
        event=event.strip(),
        created_by=by,
    )


@transaction.atomic
def reach_milestone(*, milestone: BillingMilestone, on: date, by: User) -> BillingMilestone:
    """Note that a milestone was reached; raises ValidationError where somebody said so already."""
    held = BillingMilestone.objects.select_for_update().get(pk=milestone.pk)
    if held.reached_on is not None:
        raise ValidationError(f"{held.reached_by} noted already that this was reached.")
    if on > today():
        raise ValidationError({"reached_on": "It can’t have been reached on a day ahead."})
    if on < EARLIEST:
        raise ValidationError({"reached_on": YEARS})
    held.reached_on, held.reached_by = on, by
    held.save(update_fields=["reached_on", "reached_by"])
    return held


@transaction.atomic
def drop_milestone(*, milestone: BillingMilestone) -> None:
    """Throw away a milestone that waits; raises ValidationError for one that was reached or billed.

    Takes the turn of whoever issues first, so that it isn't billed meanwhile.
    """
    lock_invoices()
    waiting: Any = BillingMilestone.objects.select_for_update(of=("self",)).filter(pk=milestone.pk)
    held = waiting.with_invoice().first()
    if held is None:
        return
    if held.invoice_id is not None:
        raise ValidationError("It is billed. Credit the invoice if that was wrong.")
    if held.reached_on is not None:
        raise ValidationError("It was reached, so it is billed. Credit the invoice if that was wrong.")
    held.delete()


def _refuse_dates(terms: BillingTerms, starts_on: date) -> None:
    """Refuse agreed days that no invoice could follow: too far off, or none after the first day."""
    if any(not EARLIEST <= day <= LATEST for day in terms.dates):
        raise ValidationError({"dates": "Choose days from 2000 to 2099."})
    if terms.schedule == BillingArrangement.Schedule.CUSTOM and max(terms.dates) <= starts_on:
        told = f"Write at least one day after {format_date(starts_on)}; each ends a stretch that is billed."
        raise ValidationError({"dates": told})


def _refuse_day(starts_on: date, newest: Any) -> None:
    if not EARLIEST <= starts_on <= LATEST:
        raise ValidationError({"starts_on": YEARS})
    if newest is not None and newest.starts_on is not None and starts_on < newest.starts_on:
        raise ValidationError(
            {"starts_on": f"{newest} begins on {newest.starts_on:%-d %b %Y}; choose that day or a later one."}
        )
