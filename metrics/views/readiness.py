"""The page of the rollout: is the company ready, and how far is each phase."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from common.asof import requested_as_of
from common.export import Offer, Table, asked_format, export_response, table_of
from metrics.readiness.reading import CLOSED, Gate, PhaseState, Readiness, read_readiness
from people.access import Redacted, request_access

STATES = {
    "met": "Met",
    "unmet": "Not met",
    "unmeasured": "Not measured",
    "waits": "Comes later",
    CLOSED: "Closed to you",
}


@require_safe
def readiness(request: HttpRequest) -> HttpResponse:
    """Show the readiness check and the phases as the newest night up to a day found them."""
    asked = requested_as_of(request)
    read = read_readiness(asked or timezone.localdate(), request_access(request))
    offers = [Offer("criteria", "Criteria", lambda: criteria_table(read))]
    if asked_format(request):
        return export_response(request, criteria_table(read))
    context: dict[str, Any] = {
        "read": read,
        "check": read.check,
        "check_met": sum(gate.state == "met" for gate in read.check),
        "states": STATES,
        "as_of": read.day,
        "exports": offers,
    }
    return render(request, "metrics/readiness/page.html", context)


def criteria_table(read: Readiness) -> Table:
    """Return every criterion with its figure, target and dates."""
    return table_of(
        "rollout",
        [(phase, gate) for phase in read.phases for gate in phase.gates],
        (
            ("phase", "Phase", lambda row: int(row[0].phase)),
            ("phase_label", "Phase in words", lambda row: row[0].label),
            ("key", "Key", lambda row: row[1].criterion.key),
            ("criterion", "Criterion", lambda row: row[1].criterion.label),
            ("state", "State", lambda row: STATES[row[1].state]),
            ("value", "Figure", _value),
            ("unit", "Unit", lambda row: row[1].criterion.unit),
            ("part", "Part", lambda row: row[1].part),
            ("whole", "Of", lambda row: row[1].whole),
            ("direction", "To be", lambda row: row[1].criterion.direction),
            ("target", "Target", lambda row: row[1].criterion.target),
            ("first_met", "First met", lambda row: row[1].first_met),
            ("met_since", "Met since", lambda row: row[1].met_since),
            ("told", "Note", lambda row: row[1].told),
            ("formula", "How it is counted", lambda row: row[1].criterion.formula),
            ("as_of", "Day", lambda row: row[1].as_of),
        ),
    )


def _value(row: tuple[PhaseState, Gate]) -> Any:
    gate = row[1]
    return Redacted(str(gate.criterion.category), gate.told) if gate.state == CLOSED else gate.value
