"""A process that dies in the middle of a batch of invoices or payments, and the batch that comes again."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from finance.invoices.ageing import ageing
from finance.invoices.settling import lock_allocations
from finance.models import Allocation, Invoice, InvoiceCorrection, InvoiceLine, Payment
from sync.models import Batch, Change
from tests.finance.bills import invoice, line, payment
from tests.finance.killing import kill, others, start, until
from tests.sync.conftest import make_api

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 6, 30)
NUMBERS = range(40)
INVOICES = [invoice(f"i-{number}", lines=[line("70"), line("30")]) for number in NUMBERS] + [
    invoice(f"n-{number}", kind="credit_note", corrects=f"i-{number}", due_on=None, lines=[line("10")])
    for number in NUMBERS
]
PAYMENTS = [payment(f"p-{number}", invoice=f"i-{number}", account=None) for number in NUMBERS]

KILLED = """
import sys
import django
django.setup()
from sync.models import Source
from sync.pipeline.decode import decode_body
from sync.pipeline.run import run_batch
from sync.registry import resources
resource = resources[sys.argv[1]]
decoded = decode_body(sys.stdin.buffer.read(), resource, lines=False)
run_batch(resource=resource, source=Source.objects.get(slug="stripe"), decoded=decoded)
"""


def waits_for_its_turn() -> bool:
    """Return whether a batch of this database has written its records and waits for the turn of allocating."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"
        )
        return int(cursor.fetchone()[0]) > 0


def die_in_mid_batch(resource: str, records: list[dict[str, Any]]) -> None:
    """Send a batch from a process that is killed once its records, lines and changes are written."""
    with transaction.atomic():
        lock_allocations()
        child = start(KILLED, resource, stdin=subprocess.PIPE)
        assert child.stdin is not None
        child.stdin.write(json.dumps(records).encode())
        child.stdin.close()
        until(waits_for_its_turn)
        kill(child)
    until(lambda: others() == 0)


def test_a_batch_that_dies_leaves_nothing_and_comes_again_in_any_order() -> None:
    api = make_api("stripe")
    api.bulk("accounts", [{"external_id": "001", "name": "Acme"}])
    batches = Batch.objects.count()
    die_in_mid_batch("invoices", INVOICES)
    assert not Invoice.objects.exists()
    assert not InvoiceLine.objects.exists()
    assert not InvoiceCorrection.objects.exists()
    assert Batch.objects.count() == batches
    assert not Change.objects.filter(resource="invoices").exists()
    assert set(api.statuses("payments", PAYMENTS)) == {"pending"}, "they wait for their invoices"
    api.bulk("invoices", INVOICES[::-1])
    assert Payment.objects.count() == 40

    api.bulk("payments", [{"external_id": one["external_id"], "amount": "50"} for one in PAYMENTS])
    before = set(Allocation.objects.values_list("payment", "credit", "invoice", "amount"))
    die_in_mid_batch("payments", PAYMENTS)
    assert set(Allocation.objects.values_list("payment", "credit", "invoice", "amount")) == before
    assert set(Payment.objects.values_list("amount", flat=True)) == {Decimal(50)}
    assert set(api.statuses("payments", PAYMENTS[::-1])) == {"updated"}
    assert set(api.statuses("payments", PAYMENTS)) == {"unchanged"}
    assert set(api.statuses("invoices", INVOICES)) == {"unchanged"}
    [row] = ageing(TODAY)
    assert (row.open, row.unallocated) == (40 * 30, 0)
    assert InvoiceLine.objects.count() == 120
