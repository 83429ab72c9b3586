"""Order-proof: whatever the order, grouping and repetition, the same records end in the same state."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.models import PendingRecord, Source
from sync.pipeline.copytext import copy_text
from sync.pipeline.decode import decode_body
from sync.pipeline.pending import apply_ready
from sync.pipeline.run import run_batch
from sync.registry import resources
from sync.services import ensure_source

STATES: list[tuple[str, dict[str, Any]]] = [
    *(
        (
            "accounts",
            {
                "external_id": name,
                "name": f"{name} {version}",
                "employees": version,
                "parent": parent,
                "custom": {"version": version},
                "source_updated_at": f"2026-01-0{version}T00:00:00Z",
            },
        )
        for name, parent in (("top", None), ("middle", "top"), ("low", "middle"))
        for version in (1, 2)
    ),
    *(
        (
            "contacts",
            {
                "external_id": "person",
                "account": account,
                "name": f"Bo {version}",
                "source_updated_at": f"2026-01-0{version}T00:00:00Z",
            },
        )
        for account, version in (("low", 1), ("top", 2))
    ),
    *(
        (
            "usage-events",
            {
                "external_id": "event",
                "account": "middle",
                "event": f"login {version}",
                "occurred_at": "2026-01-01T00:00:00Z",
                "source_updated_at": f"2026-01-0{version}T00:00:00Z",
            },
        )
        for version in (1, 2)
    ),
]
QUERIES = (
    """
    SELECT a.name, a.employees, a.custom, p.name, a.deleted_at
    FROM accounts_account a LEFT JOIN accounts_account p ON p.id = a.parent_id ORDER BY 1
    """,
    "SELECT c.name, a.name FROM accounts_contact c JOIN accounts_account a ON a.id = c.account_id ORDER BY 1",
    "SELECT e.event, a.name FROM product_usageevent e JOIN accounts_account a ON a.id = e.account_id ORDER BY 1",
    "SELECT external_id, source_updated_at, deleted_at FROM sync_link ORDER BY 1",
)


def apply(source: Source, calls: list[list[tuple[str, dict[str, Any]]]]) -> list[list[tuple[Any, ...]]]:
    """Send the calls, a batch for each resource in them; return the end state, and undo it."""
    with transaction.atomic():
        for call in calls:
            for key in dict.fromkeys(name for name, _ in call):
                body = msgspec.json.encode([record for name, record in call if name == key])
                resource = resources[key]
                run_batch(resource=resource, source=source, decoded=decode_body(body, resource, lines=False))
                apply_ready()
        assert not PendingRecord.objects.exists()
        state = []
        with connection.cursor() as cursor:
            for query in QUERIES:
                cursor.execute(query)
                state.append(cursor.fetchall())
        transaction.set_rollback(True)
    return state


@pytest.fixture
def source(db: None) -> Source:
    """Where the records come from."""
    return ensure_source(slug="salesforce")


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_grouping_and_repetition_ends_in_the_same_state(
    source: Source, data: st.DataObject
) -> None:
    in_order = apply(source, [[state] for state in STATES])
    repeats = data.draw(st.lists(st.sampled_from(STATES), max_size=6))
    shuffled = data.draw(st.permutations([*STATES, *repeats]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(shuffled) - 1), max_size=5)))
    calls = [list(shuffled[start:end]) for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    assert apply(source, calls) == in_order
    assert [row[0] for row in in_order[0]] == ["low 2", "middle 2", "top 2"]


text = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=20)
zones = st.sampled_from([UTC, timezone(timedelta(hours=-9))])
any_rows = st.lists(
    st.tuples(
        st.none() | text,
        text,
        st.lists(text, max_size=3),
        st.none() | st.integers(-5, 5),
        st.datetimes(datetime(1900, 1, 1), timezones=zones),  # noqa: DTZ001 - zones are drawn
        st.none() | st.dates(date(1900, 1, 1)),
        st.decimals(-1000, 1000, places=4),
        st.booleans(),
    ),
    min_size=1,
)
COLUMNS = "place int, a text, b text, c text[], d int, e timestamptz, f date, g numeric(12, 4), h boolean"


@given(rows=any_rows)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_copy_reads_is_what_was_written(db: None, rows: list[tuple[Any, ...]]) -> None:
    numbered = [(place, *row) for place, row in enumerate(rows)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE copied ({COLUMNS}) ON COMMIT DROP")
        with cursor.copy("COPY copied FROM STDIN") as copy:
            copy.write(copy_text(list(zip(*numbered, strict=True))))
        cursor.execute("SELECT * FROM copied ORDER BY place")
        assert cursor.fetchall() == numbered
        transaction.set_rollback(True)
