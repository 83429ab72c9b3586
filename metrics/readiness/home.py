"""The card of the phases on the first screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from metrics.readiness.reading import read_readiness
from people.functions import Function


@register_home_panel
class PhaseGates(HomePanel):
    """How far each phase of the rollout is, and what is missing first."""

    key = "metrics.phase_gates"
    title = "Rollout by phase"
    template = "metrics/home/phase_gates.html"
    is_flush = True
    functions = {Function.LEADERSHIP: 42, Function.REVOPS: 40}

    def load(self, reader: Reader) -> dict[str, Any]:
        read = read_readiness(reader.as_of, reader.access)
        return {
            "day": read.day,
            "is_ready": read.is_ready,
            "phases": [
                {
                    "number": int(phase.phase),
                    "label": phase.label,
                    "met": phase.met,
                    "total": phase.total,
                    "waiting": phase.waiting,
                    "is_passed": phase.is_passed,
                    "next": next(
                        (
                            {
                                "label": gate.criterion.label,
                                "url": gate.evidence or reverse("metrics:readiness"),
                            }
                            for gate in phase.gates
                            if gate.state == "unmet"
                        ),
                        None,
                    ),
                }
                for phase in read.phases
            ]
            if read.day
            else [],
            "query": f"?as_of={reader.as_of.isoformat()}" if read.day and read.day < reader.as_of else "",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the phases shown."""
        if not data["phases"]:
            return None
        return table_of(
            "phases",
            data["phases"],
            (
                ("phase", "Phase", lambda row: row["number"]),
                ("label", "Name", lambda row: row["label"]),
                ("met", "Criteria met", lambda row: row["met"]),
                ("total", "Criteria", lambda row: row["total"]),
                ("waiting", "Can't be told yet", lambda row: row["waiting"]),
                ("next", "First not met", lambda row: row["next"]["label"] if row["next"] else ""),
            ),
        )
