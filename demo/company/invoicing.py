"""Which customers left the old billing system, since when, and what was agreed with each about its bills.

From that day on the old system bills them nothing, and what it billed ahead stays paid for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from demo.company.chance import months_after
from demo.company.records import Account, Contract, Invoicing

GROUP = "group"
# (tier, plan, months since): the largest customers of each tier that are no part of a group, in this order.
PLANS = (
    ("strategic", "quarterly", 9),
    ("strategic", "half_yearly", 9),
    ("strategic", "agreed_days", 8),
    ("strategic", "milestones", 1),
    ("enterprise", "monthly", 9),
    ("enterprise", "in_arrears", 7),
    ("enterprise", "month_end", 6),
    ("enterprise", "mid_month", 8),
    ("growth", "monthly", 8),
    ("growth", "mid_month", 5),
    ("growth", "annual", 9),
    # These two begin next month, so the old system still bills them.
    ("enterprise", "next_month", -1),
    ("growth", "asks", -1),
)
GROUP_SINCE = 9


def agree_on_invoicing(today: date, accounts: Sequence[Account], contracts: Sequence[Contract]) -> None:
    """Give accounts their plan: one group whose parent pays for divisions, and single customers of each tier."""
    running = {
        one.account for one in contracts if one.start <= today and (one.end is None or one.end > today)
    }
    able = [account for account in accounts if account.id in running and account.lifecycle == "customer"]
    divisions = Counter(account.billing_parent for account in able if account.billing_parent)
    first = today.replace(day=1)
    if head := _head_of_group(able, divisions):
        head.invoicing = Invoicing(GROUP, months_after(first, -GROUP_SINCE))
    groups = {above for account in accounts for above in (account.parent, account.billing_parent) if above}
    single = [one for one in able if not one.parent and one.id not in groups]
    largest = {tier: _by_size(single, tier) for tier in {tier for tier, _, _ in PLANS}}
    for tier, plan, months in PLANS:
        account = next(largest[tier], None)
        if account is not None:
            account.invoicing = Invoicing(plan, months_after(first, -months))


def left_on(accounts: Sequence[Account]) -> dict[str, date]:
    """Return by account the day from which the old system bills it nothing: its own, or that of who pays for it."""
    own = {account.id: account.invoicing for account in accounts}
    found = {}
    for account in accounts:
        plan = own[account.id]
        above = own.get(account.billing_parent or "")
        if plan is not None:
            found[account.id] = plan.since
        elif above is not None and above.plan == GROUP:
            found[account.id] = above.since
    return found


def _head_of_group(able: Sequence[Account], divisions: Counter[str]) -> Account | None:
    heads = [account for account in able if divisions[account.id] and not account.billing_parent]
    order = ("strategic", "enterprise", "growth", "standard")
    return min(heads, key=lambda one: (order.index(one.tier), -divisions[one.id], one.id), default=None)


def _by_size(accounts: Sequence[Account], tier: str) -> Iterator[Account]:
    # The very largest are what other pages tell of.
    found = sorted((one for one in accounts if one.tier == tier), key=lambda one: (-one.size, one.id))
    return iter(found[1:])
