"""How the sample company's customers were last looked at, and what is to be looked at now."""

from __future__ import annotations

from metrics.engine.plan import today
from people.models import User
from pods.checks.opening import open_due
from pods.checks.services import complete
from pods.models import HealthCheck

SUCCESS = "customer-success@ferrowick.example"
OUTCOMES = (
    ("fine", ""),
    (
        "watch",
        "Use fell in two teams after their reorganisation. Ask their new lead for half an hour this week.",
    ),
    ("fine", "Renewal talk is set for next month."),
    (
        "act",
        "Three tickets about exports wait. Engineering lead joins the next call; owner of the fix by Friday.",
    ),
)


def check_customers() -> int:
    """Open what is due now and complete some of it, unless that was done; return how many are there."""
    if HealthCheck.objects.exists():
        return 0
    by = User.objects.filter(email=SUCCESS).first()
    open_due(today())
    rows = HealthCheck.objects.select_related("task__account").order_by("-task__account__standing__arr", "pk")
    for check, (outcome, note) in zip(rows, OUTCOMES, strict=False):
        if by is not None:
            complete(check=check, done=range(len(check.items)), outcome=outcome, note=note, by=by)
    return HealthCheck.objects.count()
