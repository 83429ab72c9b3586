"""What leaders see of strategic accounts in red: who owns each, how people see it, and what is being done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.models import Account, HealthBand
from common.export import Table, table_of
from common.formatting import format_count
from metrics.health.fields import sentiment_on
from metrics.models import Sentiment
from people.functions import Function
from people.models import Category, Level, User
from pods.tasks.models import Task
from pods.tasks.reading import Shown

MOST_ROWS = 10


@register_home_panel
class RedStrategic(HomePanel):
    """Strategic customers in red, the lowest first: owner, sentiment, and the plan: the next task that is open."""

    key = "pods.red_strategic"
    title = "Red strategic accounts, owner and plan"
    explain = "metrics.health_score"
    template = "pods/home/red_strategic.html"
    category = Category.ACCOUNT_PROFILE
    level = Level.TOTALS
    span = 12
    is_flush = True
    is_today_only = True
    functions = {Function.LEADERSHIP: 30}

    def load(self, reader: Reader) -> dict[str, Any]:
        strategic = Account.objects.customers().filter(standing__tier__rank=1)
        red = strategic.filter(standing__health_band=HealthBand.RED)
        owner = User.objects.filter(email=OuterRef("owner_email")).values("name")[:1]
        rows = list(
            red.annotate(
                owner=Coalesce(Subquery(owner), F("owner_email")), sentiment=sentiment_on(reader.as_of)
            )
            .order_by("standing__health", "pk")
            .values("pk", "name", "owner", "sentiment", "standing__health", "standing__health_change")[
                :MOST_ROWS
            ]
        )
        plans: dict[int, list[Shown]] = {}
        tasks = Task.objects.open().filter(account__in=[row["pk"] for row in rows])
        for task in tasks.select_related("account", "assignee").order_by("due_on", "pk"):
            plans.setdefault(task.account_id, []).append(Shown(task, reader.access, reader.as_of))
        count, whole = red.count(), strategic.count()
        without = red.exclude(pk__in=Task.objects.open().values("account")).count()
        return {
            "accounts": [
                {
                    "id": row["pk"],
                    "name": row["name"],
                    "health": row["standing__health"],
                    "health_change": row["standing__health_change"],
                    "owner": reader.access.redact(row["owner"], Category.ACCOUNT_TEAM),
                    "sentiment": str(Sentiment(row["sentiment"]).label)
                    if row["sentiment"] is not None
                    else "",
                    "way_url": reverse("metrics:health", args=[row["pk"]]),
                    **_plan(plans.get(row["pk"], [])),
                }
                for row in rows
            ],
            "finding": _finding(count, whole, without),
            "link_url": f"{reverse('accounts:list')}?tier=strategic&health=red&sort=metrics.health_score"
            "&columns=metrics.health_score,metrics.sentiment,metrics.disagreements,accounts.owner",
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the accounts shown."""
        if not data["accounts"]:
            return None
        return table_of(
            "red-strategic-accounts",
            data["accounts"],
            [
                ("id", "Account id", lambda row: row["id"]),
                ("account", "Account", lambda row: row["name"]),
                ("health", "Health", lambda row: row["health"]),
                ("change", "Health change in 30 days", lambda row: row["health_change"]),
                ("sentiment", "Sentiment", lambda row: row["sentiment"]),
                ("owner", "Owner", lambda row: row["owner"]),
                ("plan", "Plan", lambda row: str(row["plan"])),
                ("who", "Who", lambda row: row["who"]),
                ("due_on", "Due", lambda row: row["due_on"]),
                ("more", "Further tasks", lambda row: row["more"]),
            ],
        )


def _plan(tasks: list[Shown]) -> dict[str, Any]:
    if not tasks:
        return {"plan": "", "plan_url": "", "who": "", "due_on": None, "is_late": False, "more": 0}
    first = tasks[0]
    return {
        "plan": first.title,
        "plan_url": first.task.get_absolute_url(),
        "who": first.who,
        "due_on": first.task.due_on,
        "is_late": first.task.due_on < first.day,
        "more": len(tasks) - 1,
    }


def _finding(red: int, whole: int, without: int) -> str:
    if not red:
        return ""
    said = f"{red} of {format_count(whole, 'strategic customer')} {'is' if red == 1 else 'are'} red"
    return f"{said}, {without} of them without a plan" if without else f"{said}, each with a plan"
