"""What becomes of the records of a batch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, Contact, Standing, TimelineEvent
from finance.models import Contract, ContractLine, RevenueToRecompute
from product.models import UsageDayToRecompute, UsageEvent
from support.models import Ticket
from sync.models import Batch, Change, Link
from tests.sync.conftest import Api

ACME: dict[str, Any] = {
    "external_id": "001",
    "source_updated_at": "2026-01-02T00:00:00Z",
    "name": "Acme",
    "domain": "https://www.Acme.example.com:443/about",
    "employees": 120,
    "country": "de",
    "lifecycle": "customer",
    "owner_email": " Ann@Example.com ",
    "tier": "strategic",
    "workspace_ids": ["ws 1", 'quo"te', "back\\slash", "{}"],
    "custom": {"segment": "north", "seats": 5, "beta": True, "gone": None},
}
CONTRACT = {
    "external_id": "k1",
    "account": "001",
    "start_on": "2026-01-01",
    "end_on": "2027-01-01",
    "currency": "eur",
}
LINE = {
    "external_id": "l1",
    "contract": "k1",
    "product": "Seats",
    "start_on": "2026-01-01",
    "amount": "1200.50",
    "billing_period": "year",
}


def test_a_new_record_is_kept_in_its_normal_form(api: Api) -> None:
    answer = api.bulk("accounts", [ACME])
    account = Account.objects.get()
    assert answer["created"] == 1
    assert answer["results"][0] == {
        "index": 0,
        "external_id": "001",
        "id": str(account.pk),
        "status": "created",
        "errors": [],
    }
    assert account.domain == "acme.example.com"
    assert account.country == "DE"
    assert account.owner_email == "ann@example.com"
    assert account.tier is not None
    assert account.tier.slug == "strategic"
    assert account.workspace_ids == ["ws 1", 'quo"te', "back\\slash", "{}"]
    assert account.custom == {"segment": "north", "seats": 5, "beta": True}
    assert Standing.objects.get().account_id == account.pk


def test_the_same_batch_twice_changes_nothing(api: Api) -> None:
    batch = [
        ACME,
        {"external_id": "002", "name": "Tab\tand\nnewline \\N", "source_updated_at": "2026-01-01T00:00:00Z"},
    ]
    assert api.statuses("accounts", batch) == ["created", "created"]
    before = list(Account.objects.order_by("pk").values())
    assert api.statuses("accounts", batch) == ["unchanged", "unchanged"]
    assert list(Account.objects.order_by("pk").values()) == before
    assert Change.objects.count() == 2
    assert Account.objects.get(name__startswith="Tab").name == "Tab\tand\nnewline \\N"


def test_a_change_row_holds_what_the_changed_fields_held_and_hold(api: Api) -> None:
    api.bulk("accounts", [ACME])
    answer = api.bulk("accounts", [ACME | {"employees": 130, "source_updated_at": "2026-01-03T00:00:00Z"}])
    change = Change.objects.latest("pk")
    assert answer["updated"] == 1
    assert (change.kind, change.before, change.after) == ("updated", {"employees": 120}, {"employees": 130})
    assert change.batch_id == answer["batch"]
    assert change.source is not None
    assert change.source.slug == "salesforce"
    assert change.source_updated_at is not None
    assert change.source_updated_at.day == 3


def test_an_older_state_is_stale_and_changes_nothing(api: Api) -> None:
    api.bulk("accounts", [ACME])
    old = ACME | {"name": "Old name", "source_updated_at": "2026-01-01T00:00:00Z"}
    assert api.statuses("accounts", [old]) == ["stale"]
    assert Account.objects.get().name == "Acme"


def test_an_unchanged_newer_state_makes_what_lies_between_stale(api: Api) -> None:
    api.bulk("accounts", [ACME])
    assert api.statuses("accounts", [ACME | {"source_updated_at": "2026-01-09T00:00:00Z"}]) == ["unchanged"]
    between = ACME | {"name": "Between", "source_updated_at": "2026-01-05T00:00:00Z"}
    assert api.statuses("accounts", [between]) == ["stale"]


def test_a_field_left_out_is_unchanged_and_null_clears(api: Api) -> None:
    api.bulk("accounts", [ACME])
    later = {
        "external_id": "001",
        "employees": None,
        "lifecycle": None,
        "domain": None,
        "workspace_ids": None,
    }
    assert api.statuses("accounts", [later]) == ["updated"]
    account = Account.objects.get()
    assert account.name == "Acme"
    assert account.country == "DE"
    assert account.employees is None
    assert account.domain == ""
    assert account.lifecycle == "target"
    assert account.workspace_ids == []


def test_records_of_one_batch_may_bring_different_fields(api: Api) -> None:
    api.bulk("accounts", [ACME, ACME | {"external_id": "002"}])
    api.bulk("accounts", [{"external_id": "001", "name": "One"}, {"external_id": "002", "employees": 7}])
    held = dict(Account.objects.values_list("name", "employees"))
    assert held == {"One": 120, "Acme": 7}


def test_own_fields_are_merged_by_key(api: Api) -> None:
    api.bulk("accounts", [ACME])
    api.bulk("accounts", [{"external_id": "001", "custom": {"segment": None, "seats": 6, "x": "y"}}])
    assert Account.objects.get().custom == {"seats": 6, "beta": True, "x": "y"}
    api.bulk("accounts", [{"external_id": "001", "custom": None}])
    assert Account.objects.get().custom == {}


def test_one_bad_record_never_stops_the_others(api: Api) -> None:
    answer = api.bulk(
        "accounts",
        [
            ACME,
            {"external_id": "002", "name": 5, "colour": "red"},
            {"name": "x"},
            7,
            {"external_id": "003", "name": "C"},
        ],
    )
    assert [result["status"] for result in answer["results"]] == [
        "created",
        "rejected",
        "rejected",
        "rejected",
        "created",
    ]
    errors = answer["results"][1]["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [
        ("name", "wrong_type"),
        ("colour", "unknown_field"),
    ]
    assert answer["results"][2]["errors"][0]["field"] == "external_id"
    assert answer["results"][3]["errors"][0]["code"] == "not_an_object"
    assert Batch.objects.get().errors[0]["external_id"] == "002"


def test_the_newest_of_repeats_wins_and_the_others_are_stale(api: Api) -> None:
    newest = ACME | {"name": "Newest", "source_updated_at": "2026-02-01T00:00:00Z"}
    answer = api.bulk("accounts", [ACME, newest, ACME])
    assert [result["status"] for result in answer["results"]] == ["stale", "created", "stale"]
    assert len({result["id"] for result in answer["results"]}) == 1
    assert Account.objects.get().name == "Newest"


def test_update_only_creates_nothing(api: Api) -> None:
    answer = api.bulk("accounts", [ACME], "?mode=update_only")
    assert answer["results"][0]["errors"][0]["code"] == "not_found"
    assert not Account.objects.exists()
    api.bulk("accounts", [ACME])
    assert api.statuses("accounts", [{"external_id": "001", "name": "B"}], "?mode=update_only") == ["updated"]


def test_a_dry_run_tells_what_would_happen_and_leaves_no_trace(api: Api) -> None:
    answer = api.bulk("accounts", [ACME, {"external_id": "2"}], "?mode=dry_run")
    assert (answer["batch"], answer["created"], answer["rejected"]) == (None, 1, 1)
    assert answer["results"][0]["id"] is None
    assert not Account.objects.exists()
    assert not Batch.objects.exists()


def test_an_atomic_batch_is_all_or_nothing(api: Api) -> None:
    response = api.call("post", "accounts/bulk/?atomic=true", [ACME, {"external_id": "2", "name": ""}])
    problem = response.json()
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert problem["errors"][0]["index"] == 1
    assert problem["errors"][0]["field"] == "name"
    assert not Account.objects.exists()
    assert api.statuses("accounts", [ACME], "?atomic=true") == ["created"]


def test_an_unknown_tier_is_refused_with_the_known_ones(api: Api) -> None:
    error = api.bulk("accounts", [ACME | {"tier": "gold"}])["results"][0]["errors"][0]
    assert (error["field"], error["code"]) == ("tier", "unknown_value")
    assert "strategic, enterprise, growth, standard" in error["detail"]


def test_a_rule_between_fields_is_checked_against_what_is_held_too(api: Api) -> None:
    api.bulk("accounts", [ACME])
    api.bulk("contracts", [CONTRACT])
    answer = api.bulk(
        "contracts", [{"external_id": "k1", "end_on": "2025-06-01"}, CONTRACT | {"external_id": "k2"}]
    )
    assert [result["status"] for result in answer["results"]] == ["rejected", "created"]
    assert answer["results"][0]["errors"][0]["field"] == "end_on"
    assert Contract.objects.filter(end_on="2027-01-01").count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"discount_percent": "100.5"}, "discount_percent"),
        ({"end_on": "2026-01-01"}, "end_on"),
        ({"amount": "1e30"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": None}, "amount"),
        ({"billing_period": "fortnight"}, "billing_period"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_field(api: Api, change: dict[str, Any], field: str) -> None:
    api.bulk("accounts", [ACME])
    api.bulk("contracts", [CONTRACT])
    answer = api.bulk("contract-lines", [LINE | change, LINE | {"external_id": "l2"}])
    assert [result["status"] for result in answer["results"]] == ["rejected", "created"]
    assert answer["results"][0]["errors"][0]["field"] == field
    assert ContractLine.objects.get().amount == Decimal("1200.5")


def test_money_is_rounded_to_what_the_column_keeps_and_repeats_stay_unchanged(api: Api) -> None:
    api.bulk("accounts", [ACME])
    api.bulk("contracts", [CONTRACT])
    line = LINE | {"amount": 0.30000000000000004}
    assert api.statuses("contract-lines", [line]) == ["created"]
    assert api.statuses("contract-lines", [line]) == ["unchanged"]
    assert ContractLine.objects.get().amount == Decimal("0.3")


def test_a_moved_contract_marks_the_revenue_of_both_accounts(api: Api) -> None:
    api.bulk("accounts", [ACME, {"external_id": "002", "name": "B"}])
    api.bulk("contracts", [CONTRACT])
    api.bulk("contract-lines", [LINE])
    RevenueToRecompute.objects.all().delete()
    api.bulk("contracts", [CONTRACT | {"account": "002"}])
    assert RevenueToRecompute.objects.count() == 2
    RevenueToRecompute.objects.all().delete()
    api.bulk("contracts", [CONTRACT | {"account": "002"}])
    assert RevenueToRecompute.objects.count() == 0


def test_a_ticket_tells_its_story_on_the_timeline_once(api: Api) -> None:
    api.bulk("accounts", [ACME])
    ticket = {
        "external_id": "t1",
        "account": "001",
        "subject": "Down",
        "opened_at": "2026-01-01T10:00:00+02:00",
    }
    api.bulk("tickets", [ticket])
    api.bulk("tickets", [ticket | {"subject": "All down", "solved_at": "2026-01-02T10:00:00Z"}])
    lines = TimelineEvent.objects.order_by("happened_at")
    assert [(line.kind, line.title) for line in lines] == [
        ("support.ticket_opened", "Ticket opened: All down"),
        ("support.ticket_solved", "Ticket solved: All down"),
    ]
    api.bulk("tickets", [ticket | {"solved_at": None}])
    assert [line.kind for line in TimelineEvent.objects.all()] == ["support.ticket_opened"]
    assert Ticket.objects.get().opened_at.hour == 8


def test_usage_events_are_their_own_log(api: Api) -> None:
    api.bulk("accounts", [ACME])
    event = {
        "external_id": "e1",
        "account": "001",
        "event": "Login",
        "occurred_at": "2026-01-01T23:30:00-02:00",
    }
    answer = api.bulk(
        "usage-events", [event, event | {"external_id": "e2", "properties": {"a": [1, {"b": None}]}}]
    )
    assert answer["created"] == 2
    assert api.statuses("usage-events", [event]) == ["unchanged"]
    row = UsageEvent.objects.get(external_id="e2")
    assert row.batch_id == answer["batch"]
    assert row.properties == {"a": [1, {"b": None}]}
    assert not Link.objects.filter(resource="usage-events").exists()
    assert not Change.objects.filter(resource="usage-events").exists()
    assert [mark.day.isoformat() for mark in UsageDayToRecompute.objects.all()] == ["2026-01-02"]


def test_a_corrected_event_marks_the_day_it_leaves_too(api: Api) -> None:
    api.bulk("accounts", [ACME])
    event = {"external_id": "e1", "account": "001", "event": "Login", "occurred_at": "2026-01-01T12:00:00Z"}
    api.bulk("usage-events", [event | {"source_updated_at": "2026-01-01T12:00:00Z"}])
    UsageDayToRecompute.objects.all().delete()
    moved = event | {"occurred_at": "2026-01-05T12:00:00Z", "source_updated_at": "2026-01-06T00:00:00Z"}
    assert api.statuses("usage-events", [moved]) == ["updated"]
    assert UsageDayToRecompute.objects.count() == 2
    assert api.statuses("usage-events", [event | {"source_updated_at": "2026-01-02T00:00:00Z"}]) == ["stale"]


def test_ndjson_and_gzip_are_taken_and_a_bad_line_is_refused_alone(api: Api) -> None:
    import gzip

    lines = b'{"external_id": "1", "name": "A"}\n{"external_id": "2", "name": \n\n{"external_id": "3", "name": "C"}\n'
    answer = api.bulk(
        "accounts", gzip.compress(lines), content_type="application/x-ndjson", Content_Encoding="gzip"
    )
    assert [result["status"] for result in answer["results"]] == ["created", "rejected", "created"]
    assert answer["results"][1]["index"] == 1
    assert answer["results"][1]["errors"][0]["code"] == "malformed_json"


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        (b'{"external_id":"1","name":"A"},{"external_id":"2","name":"B"}\n', ["rejected"]),
        (b'{"external_id":"1","name":"A"} {"external_id":"2","name":"B"}\n', ["rejected"]),
        (b'{"external_id":"1"\n"name":"A"}\n', ["rejected", "rejected"]),
        (b'{"external_id":"1"\n,"name":"A"}\n', ["rejected", "rejected"]),
        (
            b'{"external_id":"1"\n"name":"A"}\n{"external_id":"2","name":"B"},{"external_id":"3","name":"C"}\n',
            ["rejected"] * 3,
        ),
        (
            b'{"external_id":"1","name":"A"}],[{"external_id":"2","name":"B"}\n{"external_id":"3","name":"C"}\n',
            ["rejected", "created"],
        ),
    ],
)
def test_a_line_that_is_no_record_by_itself_is_refused_alone(
    api: Api, lines: bytes, statuses: list[str]
) -> None:
    held = b'{"external_id":"9","name":"N"}\n'
    sent = {"content_type": "application/x-ndjson"}
    api.bulk("accounts", held, **sent)
    for body, expected in ((lines, statuses), (held + lines, ["unchanged", *statuses])):
        answer = api.bulk("accounts", body, "?mode=dry_run", **sent)
        assert [result["status"] for result in answer["results"]] == expected


def test_a_line_of_a_stream_that_is_no_record_by_itself_is_refused_alone(api: Api) -> None:
    lines = b'{"external_id":"1"\n,"event":"login"}\n'
    answer = api.bulk("usage-events", lines, content_type="application/x-ndjson")
    assert [result["status"] for result in answer["results"]] == ["rejected", "rejected"]
    assert {result["errors"][0]["code"] for result in answer["results"]} == {"malformed_json"}


def test_another_sources_record_can_be_referred_to(api: Api, api_for: Any) -> None:
    api.bulk("accounts", [ACME])
    desk = api_for(source="zendesk")
    ticket = {"external_id": "t1", "subject": "Hi", "opened_at": "2026-01-01T00:00:00Z"}
    by_name = {"source": "salesforce", "external_id": "001"}
    answer = desk.bulk(
        "tickets",
        [
            ticket | {"account": by_name},
            ticket | {"external_id": "t2", "account": {"source": "nobody", "external_id": "001"}},
            ticket | {"external_id": "t3", "account": "001"},
        ],
    )
    assert [result["status"] for result in answer["results"]] == ["created", "rejected", "pending"]
    assert answer["results"][1]["errors"][0]["code"] == "unknown_source"
    assert Ticket.objects.get().account_id == Account.objects.get().pk


def test_a_contact_needs_an_account_when_it_is_new(api: Api) -> None:
    error = api.bulk("contacts", [{"external_id": "c1", "name": "Bo"}])["results"][0]["errors"][0]
    assert (error["field"], error["code"]) == ("account", "required")
    assert not Contact.objects.exists()
