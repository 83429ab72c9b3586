"""What the sample company's support promises: resolutions by tier and priority, beside what tiers entitle to."""

from __future__ import annotations

from demo.calendars import DESK
from people.models import User
from support.models import PolicySet, Priority
from support.policies.content import PolicyDraft
from support.policies.services import create_policy_draft, cycle, publish_policies

HOUR = 60
DAY = 24 * HOUR
NOTE = "From now on we promise when a question is solved, not only when somebody answers it."
# By tier, any where it is empty, from urgent to low.
RESOLUTION = {
    "strategic": (4 * HOUR, 8 * HOUR, 2 * DAY, 5 * DAY),
    "enterprise": (8 * HOUR, 16 * HOUR, 32 * HOUR, 60 * HOUR),
    "": (16 * HOUR, 24 * HOUR, 40 * HOUR, 80 * HOUR),
}


def promise_resolutions() -> PolicySet | None:
    """Put version 2 of the policies in force, unless somebody has written one; return it, None where not."""
    if PolicySet.objects.exclude(version=1).exists():
        return None
    by = User.objects.get(email=DESK)
    cells: dict[tuple[str, str, str], int | None] = {
        (metric, priority, ""): None
        for metric in ("first_response", "next_response")
        for priority in Priority.values
    }
    for tier, spans in RESOLUTION.items():
        cells |= {
            ("resolution", priority, tier): minutes
            for priority, minutes in zip(Priority.values, spans, strict=True)
        }
    every = PolicyDraft(name="Every account", condition={"all": []}, cells=cells)
    draft = create_policy_draft(by=by, content=(every,), note=NOTE)
    return publish_policies(draft=draft, by=by, expected=cycle.seen(draft))
