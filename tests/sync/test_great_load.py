"""A great load in random order: every record ends applied, waiting or refused with a reason, and nothing twice."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from sync.models import ApiToken, Batch, Change, Link, PendingRecord
from sync.pipeline.pending import apply_ready
from sync.registry import resources
from sync.services import limit_token
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db(transaction=True)

IN_ALL = 100_000
BATCH = 2_500
# How many different records of each kind, and what each points to.
SHARES = {
    "accounts": 14_000,
    "contacts": 18_000,
    "contracts": 12_000,
    "contract-lines": 12_000,
    "tickets": 12_000,
}
PARENTS = {
    "contacts": "accounts",
    "contracts": "accounts",
    "contract-lines": "contracts",
    "tickets": "accounts",
}
BAD = IN_ALL // 20
LOST = 0.02  # of what is pointed to never comes
FIELD = {
    "accounts": "name",
    "contacts": "name",
    "contracts": "number",
    "contract-lines": "product",
    "tickets": "subject",
}


@dataclass
class Load:
    """What is sent, and what must come of it: the newest good state of each record, and who waits for ever."""

    batches: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    newest: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    bad: set[tuple[str, str]] = field(default_factory=set)


def make_load(seed: int) -> Load:
    """Return 100,000 records: some states more than once, older ones after newer, children before parents, bad ones."""
    pick = random.Random(seed)
    load = Load()
    sent: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key, number in SHARES.items():
        for place in range(number):
            record = good(key, place, pick)
            load.newest[key, record["external_id"]] = record
            sent[key].append(record)
    while sum(map(len, sent.values())) < IN_ALL - BAD:
        key = pick.choice(list(SHARES))
        newest = sent[key][pick.randrange(SHARES[key])]
        if pick.random() < 0.5:
            sent[key].append(newest)
        else:
            sent[key].append(newest | {FIELD[key]: "Older", "source_updated_at": "2026-01-01T00:00:00Z"})
    for place in range(BAD):
        key = pick.choice(list(SHARES))
        record = good(key, 0, pick) | {"external_id": f"bad-{place}"}
        sent[key].append(pick.choice(SPOILERS)(record))
        load.bad.add((key, record["external_id"]))
    _say_who_waits(load)
    for key, records in sent.items():
        pick.shuffle(records)
        load.batches += [(key, records[start : start + BATCH]) for start in range(0, len(records), BATCH)]
    pick.shuffle(load.batches)
    return load


def good(key: str, place: int, pick: random.Random) -> dict[str, Any]:
    """Return the newest state of a record."""
    record: dict[str, Any] = {
        "external_id": f"{key}-{place}",
        FIELD[key]: f"{key} {place}",
        "source_updated_at": f"2026-02-{pick.randint(1, 28):02}T00:00:00Z",
    }
    if key == "accounts" and place and pick.random() < 0.3:
        # A parent comes earlier in the numbering, so that there are no circles.
        record["parent"] = f"accounts-{pick.randrange(place)}"
    if key in PARENTS:
        parent = PARENTS[key]
        number = pick.randrange(SHARES[parent])
        record[parent.removesuffix("s")] = f"{parent}-{number}" if pick.random() > LOST else f"lost-{number}"
    if key == "contracts":
        record |= {"start_on": "2026-01-01", "currency": "EUR"}
    if key == "contract-lines":
        record |= {"start_on": "2026-01-01", "billing_period": "month", "amount": f"{place}.0000"}
    if key == "tickets":
        record["opened_at"] = "2026-01-01T00:00:00Z"
    return record


SPOILERS = (
    lambda record: record | {"nonsense": 1},
    lambda record: record | {"source_updated_at": "yesterday"},
    lambda record: record | {"custom": {"a": [1]}},
    lambda record: {"external_id": record["external_id"]},
    lambda record: {**dict.fromkeys(record, 5), "external_id": record["external_id"]},
)


def _say_who_waits(load: Load) -> None:
    """Name those whose reference never comes, and whose reference waits itself."""
    for key in SHARES:
        names = ["parent"] if key == "accounts" else [PARENTS[key].removesuffix("s")]
        target = "accounts" if key == "accounts" else PARENTS[key]
        for (kind, external_id), record in load.newest.items():
            if kind != key:
                continue
            for name in names:
                if name in record:
                    pair = (target, record[name])
                    if pair not in load.newest or pair in load.waiting:
                        load.waiting.add((key, external_id))


def test_a_hundred_thousand_records_in_random_order_end_where_they_belong() -> None:
    api = make_api()
    limit_token(token=ApiToken.objects.get(), rate=100_000)
    load = make_load(seed=20261122)
    assert sum(len(records) for _, records in load.batches) == IN_ALL
    assert 1_000 < len(load.waiting) < 10_000

    first = send(api, load)
    apply_ready()
    settled(load)
    assert sum(first.values()) == IN_ALL
    assert first["rejected"] == BAD
    assert set(first) == {"created", "unchanged", "stale", "pending", "rejected", "updated"}

    state, changes = contents(), Change.objects.count()
    second = send(api, load)
    apply_ready()
    assert sum(second.values()) == IN_ALL
    assert second["rejected"] == BAD
    assert set(second) == {"unchanged", "stale", "pending", "rejected"}
    assert Change.objects.count() == changes
    assert contents() == state
    settled(load)


def send(api: Api, load: Load) -> Counter[str]:
    """Send every batch; return how many records ended how, after checking each answer against its counts."""
    statuses: Counter[str] = Counter()
    for key, records in load.batches:
        answer = api.bulk(key, records)
        counted = Counter(result["status"] for result in answer["results"])
        assert [result["external_id"] for result in answer["results"]] == [r["external_id"] for r in records]
        assert {status: answer[status] for status in counted} == dict(counted)
        for result in answer["results"]:
            is_bad = (key, result["external_id"]) in load.bad
            assert (result["status"] == "rejected") == is_bad, result
            if result["status"] in ("rejected", "pending"):
                assert all(error["code"] and error["detail"] for error in result["errors"])
                assert result["errors"]
        statuses += counted
    return statuses


def settled(load: Load) -> None:
    """Check that each good record is held in its newest state or waits with it, and no bad one is anywhere."""
    links = {
        (key, external_id): object_id
        for key, external_id, object_id in Link.objects.values_list("resource", "external_id", "object_id")
    }
    waiting = {(record.resource, record.external_id): record for record in PendingRecord.objects.all()}
    assert set(waiting) == load.waiting
    assert set(links) == set(load.newest) - load.waiting
    assert {record.code for record in waiting.values()} == {"reference_missing"}
    for pair, record in waiting.items():
        assert record.payload == load.newest[pair]
    for key, name in FIELD.items():
        held = dict(resources[key].model._base_manager.values_list("pk", name))
        mine = {external_id: pk for (kind, external_id), pk in links.items() if kind == key}
        assert len(held) == len(mine)
        for external_id, pk in mine.items():
            assert held[pk] == load.newest[key, external_id][name]
    sums = [field.name for field in Batch._meta.get_fields() if field.name in COUNTS]
    sent = Batch.objects.exclude(mode=Batch.Mode.PENDING)
    assert sum(sum(row) for row in sent.values_list(*sums)) % IN_ALL == 0


COUNTS = ("created", "updated", "unchanged", "stale", "pending", "rejected")


def contents() -> dict[str, Any]:
    """Return a digest of every row of every table that records are written to."""
    with connection.cursor() as cursor:
        return {table: _digest(cursor, table) for table in tables()}


def tables() -> Iterator[str]:
    yield "accounts_standing"
    for key in SHARES:
        yield resources[key].table


def _digest(cursor: Any, table: str) -> Any:
    cursor.execute(f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {table} AS t")
    return cursor.fetchone()
