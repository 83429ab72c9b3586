"""Accounts that can't wait for the night: new ones, and those whose override begins or ends."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef

from accounts.models import Account, TierTenure
from metrics.models import RefreshRun
from tiers.models import RuleSet, TierOverride

AT_ONCE = 5_000


def accounts_due(day: date) -> list[int]:
    """Return up to 5,000 live accounts whose tenure doesn't say what counts on ``day``; empty when all do."""
    found = {*_untiered(day), *_begun(day), *_ended(day)}
    live = Account.objects.live().filter(pk__in=found)
    return list(live.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def _untiered(day: date) -> set[int]:
    """Return accounts without a tier though rules are in force, which give everyone one."""
    rule_set = RuleSet.objects.in_force(day).first()
    if rule_set is None or _awaits_history(rule_set):
        return set()
    held = TierTenure.objects.filter(account_id=OuterRef("pk"), during__endswith=None)
    # One that ends or begins later is somebody's plan, which nothing here decides over.
    planned = TierTenure.objects.filter(account_id=OuterRef("pk"), during__endswith__gt=day)
    lacking = Account.objects.live().filter(~Exists(held), ~Exists(planned))
    return set(lacking.values_list("pk", flat=True)[:AT_ONCE])


def _begun(day: date) -> set[int]:
    """Return accounts whose override holds though they are in another tier."""
    held = TierTenure.objects.filter(
        account_id=OuterRef("account_id"), tier_id=OuterRef("tier_id"), during__contains=day
    )
    planned = TierTenure.objects.filter(account_id=OuterRef("account_id"), during__endswith__gt=day)
    begun = TierOverride.objects.open_on(day).filter(~Exists(held), ~Exists(planned))
    return set(begun.values_list("account_id", flat=True)[:AT_ONCE])


def _ended(day: date) -> set[int]:
    """Return accounts that are where an override put them though it has ended."""
    open_still = TierOverride.objects.open_on(day).filter(account_id=OuterRef("account_id"))
    ended = TierTenure.objects.filter(~Exists(open_still), during__endswith=None, cause="override")
    return set(ended.values_list("account_id", flat=True)[:AT_ONCE])


def _awaits_history(rule_set: RuleSet) -> bool:
    """Return whether a version was published for days past that no refresh has made yet: theirs are the first tiers."""
    published = rule_set.published_at
    is_backdated = (
        published is not None and rule_set.starts_on is not None and rule_set.starts_on < published.date()
    )
    return is_backdated and not RefreshRun.objects.finished().exists()
