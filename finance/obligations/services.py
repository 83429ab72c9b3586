"""Writes of obligations: kept, met, taken back, and people reminded of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateField, ExpressionWrapper, F, QuerySet
from django.utils import timezone

from common.formatting import format_date
from finance.calendars.events import follow_contracts
from finance.models import Contract, ContractObligation, ContractVersion
from metrics.engine.plan import today
from people.functions import Function
from people.models import AccessGrant, Category, Level, User
from people.notices.services import notify, withdraw_notices

TOPIC = "contracts"
LONGEST_NOTICE = 366
AT_ONCE = 1_000
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 12, 31)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What an obligation says."""

    title: str
    party: str
    due_on: date
    months: int = 0
    owner: User | None = None
    notice_days: int = 14
    survives: bool = False
    note: str = ""


@transaction.atomic
def add_obligation(*, contract: Contract, terms: Terms, by: User) -> ContractObligation:
    """Keep an obligation of a contract, with the version that holds now. Raises ValidationError by field."""
    contract = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
    if contract.deleted_at is not None:
        raise ValidationError("The contract was deleted at its source, so it obliges to nothing more.")
    _check(terms, contract)
    version = ContractVersion.objects.filter(contract=contract).published().first()
    kept = ContractObligation.objects.create(
        contract=contract,
        version=version,
        title=terms.title.strip(),
        party=terms.party,
        first_due_on=terms.due_on,
        due_on=terms.due_on,
        months=terms.months,
        owner=terms.owner,
        notice_days=terms.notice_days,
        survives=terms.survives,
        note=terms.note.strip(),
        created_by=by,
    )
    follow_contracts([contract.pk])
    return kept


@transaction.atomic
def change_obligation(*, obligation: ContractObligation, terms: Terms) -> ContractObligation:
    """Let an obligation that isn't met say something else; another day counts anew from there.

    Raises ValidationError by field, or where it was met or is void.
    """
    held = _held(obligation)
    _check(terms, held.contract)
    if held.done_at or held.dropped_at:
        raise ValidationError("It was met already. Take that back first.")
    if terms.due_on != held.due_on or terms.months != held.months:
        held.first_due_on, held.turn = terms.due_on, 0
        _forget_reminders(held)
    held.title, held.note = terms.title.strip(), terms.note.strip()
    held.party, held.due_on, held.months = terms.party, terms.due_on, terms.months
    held.owner, held.notice_days, held.survives = terms.owner, terms.notice_days, terms.survives
    held.save()
    follow_contracts([held.contract_id])
    return held


@transaction.atomic
def complete_obligation(
    *, obligation: ContractObligation, by: User, evidence: str = ""
) -> ContractObligation:
    """Note that an obligation was met; one that comes again is due a next time. Done twice, it is done once."""
    held = _held(obligation)
    if held.dropped_at:
        raise ValidationError("It is void, so there is nothing to meet.")
    if held.done_at is None:
        held.done_at, held.done_by, held.evidence = timezone.now(), by, evidence.strip()
        held.save(update_fields=["done_at", "done_by", "evidence"])
        _forget_reminders(held)
        _write_next(held)
        follow_contracts([held.contract_id])
    return held


@transaction.atomic
def reopen_obligation(*, obligation: ContractObligation) -> ContractObligation:
    """Take back that an obligation was met, and the next time with it, or that it was void.

    Raises ValidationError where the next time was met.
    """
    held = _held(obligation)
    if held.dropped_at is not None:
        held.dropped_at = None
        held.save(update_fields=["dropped_at"])
        follow_contracts([held.contract_id])
        return held
    if held.done_at is None:
        return held
    following = ContractObligation.objects.select_for_update(of=("self",)).filter(follows=held).first()
    if following is not None:
        if following.done_at is not None:
            raise ValidationError(
                f"The next time, due {format_date(following.due_on)}, was met. Take that back first."
            )
        _forget_reminders(following)
        following.delete()
    held.done_at, held.done_by, held.evidence = None, None, ""
    held.save(update_fields=["done_at", "done_by", "evidence"])
    follow_contracts([held.contract_id])
    return held


@transaction.atomic
def drop_obligation(*, obligation: ContractObligation) -> None:
    """Say that an obligation is void; it and its further times are no longer due. It stays on record."""
    held = _held(obligation)
    if held.done_at is not None:
        raise ValidationError("It was met already. Take that back first.")
    if held.dropped_at is None:
        held.dropped_at = timezone.now()
        held.save(update_fields=["dropped_at"])
        _forget_reminders(held)
        follow_contracts([held.contract_id])


def remind_of_obligations() -> int:
    """Tell owners what is due soon, today or late, each once; return how many notices were asked for.

    Of one whose owner is nobody, has left or reads no contracts by now legal is told.
    """
    day = today()
    begins = ExpressionWrapper(F("due_on") - F("notice_days"), output_field=DateField())
    near = ContractObligation.objects.undone(day).annotate(begins=begins).filter(begins__lte=day)
    legal = list(User.objects.filter(function=Function.LEGAL, is_active=True))
    can = set(possible_owners().values_list("pk", flat=True))
    told = 0
    near = near.select_related("contract__account", "owner").order_by("due_on", "pk")
    for each in near.iterator(chunk_size=AT_ONCE):
        event, words = _event(each, day)
        told += notify(
            to=[each.owner] if each.owner and each.owner_id in can else legal,
            topic=TOPIC,
            about=_about(each),
            event=event,
            text=f"{each.title} ({each.contract}, {each.contract.account.name}) {words}",
            url=f"{each.contract.get_absolute_url()}#obligations",
        )
    return told


def due_next(first: date, months: int, turn: int) -> date:
    """Return the day of a turn, counted from the first, so that 31 January comes to 28 February and 31 March."""
    return first + relativedelta(months=months * turn)


def _event(each: ContractObligation, day: date) -> tuple[str, str]:
    when = format_date(each.due_on)
    if each.due_on < day:
        return "late", f"was due {when}"
    if each.due_on == day:
        return "today", "is due today"
    return "soon", f"is due {when}"


def _write_next(held: ContractObligation) -> None:
    if not held.months:
        return
    try:
        due_on = due_next(held.first_due_on, held.months, held.turn + 1)
    except (ValueError, OverflowError):
        return  # beyond the last year there is
    ContractObligation.objects.create(
        contract=held.contract,
        version=held.version,
        title=held.title,
        note=held.note,
        party=held.party,
        first_due_on=held.first_due_on,
        due_on=due_on,
        months=held.months,
        turn=held.turn + 1,
        survives=held.survives,
        owner=held.owner,
        notice_days=held.notice_days,
        follows=held,
        created_by=held.created_by,
    )


def possible_owners() -> QuerySet[User]:
    """Return who may see to an obligation: whoever is here and reads contracts, for reminders name both sides."""
    may_read = AccessGrant.objects.filter(category=Category.CONTRACTS, level=Level.FULL).values("function")
    return User.objects.filter(is_active=True, function__in=may_read)


def _check(terms: Terms, contract: Contract) -> None:
    found: dict[str, str] = {}
    if not terms.title.strip() or len(terms.title) > 200:
        found["title"] = "Say what is to be done, in up to 200 letters."
    if terms.party not in ContractObligation.Party.values:
        found["party"] = "Choose who is to do it."
    if terms.months not in ContractObligation.Every.values:
        found["months"] = "Choose how often it comes."
    if not 0 <= terms.notice_days <= LONGEST_NOTICE:
        found["notice_days"] = f"Choose from 0 to {LONGEST_NOTICE} days."
    if terms.owner is not None and not possible_owners().filter(pk=terms.owner.pk).exists():
        found["owner"] = f"{terms.owner} may not read contracts. Choose somebody who may."
    ends = None if contract.auto_renew else contract.end_on
    if not EARLIEST <= terms.due_on <= LATEST:
        found["due_on"] = f"Choose a day from {format_date(EARLIEST)} to {format_date(LATEST)}."
    elif ends is not None and not terms.survives and ends <= max(terms.due_on, today()):
        told = f"The contract ends on {format_date(ends)}, and this would lapse with it."
        found["due_on"] = (
            f"{told} Choose an earlier day, or tick that it is also due after the contract has ended."
        )
    if found:
        raise ValidationError(found)


def _held(obligation: ContractObligation) -> ContractObligation:
    # Whoever writes down a contract holds it and points at its obligations: a stronger lock would wait in a circle.
    rows = ContractObligation.objects.select_for_update(of=("self",), no_key=True).select_related(
        "contract", "owner", "version"
    )
    return rows.get(pk=obligation.pk)


def _about(each: ContractObligation) -> str:
    return f"finance.obligation:{each.pk}:{each.due_on:%Y%m%d}"


def _forget_reminders(*obligations: ContractObligation) -> None:
    withdraw_notices(about=[_about(each) for each in obligations])
