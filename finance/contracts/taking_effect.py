"""What follows from an approval: an amendment waits for its day, then is written as records of the source ``abe``.

So what it says has claims, provenance, changes, events and the ledger as what any source says. Locks are taken in the
order that ``finance.contracts.amendments`` names.
"""

from __future__ import annotations

import json
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import F, Max, TextField
from django.db.models.functions import MD5, Cast

from common.formatting import format_date
from common.versions.cycle import authored
from common.versions.errors import VersionChangedError
from common.versions.models import VersionState
from finance.calendars.events import follow_contracts
from finance.clauses.services.deviations import note_entered
from finance.contracts.amendments import (
    KIND,
    cycle,
    lock_amendment,
    move_to,
    open_request,
    refuse_overtaken,
)
from finance.contracts.changes import TERMS, clauses_after
from finance.contracts.judging import refuse_mid_term
from finance.contracts.recording import said_now, write_versions
from finance.models import Amendment, Contract, ContractVersion
from metrics.engine.plan import today
from people.approvals.models import ApprovalRequest, ApprovalStep
from people.approvals.services import RefusedError, supersede_request
from people.models import User
from people.notices.services import notify
from sync.models import Batch, Link
from sync.own import OwnRecordsError, own_source, send_own_records
from sync.pipeline.locks import lock_together
from sync.registry import resources

logger = structlog.get_logger(__name__)

Stage = Amendment.Stage
TOPIC = "contracts"
CONTRACTS, LINES = "contracts", "contract-lines"
LINE_FIELDS = (
    "product",
    "start_on",
    "end_on",
    "amount",
    "billing_period",
    "quantity",
    "discount_percent",
    "is_trial",
)


@transaction.atomic
def accept_amendment(request: ApprovalRequest) -> None:
    """Let an approved amendment wait for its day, or take effect where that is today.

    Raises RefusedError where its day has passed, or the contract says something else by now.
    """
    version = _lock_all(request.subject_id)
    held, version = lock_amendment(Amendment(pk=version.pk))
    by = _decider(request)
    if held.stage != Stage.PROPOSED or held.effective_on is None:
        raise RefusedError("This amendment isn't proposed any more.")
    if held.effective_on < today():
        raise RefusedError(
            f"It should count from {format_date(held.effective_on)}, which has passed. Return it, so that its author"
            " chooses another day."
        )
    try:
        refuse_overtaken(version)
        # The tier may be another one by now, or a clause of the contract may be.
        refuse_mid_term(held)
        if held.effective_on == today():
            _put_in_effect(held, version, by)
        else:
            cycle.schedule(
                version, by=by, expected=cycle.seen(version), starts_on=held.effective_on, today=today()
            )
            move_to(held, Stage.SCHEDULED)
    except VersionChangedError as changed:
        raise RefusedError(_told(changed)) from changed
    except ValidationError as refused:
        raise RefusedError(" ".join(refused.messages)) from refused


@transaction.atomic
def reject_amendment(request: ApprovalRequest) -> None:
    """Keep a rejected amendment on record."""
    held, _ = lock_amendment(Amendment(pk=request.subject_id))
    if held.stage == Stage.PROPOSED:
        move_to(held, Stage.REJECTED)


@transaction.atomic
def return_to_draft(request: ApprovalRequest) -> None:
    """Let the author go on with an amendment whose request was withdrawn."""
    held, _ = lock_amendment(Amendment(pk=request.subject_id))
    if held.stage == Stage.PROPOSED and request.state == ApprovalRequest.State.WITHDRAWN:
        move_to(held, Stage.DRAFT)


def take_due_effects() -> int:
    """Put in effect what was approved for a day that has come; return how many did. Safe beside other workers.

    One that fails is logged and tried again in a minute; it doesn't hold up the others.
    """
    due = ContractVersion.objects.due(today()).filter(amendment__stage=Stage.SCHEDULED)
    done = 0
    for pk in list(due.order_by("starts_on", "pk").values_list("pk", flat=True)):
        try:
            done += take_effect(version_id=pk)
        except (DatabaseError, ValidationError):
            logger.exception("An amendment could not be put in effect", version=pk)
    return done


@transaction.atomic
def take_effect(*, version_id: int) -> bool:
    """Put one approved amendment in effect where its day has come; return whether it did.

    One that was overtaken, or whose records are refused, is held, and its author and approvers are told why.
    """
    version = _lock_all(version_id)
    due = cycle.take_due(version, today=today())
    if due is None:
        return False
    held, version = lock_amendment(Amendment(pk=version.pk))
    if held.stage != Stage.SCHEDULED:
        return False
    by = version.published_by
    try:
        refuse_overtaken(version)
        with transaction.atomic():
            _put_in_effect(held, cycle.unschedule(version, by=by), by)
    except VersionChangedError as changed:
        _hold(held, version, _told(changed))
        return False
    except OwnRecordsError as refused:
        _hold(held, version, " ".join(refused.messages))
        return False
    return True


def hold_overtaken() -> int:
    """Hold proposed and approved amendments of contracts that say something else by now; return how many."""
    waiting = Amendment.objects.filter(stage__in=(Stage.PROPOSED, Stage.SCHEDULED))
    overtaken = waiting.exclude(version__based_on__state=VersionState.PUBLISHED)
    return sum(_hold_if_overtaken(pk) for pk in overtaken.values_list("pk", flat=True))


@transaction.atomic
def _hold_if_overtaken(pk: int) -> bool:
    request = open_request(Amendment(pk=pk))
    if request is not None:
        supersede_request(request=request, note="The contract has changed since it was asked.")
    held, version = lock_amendment(Amendment(pk=pk))
    if held.stage not in (Stage.PROPOSED, Stage.SCHEDULED):
        return False
    try:
        refuse_overtaken(version)
    except VersionChangedError as changed:
        _hold(held, version, _told(changed))
        return True
    return False


def _lock_all(version_id: int) -> ContractVersion:
    """Lock what an amendment writes, and write down first what sources have said of its contract by now."""
    lock_together(resources=[resources[CONTRACTS], resources[LINES]], sources=[own_source()])
    version = ContractVersion.objects.get(pk=version_id)
    Contract.objects.select_for_update(of=("self",)).get(pk=version.contract_id)
    write_versions([version.contract_id])
    return version


def _put_in_effect(held: Amendment, version: ContractVersion, by: User | None) -> None:
    """Send what an amendment changes, and publish the version with what the contract says then."""
    _send(held, version)
    contract = version.contract_id
    (said,) = said_now([contract]).fetch_dicts()
    statement = _loaded(said["statement"])
    if "clauses" in held.changes:
        statement = statement | {
            "clauses": clauses_after(statement.get("clauses", ()), held.changes["clauses"])
        }
    newest = (
        ContractVersion.objects.filter(contract=contract).exclude(pk=version.pk).aggregate(at=Max("version"))
    )
    version.version = max(version.version, (newest["at"] or 0) + 1)
    version.statement = statement
    version.source = own_source()
    version.batch = (
        Batch.objects.filter(source=version.source, resource__in=(CONTRACTS, LINES)).order_by("-pk").first()
    )
    with authored(by):
        version.save(update_fields=["version", "statement", "source", "batch"])
        ContractVersion.objects.filter(pk=version.pk).update(digest=MD5(Cast(F("statement"), TextField())))
    version.refresh_from_db()
    note_entered(version=cycle.publish(version, by=by, starts_on=held.effective_on))
    move_to(held, Stage.IN_EFFECT)
    follow_contracts([contract])
    _tell(held, version, event="in_effect", text="is in effect")


def _send(held: Amendment, version: ContractVersion) -> None:
    author, contract = version.author, version.contract_id
    terms = {name: value for name, value in held.changes.get("terms", {}).items() if name in TERMS}
    if terms:
        name = _own_id(CONTRACTS, contract) or f"amendment-{held.pk}"
        send_own_records(CONTRACTS, [{"external_id": name, **terms}], by=author, about={name: contract})
    base = version.base
    was = {line["line"]: line for line in base.statement["lines"]} if base else {}
    records: list[dict[str, Any]] = []
    about: dict[str, int] = {}
    for line in version.statement["lines"]:
        key = line["line"]
        if key < 0:
            new = {field: line[field] for field in LINE_FIELDS if line.get(field) is not None}
            records.append({"external_id": f"amendment-{held.pk}-new{key}", "contract": contract, **new})
        elif line["end_on"] != was[key]["end_on"]:
            name = _own_id(LINES, key) or f"amendment-{held.pk}-line-{key}"
            about[name] = key
            records.append({"external_id": name, "end_on": line["end_on"]})
    if records:
        send_own_records(LINES, records, by=author, about=about)


def _own_id(resource: str, object_id: int) -> str | None:
    """Return by which of our records an object came, where it was made here; others' get one for each amendment."""
    first = Link.objects.filter(resource=resource, object_id=object_id).order_by("pk").first()
    return first.external_id if first and first.source_id == own_source().pk else None


def _hold(held: Amendment, version: ContractVersion, why: str) -> None:
    if version.state == VersionState.SCHEDULED:
        cycle.unschedule(version, by=None)
    move_to(held, Stage.HELD, problem=why)
    _tell(held, version, event="held", text="is held, for the contract has changed meanwhile")


def _tell(held: Amendment, version: ContractVersion, *, event: str, text: str) -> None:
    """Let the author and those who decided know."""
    decided = ApprovalStep.objects.filter(
        request__kind=KIND, request__subject_id=held.pk, state=ApprovalStep.State.APPROVED
    )
    people = list(
        User.objects.filter(pk__in=[version.author_id, *decided.values_list("decided_by", flat=True)])
    )
    contract = version.contract
    since = f" from {format_date(held.effective_on)}" if held.effective_on else ""
    notify(
        to=people,
        topic=TOPIC,
        about=f"finance.amendment:{held.pk}",
        event=f"{event}.{held.stage_at:%Y%m%d%H%M%S}",
        text=f"The amendment of contract {contract}{since} {text}",
        url=f"{contract.get_absolute_url()}amendments/{held.pk}/",
    )


def _decider(request: ApprovalRequest) -> User | None:
    last = request.steps.filter(state=ApprovalStep.State.APPROVED).select_related("decided_by").last()
    return last.decided_by if last else None


def _told(changed: VersionChangedError) -> str:
    return " ".join([changed.message, *(f"{each}." for each in changed.differences)])


def _loaded(value: Any) -> dict[str, Any]:
    return dict(json.loads(value)) if isinstance(value, str) else dict(value)
