"""What pages show of a scheduled version: what it waits on, and what would be otherwise by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tiers.models import PreviewRun, RuleSet
from tiers.preview.publishing import Difference, differences_since
from tiers.services import seen_of

SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A version's wait for its day.

    ``differences`` are the first of ``count`` accounts for which the newer preview says otherwise; None where there is
    nothing to compare. ``can_decide``: the newer preview may be what it waits on instead.
    """

    differences: Sequence[Difference]
    count: int | None
    can_decide: bool

    @property
    def more(self) -> int:
        """How many are not listed."""
        return (self.count or 0) - len(self.differences)


def schedule_of(version: RuleSet) -> Schedule:
    """Return what is known of a scheduled version; a few queries."""
    run, newer = version.previewed, version.renewed
    if newer is None or newer.state != PreviewRun.State.DONE or run == newer:
        return Schedule(differences=[], count=None, can_decide=False)
    can_decide = version.held_at is None and newer.seen == seen_of(version)
    if run is None:
        return Schedule(differences=[], count=None, can_decide=can_decide)
    found, count = differences_since(run, newer, shown=SHOWN)
    return Schedule(differences=found, count=count, can_decide=can_decide)


def preview_to_schedule_on(version: RuleSet) -> PreviewRun | None:
    """Return the newest preview of a draft as it is now, with the version in force as it is now."""
    done = version.previews.filter(state=PreviewRun.State.DONE, as_of=None, seen=seen_of(version))
    return done.select_related("requested_by").first()
