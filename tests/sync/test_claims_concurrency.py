"""Batches, merges, undoing, other orders and slices beside each other: none waits for ever, and the words decide."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.identity.errors import MergeRefused
from accounts.identity.merge import merge_accounts
from accounts.identity.models import AccountMerge
from accounts.identity.unmerge import unmerge_accounts
from accounts.models import Account
from sync.models import Batch, ClaimBefore, Undoing
from sync.provenance import settling
from sync.provenance.services import set_precedence
from sync.registry import resources
from sync.undoing.services import CannotUndoError, undo_batch
from tests.sync.conftest import Api, make_api

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 6.0
COUNT = 8


def feed(api: Api, prefix: str, rng: Random) -> None:
    """Send a batch about some accounts, contacts of theirs now and then."""
    records = [
        {
            "external_id": f"{prefix}{n}",
            "name": rng.choice("xyz"),
            "industry": rng.choice(["Steel", "Wood", None]),
            "workspace_ids": rng.sample(["a", "b", "c"], 2),
        }
        for n in rng.sample(range(COUNT), 4)
    ]
    api.bulk("accounts", records)
    api.bulk(
        "contacts", [{"external_id": f"{prefix}p", "name": "P", "account": f"{prefix}{rng.randrange(COUNT)}"}]
    )


def take_back(rng: Random) -> None:
    """Take one of the newest batches back."""
    batch = rng.choice(list(Batch.objects.filter(resource="accounts").order_by("-pk")[:5]))
    try:
        undo_batch(batch=batch)
    except CannotUndoError:
        assert batch.mode == Batch.Mode.UNDO or Undoing.objects.filter(batch=batch).exists()


def merge_or_part(rng: Random) -> None:
    """Merge two accounts or take a merge back."""
    merge = AccountMerge.objects.filter(unmerged_at=None).order_by("?").first()
    winner, loser = rng.sample(list(Account.objects.filter(deleted_at=None).values_list("pk", flat=True)), 2)
    try:
        if merge is not None and rng.random() < 0.6:
            unmerge_accounts(merge=merge.pk)
        else:
            merge_accounts(winner=winner, loser=loser)
    except MergeRefused:  # somebody was first, or it was merged further
        return


def reorder(rng: Random) -> None:
    """Save another order, as the page does, and settle a slice of what is under way."""
    accounts = resources["accounts"]
    with transaction.atomic():
        set_precedence(resource=accounts, field="", sources=rng.sample(["crm", "billing"], rng.randint(0, 2)))
        settling.settle_soon(resource=accounts)
    settling.settle_next_slice(resource=accounts)


def test_nothing_deadlocks_and_what_counts_is_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "CHUNK", 3)
    monkeypatch.setattr(settling, "call_worker", lambda resource: None)
    crm, billing = make_api("crm"), make_api("billing")
    for api, prefix in ((crm, "c"), (billing, "b")):
        named = [{"external_id": f"{prefix}{n}", "name": "x", "domain": f"{n}.example"} for n in range(COUNT)]
        api.bulk("accounts", named)
    works: list[Callable[[Random], Any]] = [
        lambda rng: feed(Api(crm.secret), "c", rng),
        lambda rng: feed(Api(billing.secret), "b", rng),
        take_back,
        merge_or_part,
        reorder,
    ]
    failed: list[BaseException] = []
    turns = [0] * len(works)
    end = time.monotonic() + SECONDS

    def run(place: int) -> None:
        rng = Random(place)
        try:
            while time.monotonic() < end and not failed:
                works[place](rng)
                turns[place] += 1
        except BaseException as error:  # noqa: BLE001 - raised again below
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if failed:
        raise failed[0]
    assert min(turns) > 0, turns
    while settling.settle_next_slice(resource=resources["accounts"]):
        pass
    assert settling.settle_shared(resource=resources["accounts"]) == 0
    undone = Undoing.objects.values("batch")
    assert not ClaimBefore.objects.filter(batch_id__in=undone).exists()
