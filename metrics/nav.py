"""Metrics' entries of the left navigation."""

from common.navigation import NavItem, register_nav
from people.functions import Function

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
