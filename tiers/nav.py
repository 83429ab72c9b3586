"""Tiers' entries of the left navigation."""

from django.http import HttpRequest

from common.navigation import NavItem, register_nav
from people.access import request_access
from people.functions import Function
from people.models import Category


def reads_profiles(request: HttpRequest) -> bool:
    """Return whether the reader may see which tier an account has."""
    return request_access(request).allows(Category.ACCOUNT_PROFILE)


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
        key="tiers.rule_sets",
        label="Tier rules",
        icon="checklist",
        url_name="tiers:rule_sets",
        group="RevOps",
        order=200,
        functions_first=(Function.REVOPS,),
        visible=reads_profiles,
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
register_nav(
    NavItem(
        key="tiers.overrides",
        label="Overrides",
        icon="pin",
        url_name="tiers:overrides",
        group="RevOps",
        order=210,
        functions_first=(Function.REVOPS,),
        visible=reads_profiles,
    )
)
