"""Where collections stand: every claim with its cycle, what was asked, and what a policy makes of it today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from accounts.models import Account, Tier
from finance.billing.agreed import Recipient
from finance.collections.absorbed import absorbed_by
from finance.collections.claims import Claim, claims_on
from finance.collections.deciding import Verdict, decide
from finance.collections.policy import Stage, policy_in_force, stages_of
from finance.collections.recipients import recipients_of
from finance.models import DunningCycle, DunningMessage, DunningPolicy, DunningRelease
from tiers.entitlements.resolution import Entitled, entitlements_of

COLLECTIONS = "collections"
RELATIONSHIP = "relationship"


@dataclass(frozen=True)
class Position:
    """One claim with everything that a decision rests on.

    ``entitled`` says whether the account is dunned or its relationship comes first, and whether its contract or its
    tier said so.
    """

    account: Account
    claim: Claim
    cycle: DunningCycle | None
    messages: Sequence[DunningMessage]
    released: frozenset[int]
    entitled: Entitled
    recipient: Recipient | None
    verdict: Verdict

    @property
    def is_relationship(self) -> bool:
        """Whether people come before mails."""
        return bool(self.entitled.value == RELATIONSHIP)

    @property
    def last_asked(self) -> DunningMessage | None:
        """The newest message that went out, or may have."""
        sent = [each for each in self.messages if each.state in ("sent", "unknown", "claimed")]
        return max(sent, key=lambda each: (each.stage, each.attempt), default=None)


@dataclass(frozen=True)
class Held:
    """What the database holds of claims, so that several policies can be held against it.

    ``cycles`` holds the open one, ``messages`` and ``released`` what counts of it, by account and currency. What was
    asked of an account that was merged into another since counts with that one's.
    """

    claims: Sequence[Claim]
    accounts: Mapping[int, Account]
    cycles: Mapping[tuple[int, str], DunningCycle]
    messages: Mapping[tuple[int, str], Sequence[DunningMessage]] = field(default_factory=dict)
    released: Mapping[tuple[int, str], frozenset[int]] = field(default_factory=dict)
    entitled: Mapping[int, Entitled] = field(default_factory=dict)
    recipients: Mapping[int, Recipient] = field(default_factory=dict)

    def without(self, message: DunningMessage) -> Held:
        """Return it as if a message had never been written."""
        left = {key: [each for each in rows if each.pk != message.pk] for key, rows in self.messages.items()}
        return replace(self, messages=left)


def read_held(day: date, accounts: Collection[int] | None = None) -> Held:
    """Read what is overdue with cycles, messages, releases, entitlements and recipients; some twenty queries."""
    claims = claims_on(day, accounts)
    keys = {claim.account_id for claim in claims}
    rows = Account.objects.filter(pk__in=keys).select_related("standing__tier")
    found = {account.pk: account for account in rows}
    absorbed = absorbed_by(keys)
    cycles: dict[tuple[int, str], DunningCycle] = {}
    key_of: dict[int, tuple[int, str]] = {}
    for cycle in DunningCycle.objects.open().filter(account_id__in=[*keys, *absorbed]):
        key = absorbed.get(cycle.account_id, cycle.account_id), cycle.currency
        key_of[cycle.pk] = key
        if cycle.account_id in keys:
            cycles[key] = cycle
    messages: dict[tuple[int, str], list[DunningMessage]] = defaultdict(list)
    for message in DunningMessage.objects.counted().filter(cycle_id__in=key_of).order_by("stage", "attempt"):
        messages[key_of[message.cycle_id]].append(message)
    released: dict[tuple[int, str], set[int]] = defaultdict(set)
    releases = DunningRelease.objects.filter(cycle_id__in=key_of)
    for pk, stage in releases.values_list("cycle_id", "stage"):
        released[key_of[pk]].add(stage)
    entitled = entitlements_of(keys, (COLLECTIONS,))
    return Held(
        claims,
        found,
        cycles,
        messages,
        {key: frozenset(stages) for key, stages in released.items()},
        {account: by_kind[COLLECTIONS] for account, by_kind in entitled.items()},
        recipients_of(found.values(), day),
    )


def positions_under(policy: DunningPolicy | None, held: Held) -> list[Position]:
    """Return every claim with what ``policy`` makes of it; one query where it names tiers."""
    stages = stages_of(policy) if policy else []
    tiers = set(policy.tiers) if policy else set()
    lowest = Tier.objects.values_list("slug", flat=True).last() if tiers else None
    return [_position(claim, held, stages, tiers, lowest or "") for claim in held.claims]


def positions_on(day: date, accounts: Iterable[int] | None = None) -> list[Position]:
    """Return every claim of a day with what the policy in force makes of it."""
    held = read_held(day, None if accounts is None else set(accounts))
    return positions_under(policy_in_force(), held)


def _position(claim: Claim, held: Held, stages: Sequence[Stage], tiers: set[str], lowest: str) -> Position:
    key = claim.account_id, claim.currency
    cycle = held.cycles.get(key)
    messages, released = held.messages.get(key, ()), held.released.get(key, frozenset())
    entitled = held.entitled[claim.account_id]
    tier = entitled.tier.slug if entitled.tier else lowest
    recipient = held.recipients.get(claim.account_id)
    verdict = decide(
        claim,
        stages,
        messages,
        is_asked_by_tier=not tiers or tier in tiers,
        is_relationship=entitled.value == RELATIONSHIP,
        released=released,
        has_recipient=recipient is not None,
    )
    account = held.accounts[claim.account_id]
    return Position(account, claim, cycle, messages, released, entitled, recipient, verdict)
