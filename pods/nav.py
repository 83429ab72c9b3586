"""The pods' entries of the left navigation."""

from common.navigation import NavItem, register_nav
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
