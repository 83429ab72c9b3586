"""The sample company's point models: the version of fit that it sells by, and a draft of the next intent model.

Made through the services, as the head of revenue operations would on the pages.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from demo.company.opportunities import LARGE, SMALL, SUITED
from demo.team import DOMAIN
from engagement.models import ScoreKind, ScoreModel
from engagement.scoring.services import (
    RuleDraft,
    create_score_draft,
    draft_rules,
    publish_score_model,
    save_score_draft,
)
from people.models import User

REVOPS = f"revops@{DOMAIN}"


def publish_fit() -> bool:
    """Publish the second version of fit; return whether that was still to be done."""
    if ScoreModel.objects.filter(kind=ScoreKind.FIT).count() > 1:
        return False
    by = User.objects.get(email=REVOPS)
    draft = create_score_draft(kind=ScoreKind.FIT, by=by)
    note = (
        "The industries that we win count most. Sponsor and product use are out: they said who had bought already, "
        "not who would."
    )
    save_score_draft(model=draft, by=by, rules=FIT, half_life_days=None, note=note)
    publish_score_model(model=draft, by=by)
    return True


def draft_intent() -> bool:
    """Draft the next version of intent; return whether that was still to be done."""
    if ScoreModel.objects.filter(kind=ScoreKind.INTENT).count() > 1:
        return False
    by = User.objects.get(email=REVOPS)
    draft = create_score_draft(kind=ScoreKind.INTENT, by=by)
    rules = [
        replace(rule, points=Decimal(10)) if rule.signal == "web.download" else rule
        for rule in draft_rules(draft)
    ]
    rules.append(RuleDraft(name="Meeting", points=Decimal(20), signal="meeting", at_most=Decimal(40)))
    note = "Fade sooner, trust downloads less, and count meetings."
    save_score_draft(model=draft, by=by, rules=rules, half_life_days=10, note=note)
    return True


def _is(name: str, points: int, field: str, op: str, value: Any) -> RuleDraft:
    condition = {"field": field, "op": op, "value": value}
    return RuleDraft(name=name, points=Decimal(points), condition=condition)


FIT = (
    _is("Industry that we win", 45, "accounts.industry", "in", list(SUITED)),
    _is(f"{SMALL} employees or more", 25, "accounts.employees", "gte", SMALL),
    _is(f"{LARGE} employees or more", 15, "accounts.employees", "gte", LARGE),
    _is("1,000 employees or more", 15, "accounts.employees", "gte", 1000),
    _is("Fewer than 10 employees", -40, "accounts.employees", "lt", 10),
)
