"""An account's way through the tiers as files."""

from __future__ import annotations

from accounts.models import Account
from common.export import Table, table_of
from metrics.engine.plan import today
from people.access import Access
from tiers.history import answers_of, stays_of
from tiers.models import RuleSet

HOLDS = {True: "yes", False: "no", None: "not shown"}


def stays_table(account: Account) -> Table:
    """Return the account's times in tiers, the newest first."""
    return table_of(
        "tier-history",
        stays_of(account, today()),
        [
            ("tier", "Tier", lambda stay: stay.tier.label),
            ("from", "From", lambda stay: stay.began_on),
            ("to", "To", lambda stay: stay.ended_on),
            ("cause", "Cause", lambda stay: stay.cause),
            ("reason", "Reason", lambda stay: stay.reason),
            ("by", "Who", lambda stay: stay.by),
            ("version", "Version of the rules", lambda stay: stay.version),
        ],
    )


def answers_table(account: Account, access: Access) -> Table:
    """Return what each rule in force says of the account, without the values that the reader may not see."""
    rule_set = RuleSet.objects.in_force(today()).first()
    answers = answers_of(account, rule_set, access) if rule_set else []
    return table_of(
        "tier-rules",
        answers if isinstance(answers, list) else [],
        [
            ("rule", "Rule", lambda answer: answer.name),
            ("gives", "Gives", lambda answer: answer.tier),
            ("holds", "Holds", lambda answer: HOLDS[answer.holds]),
            ("counts", "Counts", lambda answer: answer.is_first),
            ("because", "Because", lambda answer: list(answer.sentences)),
        ],
    )
