"""Target lists in the nightly refresh: lists by condition asked anew, and how far sales and marketing agree."""

from __future__ import annotations

from datetime import date

from accounts.conditions.expression import ConditionError, stored_condition
from accounts.conditions.query import numbers_read
from accounts.lists.models import ListRule, TargetList
from accounts.lists.services import follow_fates, refresh_lists
from metrics.models import RefreshRun
from metrics.registry import EVERYTHING, Definition, all_items, rollup, segment_metric
from metrics.statements import Statement, load
from people.models import Category
from sync.provenance.as_of import end_of

STANDING = "metrics.standing"
ROLLUP = "engagement.target_lists"


def _needed() -> list[str]:
    """Return what must have been made: the standing, and the numbers that conditions of lists read."""
    found = {STANDING}
    for data in ListRule.objects.filter(pk__in=TargetList.objects.live().values("rule")).values_list(
        "condition", flat=True
    ):
        try:
            found |= numbers_read(stored_condition(data))
        except ConditionError:
            continue
    return sorted(found & all_items().keys())


@rollup(ROLLUP, label="Target lists", depends_on=_needed, after=(EVERYTHING,), is_sliced=False)
def target_lists(as_of: date, first: int, last: int) -> int:
    """Ask the conditions of lists by the numbers of the newest day, and follow what became of members."""
    if not RefreshRun.objects.is_newest(as_of):
        return 0
    return follow_fates() + refresh_lists(numbers_on=as_of)


@segment_metric(
    "engagement.alignment",
    Definition(
        key="engagement.alignment",
        label="Sales–marketing alignment",
        unit="ratio",
        category=Category.ACCOUNT_PROFILE,
        formula="Over all target lists that both sides have signed: accounts that both want ÷ accounts that either "
        "wants. A signature is of the list as it was when it was given.",
        inputs=("accounts",),
        direction="up",
        parts="accounts",
    ),
    label="Sales–marketing alignment",
)
def alignment(as_of: date) -> Statement:
    return load("engagement", "alignment", moment=end_of(as_of), day=as_of)
