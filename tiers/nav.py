"""Tiers' entries of the left navigation."""

from common.navigation import NavItem, register_nav
from people.functions import Function

register_nav(
    NavItem(
        key="tiers.guide",
        label="Tier guide",
        icon="file-description",
        url_name="tiers:guide",
        group="Company",
        order=110,
    )
)
register_nav(
    NavItem(
        key="tiers.entitlements",
        label="Entitlements",
        icon="gift",
        url_name="tiers:entitlements",
        group="RevOps",
        order=205,
        functions_first=(Function.REVOPS,),
    )
)
