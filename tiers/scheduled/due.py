"""Put in force what is scheduled for today: as it was previewed, or with somebody's word that anything goes."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.db.models.functions import Now

from common.formatting import format_count
from common.versions.errors import VersionChangedError
from metrics.engine.plan import today
from tiers.assignment.apply import lock_tiers
from tiers.content import RuleSetError
from tiers.models import RuleSet
from tiers.preview.publishing import Difference, PreviewOutdatedError, follow_preview
from tiers.preview.services import begin_preview
from tiers.scheduled.telling import HELD, PUBLISHED, tell
from tiers.services.cycle import cycle
from tiers.services.publishing import put_due_in_force

logger = structlog.get_logger(__name__)

NAMED = 3


def publish_due() -> list[RuleSet]:
    """Put in force what is scheduled up to today; each once, however many ask at the same time.

    What waits on a preview is judged anew under the lock of tiers and compared with it, account by account. Where it
    is to be held and anything differs, nothing is applied: it stays scheduled, says why, and its authors are asked. So
    does a version whose rules no longer hold, since a field has gone.
    """
    published = []
    for version in RuleSet.objects.due(today()).filter(held_at=None):
        try:
            with transaction.atomic():
                done = _publish(version)
        except RuleSetError as error:
            logger.error(
                "A scheduled version of the tier rules can't be published", pk=version.pk, reason=str(error)
            )
            _hold(version, f"It can’t be published as it stands: {error}", is_sound=False)
        except VersionChangedError as error:
            _hold(version, str(error))
        except PreviewOutdatedError as error:
            _hold(version, _outdated(error))
        else:
            published += [done] if done is not None else []
    return published


def _publish(version: RuleSet) -> RuleSet | None:
    lock_tiers()
    version.refresh_from_db()
    run, is_any = version.previewed, version.if_changed == RuleSet.IfChanged.PUBLISH
    if run is not None and not is_any and version.held_at is None and cycle.seen(version) != run.seen:
        raise VersionChangedError(
            "Another version is in force than when it was previewed, so more would change than was shown."
        )
    published = put_due_in_force(version)
    if published is None:
        return None
    text = f"{published} of the tier rules is in force."
    if run is not None:
        others = follow_preview(published, run, is_any_accepted=is_any)
        text = f"{text[:-1]}, {_as_previewed(others)}."
    tell(published, PUBLISHED, text)
    return published


@transaction.atomic
def _hold(version: RuleSet, why: str, *, is_sound: bool = True) -> None:
    """Keep a version from its day, ask its authors, and look anew at what it would do."""
    lock_tiers()
    held = cycle.take_due(version, today=today())
    if held is None or held.held_at is not None:
        return
    held.held_at, held.held_why = Now(), why
    if is_sound and held.published_by is not None:
        held.renewed = begin_preview(held, by=held.published_by)
    held.save(update_fields=["held_at", "held_why", "renewed"])
    tell(held, HELD, f"{held} of the tier rules was held on its day. {why}")


def _as_previewed(others: int) -> str:
    return (
        f"and {format_count(others, 'account')} went otherwise than previewed"
        if others
        else "as it was previewed"
    )


def _outdated(error: PreviewOutdatedError) -> str:
    shown = "; ".join(_words(one) for one in error.differences[:NAMED])
    return f"{format_count(error.count, 'account')} would move otherwise than previewed, such as {shown}."


def _words(one: Difference) -> str:
    return f"{one.name}: {one.previewed}, now {one.now}"
