"""Stripe: lists, events newest first, single records, products, prices."""

from __future__ import annotations

import base64
import re
from itertools import count
from typing import Any

from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.server import Answer, Call, Fake

KIND = {"customers": "customer", "subscriptions": "customer.subscription"}


def problem(message: str, **fields: str) -> dict[str, Any]:
    """An error as Stripe words it."""
    return {"error": {"type": "invalid_request_error", "message": message, **fields}}


def price(
    number: str,
    amount: int | None,
    interval: str = "month",
    interval_count: int = 1,
    product: str = "prod_1",
    currency: str = "usd",
    **fields: Any,
) -> dict[str, Any]:
    """A recurring price."""
    return {
        "id": number,
        "object": "price",
        "billing_scheme": "per_unit",
        "currency": currency,
        "product": product,
        "nickname": None,
        "recurring": {"interval": interval, "interval_count": interval_count, "usage_type": "licensed"},
        "unit_amount": amount,
        "unit_amount_decimal": str(amount) if amount is not None else None,
        **fields,
    }


def item(
    number: str, held: dict[str, Any], quantity: int = 1, created: int = 0, **fields: Any
) -> dict[str, Any]:
    """An item of a subscription."""
    return {
        "id": number,
        "object": "subscription_item",
        "price": held,
        "quantity": quantity,
        "created": created,
        "discounts": [],
        "metadata": {},
        **fields,
    }


class FakeStripe(Fake):
    """An account."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.key = "rk_test_abc123secret"
        self.page_size = 2
        self.records: dict[str, dict[str, dict[str, Any]]] = {"customers": {}, "subscriptions": {}}
        self.products = {"prod_1": "Platform", "prod_2": "Support"}
        self.tiers: dict[str, list[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        self.numbers = count(1)

    def put(self, kind: str, number: str, *, tell: str = "", **fields: Any) -> dict[str, Any]:
        """Add or change a record; ``tell`` names the event."""
        held = self.records[kind].setdefault(
            number,
            {"id": number, "object": kind[:-1], "created": int(self.clock.now().timestamp()), "metadata": {}},
        )
        held.update(fields)
        if tell:
            self.tell(f"{KIND[kind]}.{tell}", held)
        return held

    def subscribe(
        self, number: str, customer: str, items: list[dict[str, Any]], **fields: Any
    ) -> dict[str, Any]:
        """Add or change a subscription."""
        return self.put(
            "subscriptions",
            number,
            **{
                "customer": customer,
                "currency": "usd",
                "status": "active",
                "start_date": int(self.clock.now().timestamp()),
                "cancel_at_period_end": False,
                "discounts": [],
                "items": {"object": "list", "data": items, "has_more": False},
                **fields,
            },
        )

    def delete(self, number: str) -> None:
        """Delete a customer."""
        self.tell("customer.deleted", self.records["customers"].pop(number))

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        """Add an event with the record as it is now."""
        stamp = int(self.clock.now().timestamp())
        number = f"evt_{next(self.numbers)}"
        self.events.insert(
            0,
            {
                "id": number,
                "object": "event",
                "type": kind,
                "created": stamp,
                "data": {"object": dict(about)},
            },
        )

    def answer(self, call: Call) -> Answer:
        bearer = call.headers.get("Authorization", "")
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        if bearer not in (f"Bearer {self.key}", f"Basic {basic}"):
            return Answer(problem(f"Invalid API Key provided: {bearer.removeprefix('Bearer ')}"), 401)
        assert call.headers["Stripe-Version"] == "2025-03-31.basil"
        if call.path == "/v1/account":
            return Answer({"id": "acct_1", "settings": {"dashboard": {"display_name": "Ferrowick"}}})
        if call.path == "/v1/events":
            return self._events(call)
        if call.path == "/v1/products":
            wanted = [values[0] for name, values in call.query.items() if name.startswith("ids")]
            held = [
                {"id": number, "name": self.products[number]} for number in wanted if number in self.products
            ]
            return Answer({"object": "list", "data": held, "has_more": False})
        if found := re.fullmatch(r"/v1/prices/(\w+)", call.path):
            return Answer({"id": found[1], "object": "price", "tiers": self.tiers[found[1]]})
        if call.path == "/v1/subscription_items":
            subscription = self.records["subscriptions"][call.one("subscription")]
            return Answer({"object": "list", "data": subscription["later_items"], "has_more": False})
        if found := re.fullmatch(r"/v1/(customers|subscriptions)/(\w+)", call.path):
            return self._one(found[1], found[2])
        found = re.fullmatch(r"/v1/(customers|subscriptions)", call.path)
        assert found, call.path
        return self._list(list(self.records[found[1]].values())[::-1], call)

    def _one(self, kind: str, number: str) -> Answer:
        if (held := self.records[kind].get(number)) is not None:
            return Answer(held)
        if kind == "customers":
            return Answer({"id": number, "object": "customer", "deleted": True})
        return Answer(problem(f"No such subscription: '{number}'", code="resource_missing", param="id"), 404)

    def _events(self, call: Call) -> Answer:
        types = {values[0] for name, values in call.query.items() if name.startswith("types")}
        first = int(call.one("created[gte]"))
        return self._list(
            [event for event in self.events if event["type"] in types and event["created"] >= first], call
        )

    def _list(self, rows: list[dict[str, Any]], call: Call) -> Answer:
        if after := call.one("starting_after"):
            places = [place for place, row in enumerate(rows) if row["id"] == after]
            if not places:
                return Answer(
                    problem(f"No such object: '{after}'", code="resource_missing", param="starting_after"),
                    400,
                )
            rows = rows[places[0] + 1 :]
        shown = rows[: self.page_size]
        return Answer({"object": "list", "data": shown, "has_more": len(rows) > len(shown)})
