"""Who is told what about a scheduled version."""

from __future__ import annotations

from django.urls import reverse

from people.functions import Function
from people.models import User
from people.notices.models import Notice
from people.notices.services import notify
from tiers.models import RuleSet

TOMORROW, PUBLISHED, HELD = "tomorrow", "published", "held"


def tell(held: RuleSet, event: str, text: str) -> None:
    """Tell who wrote and who scheduled a version, once for each of its days; all of RevOps where neither is left."""
    named = {pk for pk in (held.author_id, held.published_by_id) if pk is not None}
    revops = User.objects.filter(function=Function.REVOPS, is_active=True)
    notify(
        to=revops.filter(pk__in=named) or revops,
        topic="tier_versions",
        about=_about(held),
        event=event,
        text=text,
        url=reverse("tiers:version", args=[held.version]),
    )


def was_told(held: RuleSet, event: str) -> bool:
    """Return whether anybody was told of an event of a version's day."""
    return Notice.objects.filter(about=_about(held), event=event).exists()


def _about(held: RuleSet) -> str:
    return f"tiers.version.{held.pk}.{held.starts_on}"
