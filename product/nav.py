"""Product's entry of the left navigation."""

from common.navigation import NavItem, register_nav
from people.functions import Function
from product.views import works_with_events

register_nav(
    NavItem(
        key="product.intake",
        label="Event intake",
        icon="activity",
        url_name="product:intake",
        group="Functions",
        order=60,
        functions_first=(Function.PRODUCT,),
        visible=works_with_events,
    )
)
