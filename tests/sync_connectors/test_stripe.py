"""Stripe: listed once, followed by events, with lines whose past stays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sync.connectors.look import try_connection
from sync.models import Connection, ConnectorRun
from tests.sync_connectors.connecting import connect, held, only, pull
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.server import Answer
from tests.sync_connectors.fakes.stripe import FakeStripe, item, price, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(stripe: FakeStripe) -> FakeStripe:
    for number in range(1, 6):
        stripe.put(
            "customers",
            f"cus_{number}",
            name=f"Company {number}" if number != 5 else None,
            email=f"pay@company{number}.example",
            currency="usd",
            address={"country": "US"},
            metadata={"domain": f"company{number}.example", "plan": "gold"},
        )
    stripe.subscribe("sub_1", "cus_1", [item("si_1", price("price_a", 50000), quantity=2)])
    stripe.clock.pass_by(days=1)
    return stripe


def line_spans(source: str = "stripe") -> dict[str, tuple[date, date | None, Decimal]]:
    return {
        external_id: (line.start_on, line.end_on, line.amount)
        for external_id, line in held("contract-lines", source).items()
    }


def test_customers_and_subscriptions_are_listed_page_by_page(books: FakeStripe, clock: FakeClock) -> None:
    run = pull(connect(books), clock)
    assert (run.state, run.error) == (ConnectorRun.State.DONE, "")
    accounts = held("accounts", "stripe")
    assert len(accounts) == 5
    assert (accounts["cus_1"].domain, accounts["cus_1"].currency) == ("company1.example", "USD")
    assert accounts["cus_5"].name == "pay@company5.example"
    contract = held("contracts", "stripe")["sub_1"]
    assert (contract.account_id, contract.currency, contract.auto_renew) == (
        accounts["cus_1"].pk,
        "USD",
        True,
    )
    assert (contract.start_on, contract.end_on, contract.renewal_months) == (date(2026, 6, 1), None, 1)
    [line] = held("contract-lines", "stripe").values()
    assert (line.product, line.amount, line.billing_period) == ("Platform", Decimal(1000), "month")
    assert (line.quantity, line.contract_id) == (Decimal(2), contract.pk)
    assert len([call for call in books.asked("/v1/customers") if call.path == "/v1/customers"]) == 3


def test_events_name_what_changed(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    pull(connection, clock)
    books.calls.clear()
    clock.pass_by(hours=1)
    books.put("customers", "cus_2", tell="updated", name="Renamed")
    books.put("customers", "cus_6", tell="created", name="New")
    books.delete("cus_3")
    clock.pass_by(minutes=1)
    run = pull(connection, clock)
    accounts = held("accounts", "stripe")
    assert accounts["cus_2"].name == "Renamed"
    assert "cus_6" in accounts
    assert "cus_3" not in accounts
    assert run.deleted == 1
    assert not [call for call in books.calls if call.path == "/v1/customers"]
    # Two events a page, three events.
    assert len([call for call in books.asked("/v1/events") if "customer.updated" in str(call.query)]) == 2


def test_a_change_of_quantity_ends_a_line_and_begins_another(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    pull(connection, clock)
    clock.pass_by(days=30)
    books.subscribe(
        "sub_1", "cus_1", [item("si_1", price("price_a", 50000), quantity=3)], start_date=1780315200
    )
    books.tell("customer.subscription.updated", books.records["subscriptions"]["sub_1"])
    pull(connection, clock)
    assert line_spans() == {
        "si_1:price_ax2": (date(2026, 6, 1), date(2026, 7, 2), Decimal(1000)),
        "si_1:price_ax3": (date(2026, 7, 2), None, Decimal(1500)),
    }
    # Reading it again, a day later, changes nothing.
    clock.pass_by(days=1)
    books.tell("customer.subscription.updated", books.records["subscriptions"]["sub_1"])
    run = pull(connection, clock)
    assert (run.created, run.updated) == (0, 0)
    # Back to two: a line of its own, for the first one has ended.
    clock.pass_by(days=29)
    books.subscribe(
        "sub_1", "cus_1", [item("si_1", price("price_a", 50000), quantity=2)], start_date=1780315200
    )
    books.tell("customer.subscription.updated", books.records["subscriptions"]["sub_1"])
    pull(connection, clock)
    assert line_spans() == {
        "si_1:price_ax2": (date(2026, 6, 1), date(2026, 7, 2), Decimal(1000)),
        "si_1:price_ax3": (date(2026, 7, 2), date(2026, 8, 1), Decimal(1500)),
        "si_1:price_ax2@2026-08-01": (date(2026, 8, 1), None, Decimal(1000)),
    }
    clock.pass_by(days=1)
    books.tell("customer.subscription.updated", books.records["subscriptions"]["sub_1"])
    run = pull(connection, clock)
    assert (run.created, run.updated) == (0, 0)


def test_an_item_taken_off_ends_and_one_gone_the_same_day_never_was(
    books: FakeStripe, clock: FakeClock
) -> None:
    connection = connect(books)
    first = item("si_1", price("price_a", 50000), quantity=2)
    second = item("si_2", price("price_b", 9900, product="prod_2"), created=int(clock.now().timestamp()))
    subscription = books.subscribe("sub_1", "cus_1", [first, second], start_date=1780315200)
    pull(connection, clock)
    assert line_spans()["si_2:price_bx1"] == (date(2026, 6, 2), None, Decimal(99))
    subscription["items"]["data"] = [first]
    books.tell("customer.subscription.updated", subscription)
    run = pull(connection, clock)
    assert run.deleted == 1
    assert list(line_spans()) == ["si_1:price_ax2"]
    clock.pass_by(days=10)
    subscription["items"]["data"] = [item("si_3", price("price_c", 100))]
    books.tell("customer.subscription.updated", subscription)
    pull(connection, clock)
    assert line_spans()["si_1:price_ax2"][1] == date(2026, 6, 12)


def test_a_cancelled_subscription_ends_with_its_lines(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    pull(connection, clock)
    clock.pass_by(days=5)
    ended = int(clock.now().timestamp())
    books.put("subscriptions", "sub_1", tell="deleted", status="canceled", ended_at=ended, canceled_at=ended)
    pull(connection, clock)
    assert held("contracts", "stripe")["sub_1"].end_on == date(2026, 6, 7)
    assert line_spans()["si_1:price_ax2"][1] == date(2026, 6, 7)


def test_a_cancellation_that_is_taken_back_reopens_the_line(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    later = int(clock.now().timestamp()) + 20 * 86400
    books.put("subscriptions", "sub_1", cancel_at_period_end=True, cancel_at=later)
    pull(connection, clock)
    assert line_spans()["si_1:price_ax2"][1] == date(2026, 6, 22)
    assert held("contracts", "stripe")["sub_1"].auto_renew is False
    clock.pass_by(days=1)
    books.put("subscriptions", "sub_1", tell="updated", cancel_at_period_end=False, cancel_at=None)
    pull(connection, clock)
    assert line_spans()["si_1:price_ax2"][1] is None


def test_a_subscription_never_paid_for_is_no_contract(books: FakeStripe, clock: FakeClock) -> None:
    books.subscribe("sub_2", "cus_2", [item("si_9", price("price_a", 1))], status="incomplete_expired")
    pull(connect(books), clock)
    assert sorted(held("contracts", "stripe")) == ["sub_1"]


def test_what_a_list_leaves_out_is_fetched(books: FakeStripe, clock: FakeClock) -> None:
    tiered = price("price_t", None, billing_scheme="tiered", tiers_mode="graduated")
    books.tiers["price_t"] = [
        {"up_to": 10, "unit_amount": 1000, "flat_amount": 500},
        {"up_to": None, "unit_amount": 800, "flat_amount": None},
    ]
    subscription = books.subscribe("sub_3", "cus_2", [item("si_5", tiered, quantity=15)])
    subscription["items"]["has_more"] = True
    subscription["later_items"] = [item("si_6", price("price_b", 100))]
    pull(connect(books), clock)
    spans = line_spans()
    # Ten at 10, five at 8, and 5 flat.
    assert spans["si_5:price_tx15"][2] == Decimal(145)
    assert spans["si_6:price_bx1"][2] == Decimal(1)


def test_a_contract_waits_for_a_customer_that_comes_later(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    only(connection, "subscriptions")
    run = pull(connection, clock)
    assert run.pending == 2
    connection.objects_pulled.update(is_enabled=True)
    pull(connection, clock)
    assert len(held("contract-lines", "stripe")) == 1


def test_who_stays_away_for_longer_than_events_are_kept_starts_over(
    books: FakeStripe, clock: FakeClock
) -> None:
    connection = connect(books)
    pull(connection, clock)
    clock.pass_by(days=40)
    books.put("customers", "cus_1", name="Renamed long ago")
    run = pull(connection, clock)
    assert run.updated >= 1
    assert held("accounts", "stripe")["cus_1"].name == "Renamed long ago"


def test_a_list_whose_place_is_gone_begins_again(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    books.interrupt(
        "/v1/customers",
        {"object": "list", "data": [books.records["customers"]["cus_5"]], "has_more": True},
        200,
    )
    answer = Answer(
        problem("No such customer: 'cus_5'", code="resource_missing", param="starting_after"), 400
    )
    books.interruptions.append(("/v1/customers", answer))
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert len(held("accounts", "stripe")) == 5


def test_a_refused_key_stops_and_is_not_quoted(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books, api_key="rk_live_mistyped_99")
    run = pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "API key" in run.error
    assert "rk_live_mistyped_99" not in run.error + run.remedy


@pytest.mark.parametrize(
    ("status", "state"),
    [(429, ConnectorRun.State.WAITING), (500, ConnectorRun.State.WAITING), (403, ConnectorRun.State.STOPPED)],
)
def test_errors_are_told_apart(books: FakeStripe, clock: FakeClock, status: int, state: str) -> None:
    connection = connect(books)
    books.interrupt("/v1/customers", problem("no"), status)
    assert pull(connection, clock).state == state


def test_stripe_learns_nothing_of_the_machine(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    only(connection, "customers")
    pull(connection, clock)
    for call in books.calls:
        assert "telemetry" not in str(call.headers).lower()
        assert "platform" not in call.headers["X-Stripe-Client-User-Agent"]


def test_metadata_is_what_stripe_has_for_own_fields(books: FakeStripe, clock: FakeClock) -> None:
    connection = connect(books)
    assert try_connection(connection, clock) == "Ferrowick (acct_1)"
    target = connection.objects_pulled.get(key="customers")
    assert [field["name"] for field in target.schema] == ["metadata.domain", "metadata.plan"]
    target.mapping["accounts"].append({"source": "metadata.plan", "target": "custom.plan"})
    target.save()
    pull(connection, clock)
    assert held("accounts", "stripe")["cus_1"].custom == {"plan": "gold"}
