"""The premise and the foundation: is revenue concentrated, are accounts identified, do the data come."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from accounts.models import DuplicatePair
from metrics.concentration.reading import stored_figures
from metrics.concentration.shares import FEWEST, READY_SHARE
from metrics.readiness.registry import Criterion, Figure, Phase, counted, criteria, of_whole
from metrics.readiness.stored import share_of_customers, share_with_tier
from people.functions import Function
from people.models import FED, Category
from sync.freshness.judging import FRESH, UNJUDGED, judge_feeds

# Categories that come as they are updated: nobody can say how old they may be (DOMAIN.md, data categories).
AS_UPDATED = (Category.CONTRACTS, Category.ACCOUNT_TEAM)


def _concentrated(day: date) -> Figure:
    figures = stored_figures(day, "account")
    share = figures.values["top_fifth"]
    if share is None or figures.is_concentrated is None:
        return Figure(
            value=None, told=f"Fewer than {FEWEST} accounts have revenue: a fifth of them is nothing."
        )
    return Figure(value=share)


def _fed(day: date) -> Figure:
    missing = [str(category.label) for category in FED if category not in _states()]
    told = f"Never sent: {', '.join(missing)}." if missing else ""
    return of_whole(len(FED) - len(missing), len(FED), "", told)


def _fresh(day: date) -> Figure:
    states = _states()
    behind = [str(category.label) for category in FED if not _is_fresh(states, category)]
    told = f"Late, or nobody says how old it may be: {', '.join(behind)}." if behind else ""
    return of_whole(len(FED) - len(behind), len(FED), "", told)


def _is_fresh(states: dict[str, list[str]], category: Category) -> bool:
    held = states.get(category, [])
    judged = [state for state in held if state != UNJUDGED]
    return all(state == FRESH for state in judged) and bool(judged or (held and category in AS_UPDATED))


def _states() -> dict[str, list[str]]:
    """Return the states of the feeds of each category; a feed that never sent anything is none."""
    states: dict[str, list[str]] = defaultdict(list)
    for feed in judge_feeds():
        if feed.category and feed.last:
            states[feed.category].append(feed.state)
    return states


for criterion in (
    Criterion(
        key="metrics.concentrated",
        phase=Phase.PREMISE,
        label="80/20 test: share of ARR of the top 20% of accounts",
        formula="ARR of the fifth of accounts with the most, divided by all ARR; defined from five accounts on.",
        category=Category.REVENUE,
        target=READY_SHARE,
        measure=_concentrated,
        evidence=lambda: reverse("metrics:concentration"),
        action="Working by account pays little while revenue is spread evenly: look at the groups and industries in "
        "which it lies.",
        is_gate=True,
    ),
    Criterion(
        key="metrics.accounts_identified",
        phase=Phase.FOUNDATION,
        label="Customers known by a web domain",
        formula="Customers with a web domain, by which records of other sources find them, divided by all customers.",
        category=Category.ACCOUNT_PROFILE,
        target=Decimal("0.95"),
        measure=share_of_customers(~Q(domain="")),
        evidence=lambda: (
            reverse("accounts:list")
            + "?lifecycle=customer&sort=accounts.domain&columns=accounts.domain,accounts.owner"
        ),
        action="Send the domain with the accounts of the CRM, or enter it.",
        is_today_only=True,
        order=10,
    ),
    Criterion(
        key="metrics.duplicates_decided",
        phase=Phase.FOUNDATION,
        label="Possible duplicates that nobody has decided",
        formula="Pairs of accounts that look like one company and were neither merged nor told apart.",
        category=Category.ACCOUNT_PROFILE,
        unit="pairs",
        target=Decimal(0),
        direction="at most",
        measure=lambda _: counted(DuplicatePair.objects.waiting().count()),
        evidence=lambda: reverse("accounts:duplicates"),
        evidence_for=(Function.REVOPS, Function.SALES, Function.CUSTOMER_SUCCESS),
        action="Merge them, or say that they aren't duplicates.",
        is_today_only=True,
        order=20,
    ),
    Criterion(
        key="metrics.tiers_assigned",
        phase=Phase.FOUNDATION,
        label="Customers with a tier",
        formula="Accounts with ARR above zero that have a tier on the day, divided by all that have such ARR.",
        category=Category.ACCOUNT_PROFILE,
        measure=share_with_tier,
        evidence=lambda: reverse("accounts:list") + "?tier=none&lifecycle=customer",
        action="Publish tier rules that leave nobody out.",
        is_gate=True,
        order=30,
    ),
    Criterion(
        key="metrics.owners_named",
        phase=Phase.FOUNDATION,
        label="Customers with an owner",
        formula="Customers with an account owner, divided by all customers.",
        category=Category.ACCOUNT_TEAM,
        target=Decimal("0.95"),
        measure=share_of_customers(~Q(owner_email="")),
        evidence=lambda: reverse("accounts:list") + "?lifecycle=customer&sort=accounts.owner",
        action="Name an owner in the CRM.",
        is_today_only=True,
        is_gate=True,
        order=40,
    ),
    Criterion(
        key="metrics.data_fed",
        phase=Phase.FOUNDATION,
        label="Data categories that are fed",
        formula="Data categories of which some source has sent something, divided by all eight.",
        measure=_fed,
        evidence=lambda: reverse("sync:sources"),
        evidence_for=(Function.REVOPS,),
        action="Connect a source for each that is missing.",
        is_today_only=True,
        is_gate=True,
        order=50,
    ),
    Criterion(
        key="metrics.data_fresh",
        phase=Phase.FOUNDATION,
        label="Data categories that are fresh",
        formula="Data categories with feeds that are neither late nor stale, by limits, the schedule of a connection "
        "or the feed's habit, divided by all eight. Contracts and the account team come as they are updated: they are "
        "fresh once they are fed, unless somebody set limits. A category that nobody judges doesn't count as fresh.",
        measure=_fresh,
        evidence=lambda: reverse("sync:sources"),
        evidence_for=(Function.REVOPS,),
        action="Set limits for feeds that aren't judged, and mend those that are late.",
        is_today_only=True,
        is_gate=True,
        order=60,
    ),
):
    criteria.register(criterion)
