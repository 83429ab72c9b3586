"""Accounts that were merged into others: what was asked of them counts with the account that is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from accounts.identity.models import AccountMerge


def absorbed_by(accounts: Collection[int]) -> dict[int, int]:
    """Return the accounts merged into these, over several merges, each with the one it is part of now.

    One query where none was, and one more for each merge after another.
    """
    found: dict[int, int] = {}
    held = {account: account for account in accounts}
    while held:
        merges = AccountMerge.objects.filter(winner__in=held, unmerged_at=None)
        rows = merges.values_list("loser_id", "winner_id")
        held = {loser: held[winner] for loser, winner in rows if loser not in found}
        found |= held
    return found


def survivors_of(accounts: Iterable[int]) -> dict[int, int]:
    """Return for each account the one that it is part of now, itself where it was never merged."""
    found = {account: account for account in accounts}
    asked: set[int] = set()
    while ends := set(found.values()) - asked:
        asked |= ends
        merges = AccountMerge.objects.filter(loser__in=ends, unmerged_at=None)
        into = dict(merges.values_list("loser_id", "winner_id"))
        found = {account: into.get(now, now) for account, now in found.items()}
    return found
