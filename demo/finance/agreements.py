"""Amendments of the sample company's contracts, at every stage of their way, and what its contracts oblige to.

Made through the services, as legal and finance would on the pages. Called once clauses are in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from accounts.models import Account
from demo.company.chance import months_after, rng_for
from demo.finance.people import FINANCE, LEGAL, SUCCESS, decide, person
from demo.past import as_of
from finance.clauses.services.deviations import Wanted
from finance.clauses.services.paper import record_clause
from finance.contracts.amendments import draft_amendment, propose_amendment, save_amendment
from finance.contracts.changes import is_mid_term, next_term_end, problems_of
from finance.contracts.recording import write_versions
from finance.contracts.statements import plain_number
from finance.contracts.taking_effect import hold_overtaken
from finance.models import Amendment, ClauseFamily, Contract, ContractObligation, ContractVersion
from finance.obligations.services import Terms, add_obligation, complete_obligation, drop_obligation
from metrics.engine.plan import today
from people.models import User

SEED = 28
LATEST = 370
CENT = Decimal("0.01")
OURS, THEIRS = ContractObligation.Party.OURS, ContractObligation.Party.THEIRS
ONE_BY_ONE = "aaaa"  # more steps than any amendment has


@dataclass(frozen=True, slots=True)
class Plan:
    """An amendment: how much more is bought, from when, why, and what became of it.

    ``fate`` None leaves a draft, else it is one letter for each decision. Where ``tier`` may not change within a term,
    it counts from the next end of one. While an overtaken one waits, a signed paper comes in, which holds it.
    """

    tier: str
    growth: Decimal
    in_days: int
    note: str
    fate: str | None
    comment: str = ""
    notice_days: int | None = None
    is_overtaken: bool = False


PLANS = (
    Plan(
        "strategic", Decimal("1.20"), 0, "A second plant goes live; they need a fifth more seats.", ONE_BY_ONE
    ),
    Plan("strategic", Decimal("1.10"), 24, "Seats for the new region, as agreed in the review.", ONE_BY_ONE),
    Plan("strategic", Decimal("1.35"), 38, "Rollout to every warehouse; procurement has signed off.", "a"),
    Plan("strategic", Decimal("0.85"), 45, "They sell a business unit and give its seats back.", None),
    Plan(
        "strategic",
        Decimal("1.30"),
        52,
        "Seats for the company that they took over.",
        "",
        is_overtaken=True,
    ),
    Plan(
        "enterprise",
        Decimal("1.15"),
        30,
        "More seats at the renewal, same price for each.",
        "",
        notice_days=90,
    ),
    Plan(
        "enterprise",
        Decimal("0.60"),
        30,
        "They ask for fewer seats at the renewal.",
        "ar",
        "Offer 20% first.",
    ),
    Plan(
        "growth",
        Decimal("1.25"),
        30,
        "They hire, and want the seats with the renewal.",
        "b",
        "From which day?",
    ),
)


@dataclass(frozen=True, slots=True)
class Duty:
    """An obligation: of the customers of one tier, first due so many days from today, met so often by then."""

    tier: str
    title: str
    party: str
    owner: str
    due_in: int
    months: int = 0
    met: int = 0
    evidence: str = ""
    survives: bool = False
    is_void: bool = False
    note: str = ""


DUTIES = (
    Duty(
        "strategic",
        "Report service levels of the quarter",
        OURS,
        SUCCESS,
        -262,
        3,
        3,
        "Sent to their service manager.",
    ),
    Duty(
        "strategic",
        "Hand over the certificate of the security audit",
        OURS,
        LEGAL,
        -14,
        12,
        0,
        "",
        note="§ 8 of the data processing agreement.",
    ),
    Duty("strategic", "Name who may place orders for the divisions", THEIRS, SUCCESS, -18),
    Duty("strategic", "Review volumes and prices together", OURS, FINANCE, 26, 12),
    Duty(
        "strategic",
        "Test the restore of backups, with their IT present",
        OURS,
        SUCCESS,
        -96,
        6,
        1,
        "Protocol of the test.",
    ),
    Duty("strategic", "Return or delete their data after the end", OURS, LEGAL, 420, survives=True),
    Duty(
        "enterprise",
        "Report service levels of the quarter",
        OURS,
        SUCCESS,
        -84,
        3,
        1,
        "Sent with the review.",
    ),
    Duty(
        "enterprise",
        "Send the list of subprocessors",
        OURS,
        LEGAL,
        -6,
        12,
        note="§ 5 of the data processing agreement.",
    ),
    Duty("enterprise", "Confirm the number of users", THEIRS, FINANCE, 12, 12),
    Duty("enterprise", "Appear as a reference", THEIRS, SUCCESS, 64),
    Duty(
        "enterprise",
        "Escrow of the source code",
        OURS,
        LEGAL,
        -40,
        is_void=True,
        note="Dropped with the last renewal.",
    ),
    Duty("growth", "Confirm the number of users", THEIRS, FINANCE, 0, 12),
    Duty(
        "growth",
        "Agree on a data processing agreement",
        OURS,
        LEGAL,
        -33,
        0,
        1,
        "Signed by both, filed with the order.",
    ),
)


def amend_and_oblige() -> bool:
    """Amend contracts and note obligations; return whether that was still to be done."""
    if Amendment.objects.exists() or ContractObligation.objects.exists():
        return False
    # All or nothing: half of it would be taken for the whole.
    with as_of(today()):
        taken: set[int] = set()
        for plan in PLANS:
            _amend(plan, taken)
        _note_obligations()
    return True


def _amend(plan: Plan, taken: set[int]) -> None:
    """Amend the contract of the largest customer for whom it may be done."""
    for contract in _contracts(plan.tier):
        said = _written_down(contract)
        if contract.account_id in taken or said is None:
            continue
        effective_on = _day(plan, said)
        changes = _changes(plan, said, effective_on) if effective_on else {}
        # One that counts in years is nothing to show.
        if effective_on is None or effective_on > today() + timedelta(days=LATEST):
            continue
        if not changes.get("lines") or list(problems_of(said, changes, effective_on)):
            continue
        taken.add(contract.account_id)
        author = person(FINANCE)
        with as_of(today() - timedelta(days=_begun_ago(plan)), ContractVersion):
            draft = draft_amendment(contract=contract, by=author)
            held = save_amendment(
                amendment=draft, changes=changes, effective_on=effective_on, note=plan.note, by=author
            )
        if plan.fate is not None:
            decide(propose_amendment(amendment=held, by=author), plan.fate, plan.comment)
        if plan.is_overtaken:
            _sign_another_paper(contract)
        return


def _sign_another_paper(contract: Contract) -> None:
    """Let the contract say something else than what its amendment was based on."""
    record_clause(
        contract=contract,
        family=ClauseFamily.objects.get(key="custom-sla"),
        wanted=Wanted(text="thirty-minutes"),
        signed_on=today() - timedelta(days=2),
        paper="Side letter on service levels",
        by=person(LEGAL),
    )
    hold_overtaken()


def _contracts(tier: str) -> Iterator[Contract]:
    """Yield running contracts of a tier that no paper of clauses concerns, the largest customers first."""
    written = ContractVersion.objects.filter(cause=ContractVersion.Cause.PAPER).values("contract__account")
    running = Contract.objects.running_on(today()).filter(account__standing__tier__slug=tier)
    yield from (
        running.exclude(account__in=written)
        .select_related("account")
        .order_by("-account__standing__arr", "account_id", "-start_on", "pk")
    )


def _written_down(contract: Contract) -> Mapping[str, Any] | None:
    """Return what the contract says, written down now where no worker has done so yet."""
    Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
    write_versions([contract.pk])
    version = ContractVersion.objects.filter(contract=contract).published().first()
    return version.statement if version else None


def _day(plan: Plan, said: Mapping[str, Any]) -> date | None:
    day = today() + timedelta(days=plan.in_days)
    if plan.in_days and plan.tier == "strategic":
        day = months_after(day.replace(day=1), 1) if plan.in_days > 30 else day
    if plan.tier == "strategic" or not is_mid_term(said, day):
        return day
    return next_term_end(said, day)


def _changes(plan: Plan, said: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return the change of the contract's seats: price and number in proportion."""
    changes: dict[str, Any] = {}
    seats = [line for line in said["lines"] if _is_seats(line, day)]
    if seats:
        line = max(seats, key=lambda one: (Decimal(one["amount"]), one["line"]))
        quantity = max(1, round(Decimal(line["quantity"]) * plan.growth))
        each = Decimal(line["amount"]) / Decimal(line["quantity"])
        amount = (each * quantity).quantize(CENT, ROUND_HALF_UP)
        told = {"quantity": plain_number(quantity), "amount": plain_number(amount)}
        changes["lines"] = [{"do": "change", "line": line["line"], **told}]
    if plan.notice_days is not None and plan.notice_days != said["notice_days"]:
        changes["terms"] = {"notice_days": plan.notice_days}
    return changes


def _is_seats(line: Mapping[str, Any], day: date) -> bool:
    is_running = line["start_on"] < day.isoformat() and (
        line["end_on"] is None or line["end_on"] >= day.isoformat()
    )
    return (
        is_running
        and not line["is_trial"]
        and line["billing_period"] not in ("one_off", "usage")
        and (Decimal(line["quantity"]) > 9)
    )


def _begun_ago(plan: Plan) -> int:
    return 1 + rng_for(SEED, "amendment", plan.note).randrange(6)


def _note_obligations() -> None:
    """Note what contracts oblige to, with what was met of it by now and what is late."""
    legal = person(LEGAL)
    for place, duty in enumerate(DUTIES):
        customers = _customers(duty.tier)[place % 4 :]
        for turn, account in enumerate(customers[:3]):
            contract = (
                Contract.objects.running_on(today())
                .filter(account=account)
                .order_by("-start_on", "pk")
                .first()
            )
            if contract is not None:
                _oblige(contract, duty, 3 * turn, legal)


def _oblige(contract: Contract, duty: Duty, later: int, by: User) -> None:
    due_on = today() + timedelta(days=duty.due_in + later)
    owner = person(duty.owner)
    terms = Terms(
        title=duty.title,
        party=duty.party,
        due_on=max(due_on, contract.start_on + timedelta(days=30))
        if duty.due_in < 0 and duty.met
        else due_on,
        months=duty.months,
        owner=owner,
        note=duty.note,
        survives=duty.survives,
    )
    with as_of(max(contract.start_on, today() - timedelta(days=300)) + timedelta(days=2), ContractObligation):
        due: ContractObligation | None = add_obligation(contract=contract, terms=terms, by=by)
    for _ in range(duty.met):
        if due is not None and due.due_on <= today():
            with as_of(min(due.due_on, today() - timedelta(days=1)) - timedelta(days=1), ContractObligation):
                complete_obligation(obligation=due, by=owner, evidence=duty.evidence)
            due = ContractObligation.objects.filter(follows=due).first()
    if duty.is_void and due is not None:
        drop_obligation(obligation=due)


def _customers(tier: str) -> Sequence[Account]:
    found = Account.objects.customers().filter(standing__tier__slug=tier)
    return list(found.order_by("-standing__arr", "pk")[:12])
