"""``manage.py rebuild_revenue``: compare the whole ledger with the contract lines and enter what differs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from finance.revenue.ledger import follow_lines, follow_rates, mark_all
from metrics.engine.plan import slice_accounts, today


class Command(BaseCommand):
    help = "Bring the ledger up to all contract lines, whether or not anything marked them. Safe beside other work."

    def handle(self, *args: Any, **options: Any) -> None:
        follow_rates()
        marked = mark_all()
        entered = sum(follow_lines(as_of=today(), first=first, last=last) for first, last in slice_accounts())
        self.stdout.write(f"Looked at {marked:,} accounts, entered {entered:,} changes.")
