"""Give accounts the tiers that the rules in force, or the CRM, give them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.conditions.expression import BrokenConditionError
from accounts.models import Account, Tier
from metrics.engine.plan import slice_accounts, today
from metrics.engine.steps import STEP_SETTINGS
from metrics.statements import load
from people.models import User
from tiers.assignment.apply import apply_verdicts, lock_tiers
from tiers.assignment.decide import BY_CRM, LAST_ID, Terms, crm_verdicts, terms_of, unsettled
from tiers.evaluation import compile_rules, verdicts
from tiers.models import RuleSet, TierOverride

logger = structlog.get_logger(__name__)


def assign_tiers(
    *,
    rule_set: RuleSet,
    on: date,
    as_of: date | None = None,
    numbers_on: date | None = None,
    first: int = 0,
    last: int = LAST_ID,
    only: Sequence[int] = (),
) -> int:
    """Bring a slice of accounts (or ``only`` some of it) up to a version of the rules; return the tenures written.

    Decisions count from ``on``; ``as_of`` None reads the standing and profile of now, a day those of that day.
    Repeated, it changes nothing. Raises BrokenConditionError, and then changes nothing either.
    """
    accounts = Account.objects.live().filter(pk__gte=first, pk__lte=last)
    judged = verdicts(
        compile_rules(rule_set),
        on=on,
        as_of=as_of,
        numbers_on=numbers_on,
        accounts=accounts.filter(pk__in=only) if only else accounts,
    )
    return apply_verdicts(
        unsettled(judged, on=on),
        terms_of(rule_set),
        on=on,
        first=first,
        last=last,
        ruled_since=rule_set.starts_on,
    )


def assign_accounts(ids: Sequence[int]) -> int:
    """Bring some accounts up to what counts today: overrides, the rules in force, or the CRM.

    Where the rules in force speak of something gone, only overrides count, and the others stay as they are.
    """
    if not ids:
        return 0
    first, last, on = min(ids), max(ids), today()
    rule_set = RuleSet.objects.in_force(on).first()
    if rule_set is not None:
        try:
            return assign_tiers(rule_set=rule_set, on=on, first=first, last=last, only=ids)
        except BrokenConditionError as error:
            logger.error(
                "The tier rules in force can't be asked", version=rule_set.version, reason=str(error)
            )
            # An override asks no rule; everybody else stays until the rules are mended.
            ids = list(
                TierOverride.objects.open_on(on).filter(account__in=ids).values_list("account", flat=True)
            )
    verdict = load("tiers", "some_verdicts", verdicts=crm_verdicts(first, last), ids=list(ids))
    return apply_verdicts(verdict, terms_of(rule_set) if rule_set else BY_CRM, on=on, first=first, last=last)


def put_by_hand(account_id: int, *, tier: Tier, reason: str, by: User) -> int:
    """Write that a person moved an account into ``tier`` today; the caller has the lock of tiers."""
    verdict = load("tiers", "one_verdict", account=account_id, tier=tier.pk)
    terms = Terms(cause="manual", reason=f"moved by {by}: {reason}", by_id=by.pk)
    return apply_verdicts(verdict, terms, on=today(), first=account_id, last=account_id)


def apply_rule_set() -> int:
    """Bring every account up to the version in force, a transaction for each slice; return the tenures written.

    Marks the version as applied behind the last slice. Two at once wait for each other and end the same.
    """
    on = today()
    rule_set = RuleSet.objects.in_force(on).first()
    if rule_set is None:
        return 0
    written = 0
    for first, last in slice_accounts():
        with transaction.atomic():
            lock_tiers()
            with connection.cursor() as cursor:
                cursor.execute(STEP_SETTINGS)
            written += assign_tiers(rule_set=rule_set, on=on, first=first, last=last)
    RuleSet.objects.filter(pk=rule_set.pk, applied_at=None).update(applied_at=Now())
    return written
