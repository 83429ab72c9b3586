import gzip
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demo import mapping
from demo.company import Company
from demo.exports import Manifest
from demo.load import SOURCES, _files
from demo.mapping import FEEDS, Feed
from sync.registry import resources

Exports = tuple[Path, Manifest]
Records = dict[str, dict[str, dict[str, Any]]]


def mapped(exports: Exports, feed: Feed) -> list[dict[str, Any]]:
    records = []
    for path in _files(exports[0], feed, exports[1]):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        records += [feed.convert(msgspec.json.decode(line)) for line in raw.splitlines()]
    return records


@pytest.fixture(scope="module")
def records(exports: Exports) -> Records:
    """Every record by resource and external id."""
    found: Records = defaultdict(dict)
    for feed in FEEDS:
        found[feed.resource] |= {record["external_id"]: record for record in mapped(exports, feed)}
    return found


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: f"{feed.resource}-{feed.convert.__name__}")
def test_every_record_is_one_that_the_api_takes(feed: Feed, exports: Exports) -> None:
    resource = next(resource for resource in resources if resource.key == feed.resource)
    decoder = msgspec.json.Decoder(resource.record)
    records = mapped(exports, feed)
    assert records
    for record in records:
        decoder.decode(msgspec.json.encode(record))
    assert all(set(resource.required) <= record.keys() for record in records)
    assert all(record["source_updated_at"].endswith("Z") for record in records)


def test_every_file_of_the_exports_belongs_to_one_feed(exports: Exports) -> None:
    read = Counter(path for feed in FEEDS for path in _files(exports[0], feed, exports[1]))
    assert set(read) == {exports[0] / name for name in exports[1].counts}
    assert set(read.values()) == {1}
    assert SOURCES == ("stripe", "salesforce", "zendesk", "segment")


def test_references_lead_to_records_of_an_earlier_feed(records: Records) -> None:
    accounts, contacts, contracts = (records[name] for name in ("accounts", "contacts", "contracts"))
    assert {record["account"] for record in contacts.values()} <= accounts.keys()
    for name in ("contracts", "tickets", "usage-events"):
        for record in records[name].values():
            assert record["account"]["source"] == "salesforce"
            assert record["account"]["external_id"] in accounts
    assert {line["contract"] for line in records["contract-lines"].values()} <= contracts.keys()
    for touch in records["engagements"].values():
        assert touch["account"] in accounts
        assert touch["contact"] is None or contacts[touch["contact"]]["account"] == touch["account"]
    order = [feed.resource for feed in FEEDS]
    for earlier, later in (
        ("accounts", "contacts"),
        ("contracts", "contract-lines"),
        ("contacts", "engagements"),
    ):
        assert order.index(earlier) < order.index(later)


def test_what_customers_say_leads_to_tickets_contacts_and_features_that_are_there(records: Records) -> None:
    tickets, contacts = records["tickets"], records["contacts"]
    for name in ("ticket-events", "csat-responses"):
        assert {record["ticket"] for record in records[name].values()} <= tickets.keys()
    for answer in records["nps-responses"].values():
        assert contacts[answer["respondent"]]["account"] == answer["account"]
    for event in records["ticket-events"].values():
        assert event["occurred_at"] >= tickets[event["ticket"]]["opened_at"]
    used = {event["feature"] for event in records["usage-events"].values()}
    assert used == {record["feature"] for record in records["entitled-features"].values()}


def test_money_and_dates_survive_the_way_through_billing(records: Records, company: Company) -> None:
    lines = records["contract-lines"]
    for contract in company.contracts:
        for line in contract.lines:
            record = lines[line.id]
            assert Decimal(record["amount"]) == line.unit_price * line.quantity
            assert Decimal(record["discount_percent"]) == line.discount_percent
            assert record["start_on"] == line.start.isoformat()
            assert record["end_on"] == (line.end.isoformat() if line.end else None)
            assert record["billing_period"] == line.billing_period
            assert record["is_trial"] == line.is_trial
            assert record["is_per_seat"] == line.product.startswith("Ferrowick ")


def test_words_of_the_sources_become_ours(records: Records, company: Company) -> None:
    accounts = records["accounts"]
    for account in company.accounts:
        record = accounts[account.id]
        assert (record["lifecycle"], record["tier"]) == (account.lifecycle, account.tier)
        assert record["domain"] == account.domain
        assert record["workspace_ids"] == list(account.workspace_ids)
    tickets = records["tickets"]
    for ticket in company.tickets:
        record = tickets[str(ticket.number)]
        assert record["status"] == ticket.status
        replied = ticket.first_replied_at
        assert record["first_replied_at"] == (replied.strftime("%Y-%m-%dT%H:%M:%SZ") if replied else None)
    kinds = {touch["kind"] for touch in records["engagements"].values()}
    assert kinds == {"call", "email", "meeting", "event", "web", "business_review"}


def test_a_tracking_call_keeps_what_it_does_not_know_as_properties() -> None:
    record = mapping.usage_event(
        {
            "type": "track",
            "messageId": "m1",
            "timestamp": "2026-11-21T10:00:00.000Z",
            "userId": "u1",
            "event": "Report exported",
            "context": {"groupId": "001A"},
            "properties": {"feature": "reports", "client": "web", "rows": 40},
        }
    )
    assert record["feature"] == "reports"
    assert record["quantity"] == 1
    assert record["properties"] == {"client": "web", "rows": 40}
