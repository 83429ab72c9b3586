"""The sample company's tier rules: the version in force for a year, the draft of the next one, and some overrides.

Made through the services, as the head of revenue operations would on the pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from accounts.models import Account, Tier
from demo.team import DOMAIN
from metrics.engine.plan import history_days, today
from people.models import User
from tiers.content import EVERYONE, Content, Rule
from tiers.defaults import at_least
from tiers.models import RuleSet, TierOverride
from tiers.services import create_draft, override_tier, publish_rule_set, seen_of

REVOPS = f"revops@{DOMAIN}"
WANTED = {"field": "accounts.lifecycle", "op": "in", "value": ["target", "prospect"]}


def version_1() -> Content:
    """Return the rules of the year past: by revenue, and by size for those still to be won."""
    return Content(
        note="First rules of our own: revenue decides, and company size for accounts that we want to win.",
        rules=(
            Rule(name="Key revenue", tier="strategic", condition=at_least("finance.arr", 250_000)),
            Rule(name="Large revenue", tier="enterprise", condition=at_least("finance.arr", 75_000)),
            Rule(name="Large company to win", tier="enterprise", condition=_to_win(1_000)),
            Rule(name="Growing revenue", tier="growth", condition=at_least("finance.arr", 20_000)),
            Rule(name="Mid-size company to win", tier="growth", condition=_to_win(250)),
            Rule(name="Everyone else", tier="standard", condition=EVERYONE),
        ),
    )


def version_2() -> Content:
    """Return the rules under discussion: a higher bar, and room for healthy accounts that grow."""
    healthy = {"field": "metrics.health_score", "op": "gte", "value": 75, "stay": 65}
    rising = {"all": [at_least("finance.arr", 60_000), healthy]}
    return Content(
        note="Raise the bar for strategic and enterprise, but let healthy accounts reach enterprise earlier.",
        minimum_dwell_days=120,
        demotion_grace_days=45,
        demotions_need_approval=True,
        rules=(
            Rule(name="Key revenue", tier="strategic", condition=at_least("finance.arr", 300_000)),
            Rule(
                name="Large revenue",
                tier="enterprise",
                condition={"any": [at_least("finance.arr", 90_000), rising]},
            ),
            Rule(name="Large company to win", tier="enterprise", condition=_to_win(1_500)),
            Rule(name="Growing revenue", tier="growth", condition=at_least("finance.arr", 24_000)),
            Rule(name="Mid-size company to win", tier="growth", condition=_to_win(250)),
            Rule(name="Everyone else", tier="standard", condition=EVERYONE),
        ),
    )


def publish_version_1(months: int) -> bool:
    """Publish the first version from the beginning of the history that is about to be made; return whether it was.

    Before that the CRM's tiers count, as they did at the sample company. Call ahead of the first refresh.
    """
    if RuleSet.objects.exists():
        return False
    by = User.objects.get(email=REVOPS)
    draft = create_draft(by=by, content=version_1())
    begins = history_days(today(), months)[0] + timedelta(days=1)
    publish_rule_set(rule_set=draft, by=by, expected=seen_of(draft), starts_on=begins)
    return True


def decide_beside_the_rules() -> bool:
    """Draft the second version and set three overrides; return whether that was still to be done."""
    if TierOverride.objects.exists() or not RuleSet.objects.published().exists():
        return False
    by = User.objects.get(email=REVOPS)
    create_draft(by=by, content=version_2())
    for account, tier, reason, days in _overridden():
        override_tier(account=account, tier=tier, reason=reason, by=by, ends_on=_ahead(days))
    return True


def _to_win(employees: int) -> dict[str, Any]:
    return {"all": [WANTED, at_least("accounts.employees", employees)]}


def _ahead(days: int) -> date:
    return today() + timedelta(days=days)


def _overridden() -> Sequence[tuple[Account, Tier, str, int]]:
    """Return whom to override, to what, why and for how many days: the largest of three kinds of account."""
    tiers = {tier.slug: tier for tier in Tier.objects.all()}
    customers = Account.objects.customers().order_by("-standing__arr", "pk")
    plans = (
        ("enterprise", "strategic", "Pilot of the new platform; our first reference in its industry.", 150),
        ("growth", "enterprise", "Renewal under negotiation: keep the named CSM until it is signed.", 45),
        ("standard", "growth", "Parent company evaluates us for the whole group.", 10),
    )
    found = []
    for held, wanted, reason, days in plans:
        account = customers.filter(standing__tier__slug=held, pending_tier=None).first()
        if account is not None:
            found.append((account, tiers[wanted], reason, days))
    return found
