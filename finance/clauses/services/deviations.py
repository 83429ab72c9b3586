"""Ask that an account be given another clause, change what was asked, take it back; and what the answer does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Tier
from finance.clauses.guardrail import Finding, assess_by, tier_of
from finance.clauses.library import Standard, read_library
from finance.clauses.querysets import DEVIATION
from finance.models import ClauseFamily, ClauseVersion, Contract, ContractVersion, Deviation
from people.access import access_of
from people.approvals.models import ApprovalRequest
from people.approvals.services import (
    request_approval,
    resubmit_request,
    supersede_request,
    withdraw_request,
)
from people.functions import Function
from people.models import Category, User

State = Deviation.State
USUAL_DAYS = 180
MOST_DAYS = 365
LONGEST_REASON = 2_000
LONGEST_WORDING = 20_000


class AskedAlreadyError(ValidationError):
    """Somebody asked for a clause of this family for this account (and contract) before: ``deviation``."""

    def __init__(self, deviation: Deviation) -> None:
        done = "was granted to" if deviation.state == State.GRANTED else "waits for approval, asked for by"
        super().__init__(f"Another {deviation.family} {done} {deviation.asked_by}. Withdraw that one first.")
        self.deviation = deviation


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The clause that somebody wants: a text of the library by its ``key``, or ``wording`` of its own.

    ``terms`` take the place of those of the text where they are given.
    """

    text: str = ""
    wording: str = ""
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What somebody wants as a clause of a contract, the version it is measured by, and what the guardrail says."""

    clause: Mapping[str, Any]
    standard: Standard
    finding: Finding
    tier: Tier | None


def check_wanted(*, account: Account, family: ClauseFamily, wanted: Wanted) -> Checked:
    """Return what the guardrail says of a clause that somebody wants for an account; nothing is written.

    Raises ValidationError by ``text``, ``wording`` or ``terms.…`` for what no clause can say.
    """
    standard = read_library([family.key]).get(family.key)
    if standard is None:
        raise ValidationError(
            {"text": f"No version of {family} is published yet. Legal publishes one under Clauses."}
        )
    clause = clause_of(standard, wanted)
    tier = tier_of(account)
    return Checked(clause, standard, assess_by({family.key: standard}, tier, [clause])[0], tier)


@transaction.atomic
def request_deviation(
    *,
    account: Account,
    family: ClauseFamily,
    wanted: Wanted,
    reason: str,
    by: User,
    contract: Contract | None = None,
    expires_on: date | None = None,
) -> Deviation:
    """Ask for another clause than the preferred one: granted at once within the guardrail, else routed for approval.

    Raises ValidationError by field for what can't be asked, AskedAlreadyError where a live one of the family is there
    for the account and contract, PermissionDenied where the person doesn't read contracts. Locks the account, so that
    of two who ask at once one wins.
    """
    _require_reader(by)
    held = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    if held.deleted_at is not None:
        raise ValidationError({"account": "This account was deleted. Choose another one."})
    if contract is not None and (contract.account_id != held.pk or contract.deleted_at is not None):
        raise ValidationError({"contract": "Choose a contract of this account."})
    today = timezone.now().date()
    expires_on = expires_on or today + timedelta(days=USUAL_DAYS)
    _refuse_days(expires_on, today)
    reason = _reason(reason)
    live = _live(held, family, contract).select_related("family", "asked_by").first()
    if live is not None:
        raise AskedAlreadyError(live)
    checked = check_wanted(account=held, family=family, wanted=wanted)
    _refuse_preferred(checked)
    now = timezone.now()
    is_within = checked.finding.is_within
    deviation = Deviation.objects.create(
        account=held,
        contract=contract,
        family=family,
        reason=reason,
        asked_by=by,
        asked_at=now,
        expires_on=expires_on,
        state=State.GRANTED if is_within else State.WAITING,
        decided_at=now if is_within else None,
        **_columns(checked),
    )
    if not is_within:
        request_approval(
            kind=DEVIATION,
            subject_id=deviation.pk,
            account_id=held.pk,
            title=_title(deviation),
            url=reverse("finance:deviation", args=[deviation.pk]),
            requested_by=by,
            reason=reason,
            data=_data(deviation, checked.standard),
        )
    return deviation


@transaction.atomic
def ask_again(*, deviation: Deviation, wanted: Wanted, reason: str, by: User) -> Deviation:
    """Change what was asked after it was returned, and ask anew; within the guardrail it is granted at once.

    Only who asked may. Raises ValidationError by field, or without one where it wasn't returned (any more), and what
    the approval engine raises.
    """
    _require_reader(by)
    account = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=deviation.account_id)
    asked = ApprovalRequest.objects.live().filter(kind=DEVIATION, subject_id=deviation.pk)
    request = asked.select_for_update(of=("self",)).first()
    if request is None or request.state != ApprovalRequest.State.RETURNED:
        raise ValidationError("This wasn’t returned, or was asked again already. Look at it as it is now.")
    if deviation.asked_by_id != by.pk:
        raise ValidationError("Only who asked can ask again.")
    checked = check_wanted(account=account, family=deviation.family, wanted=wanted)
    _refuse_preferred(checked)
    reason = _reason(reason)
    is_within = checked.finding.is_within
    held = Deviation.objects.select_for_update(of=("self",)).get(pk=deviation.pk)
    for name, value in _columns(checked).items():
        setattr(held, name, value)
    held.reason = reason
    if is_within:
        held.state, held.decided_at = State.GRANTED, timezone.now()
    held.save()
    if is_within:
        supersede_request(request=request, note="It was changed so that it lies within the guardrail.")
    else:
        resubmit_request(
            request=request, by=by, reason=reason, title=_title(held), data=_data(held, checked.standard)
        )
    return held


@transaction.atomic
def withdraw_deviation(*, deviation: Deviation, by: User, note: str = "") -> Deviation:
    """Take back what was asked or granted. Who asked may, and Legal and RevOps what was granted.

    Raises PermissionDenied, and ValidationError where it is over already or has come into a contract.
    """
    request = live_request(deviation)
    if request is not None and deviation.asked_by_id == by.pk:
        withdraw_request(request=request, by=by, note=note)
        deviation.refresh_from_db()
        return deviation
    held = Deviation.objects.select_for_update(of=("self",)).get(pk=deviation.pk)
    if held.state == State.WAITING:
        raise PermissionDenied("Only who asked can withdraw it; who decides can reject or return it.")
    if held.state != State.GRANTED:
        raise ValidationError(f"It is {held.get_state_display().lower()} already.")
    if not may_withdraw(held, by):
        raise PermissionDenied("Who asked for it can withdraw it, and Legal and RevOps can.")
    _end(held, State.WITHDRAWN)
    return held


def may_withdraw(deviation: Deviation, user: User) -> bool:
    """Return whether a person may take a live deviation back."""
    if deviation.state not in (State.WAITING, State.GRANTED):
        return False
    is_theirs = deviation.asked_by_id == user.pk
    return is_theirs or (
        deviation.state == State.GRANTED and user.function in (Function.LEGAL, Function.REVOPS)
    )


def expire_deviations(*, today: date | None = None) -> int:
    """End what was asked or granted and came into no contract in time; return how many. Safe beside other workers."""
    day = today or timezone.now().date()
    ended = 0
    for deviation in Deviation.objects.due(day).order_by("pk").iterator():
        ended += _expire(deviation, day)
    return ended


@transaction.atomic
def note_entered(*, version: ContractVersion) -> int:
    """Note that granted deviations came into a contract with a version of it; return how many.

    Those of the contract, or of its account without a contract, whose clause is among those of the version. Call it in
    the transaction that puts the version in force.
    """
    held = {clause["family"]: clause for clause in version.statement.get("clauses", ())}
    granted = Deviation.objects.filter(
        state=State.GRANTED, account_id=version.contract.account_id, family__key__in=held
    )
    found = 0
    for deviation in granted.select_for_update(of=("self",)).select_related("family").order_by("pk"):
        clause = held[deviation.family.key]
        is_same = (clause["wording"], clause["terms"]) == (deviation.wording, deviation.terms)
        if deviation.contract_id in (None, version.contract_id) and is_same:
            deviation.state, deviation.entered = State.IN_CONTRACT, version
            deviation.contract_id = version.contract_id
            deviation.save(update_fields=["state", "entered", "contract"])
            found += 1
    return found


def live_request(deviation: Deviation) -> ApprovalRequest | None:
    """Return the request that waits for a decision or for who asked, None where there is none."""
    return ApprovalRequest.objects.live().filter(kind=DEVIATION, subject_id=deviation.pk).first()


@transaction.atomic
def decide_deviation(*, request: ApprovalRequest, state: str) -> None:
    """Do what the end of a request means for its deviation; for the kind of approval alone."""
    held = Deviation.objects.select_for_update(of=("self",)).filter(pk=request.subject_id).first()
    if held is not None and held.state == State.WAITING:
        _end(held, state)


def _expire(deviation: Deviation, day: date) -> int:
    with transaction.atomic():
        request = live_request(deviation)
        if request is not None:
            ended = supersede_request(request=request, note="Its time was over before it was decided.")
            if ended is not None:
                return 1
        held = (
            Deviation.objects.select_for_update(of=("self",), skip_locked=True)
            .due(day)
            .filter(pk=deviation.pk)
            .first()
        )
        if held is None:
            return 0
        _end(held, State.EXPIRED)
        return 1


def _end(held: Deviation, state: str) -> None:
    held.state, held.decided_at = state, timezone.now()
    held.save(update_fields=["state", "decided_at"])


def clause_of(standard: Standard, wanted: Wanted) -> dict[str, Any]:
    """Return what somebody wants as a statement of a contract holds it; raises ValidationError by field."""
    text = next((each for each in standard.texts if each.key == wanted.text), None)
    if wanted.text and text is None:
        raise ValidationError({"text": "This text isn’t in the library any more. Choose another one."})
    wording = wanted.wording.replace("\x00", "").strip()
    if text is None and not wording:
        raise ValidationError({"wording": "Choose a text of the library, or write the wording asked for."})
    if len(wording) > LONGEST_WORDING:
        raise ValidationError({"wording": f"Use at most {LONGEST_WORDING:,} letters."})
    try:
        terms = standard.shape.check(wanted.terms)
    except ValidationError as error:
        raise ValidationError({f"terms.{name}": told for name, told in error.message_dict.items()}) from error
    if text is None:
        clause = {"family": standard.family, "text": None, "wording": wording, "terms": terms}
        known = standard.text_of(clause)
        return clause | ({"text": known.id, "wording": known.wording} if known else {})
    return text.clause(standard.family) | {"terms": {**text.terms, **terms}}


def _columns(checked: Checked) -> dict[str, Any]:
    finding = checked.finding
    return {
        "version": ClauseVersion(pk=checked.standard.version_id),
        "text_id": checked.clause["text"],
        "wording": checked.clause["wording"],
        "terms": checked.clause["terms"],
        "kind": finding.kind,
        "by_rule": finding.is_within,
        "sentence": finding.sentence,
        "tier": checked.tier.slug if checked.tier else "",
        "approval": [
            {"function": step.function, "hours": step.hours, "label": step.label} for step in finding.steps
        ],
    }


def _title(deviation: Deviation) -> str:
    name = deviation.text.label if deviation.text else "own wording"
    return f"{deviation.family} for {deviation.account.name}: {name}"


def _data(deviation: Deviation, standard: Standard) -> dict[str, Any]:
    preferred = standard.texts[0]
    usual, asked = (dict(standard.shape.words(terms)) for terms in (preferred.terms, deviation.terms))
    facts = [
        {"label": label, "before": usual.get(label, "not said"), "after": asked.get(label, "not said")}
        for label in dict.fromkeys([*usual, *asked])
        if usual.get(label) != asked.get(label)
    ]
    facts.append({"label": "Wording", "before": preferred.wording, "after": deviation.wording})
    facts.append({"label": "Guardrail", "after": deviation.sentence})
    return {"facts": facts}


def _live(account: Account, family: ClauseFamily, contract: Contract | None) -> QuerySet[Deviation]:
    return Deviation.objects.live().filter(account=account, family=family, contract=contract)


def _refuse_preferred(checked: Checked) -> None:
    if checked.finding.kind == "preferred":
        raise ValidationError({"text": f"{checked.finding.sentence} It needs no deviation: just use it."})


def _refuse_days(expires_on: date, today: date) -> None:
    if not today < expires_on <= today + timedelta(days=MOST_DAYS):
        raise ValidationError({"expires_on": f"Choose a day from tomorrow to {MOST_DAYS} days ahead."})


def _reason(reason: str) -> str:
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise ValidationError({"reason": "Say why: who decides, and whoever reads the register, asks first."})
    if len(reason) > LONGEST_REASON:
        raise ValidationError({"reason": f"Use at most {LONGEST_REASON:,} letters."})
    return reason


def _require_reader(by: User) -> None:
    if not access_of(by.function).allows(Category.CONTRACTS):
        raise PermissionDenied(access_of(by.function).why_not(Category.CONTRACTS))
