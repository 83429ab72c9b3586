"""Accounts' entries of the left navigation: where everybody starts."""

from common.navigation import NavItem, register_nav

register_nav(NavItem(key="accounts.home", label="Home", icon="home", url_name="home", order=10))
register_nav(
    NavItem(key="accounts.list", label="Accounts", icon="building", url_name="accounts:list", order=20)
)
