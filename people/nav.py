"""People's entries of the left navigation."""

from common.navigation import NavItem, register_nav
from people.approvals.reading import count_to_decide
from people.functions import Function
from people.guards import is_revops

register_nav(
    NavItem(
        key="people.approvals",
        label="Approvals",
        icon="checkbox",
        url_name="people:approvals",
        order=30,
        badge=count_to_decide,
        badge_noun="to decide",
    )
)
register_nav(
    NavItem(
        key="people.absences",
        label="Absences",
        icon="calendar-event",
        url_name="people:absences",
        group="Company",
        order=112,
        functions_first=(Function.SUPPORT, Function.PEOPLE),
    )
)
register_nav(
    NavItem(
        key="people.skills",
        label="Skills",
        icon="bulb",
        url_name="people:skills",
        group="Company",
        order=114,
        functions_first=(Function.SUPPORT, Function.PEOPLE),
    )
)
register_nav(
    NavItem(
        key="people.access",
        label="Who reads what",
        icon="shield-lock",
        url_name="people:access",
        group="RevOps",
        order=260,
    )
)
register_nav(
    NavItem(
        key="people.settings",
        label="Settings",
        icon="settings",
        url_name="people:settings",
        group="RevOps",
        order=265,
        visible=is_revops,
    )
)
register_nav(
    NavItem(
        key="people.configuration",
        label="Changes of settings",
        icon="history",
        url_name="people:configuration",
        group="RevOps",
        order=270,
        visible=is_revops,
    )
)
register_nav(
    NavItem(
        key="people.users",
        label="Users",
        icon="users",
        url_name="people:users",
        group="RevOps",
        order=250,
        functions_first=(Function.REVOPS,),
        visible=is_revops,
    )
)
