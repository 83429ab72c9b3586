"""The lists of pairs and merges as tables for files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from accounts.identity.models import AccountMerge, DuplicatePair, SharedDomain
from accounts.identity.showing import Profile, profiles_of
from common.export import Table, table_of
from sync.models import PendingRecord

# Rows read at a time: a file may be as long as the table.
CHUNK = 1000


def pairs_table(name: str, found: QuerySet[DuplicatePair]) -> Table:
    """Return pairs of accounts with what speaks for and against their being one company."""
    return table_of(
        name,
        found.select_related("low", "high", "dismissed_by").iterator(chunk_size=CHUNK),
        [
            ("low_id", "Account", lambda each: each.low_id),
            ("low", "Name", lambda each: each.low.name),
            ("high_id", "Other account", lambda each: each.high_id),
            ("high", "Its name", lambda each: each.high.name),
            ("score", "Score", lambda each: each.score),
            ("evidence", "Evidence", lambda each: [reason.get("text", "") for reason in each.evidence]),
            ("found_at", "Found", lambda each: each.found_at),
            ("dismissed_at", "Kept apart", lambda each: each.dismissed_at),
            ("dismissed_by", "By", lambda each: str(each.dismissed_by or "")),
            ("reason", "Why", lambda each: each.reason),
        ],
    )


def merges_table(found: QuerySet[AccountMerge]) -> Table:
    """Return merges as the list shows them."""
    return table_of(
        "merges",
        found.iterator(chunk_size=CHUNK),
        [
            ("id", "Merge", lambda each: each.pk),
            ("loser", "Became part", lambda each: each.loser.name),
            ("winner", "Of", lambda each: each.winner.name),
            ("merged_at", "When", lambda each: each.merged_at),
            ("by", "By", lambda each: str(each.merged_by or each.client or "")),
            ("unmerged_at", "Taken back", lambda each: each.unmerged_at),
        ],
    )


def ambiguous_table(found: QuerySet[PendingRecord]) -> Table:
    """Return the records that may be any of several accounts, a row for each account that one may be."""
    return table_of(
        "waiting-records",
        _with_candidates(found),
        [
            ("source", "Source", lambda each: each[0].source.slug),
            ("external_id", "External id", lambda each: each[0].external_id),
            ("name", "Record", lambda each: str(each[0].payload.get("name") or "")),
            ("domain", "Its domain", lambda each: str(each[0].payload.get("domain") or "")),
            ("field", "Fits by", lambda each: each[0].field),
            ("received_at", "Waiting since", lambda each: each[0].received_at),
            ("account_id", "Account", lambda each: each[1] and each[1].account.pk),
            ("account", "It may be", lambda each: each[1].account.name if each[1] else ""),
            ("country", "Country", lambda each: each[1].country if each[1] else ""),
            ("contacts", "Contacts", lambda each: each[1] and each[1].contacts),
        ],
    )


def _with_candidates(found: QuerySet[PendingRecord]) -> Iterator[tuple[PendingRecord, Profile | None]]:
    rows = found.iterator(chunk_size=CHUNK)
    while records := list(islice(rows, CHUNK)):
        profiles = profiles_of({pk for record in records for pk in record.candidates or []})
        for record in records:
            known = [profiles[pk] for pk in record.candidates or [] if pk in profiles]
            candidates: Sequence[Profile | None] = known or [None]
            yield from ((record, profile) for profile in candidates)


def domains_table(found: QuerySet[SharedDomain]) -> Table:
    """Return shared domains as the list shows them."""
    return table_of(
        "shared-domains",
        found.iterator(chunk_size=CHUNK),
        [
            ("domain", "Domain", lambda each: each.domain),
            ("added_by", "Added by", lambda each: str(each.added_by or "Delivered with ABE")),
        ],
    )


def conflicts_table(merge: AccountMerge, conflicts: Sequence[Mapping[str, Any]]) -> Table:
    """Return what has changed since a merge, and where taking it back would leave it or left it."""
    ends = {"loser": merge.loser.name, "winner": merge.winner.name, "elsewhere": "Stays where it is"}
    return table_of(
        f"merge-{merge.pk}-changed-since",
        conflicts,
        [
            ("what", "What", lambda each: each.get("what")),
            ("count", "How many", lambda each: each.get("count")),
            ("where", "Goes to", lambda each: ends.get(str(each.get("where")), "Gone")),
            ("why", "Why", lambda each: each.get("why")),
        ],
    )
