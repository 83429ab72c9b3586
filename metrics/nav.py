"""Metrics' entries of the left navigation."""

from django.http import HttpRequest

from common.navigation import NavItem, register_nav
from people.access import request_access
from people.functions import Function
from people.models import Category, Level


def reads_revenue(request: HttpRequest) -> bool:
    """Return whether the reader may see totals of revenue."""
    return request_access(request).allows(Category.REVENUE, Level.TOTALS)


register_nav(
    NavItem(
        key="metrics.concentration",
        label="Concentration",
        icon="chart-pie",
        url_name="metrics:concentration",
        group="Company",
        order=56,
        functions_first=(Function.LEADERSHIP,),
        visible=reads_revenue,
    )
)
register_nav(
    NavItem(
        key="metrics.readiness",
        label="Rollout",
        icon="flag",
        url_name="metrics:readiness",
        group="Company",
        order=105,
        functions_first=(Function.LEADERSHIP, Function.REVOPS),
    )
)
register_nav(
    NavItem(
        key="metrics.scoreboard",
        label="Scoreboard",
        icon="target-arrow",
        url_name="metrics:scoreboard",
        order=25,
    )
)
register_nav(
    NavItem(
        key="metrics.library",
        label="Metrics",
        icon="chart-histogram",
        url_name="metrics:library",
        group="Company",
        order=100,
        functions_first=(Function.LEADERSHIP, Function.REVOPS),
    )
)
register_nav(
    NavItem(
        key="metrics.runs",
        label="Refresh",
        icon="refresh",
        url_name="metrics:runs",
        group="RevOps",
        order=230,
        functions_first=(Function.REVOPS,),
    )
)
register_nav(
    NavItem(
        key="metrics.backtests",
        label="Backtests",
        icon="report-analytics",
        url_name="metrics:backtests",
        group="Company",
        order=104,
        functions_first=(Function.REVOPS,),
        visible=lambda request: (
            getattr(request.user, "function", "") in (Function.REVOPS, Function.LEADERSHIP)
        ),
    )
)
register_nav(
    NavItem(
        key="metrics.health_models",
        label="Health models",
        icon="heart-rate-monitor",
        url_name="metrics:health_models",
        group="Company",
        order=105,
        functions_first=(Function.REVOPS,),
    )
)
