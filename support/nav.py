"""Support's entries of the left navigation."""

from common.navigation import NavItem, register_nav
from people.functions import Function

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
