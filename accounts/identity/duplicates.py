"""Find accounts that may be one company, in a few statements over the whole base."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.identity.models import DuplicatePair, DuplicateSearch
from common.sql import load_sql
from people.models import User

# With these, two accounts of one web domain are offered, and so are two of one name, even in two countries or
# with two domains, but not both; names that are merely alike need something more.
OFFERED = 40
# Divisions share domain and a part of the name by nature.
STRONG = 90
# Half of what pg_trgm finds alike at its own 0.3 are other companies with a word in common.
ALIKE = 0.65
# How many others each account is held against by one signal, so that no cluster grows with its square.
NEIGHBOURS = 10


# Names written or compared in one statement: seconds of work.
CHUNK = 2_000


def find_duplicates(*, everything: bool = False) -> DuplicateSearch:
    """Bring the pairs that look like one company up to date; return what was looked at.

    Looks at the accounts that changed, or whose contacts did, since the last search; with ``everything``, and
    the first time, at all. Pairs that no longer hold are forgotten, dismissed ones stay dismissed. Names are
    compared while nothing is written, since feeds stop short of the oldest transaction that writes. Measured on
    two cores that others kept busy: all of 50,000 accounts in three minutes, all but seconds of it for the
    names, 3 ms for each.
    """
    started = timezone.now()
    last = None if everything else DuplicateSearch.objects.order_by("-pk").first()
    since: datetime | None = last.started_at if last is not None else None
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", "identity/probes"), {"since": since})
        probes = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(probes), CHUNK):
            cursor.execute(load_sql("accounts", "identity/names"), [probes[start : start + CHUNK]])
        if len(probes) > CHUNK:
            cursor.execute("ANALYZE accounts_accountname")
    if probes:
        _write_pairs(probes, _names_alike(probes))
    return DuplicateSearch.objects.create(
        started_at=started,
        finished_at=timezone.now(),
        is_full=since is None,
        accounts=len(probes),
        pairs=DuplicatePair.objects.waiting().count(),
    )


def dismiss_pair(*, pair: DuplicatePair, by: User, reason: str = "") -> None:
    """Remember that two accounts are no duplicates, so that they are never offered again."""
    pair.dismissed_at = timezone.now()
    pair.dismissed_by = by
    pair.reason = reason
    pair.save(update_fields=["dismissed_at", "dismissed_by", "reason"])


def offer_again(*, pair: DuplicatePair) -> None:
    """Forget that two accounts are no duplicates; the pair stands in the queue again, as last found."""
    pair.dismissed_at = None
    pair.dismissed_by = None
    pair.reason = ""
    pair.save(update_fields=["dismissed_at", "dismissed_by", "reason"])


def _names_alike(probes: list[int]) -> list[tuple[int, int, float]]:
    """Return (low, high, likeness) of accounts whose names are alike, each pair once."""
    alike: dict[tuple[int, int], float] = {}
    for start in range(0, len(probes), CHUNK):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(ALIKE)])
            cursor.execute(
                load_sql("accounts", "identity/names_alike"),
                {"probes": probes[start : start + CHUNK], "neighbours": NEIGHBOURS},
            )
            alike |= {(low, high): likeness for low, high, likeness in cursor.fetchall()}
    return [(low, high, likeness) for (low, high), likeness in alike.items()]


@transaction.atomic
def _write_pairs(probes: list[int], alike: list[tuple[int, int, float]]) -> None:
    """Weigh all signals of the accounts looked at, and replace their pairs by what holds now."""
    limits = {"neighbours": NEIGHBOURS, "threshold": ALIKE, "offered": OFFERED, "strong": STRONG}
    names: dict[str, Any] = {
        "threshold": ALIKE,
        "lows": [pair[0] for pair in alike],
        "highs": [pair[1] for pair in alike],
        "alike": [pair[2] for pair in alike],
    }
    with connection.cursor() as cursor:
        # Two searches at once would only write over each other.
        cursor.execute("LOCK TABLE accounts_duplicatepair IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(load_sql("accounts", "identity/probe_table"), {"probes": probes})
        cursor.execute(load_sql("accounts", "identity/domains"))
        cursor.execute(load_sql("accounts", "identity/addresses"), limits)
        cursor.execute("ANALYZE identity_probe, identity_domain, identity_address")
        cursor.execute(load_sql("accounts", "identity/signals"))
        cursor.execute(load_sql("accounts", "identity/signal_name"), names)
        cursor.execute(load_sql("accounts", "identity/signal_domain"), limits)
        cursor.execute(load_sql("accounts", "identity/signal_contacts"), limits)
        cursor.execute("ANALYZE identity_signal")
        cursor.execute(load_sql("accounts", "identity/pairs"), limits)
        for name in ("known_apart", "pairs_forget", "pairs_write", "search_end"):
            cursor.execute(load_sql("accounts", f"identity/{name}"))
