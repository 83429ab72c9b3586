"""The exports of the sample company's source systems, written into a folder.

``salesforce/`` Account, Contact, Opportunity, Task, Event and answers of NPS; ``stripe/`` customers, subscriptions,
their items, entitlements, invoices, credit notes, payments and exchange rates; ``zendesk/`` tickets, their events and
ratings; ``segment/`` one gzip file of `track` calls a month. ``manifest.json`` is written last: a folder without it is
not whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from demo.company import Company
from demo.exports import billing, crm, help_desk, tracking

MANIFEST = "manifest.json"
SEED = 28
_LAYOUT = 6  # raised when files change their shape, so that old folders are written anew

Rows = Iterable[dict[str, Any]]
FILES: dict[str, Callable[[Company], Iterator[dict[str, Any]]]] = {
    "salesforce/Account.ndjson": crm.accounts,
    "salesforce/Contact.ndjson": crm.contacts,
    "salesforce/Opportunity.ndjson": crm.opportunities,
    "salesforce/Task.ndjson": crm.tasks,
    "salesforce/Event.ndjson": crm.events,
    "stripe/exchange_rates.ndjson": billing.exchange_rates,
    "stripe/customers.ndjson": billing.customers,
    "stripe/subscriptions.ndjson": billing.subscriptions,
    "stripe/subscription_items.ndjson": billing.subscription_items,
    "stripe/invoices.ndjson": billing.invoices,
    "stripe/credit_notes.ndjson": billing.credit_notes,
    "stripe/payments.ndjson": billing.payments,
    "stripe/active_entitlements.ndjson": billing.entitlements,
    "zendesk/tickets.ndjson": help_desk.tickets,
    "zendesk/ticket_events.ndjson": help_desk.ticket_events,
    "zendesk/csat_responses.ndjson": help_desk.ratings,
    "salesforce/NPS_Response__c.ndjson": crm.recommendations,
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder of exports was made from, and how many records each file holds."""

    seed: int
    today: date
    scale: float
    layout: int
    counts: dict[str, int]


def write_exports(company: Company, folder: Path) -> Manifest:
    """Write the company's exports, replacing what the folder held, but only once all are written."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    counts: dict[str, int] = {}
    for name, rows in FILES.items():
        path = unfinished / name
        path.parent.mkdir(parents=True, exist_ok=True)
        counts[name] = _write_rows(path, rows(company))
    (unfinished / "segment").mkdir()
    for path, count in tracking.write_months(company, unfinished / "segment"):
        counts[f"segment/{path.name}"] = count
    manifest = Manifest(company.seed, company.today, company.scale, _LAYOUT, counts)
    (unfinished / MANIFEST).write_bytes(
        msgspec.json.format(msgspec.json.encode(asdict(manifest)), indent=2) + b"\n"
    )
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return manifest


def read_manifest(folder: Path) -> Manifest | None:
    """Return what a folder holds, or None where it is not a whole folder of exports in today's layout."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.ValidationError, msgspec.DecodeError):
        return None
    return manifest if manifest.layout == _LAYOUT else None


def _write_rows(path: Path, rows: Rows) -> int:
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
            count += 1
    return count
