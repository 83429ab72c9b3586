"""The state of the rollout as of a day, for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from metrics.models import CriterionFinding
from metrics.readiness.registry import PHASES, Criterion, Phase, criteria
from people.access import Access

State = CriterionFinding.State
WAITS = "waits"
CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One criterion as a reader sees it: ``state`` is that of its finding, ``waits`` or ``closed``.

    ``met_since`` is the first day of the unbroken time in which it is met, ``first_met`` the first day ever.
    """

    criterion: Criterion
    state: str
    value: Decimal | None
    part: Decimal | None
    whole: Decimal | None
    told: str
    evidence: str
    first_met: date | None
    met_since: date | None
    as_of: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseState:
    """One phase with its criteria; ``closed`` are those the reader may not read, which are counted nowhere."""

    phase: Phase
    label: str
    aim: str
    gates: Sequence[Gate]

    def _of(self, *states: str) -> int:
        return sum(gate.state in states for gate in self.gates)

    @property
    def met(self) -> int:
        """How many are met."""
        return self._of(State.MET)

    @property
    def total(self) -> int:
        """How many there are, but for those that are closed to the reader."""
        return len(self.gates) - self.closed

    @property
    def waiting(self) -> int:
        """How many nobody can tell yet, since their part of the product comes later."""
        return self._of(WAITS)

    @property
    def unmeasured(self) -> int:
        """How many have no figure on the day."""
        return self._of(State.UNMEASURED)

    @property
    def closed(self) -> int:
        """How many the reader may not read."""
        return self._of(CLOSED)

    @property
    def is_passed(self) -> bool:
        """Whether each of them is met; one that can't be told, or that is closed, isn't."""
        return bool(self.gates) and self.met == len(self.gates)


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """The whole rollout as of a day; ``day`` is None before the first night."""

    day: date | None
    phases: Sequence[PhaseState]

    @property
    def check(self) -> list[Gate]:
        """What the company needs to be ready at all."""
        return [gate for phase in self.phases for gate in phase.gates if gate.criterion.is_gate]

    @property
    def is_ready(self) -> bool | None:
        """Whether the readiness check is passed; None where the reader may not see all of it."""
        if any(gate.state == CLOSED for gate in self.check):
            return None
        return bool(self.check) and all(gate.state == State.MET for gate in self.check)


def read_readiness(until: date, access: Access) -> Readiness:
    """Return the criteria as the newest night up to a day found them; two queries."""
    newest = CriterionFinding.objects.filter(as_of__lte=until).order_by("-as_of").values("as_of")[:1]
    found = {one.key: one for one in CriterionFinding.objects.filter(as_of=Subquery(newest))}
    day = next((one.as_of for one in found.values()), None)
    history = _history(day) if day else {}
    gates: dict[Phase, list[Gate]] = {phase: [] for phase in PHASES}
    for criterion in sorted(criteria, key=lambda one: (one.phase, one.order, one.key)):
        gates[criterion.phase].append(
            _gate(criterion, found.get(criterion.key), history.get(criterion.key, {}), access)
        )
    return Readiness(
        day=day,
        phases=[
            PhaseState(phase=phase, label=label, aim=aim, gates=gates[phase])
            for phase, (label, aim) in PHASES.items()
        ],
    )


def _history(day: date) -> dict[str, dict[str, Any]]:
    """Return by key when a criterion was first met, and since when it has been without a break."""
    known = CriterionFinding.objects.filter(as_of__lte=day)
    broken = (
        known.filter(key=OuterRef("key"))
        .exclude(state=State.MET)
        .order_by()
        .values("key")
        .annotate(last=Max("as_of"))
        .values("last")
    )
    rows = (
        known.filter(state=State.MET)
        .order_by()
        .annotate(broken_on=Coalesce(Subquery(broken), date.min))
        .values("key")
        .annotate(first=Min("as_of"), since=Min("as_of", filter=Q(as_of__gt=F("broken_on"))))
    )
    return {row["key"]: dict(row) for row in rows}


def _gate(
    criterion: Criterion, found: CriterionFinding | None, history: dict[str, Any], access: Access
) -> Gate:
    is_open = access.allows(criterion.category, criterion.level)
    if not is_open:
        state, told = CLOSED, access.why_not(str(criterion.category))
    elif criterion.measure is None:
        state, told = WAITS, criterion.waits_for
    elif found is None:
        state, told = State.UNMEASURED, _why_missing(criterion)
    else:
        state, told = found.state, found.told
    shown = found if is_open and criterion.measure is not None else None
    return Gate(
        criterion=criterion,
        state=state,
        value=shown.value if shown else None,
        part=shown.part if shown else None,
        whole=shown.whole if shown else None,
        told=told,
        evidence=criterion.evidence_of(access.function),
        first_met=history.get("first") if shown else None,
        met_since=history.get("since") if shown and shown.state == State.MET else None,
        as_of=shown.as_of if shown else None,
    )


def _why_missing(criterion: Criterion) -> str:
    if criterion.is_today_only:
        return "It is asked in the night of the newest day only, and wasn't on this one."
    return "It follows with the next refresh."
