"""Stripe: customers and subscriptions, listed once and then followed by its events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sync.connectors.declarations import Clock, Connector, Mapped, Part, Session, Setting, SourceField, Stream
from sync.connectors.registry import connectors

OVERLAP = timedelta(minutes=5)


class Stripe(Connector):
    """Stripe Billing."""

    key = "stripe"
    label = "Stripe"
    about = "Customers as accounts, subscriptions as contracts with a line for each price."
    permissions = (
        "A restricted key with read access to Customers, Subscriptions, Prices, Products, Coupons and Events "
        "(“All events”), and to the account's own details for the test."
    )
    settings = (
        Setting("api_key", "API key", help="A restricted key; it begins with rk_ or sk_.", is_secret=True),
        Setting(
            "base_url",
            "Address of the API",
            is_required=False,
            default="https://api.stripe.com",
            hosts=("stripe.com",),
            for_tests=True,
        ),
    )
    streams = (
        Stream(
            "customers",
            "Customers",
            parts=(
                Part(
                    "accounts",
                    (
                        Mapped("name_or_email", "name"),
                        Mapped("metadata.domain", "domain"),
                        Mapped("address.country", "country"),
                        Mapped("currency", "currency"),
                    ),
                ),
            ),
            fields=(
                SourceField("name_or_email", "Name, or else e-mail or number"),
                SourceField("email", "E-mail"),
                SourceField("description", "Description"),
                SourceField("phone", "Phone"),
                SourceField("currency", "Currency"),
                SourceField("address.country", "Country"),
                SourceField("address.city", "City"),
                SourceField("delinquent", "Delinquent"),
                SourceField("tax_exempt", "Tax status"),
                SourceField("metadata.domain", "Metadata: domain"),
            ),
            overlap=OVERLAP,
        ),
        Stream(
            "subscriptions",
            "Subscriptions",
            parts=(
                Part(
                    "contracts",
                    (
                        Mapped("customer", "account"),
                        Mapped("id", "number"),
                        Mapped("start_on", "start_on"),
                        Mapped("end_on", "end_on"),
                        Mapped("currency", "currency"),
                        Mapped("is_renewing", "auto_renew"),
                        Mapped("renewal_months", "renewal_months"),
                        Mapped("days_until_due", "payment_terms_days"),
                    ),
                ),
                Part(
                    "contract-lines",
                    (
                        Mapped("subscription", "contract"),
                        Mapped("product", "product"),
                        Mapped("start_on", "start_on"),
                        Mapped("end_on", "end_on"),
                        Mapped("amount", "amount"),
                        Mapped("billing_period", "billing_period"),
                        Mapped("quantity", "quantity"),
                        Mapped("discount_percent", "discount_percent"),
                        Mapped("is_trial", "is_trial"),
                    ),
                ),
            ),
            fields=(
                SourceField("customer", "Customer"),
                SourceField("subscription", "Subscription"),
                SourceField("id", "Number"),
                SourceField("status", "Status"),
                SourceField("currency", "Currency"),
                SourceField("start_on", "First day"),
                SourceField("end_on", "Day after the last"),
                SourceField("is_renewing", "Renews by itself"),
                SourceField("renewal_months", "Months of a term"),
                SourceField("days_until_due", "Days until due"),
                SourceField("collection_method", "Way of collection"),
                SourceField("description", "Description"),
                SourceField("product", "Product"),
                SourceField("amount", "Amount of a period, in the currency"),
                SourceField("billing_period", "Billing period"),
                SourceField("quantity", "Quantity"),
                SourceField("discount_percent", "Recurring discount in percent"),
                SourceField("is_trial", "Trial"),
                SourceField("price", "Price's number"),
            ),
            overlap=OVERLAP,
            note="A change of price or quantity ends the line and begins another, so that past revenue stays.",
        ),
    )

    def open(self, config: Mapping[str, str], clock: Clock) -> Session:
        """Return a session; the library is loaded only by whoever talks to Stripe."""
        from sync.connectors.stripe_session import StripeSession

        return StripeSession(config, clock)


connectors.register(Stripe())
