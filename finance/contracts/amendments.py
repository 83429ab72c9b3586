"""Amendments made here: begun, edited, proposed, decided, and in effect on their day.

Locks are taken in one order: the request for approval, the resources, the contract, the version with its amendment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.formatting import format_date
from common.versions.cycle import DatedLifecycle, authored
from common.versions.errors import VersionChangedError
from common.versions.models import VersionState
from finance.contracts.changes import Problem, amended, is_empty, problems_of
from finance.contracts.judging import facts_of, refuse_mid_term
from finance.contracts.statements import differences, sentence
from finance.models import Amendment, Contract, ContractVersion
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest
from people.approvals.services import AlreadyRequestedError, request_approval, withdraw_request
from people.models import User

KIND = "finance.amendment"
Stage = Amendment.Stage
NOT_YET = "This contract isn't written down yet; that takes a minute after it has come. Try again then."


class AmendmentError(ValidationError):
    """What keeps an amendment from being made: ``problems``, each at its field or line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__([problem.detail for problem in problems])
        self.problems = list(problems)


def _mark(version: ContractVersion) -> str:
    held = Amendment.objects.get(pk=version.pk)
    told = {
        "on": str(held.effective_on),
        "note": version.note,
        "changes": held.changes,
        "base": version.based_on_id,
    }
    return hashlib.md5(json.dumps(told, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _check(version: ContractVersion) -> None:
    """Statements are checked before they are proposed, and once more when they take effect."""


def _differences(before: ContractVersion, after: ContractVersion) -> list[str]:
    # Whoever amends may not read prices, so nobody is told of them in a sentence.
    return told_between(before, after)


cycle = DatedLifecycle(
    model=ContractVersion, series=("contract",), mark=_mark, check=_check, differences=_differences
)


def told_between(before: ContractVersion, after: ContractVersion) -> list[str]:
    """Return what differs from one version to another in sentences, without prices."""
    found = differences(before.statement, after.statement, has_prices=False)
    return [
        f"{each.subject}, {each.aspect}, is otherwise" if each.category else sentence(each) for each in found
    ]


def mark_of(amendment: Amendment) -> str:
    """Return what stands for all that an amendment says, for the hidden field of its form."""
    return _mark(amendment.version)


@transaction.atomic
def draft_amendment(*, contract: Contract, by: User) -> Amendment:
    """Begin an amendment of what a contract says now, or go on with one that the same person has begun and left blank.

    Raises ValidationError while no version is written down.
    """
    cycle.lock(ContractVersion(contract=contract))
    base = ContractVersion.objects.filter(contract=contract).published().first()
    if base is None:
        raise ValidationError(NOT_YET)
    blank = Amendment.objects.filter(
        version__based_on=base, version__author=by, stage=Stage.DRAFT, effective_on=None
    ).first()
    if blank is not None:
        return blank
    draft = cycle.begin(
        by=by,
        based_on=base,
        contract=contract,
        cause=ContractVersion.Cause.AMENDMENT,
        statement=base.statement,
        digest=base.digest,
    )
    return Amendment.objects.create(version=draft)


@transaction.atomic
def save_amendment(
    *,
    amendment: Amendment,
    changes: Mapping[str, Any],
    effective_on: date,
    note: str,
    by: User,
    expected: str | None = None,
) -> Amendment:
    """Keep what was typed of a draft. ``expected`` is the mark that the editor began from.

    Raises VersionChangedError where somebody saved since or it is no draft any more, AmendmentError where the
    changes can't be made.
    """
    held, version = _held(amendment, stages=(Stage.DRAFT,))
    cycle.hold(version, expected=expected)
    base = _base(version)
    if problems := list(problems_of(base.statement, changes, effective_on)):
        raise AmendmentError(problems)
    held.changes, held.effective_on = dict(changes), effective_on
    held.writers = sorted({*held.writers, by.pk})
    held.save(update_fields=["changes", "effective_on", "writers"])
    version.statement = amended(base.statement, changes, effective_on)
    version.digest = hashlib.md5(
        json.dumps(version.statement, sort_keys=True).encode(), usedforsecurity=False
    ).hexdigest()
    version.note = note.strip()
    with authored(by):
        version.save(update_fields=["statement", "digest", "note"])
    held.version = version
    return held


@transaction.atomic
def propose_amendment(*, amendment: Amendment, by: User, expected: str | None = None) -> ApprovalRequest:
    """Ask for approval of a draft.

    Raises as ``save_amendment`` does, VersionChangedError where the contract says something else by now, and
    ValidationError where it changes nothing, gives no reason, or counts from a day that has passed.
    """
    held, version = _held(amendment, stages=(Stage.DRAFT,))
    cycle.hold(version, expected=expected)
    base = _base(version)
    refuse_overtaken(version)
    if held.effective_on is None or is_empty(base.statement, held.changes):
        raise ValidationError("It changes nothing yet.")
    if not version.note:
        raise ValidationError({"note": "Say why, so that whoever approves it knows."})
    if held.effective_on < today():
        raise ValidationError({"effective_on": "This day has passed. Amounts of the past stay as they are."})
    refuse_mid_term(held)
    if problems := list(problems_of(base.statement, held.changes, held.effective_on)):
        raise AmendmentError(problems)
    contract = version.contract
    try:
        request = request_approval(
            kind=KIND,
            subject_id=version.pk,
            title=f"Amend contract {contract} with {contract.account.name} from {format_date(held.effective_on)}",
            url=f"{contract.get_absolute_url()}amendments/{version.pk}/",
            requested_by=by,
            reason=version.note,
            data={"facts": facts_of(held), "contract": contract.pk},
            account_id=contract.account_id,
        )
    except AlreadyRequestedError as error:
        raise VersionChangedError(str(error)) from error
    move_to(held, Stage.PROPOSED)
    return request


@transaction.atomic
def reopen_amendment(*, amendment: Amendment, by: User) -> Amendment:
    """Make a proposed, approved or held amendment a draft again, on what the contract says now.

    Changes of lines that are gone are left out. Raises ValidationError where it is over, or in effect.
    """
    request = open_request(amendment)
    if request is not None:
        withdraw_request(request=request, by=by, note="Taken back to be changed.")
    held, version = _held(amendment, stages=(Stage.DRAFT, Stage.PROPOSED, Stage.SCHEDULED, Stage.HELD))
    if version.state == VersionState.SCHEDULED:
        version = cycle.unschedule(version, by=by)
    base = ContractVersion.objects.filter(contract=version.contract_id).published().first()
    if base is None:
        raise ValidationError(NOT_YET)
    held.stage, held.problem = Stage.DRAFT, ""
    known = {line["line"] for line in base.statement["lines"]}
    lines = [
        each for each in held.changes.get("lines", ()) if each.get("line") is None or each["line"] in known
    ]
    held.changes = held.changes | {"lines": lines}
    held.stage_at = timezone.now()
    held.save(update_fields=["stage", "problem", "changes", "stage_at"])
    version.based_on = base
    version.statement = base.statement
    if held.effective_on and not list(problems_of(base.statement, held.changes, held.effective_on)):
        version.statement = amended(base.statement, held.changes, held.effective_on)
    with authored(by):
        version.save(update_fields=["based_on", "statement"])
    held.version = version
    return held


@transaction.atomic
def withdraw_amendment(*, amendment: Amendment, by: User) -> None:
    """Give an amendment up: a draft is thrown away, what was proposed stays on record.

    Raises RefusedError where another has to take the request back, ValidationError where it is in effect.
    """
    request = open_request(amendment)
    if request is not None:
        withdraw_request(request=request, by=by, note="Withdrawn with the amendment.")
    held, version = _held(amendment, stages=Amendment.OPEN)
    if version.state == VersionState.SCHEDULED:
        version = cycle.unschedule(version, by=by)
    if held.stage == Stage.DRAFT and not _was_proposed(held):
        cycle.discard(version, by=by)
        return
    move_to(held, Stage.WITHDRAWN)


def open_request(amendment: Amendment) -> ApprovalRequest | None:
    """Return the request for approval that an amendment waits for, if it does."""
    return ApprovalRequest.objects.live().filter(kind=KIND, subject_id=amendment.pk).first()


def refuse_overtaken(version: ContractVersion) -> None:
    """Raise VersionChangedError where the contract says something else than what an amendment was based on."""
    base, newest = _base(version), cycle.in_force(version)
    if newest is None or newest.pk == base.pk:
        return
    on = f" on {format_date(newest.published_at.date())}" if newest.published_at else ""
    raise VersionChangedError(
        f"The contract has changed since: {newest} was recorded{on}.",
        told_between(base, newest),
    )


def move_to(held: Amendment, stage: str, *, problem: str = "") -> None:
    """Note how far a locked amendment has come."""
    held.stage, held.problem, held.stage_at = stage, problem, timezone.now()
    held.save(update_fields=["stage", "problem", "stage_at"])


def lock_amendment(amendment: Amendment) -> tuple[Amendment, ContractVersion]:
    """Return an amendment and its version as they are now, locked; raises VersionChangedError where it is gone."""
    version = cycle.locked(ContractVersion(pk=amendment.pk))
    held = Amendment.objects.select_for_update().get(pk=amendment.pk)
    held.version = version
    return held, version


def _held(amendment: Amendment, *, stages: Sequence[str]) -> tuple[Amendment, ContractVersion]:
    held, version = lock_amendment(amendment)
    if held.stage not in stages:
        raise VersionChangedError(
            f"The amendment is {held.get_stage_display().lower()} by now and is kept as it is.",
            is_closed=True,
        )
    return held, version


def _base(version: ContractVersion) -> ContractVersion:
    if version.base is None:
        raise ValidationError(NOT_YET)
    return version.base


def _was_proposed(held: Amendment) -> bool:
    return ApprovalRequest.objects.filter(kind=KIND, subject_id=held.pk).exists()
