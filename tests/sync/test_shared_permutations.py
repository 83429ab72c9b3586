"""Order-proof with several sources: in whatever order their records come, the same values count in the end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from sync.models import FieldPrecedence, Link, Source
from sync.pipeline.decode import decode_body
from sync.pipeline.run import run_batch
from sync.registry import resources
from sync.services import ensure_source

SLUGS = ("crm", "billing", "events")
FIELDS = ("industry", "employees", "country")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "industry": st.sampled_from([None, "Retail", "Energy"]),
    "employees": st.sampled_from([None, 1, 2]),
    "country": st.sampled_from([None, "DE", "FR"]),
    "region": st.sampled_from([None, "north", "south"]),
}
Version = tuple[str, dict[str, Any]]


def record(slug: str, hour: int, values: dict[str, Any]) -> Version:
    fields = {name: values[name] for name in FIELDS}
    return slug, {
        "external_id": slug,
        "name": "Acme",
        "domain": "acme.example",
        "source_updated_at": f"2026-01-01T{hour:02}:00:00Z",
        "custom": {"region": values["region"]},
        **fields,
    }


versions = st.lists(
    st.tuples(st.sampled_from(SLUGS), st.fixed_dictionaries(VALUES)), min_size=3, max_size=9
).map(lambda drawn: [record(slug, hour, values) for hour, (slug, values) in enumerate(drawn)])


def expected(states: list[Version], order: list[str]) -> dict[str, Any]:
    """Return what counts, by the rules: a value before none, the order of the sources, the newest record."""
    newest = dict(sorted(states, key=lambda item: item[1]["source_updated_at"]))

    def rank(slug: str) -> tuple[int, str]:
        place = order.index(slug) if slug in order else len(order)
        return -place, newest[slug]["source_updated_at"]

    found = {}
    for name in (*FIELDS, "region"):
        words = {
            slug: sent["custom"]["region"] if name == "region" else sent[name]
            for slug, sent in newest.items()
        }
        said = [slug for slug in words if words[slug] is not None]
        found[name] = words[max(said, key=rank)] if said else None
    return found


def outcome(sources: dict[str, Source], calls: list[Version], order: list[str]) -> dict[str, Any]:
    """Send the records one by one; return what the account holds, and undo it."""
    resource = resources["accounts"]
    with transaction.atomic():
        for place, slug in enumerate(order, start=1):
            FieldPrecedence.objects.create(resource="accounts", source=sources[slug], rank=place)
        for slug, sent in calls:
            body = msgspec.json.encode([sent])
            source = sources[slug]
            run_batch(
                resource=resource,
                source=source,
                decoded=decode_body(body, resource, lines=False, source=source),
            )
        account = Account.objects.get()
        assert set(Link.objects.values_list("object_id", flat=True)) == {account.pk}
        held = {
            "industry": account.industry or None,
            "employees": account.employees,
            "country": account.country or None,
            "region": account.custom.get("region"),
        }
        transaction.set_rollback(True)
    return held


@pytest.fixture
def sources(db: None) -> dict[str, Source]:
    return {slug: ensure_source(slug=slug) for slug in SLUGS}


@given(states=versions, data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_values_count_in_whatever_order_records_come(
    sources: dict[str, Source], states: list[Version], data: st.DataObject
) -> None:
    order = data.draw(
        st.permutations(SLUGS).flatmap(lambda all_: st.integers(0, 3).map(lambda n: list(all_[:n])))
    )
    repeats = data.draw(st.lists(st.sampled_from(states), max_size=4))
    calls = list(data.draw(st.permutations([*states, *repeats])))
    assert outcome(sources, calls, order) == expected(states, order)
