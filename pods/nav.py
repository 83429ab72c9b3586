"""The pods' entries of the left navigation."""

from common.navigation import NavItem, register_nav
from people.functions import Function
from pods.tasks.reading import count_waiting

register_nav(
    NavItem(
        key="pods.tasks",
        label="Tasks",
        icon="checklist",
        url_name="pods:tasks",
        order=28,
        badge=count_waiting,
        badge_noun="to do",
    )
)
register_nav(
    NavItem(
        key="pods.health_checks",
        label="Health checks",
        icon="heart-rate-monitor",
        url_name="pods:health_checks",
        group="Support",
        order=65,
        functions_first=(Function.CUSTOMER_SUCCESS,),
    )
)
register_nav(
    NavItem(
        key="pods.surveys",
        label="Surveys",
        icon="message-circle",
        url_name="pods:surveys",
        group="Support",
        order=67,
        functions_first=(Function.SUPPORT, Function.CUSTOMER_SUCCESS),
    )
)
