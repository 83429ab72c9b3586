"""Support's entries of the left navigation."""

from django.http import HttpRequest

from common.navigation import NavItem, register_nav
from people.access import request_access
from people.functions import Function
from people.models import Category, Level


def _reads_support(request: HttpRequest) -> bool:
    return request_access(request).allows(Category.SUPPORT_HISTORY)


def _reads_totals(request: HttpRequest) -> bool:
    return request_access(request).allows(Category.SUPPORT_HISTORY, Level.TOTALS)


register_nav(
    NavItem(
        key="support.queue",
        label="Queue",
        icon="headset",
        url_name="support:queue",
        group="Support",
        order=60,
        functions_first=(Function.SUPPORT,),
        visible=_reads_support,
    )
)
register_nav(
    NavItem(
        key="support.attainment",
        label="SLA attainment",
        icon="chart-bar",
        url_name="support:attainment",
        group="Support",
        order=62,
        functions_first=(Function.SUPPORT,),
        visible=_reads_support,
    )
)
register_nav(
    NavItem(
        key="support.escalations",
        label="Escalations",
        icon="urgent",
        url_name="support:escalations",
        group="Support",
        order=63,
        functions_first=(Function.SUPPORT,),
        visible=_reads_support,
    )
)
register_nav(
    NavItem(
        key="support.policies",
        label="Policies",
        icon="clock-exclamation",
        url_name="support:policies",
        group="Support",
        order=64,
        functions_first=(Function.SUPPORT,),
        visible=_reads_support,
    )
)
register_nav(
    NavItem(
        key="support.calendars",
        label="Calendars",
        icon="calendar-time",
        url_name="support:calendars",
        group="Support",
        order=66,
        functions_first=(Function.SUPPORT,),
    )
)
register_nav(
    NavItem(
        key="support.teams",
        label="Teams",
        icon="users-group",
        url_name="support:teams",
        group="Support",
        order=68,
        functions_first=(Function.SUPPORT,),
        visible=_reads_totals,
    )
)
register_nav(
    NavItem(
        key="support.routing",
        label="Routing",
        icon="route",
        url_name="support:routing",
        group="Support",
        order=69,
        functions_first=(Function.SUPPORT,),
    )
)
