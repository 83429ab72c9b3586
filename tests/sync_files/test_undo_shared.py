"""Taking batches back where several records have a say: each says again, word for word, what it said before."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from django.db import connection

from accounts.identity.merge import merge_accounts
from accounts.models import Account
from sync.models import Batch, Change, FieldClaim, Link
from sync.provenance.services import set_pin, set_precedence
from sync.provenance.settling import settle_shared
from sync.registry import resources
from sync.undoing.services import undo_batch
from tests.sync.conftest import make_api

pytestmark = pytest.mark.django_db

SOURCES = ("crm", "billing")
HELD = {
    "accounts": "SELECT t.id::text, to_jsonb(t) FROM accounts_account AS t WHERE id = ANY(%(objects)s)",
    "claims": """
        SELECT link.external_id || '.' || t.field, to_jsonb(t) - 'id' FROM sync_fieldclaim AS t
        JOIN sync_link AS link ON link.id = t.link_id WHERE t.object_id = ANY(%(objects)s)
    """,
    "pins": "SELECT t.id::text, to_jsonb(t) FROM sync_pin AS t",
    # A digest only saves work. The times of a record that alone has a say go back by its change rows.
    "records": """
        SELECT t.external_id, to_jsonb(t) - 'digest' - CASE WHEN t.is_shared THEN '' ELSE 'source_updated_at' END
        FROM sync_link AS t WHERE t.resource = 'accounts' AND t.object_id = ANY(%(objects)s)
    """,
}


class World:
    """Five accounts: two made one with records of both sources, three more, some of both; orders and a pin."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.apis = {slug: make_api(slug) for slug in SOURCES}
        names = [f"c{number}" for number in range(6)]
        self.send("crm", [self.record(name) | {"name": name, "domain": f"{name}.example"} for name in names])
        for name in ("c0", "c1", "c2", "c3"):
            self.send("billing", [{"external_id": f"b{name}", "name": name, "domain": f"{name}.example"}])
        for winner, loser in (("c0", "c1"), ("c2", "c4")):
            merge_accounts(winner=self.account(winner), loser=self.account(loser))
        set_precedence(
            resource=resources["accounts"], field="", sources=rng.sample(SOURCES, rng.randint(0, 2))
        )
        set_precedence(resource=resources["accounts"], field="industry", sources=rng.sample(SOURCES, 2))
        set_pin(
            resource=resources["accounts"],
            object_id=self.account("c3"),
            field="industry",
            value="Pinned",
            reason="r",
            by=None,
        )
        settle_shared(resource=resources["accounts"])
        self.objects = list(Account.objects.values_list("pk", flat=True))

    def account(self, name: str) -> int:
        """Return the account that a record of the CRM stands for."""
        return Link.objects.get(resource="accounts", external_id=name).object_id

    def send(self, slug: str, records: list[dict[str, Any]]) -> None:
        """Send records of accounts."""
        self.apis[slug].bulk("accounts", records)

    def record(self, external_id: str) -> dict[str, Any]:
        """Return a record that says something, at some time, of some fields."""
        rng = self.rng
        said: dict[str, Any] = {
            "name": rng.choice(["One", "Two", "Three"]),
            "industry": rng.choice(["Steel", "Wood", None]),
            "employees": rng.choice([1, 2, None]),
            "workspace_ids": rng.choice([[], ["w1"], ["w2", "w1"], ["w3"]]),
            "custom": rng.choice([None, {"a": 1}, {"a": None, "b": 2}, {"c": "x"}]),
            "parent": rng.choice([None, "c5"] if external_id != "c5" else [None]),
        }
        if not external_id.startswith("c"):
            del said["parent"]
        record = {"external_id": external_id}
        record |= {name: said[name] for name in said if rng.random() < 0.5}
        if rng.random() < 0.7:
            record["source_updated_at"] = f"2026-05-{rng.randint(1, 28):02}T00:00:00Z"
        return record

    def act(self, *, deletes: bool = True, alone: bool = True) -> Batch | None:
        """Let a source do something by one batch; return it, or None where nothing came of it.

        With ``alone`` it may concern the account of which only one source speaks.
        """
        rng, slug = self.rng, self.rng.choice(SOURCES)
        newest = Batch.objects.latest("pk").pk
        names = [f"c{n}" for n in range(5 + alone)] if slug == "crm" else [f"bc{n}" for n in range(4)]
        if deletes and rng.random() < 0.2:
            self.apis[slug].call("delete", f"accounts/{slug}/{rng.choice(names)}/")
        else:
            records = [self.record(name) for name in rng.sample(names, rng.randint(1, 4))]
            if slug == "billing" and rng.random() < 0.3:
                attached = {"external_id": "b-new", "name": "New", "domain": "c5.example"}
                records.append(self.record("b-new") | attached)
            self.send(slug, records)
        return Batch.objects.filter(pk__gt=newest).first()

    def held(self) -> dict[tuple[str, str], Any]:
        """Return all that is held of the accounts, row by row."""
        found: dict[tuple[str, str], Any] = {}
        with connection.cursor() as cursor:
            for kind, query in HELD.items():
                cursor.execute(query, {"objects": self.objects})
                found |= {(kind, name): row for name, row in cursor.fetchall()}
        return found


def differing(before: dict[tuple[str, str], Any], after: dict[tuple[str, str], Any]) -> dict[Any, Any]:
    """Return what isn't the same any more, with what it was and what it is."""
    keys = {*before, *after}
    return {key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}


@pytest.mark.parametrize("seed", [9, 39, 51])
def test_the_last_batch_taken_back_leaves_everything_as_it_was(seed: int) -> None:
    world = World(Random(seed))
    for turn in range(11):
        before = world.held()
        batch = world.act()
        if batch is None:
            continue
        undoing = undo_batch(batch=batch)
        assert differing(before, world.held()) == {}, turn
        assert undoing.conflicts == [], turn
        world.act()


@pytest.mark.parametrize("seed", range(3))
def test_batches_taken_back_in_any_order_leave_everything_as_it_was(seed: int) -> None:
    rng = Random(seed)
    world = World(rng)
    for turn in range(3):
        before = world.held()
        batches = [
            batch for batch in (world.act(deletes=False, alone=False) for _ in range(5)) if batch is not None
        ]
        rng.shuffle(batches)
        for batch in batches:
            undo_batch(batch=batch)
        assert differing(before, world.held()) == {}, turn
        world.act(deletes=False, alone=False)


def test_what_is_newer_stays_and_is_named() -> None:
    rng = Random(1)
    world = World(rng)
    at = {"external_id": "bc0", "source_updated_at": "2026-06-01T00:00:00Z"}
    world.send("billing", [at | {"industry": "Iron", "name": "Other"}])
    first = Batch.objects.latest("pk")
    world.send("billing", [at | {"industry": "Copper"}])
    undoing = undo_batch(batch=first)
    assert [(each["object_id"], each["field"]) for each in undoing.conflicts] == [
        (str(world.account("c0")), "industry")
    ]
    claims = FieldClaim.objects.filter(link__external_id="bc0")
    assert claims.get(field="industry").value == "Copper"
    assert claims.get(field="name").value == "c0"


def test_what_nobody_stands_for_any_more_goes() -> None:
    crm, billing = make_api("crm"), make_api("billing")
    crm.bulk("accounts", [{"external_id": "a", "name": "A", "domain": "a.example"}])
    billing.bulk("accounts", [{"external_id": "b", "name": "B", "domain": "a.example"}])
    attached = Batch.objects.latest("pk")
    crm.call("delete", "accounts/crm/a/")
    deleted = Batch.objects.latest("pk")
    undoing = undo_batch(batch=attached)
    account = Account.objects.get()
    assert (undoing.removed, account.name) == (1, "A")
    assert account.deleted_at is not None
    assert Change.objects.latest("pk").kind == "deleted"
    undo_batch(batch=deleted)
    account.refresh_from_db()
    assert account.deleted_at is None
