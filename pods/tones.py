"""How signals look and in which order they stand."""

from __future__ import annotations

from typing import Literal

from pods.models import Severity

Tone = Literal["red", "amber", "green", "accent", "neutral"]
TONES: dict[str, Tone] = {Severity.RISK: "red", Severity.DUE: "amber", Severity.OPPORTUNITY: "green"}
ORDER = {Severity.RISK: 0, Severity.DUE: 1, Severity.OPPORTUNITY: 2}
