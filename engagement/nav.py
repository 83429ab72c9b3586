"""Engagement's entries of the left navigation."""

from django.http import HttpRequest

from common.navigation import NavItem, register_nav
from people.access import request_access
from people.functions import Function
from people.models import Category


def reads_engagement(request: HttpRequest) -> bool:
    """Return whether the reader may see scores of many accounts."""
    return request_access(request).allows(Category.ENGAGEMENT)


register_nav(
    NavItem(
        key="engagement.scores",
        label="Scores",
        icon="target-arrow",
        url_name="engagement:scores",
        group="Functions",
        order=60,
        functions_first=(Function.MARKETING, Function.SALES),
        visible=reads_engagement,
    )
)
