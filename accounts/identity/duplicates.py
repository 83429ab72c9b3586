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


@transaction.atomic
def find_duplicates(*, everything: bool = False) -> DuplicateSearch:
    """Bring the pairs that look like one company up to date; return what was looked at.

    Looks at the accounts that changed, or whose contacts did, since the last search; with ``everything``, and
    the first time, at all. Pairs that no longer hold are forgotten, dismissed ones stay dismissed. The names
    are compared through a trigram index of their own, made for the search: one on the accounts would cost every
    batch. Measured on two cores that others kept busy: all of 50,000 accounts in three minutes, all but seconds
    of it for the names, 3 ms for each.
    """
    started = timezone.now()
    last = None if everything else DuplicateSearch.objects.order_by("-pk").first()
    since: datetime | None = last.started_at if last is not None else None
    limits = {"neighbours": NEIGHBOURS, "threshold": ALIKE, "offered": OFFERED, "strong": STRONG}
    with connection.cursor() as cursor:
        # Two searches at once would only write over each other.
        cursor.execute("LOCK TABLE accounts_duplicatesearch IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(ALIKE)])
        _run("probes", {"since": since})
        cursor.execute("ANALYZE identity_probe")
        cursor.execute("SELECT count(*) FROM identity_probe")
        (accounts,) = cursor.fetchone()
        if not accounts:
            cursor.execute("DROP TABLE identity_probe")
            return _note(started, is_full=since is None, accounts=0)
        for name in ("names", "names_index", "domains"):
            cursor.execute(load_sql("accounts", f"identity/{name}"))
        _run("addresses", limits)
        cursor.execute("ANALYZE identity_domain, identity_address")
        cursor.execute(load_sql("accounts", "identity/signals"))
        for name in ("signal_domain", "signal_name", "signal_contacts"):
            _run(name, limits)
        cursor.execute("ANALYZE identity_signal")
        _run("pairs", limits)
        for name in ("known_apart", "pairs_forget", "pairs_write", "search_end"):
            cursor.execute(load_sql("accounts", f"identity/{name}"))
    return _note(started, is_full=since is None, accounts=accounts)


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


def _note(started: datetime, *, is_full: bool, accounts: int) -> DuplicateSearch:
    return DuplicateSearch.objects.create(
        started_at=started,
        finished_at=timezone.now(),
        is_full=is_full,
        accounts=accounts,
        pairs=DuplicatePair.objects.waiting().count(),
    )


def _run(name: str, params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("accounts", f"identity/{name}"), params)
