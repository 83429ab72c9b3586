"""Which boundary between tiers an account is near: the one place that says what near means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from django.db.models import Case, SmallIntegerField, Value, When

from accounts.conditions.shifting import eased
from accounts.models import Tier
from tiers.evaluation.compiled import CompiledRules
from tiers.evaluation.verdicts import first_rule, fits

NEAR = Decimal("0.1")


def first_near(rules: CompiledRules) -> Case:
    """Return the place, from 1, of the first rule that hangs on a number within a tenth of its threshold.

    Such a rule holds with thresholds a tenth easier, but not with thresholds a tenth harder. Rules behind one that
    holds with both are not asked, since no small change brings an account there. Over the aliases of
    ``asked_accounts``; null where no boundary is near, and for a set of points.
    """
    return Case(*_asked(rules), output_field=SmallIntegerField())


def surely_first(rules: CompiledRules) -> Case:
    """Return the id of the first rule that holds even with thresholds a tenth harder: where an account falls to."""
    return first_rule(_shifted(rules, -NEAR))


def _asked(rules: CompiledRules) -> Iterator[When]:
    ranks = dict(Tier.objects.values_list("pk", "rank"))
    harder, easier = _shifted(rules, -NEAR).rules, _shifted(rules, NEAR).rules
    for place, (hard, easy) in enumerate(zip(harder, easier, strict=True), 1):
        yield When(fits(hard, ranks), then=Value(None, SmallIntegerField()))
        yield When(fits(easy, ranks), then=Value(place))


def _shifted(rules: CompiledRules, share: Decimal) -> CompiledRules:
    return replace(
        rules, rules=[replace(rule, condition=eased(rule.condition, share)) for rule in rules.rules]
    )
