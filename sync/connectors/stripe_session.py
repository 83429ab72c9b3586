"""Talk to Stripe: everything once by list, then what events name, asked for anew as it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import stripe

from sync.connectors.declarations import Clock, Cursor, Family, Item, Page, Session, SourceField, Stream
from sync.connectors.errors import (
    BadCredentialsError,
    CursorExpiredError,
    MissingPermissionError,
    ObjectGoneError,
    UnavailableError,
)
from sync.connectors.http import error_of
from sync.connectors.stripe_money import NEVER_BEGAN, contract_values, lines_of, metadata_of

# The library would note an id of this machine in the home folder and tell Stripe of its platform.
stripe.enable_telemetry = False

# Later versions move coupons and periods to other places; an update of the library must not move them under us.
VERSION = "2025-03-31.basil"
PAGE = 100
# Each event is a call of its own, and a page must be through well within the lease.
EVENTS_PAGE = 25
TIMEOUT = 40
# Events are kept for 30 days; who stayed away longer starts over.
EVENTS_KEPT = timedelta(days=29)
EXPANDED = ["discounts", "items.data.discounts"]
EVENTS = {
    "customers": ["customer.created", "customer.updated", "customer.deleted"],
    "subscriptions": [
        *(
            f"customer.subscription.{what}"
            for what in ("created", "updated", "deleted", "paused", "resumed", "pending_update_applied")
        ),
        *(f"customer.discount.{what}" for what in ("created", "updated", "deleted")),
    ],
}


class StripeSession(Session):
    """One key of one Stripe account."""

    def __init__(self, config: Mapping[str, str], clock: Clock) -> None:
        self.clock = clock
        self.client_http = stripe.RequestsClient(timeout=TIMEOUT)
        # Retries are the engine's business: the library would sleep in between.
        self.client = stripe.StripeClient(
            config["api_key"],
            stripe_version=VERSION,
            base_addresses={"api": config.get("base_url") or "https://api.stripe.com"},
            max_network_retries=0,
            http_client=self.client_http,
        )
        self.said_at = clock.now()
        self.products: dict[str, str] = {}

    def close(self) -> None:
        """Let go of connections."""
        self.client_http.close()  # type: ignore[no-untyped-call]

    def sign_in(self) -> None:
        """Say that a key is one for good, so there is no fresh one to get."""
        raise BadCredentialsError(
            "Stripe does not accept the API key.", "Make a new key, type it in, then resume."
        )

    def test(self) -> str:
        """Return the account's name."""
        account = self._get("/v1/account")
        names = account.get("settings", {}).get("dashboard", {})
        return f"{names.get('display_name') or 'Account'} ({account.get('id')})"

    def describe(self, stream: Stream) -> list[SourceField]:
        """Return the metadata keys of the newest records: Stripe has no schema to ask."""
        records = self._get(f"/v1/{stream.key}", limit=PAGE)["data"]
        keys = sorted({key for record in records for key in (record.get("metadata") or {})})
        return [SourceField(f"metadata.{key}", f"Metadata: {key}", "string", is_custom=True) for key in keys]

    def fetch(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        """Return the next page of the list, or of what the events since then name."""
        since = cursor.get("since")
        if since is None or "list_after" in cursor:
            return self._listed(stream, cursor, fields)
        first = datetime.fromtimestamp(since, UTC) - stream.overlap
        if first < self.clock.now() - EVENTS_KEPT:
            return self._listed(stream, {}, fields)
        return self._named_by_events(stream, cursor, int(first.timestamp()), fields)

    def _listed(self, stream: Stream, cursor: Cursor, fields: Collection[str]) -> Page:
        params: dict[str, Any] = {"limit": PAGE}
        if stream.key == "subscriptions":
            params |= {"status": "all", "expand": [f"data.{name}" for name in EXPANDED]}
        if "list_after" in cursor:
            params["starting_after"] = cursor["list_after"]
        try:
            answer = self._get(f"/v1/{stream.key}", **params)
        except ObjectGoneError as error:
            if "list_after" in cursor:
                raise CursorExpiredError("The record up to which Stripe's list was read is gone.") from error
            raise
        since = cursor.get("since", int(self.said_at.timestamp()))
        page = self._page(stream, answer["data"], fields)
        is_last = not (answer.get("has_more") and answer["data"])
        page.cursor = (
            {"since": since} if is_last else {"since": since, "list_after": answer["data"][-1]["id"]}
        )
        page.is_last = is_last
        return page

    def _named_by_events(self, stream: Stream, cursor: Cursor, first: int, fields: Collection[str]) -> Page:
        params: dict[str, Any] = {
            "limit": EVENTS_PAGE,
            "types": EVENTS[stream.key],
            "created": {"gte": first},
        }
        if "events_after" in cursor:
            params["starting_after"] = cursor["events_after"]
        try:
            answer = self._get("/v1/events", **params)
        except ObjectGoneError as error:
            if "events_after" in cursor:
                raise CursorExpiredError(
                    "The event up to which Stripe's events were read is gone."
                ) from error
            raise
        events = answer["data"]
        upto = cursor.get("upto", int(self.said_at.timestamp()))
        numbers = dict.fromkeys(filter(None, (_named(stream, event) for event in events)))
        options = {"expand": EXPANDED} if stream.key == "subscriptions" else {}
        page = Page([], {}, is_last=True)
        for number in numbers:
            # An event holds the record as it was then, in the form of the account's own version.
            try:
                record = self._get(f"/v1/{stream.key}/{number}", **options)
            except ObjectGoneError:
                record = {"id": number, "deleted": True}
            part = self._page(stream, [record], fields)
            page.items += part.items
            page.families += part.families
        if answer.get("has_more") and events:
            page.cursor = {"since": cursor["since"], "upto": upto, "events_after": events[-1]["id"]}
            page.is_last = False
        else:
            page.cursor = {"since": upto}
        return page

    def restart(self, stream: Stream, cursor: Cursor) -> Cursor:
        """Begin the list, or the pass over the events, again."""
        return {"since": cursor["since"]} if "events_after" in cursor else {}

    def _page(self, stream: Stream, records: list[dict[str, Any]], fields: Collection[str]) -> Page:
        """Return the items of records as they stand at the time of Stripe's answer."""
        page = Page([], {}, is_last=True)
        at = self.said_at
        if stream.key == "customers":
            page.items = [_customer(record, at, fields) for record in records]
            return page
        for record in records:
            if not record.get("deleted"):
                self._complete(record)
        self._name_products(records)
        for record in records:
            self._add_subscription(page, record, at, fields)
        return page

    def _add_subscription(
        self, page: Page, record: dict[str, Any], at: datetime, fields: Collection[str]
    ) -> None:
        number = str(record["id"])
        if record.get("deleted") or record.get("status") in NEVER_BEGAN:
            page.items.append(Item("contracts", number, at, is_deleted=True))
            return
        page.items.append(Item("contracts", number, at, _chosen(contract_values(record), fields)))
        lines = lines_of(record, self.products, at)
        page.items += [
            Item("contract-lines", line.external_id, at, _chosen(line.values, fields)) for line in lines
        ]
        kept = frozenset(line.external_id for line in lines)
        page.families.append(Family("contract-lines", "contract", number, kept, at))

    def _complete(self, subscription: dict[str, Any]) -> None:
        """Fetch what a list leaves out: further items, and the tiers of tiered prices."""
        items = subscription["items"]
        while items.get("has_more") and items["data"]:
            more = self._get(
                "/v1/subscription_items",
                subscription=subscription["id"],
                limit=PAGE,
                starting_after=items["data"][-1]["id"],
                expand=["data.discounts"],
            )
            items["data"] += more["data"]
            items["has_more"] = more.get("has_more")
        for item in items["data"]:
            price = item["price"]
            if price.get("billing_scheme") == "tiered" and not price.get("tiers"):
                price["tiers"] = self._get(f"/v1/prices/{price['id']}", expand=["tiers"]).get("tiers")

    def _name_products(self, records: list[dict[str, Any]]) -> None:
        """Look up the names of products not met before; a list of subscriptions can't be expanded so deep."""
        wanted = {
            str(product)
            for record in records
            if not record.get("deleted")
            for item in record["items"]["data"]
            if isinstance(product := item["price"]["product"], str) and product not in self.products
        }
        for first in range(0, len(wanted), PAGE):
            some = sorted(wanted)[first : first + PAGE]
            for product in self._get("/v1/products", ids=some, limit=PAGE)["data"]:
                self.products[product["id"]] = product.get("name") or product["id"]

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        try:
            response = self.client.raw_request("get", path, **params)
        except stripe.StripeError as error:
            raise _translated(error) from error
        try:
            self.said_at = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            self.said_at = self.clock.now().replace(microsecond=0)
        found: dict[str, Any] = response.data
        return found


def _named(stream: Stream, event: Mapping[str, Any]) -> str | None:
    """Return the id of the record that an event is about."""
    about = event["data"]["object"]
    if about.get("object") == "discount":
        subscription = about.get("subscription")
        return str(subscription) if subscription else None
    return str(about["id"])


def _customer(record: Mapping[str, Any], at: datetime, fields: Collection[str]) -> Item:
    number = str(record["id"])
    if record.get("deleted"):
        return Item("accounts", number, at, is_deleted=True)
    address = record.get("address") or {}
    values = {
        **{key: record.get(key) for key in ("email", "description", "phone", "delinquent", "tax_exempt")},
        **metadata_of(record),
        "name_or_email": record.get("name") or record.get("email") or record.get("description") or number,
        "currency": str(record["currency"]).upper() if record.get("currency") else None,
        "address.country": address.get("country"),
        "address.city": address.get("city"),
    }
    return Item("accounts", number, at, _chosen(values, fields))


def _chosen(values: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return what is asked for; metadata that a record doesn't have is empty there."""
    return {name: values.get(name) for name in fields if name in values or name.startswith("metadata.")}


def _translated(error: stripe.StripeError) -> Exception:
    said = error.user_message or ""
    status = error.http_status
    if isinstance(error, stripe.AuthenticationError):
        return BadCredentialsError(
            f"Stripe does not accept the API key. It says: {said}", "Make a new key, type it in, then resume."
        )
    if isinstance(error, stripe.APIConnectionError) or status is None:
        return UnavailableError("Stripe could not be reached.")
    if isinstance(error, stripe.PermissionError):
        return MissingPermissionError(
            f"The key may not read this. It says: {said}",
            "Give the restricted key the read permissions listed in the set-up, then resume.",
        )
    if error.code == "resource_missing":
        return ObjectGoneError(f"Stripe does not have what was asked for. It says: {said}")
    return error_of("Stripe", status, said, error.headers or {})
