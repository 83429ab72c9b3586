"""What an amendment needs before it may hold: when it may count, whose word it needs, and what they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from common.formatting import format_date, format_money
from finance.clauses.guardrail import Finding, assess
from finance.clauses.offers import clause_of, granted_for, is_same
from finance.contracts.calendar import Calendar
from finance.contracts.changes import is_mid_term, next_term_end, outlook
from finance.contracts.statements import NOTHING, differences, words_of_price
from finance.models import Amendment, Contract, ContractVersion, Deviation
from metrics.engine.plan import today
from people.approvals.registry import StepPlan
from people.functions import Function
from people.models import Category
from tiers.entitlements.resolution import entitlement

CONTRACT_CHANGES = "contract_changes"
MID_TERM = "mid_term"
HOURS = 48


def mid_term_refusal(contract: Contract, statement: Any, day: Any) -> str:
    """Return why a contract can't change on a day within its term; nothing where it can. Three queries.

    What the contract itself says comes first, then what holds for its account.
    """
    if not is_mid_term(statement, day):
        return ""
    own = [clause.get("terms", {}).get(CONTRACT_CHANGES) for clause in statement.get("clauses", ())]
    value, origin = next((said for said in own if said), None), "its own clause"
    if value is None:
        held = entitlement(contract.account, CONTRACT_CHANGES)
        value, origin = held.value, held.origin
    if value == MID_TERM:
        return ""
    ends = next_term_end(statement, day)
    told = f"By {origin} contracts change at the end of a term only."
    return f"{told} The next one is {format_date(ends)}." if ends else told


def refuse_mid_term(held: Amendment) -> None:
    """Raise ValidationError where an amendment would count within a term and may not."""
    version = held.version
    base = version.base
    if base is None or held.effective_on is None:
        return
    why = mid_term_refusal(version.contract, base.statement, held.effective_on)
    if why:
        raise ValidationError({"effective_on": why})


def findings_of(version: ContractVersion) -> list[Finding]:
    """Return what the guardrail says of the clauses that a version brings or changes.

    What lies beyond it and was granted before needs no further word, if that still counts on the amendment's day.
    """
    base = version.base
    before = list(base.statement.get("clauses", ())) if base else []
    new = [clause for clause in version.statement.get("clauses", ()) if clause not in before]
    if not new:
        return []
    found = assess(version.contract.account, new)
    day = version.amendment.effective_on or today()
    granted = list(granted_for(version.contract, day).select_related("family"))
    return [_granted(finding, granted, clause) for finding, clause in zip(found, new, strict=True)]


def _granted(finding: Finding, granted: Sequence[Deviation], clause: Mapping[str, Any]) -> Finding:
    """Return a finding without further steps where the very same was granted and still counts."""
    deviation = next((each for each in granted if is_same(clause_of(each), clause)), None)
    if finding.is_within or deviation is None:
        return finding
    on = f" on {format_date(deviation.decided_at.date())}" if deviation.decided_at else ""
    return replace(finding, steps=(), sentence=f"{finding.sentence} This deviation was granted{on}.")


def steps_for(version: ContractVersion) -> Sequence[StepPlan]:
    """Return whose word an amendment needs, each function once: legal always; finance where money changes; whoever
    looks after the customer within a term; and whom the guardrail names for clauses beyond it.
    """
    base, held = version.base, version.amendment
    steps = [StepPlan(function=Function.LEGAL, hours=HOURS, label="Legal agrees")]
    if base is not None and held.effective_on is not None:
        found = differences(base.statement, version.statement)
        if held.changes.get("lines") or any(each.what == "Days to pay" for each in found):
            steps.append(StepPlan(function=Function.FINANCE, hours=HOURS, label="Finance agrees to prices"))
        if is_mid_term(base.statement, held.effective_on):
            steps.append(
                StepPlan(
                    function=Function.CUSTOMER_SUCCESS, hours=HOURS, label="Customer success agrees mid-term"
                )
            )
    named = {step.function for step in steps}
    for finding in findings_of(version):
        for step in finding.steps:
            if step.function not in named:
                named.add(step.function)
                label = step.label or f"{finding.label} beyond the guardrail"
                steps.append(StepPlan(function=step.function, hours=step.hours, label=label))
    return steps


def facts_of(held: Amendment) -> list[dict[str, Any]]:
    """Return what approvers are shown: what changes in words, what it comes to, and what the guardrail says."""
    return list(_facts(held))


def _facts(held: Amendment) -> Iterator[dict[str, Any]]:
    version, day = held.version, held.effective_on
    base = version.base
    if base is None or day is None:
        return
    before, after, currency = base.statement, version.statement, version.statement["currency"]
    yield {"label": "Counts from", "after": format_date(day)}
    for each in differences(before, after, has_prices=False):
        label = each.what if each.subject == "Terms" else f"{each.subject}: {each.aspect}"
        fact = {"label": label, "before": str(each.before), "after": str(each.after)}
        yield fact | ({"category": each.category} if each.category else {})
    known = {line["line"] for line in before["lines"]}
    for line in after["lines"]:
        if line["line"] not in known:
            price = words_of_price(line, currency)
            yield {
                "label": f"{line['product']}: price",
                "before": NOTHING,
                "after": price,
                "category": str(Category.REVENUE),
            }
    was, now = outlook(before, day), outlook(after, day)
    calendar = Calendar(version.contract.account.country)
    act_by = [calendar.last_working_day(each.notice_on) if each.notice_on else None for each in (was, now)]
    yield {
        "label": f"ARR on {format_date(day)}",
        "before": format_money(was.arr, currency),
        "after": format_money(now.arr, currency),
        "category": str(Category.REVENUE),
    }
    for label, none, (old, new) in (
        ("Term then ends", "open-ended", (was.term_ends_on, now.term_ends_on)),
        ("Notice then by", NOTHING, act_by),
    ):
        if old != new:
            yield {
                "label": label,
                "before": format_date(old) if old else none,
                "after": format_date(new) if new else none,
            }
    for finding in findings_of(version):
        yield {"label": f"Guardrail, {finding.label}", "after": finding.sentence}
