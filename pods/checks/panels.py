"""What the account page shows of health checks: the one that is due, and what came of the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from accounts.lenses import Panel, register_panel
from accounts.models import Account
from common.export import Table, table_of
from people.access import Access, Redacted
from people.models import Category
from pods.checks.models import HealthCheck
from pods.checks.opening import ENTITLEMENT
from pods.checks.reading import Shown
from tiers.entitlements.panel import account_entitlements

MOST = 5


@register_panel
class HealthChecks(Panel):
    """How often the account is looked at, and what came of it, the newest first."""

    key = "pods.health_checks"
    title = "Health checks"
    template = "pods/panels/checks.html"
    category = Category.ACCOUNT_PROFILE
    is_lazy = True

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        found = HealthCheck.objects.opened_by_day(as_of).filter(task__account=account)
        found = found.select_related("task__account", "task__assignee", "task__done_by")
        rows = list(found.order_by("-task__due_on", "-pk")[: MOST + 1])
        cadence = account_entitlements(account, as_of)[ENTITLEMENT].seen_with(access)
        return {
            "checks": [_plain(Shown(row, as_of)) for row in rows[:MOST]],
            "has_more": len(rows) > MOST,
            "account": account.name,
            "cadence": cadence if isinstance(cadence, Redacted) else cadence.words,
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the checks shown."""
        if not data["checks"]:
            return None
        return table_of(
            "health-checks",
            data["checks"],
            [
                ("cadence", "Check", lambda row: row["cadence"]),
                ("due_on", "Due", lambda row: row["due_on"]),
                ("state", "State", lambda row: row["state"]),
                ("who", "Who", lambda row: row["who"]),
                ("note", "Note", lambda row: row["note"]),
            ],
        )


def _plain(shown: Shown) -> dict[str, Any]:
    return {
        "url": shown.check.get_absolute_url(),
        "cadence": shown.check.get_cadence_display(),
        "due_on": shown.task.due_on,
        "state": shown.state,
        "tone": shown.tone,
        "who": shown.who,
        "note": "" if shown.is_open else shown.task.note,
    }
