"""Accounts' entries of the left navigation: where everybody starts, and duplicates."""

from accounts.views.identity.guards import sees_duplicates
from common.navigation import NavItem, register_nav
from people.functions import Function

register_nav(NavItem(key="accounts.home", label="Home", icon="home", url_name="home", order=10))
register_nav(
    NavItem(key="accounts.list", label="Accounts", icon="building", url_name="accounts:list", order=20)
)
register_nav(
    NavItem(
        key="accounts.target_lists",
        label="Target lists",
        icon="list-check",
        url_name="accounts:target_lists",
        group="Functions",
        order=58,
        functions_first=(Function.MARKETING, Function.SALES),
    )
)
register_nav(
    NavItem(
        key="accounts.duplicates",
        label="Duplicates",
        icon="git-merge",
        url_name="accounts:duplicates",
        group="RevOps",
        order=225,
        functions_first=(Function.REVOPS,),
        visible=sees_duplicates,
    )
)
