"""Salesforce: accounts, contacts and opportunities, by SOQL in order of change."""

from __future__ import annotations

from collections.abc import Mapping

from sync.connectors.declarations import Clock, Connector, Mapped, Part, Session, Setting, SourceField, Stream
from sync.connectors.registry import connectors

CLIENT, JWT, PASSWORD = "client_credentials", "jwt", "password"

LIFECYCLE = {
    "prospect": "prospect",
    "customer": "customer",
    "customer - direct": "customer",
    "customer - channel": "customer",
    "former customer": "churned",
    "target": "target",
}
KINDS = {
    "new business": "new",
    "new customer": "new",
    "existing business": "expansion",
    "existing customer - upgrade": "expansion",
    "existing customer - renewal": "renewal",
    "existing customer - replacement": "renewal",
    "existing customer - downgrade": "renewal",
    "renewal": "renewal",
}
RELATED = (SourceField("Owner.Email", "Owner's e-mail"),)


class Salesforce(Connector):
    """Salesforce Sales Cloud by its REST API."""

    key = "salesforce"
    label = "Salesforce"
    about = "Accounts, contacts and opportunities, with your own fields."
    permissions = (
        "An integration user with “API Enabled” and read access to Account, Contact and Opportunity, their fields "
        "and all of their records (“View All”)."
    )
    ways = (
        (CLIENT, "Connected app, client credentials"),
        (JWT, "Connected app, JWT with a private key"),
        (PASSWORD, "Connected app, user name and password"),
    )
    settings = (
        Setting(
            "login_url",
            "Login address",
            help="Your My Domain, such as https://acme.my.salesforce.com.",
            hosts=("salesforce.com", "salesforce.mil", "sfcrmproducts.cn"),
        ),
        Setting("client_id", "Consumer key", help="Of the connected app."),
        Setting("client_secret", "Consumer secret", is_secret=True, ways=(CLIENT, PASSWORD)),
        Setting("username", "User name", help="Of the integration user.", ways=(JWT, PASSWORD)),
        Setting("password", "Password", is_secret=True, ways=(PASSWORD,)),
        Setting(
            "security_token",
            "Security token",
            help="Not needed from a trusted network.",
            is_secret=True,
            is_required=False,
            ways=(PASSWORD,),
        ),
        Setting(
            "private_key",
            "Private key",
            help="In PEM; its certificate is uploaded to the connected app.",
            is_secret=True,
            is_long=True,
            ways=(JWT,),
        ),
    )
    streams = (
        Stream(
            "Account",
            "Accounts",
            parts=(
                Part(
                    "accounts",
                    (
                        Mapped("Name", "name"),
                        Mapped("Website", "domain"),
                        Mapped("Industry", "industry"),
                        Mapped("NumberOfEmployees", "employees"),
                        Mapped("BillingCountry", "country"),
                        Mapped("Type", "lifecycle", LIFECYCLE),
                        Mapped("ParentId", "parent"),
                        Mapped("Owner.Email", "owner_email"),
                    ),
                ),
            ),
            fields=RELATED,
        ),
        Stream(
            "Contact",
            "Contacts",
            parts=(
                Part(
                    "contacts",
                    (
                        Mapped("AccountId", "account"),
                        Mapped("Name", "name"),
                        Mapped("Email", "email"),
                        Mapped("Phone", "phone"),
                        Mapped("Title", "title"),
                    ),
                ),
            ),
            fields=RELATED,
            note="A contact without an account is left out until it has one.",
        ),
        Stream(
            "Opportunity",
            "Opportunities",
            parts=(
                Part(
                    "opportunities",
                    (
                        Mapped("AccountId", "account"),
                        Mapped("Name", "name"),
                        Mapped("Type", "kind", KINDS),
                        Mapped("StageName", "stage"),
                        Mapped("IsWon", "is_won"),
                        Mapped("IsClosed", "is_closed"),
                        Mapped("Amount", "amount"),
                        Mapped("CreatedDate", "opened_on"),
                        Mapped("CloseDate", "close_on"),
                    ),
                ),
            ),
            fields=RELATED,
        ),
    )

    def open(self, config: Mapping[str, str], clock: Clock) -> Session:
        """Return a session; the library is loaded only by whoever talks to Salesforce."""
        from sync.connectors.salesforce_session import SalesforceSession

        return SalesforceSession(config, clock)


connectors.register(Salesforce())
