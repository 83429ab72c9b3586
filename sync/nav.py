"""Sync's entry of the left navigation; its pages are tabs of one another."""

from common.navigation import NavItem, register_nav
from people.functions import Function
from people.guards import is_revops

register_nav(
    NavItem(
        key="sync.batches",
        label="Sync",
        icon="database-import",
        url_name="sync:batches",
        group="RevOps",
        order=220,
        functions_first=(Function.REVOPS,),
        visible=is_revops,
    )
)
