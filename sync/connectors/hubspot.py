"""HubSpot: companies, contacts and deals, by the CRM search in order of change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sync.connectors.declarations import Clock, Connector, Mapped, Part, Session, Setting, SourceField, Stream
from sync.connectors.registry import connectors

TOKEN, OAUTH = "token", "oauth"
COMPANY = "associations.company"
# The search finds a change some seconds after it was made, minutes when HubSpot is busy.
OVERLAP = timedelta(minutes=10)

LIFECYCLE = {
    "subscriber": "target",
    "lead": "target",
    "marketingqualifiedlead": "target",
    "salesqualifiedlead": "prospect",
    "opportunity": "prospect",
    "customer": "customer",
    "evangelist": "customer",
}
KINDS = {"newbusiness": "new", "existingbusiness": "expansion", "renewal": "renewal"}
OF_COMPANY = SourceField(COMPANY, "Company (the primary one)")


class HubSpot(Connector):
    """HubSpot by its CRM API, version 3."""

    key = "hubspot"
    label = "HubSpot"
    about = "Companies, contacts and deals with their associations and your own properties."
    permissions = (
        "A private app, or an OAuth app, with the scopes crm.objects.companies.read, crm.objects.contacts.read, "
        "crm.objects.deals.read and crm.schemas.companies.read, …contacts.read, …deals.read."
    )
    ways = ((TOKEN, "Private app"), (OAUTH, "OAuth app"))
    settings = (
        Setting("token", "Access token", help="Of the private app.", is_secret=True, ways=(TOKEN,)),
        Setting("client_id", "Client id", ways=(OAUTH,)),
        Setting("client_secret", "Client secret", is_secret=True, ways=(OAUTH,)),
        Setting("refresh_token", "Refresh token", is_secret=True, ways=(OAUTH,)),
        Setting(
            "base_url",
            "Address of the API",
            is_required=False,
            default="https://api.hubapi.com",
            hosts=("hubapi.com",),
            for_tests=True,
        ),
    )
    streams = (
        Stream(
            "companies",
            "Companies",
            parts=(
                Part(
                    "accounts",
                    (
                        Mapped("name_or_domain", "name"),
                        Mapped("domain", "domain"),
                        Mapped("industry", "industry"),
                        Mapped("numberofemployees", "employees"),
                        Mapped("country", "country"),
                        Mapped("lifecyclestage", "lifecycle", LIFECYCLE),
                        Mapped("hs_parent_company_id", "parent"),
                    ),
                ),
            ),
            fields=(SourceField("name_or_domain", "Name, or else the domain"),),
            overlap=OVERLAP,
        ),
        Stream(
            "contacts",
            "Contacts",
            parts=(
                Part(
                    "contacts",
                    (
                        Mapped(COMPANY, "account"),
                        Mapped("full_name", "name"),
                        Mapped("email", "email"),
                        Mapped("phone", "phone"),
                        Mapped("jobtitle", "title"),
                    ),
                ),
            ),
            fields=(OF_COMPANY, SourceField("full_name", "First and last name, or else the e-mail")),
            overlap=OVERLAP,
            note="A contact without a company is left out until it has one.",
        ),
        Stream(
            "deals",
            "Deals",
            parts=(
                Part(
                    "opportunities",
                    (
                        Mapped(COMPANY, "account"),
                        Mapped("dealname", "name"),
                        Mapped("dealtype", "kind", KINDS),
                        Mapped("dealstage", "stage"),
                        Mapped("hs_is_closed_won", "is_won"),
                        Mapped("hs_is_closed", "is_closed"),
                        Mapped("amount", "amount"),
                        Mapped("deal_currency_code", "currency"),
                        Mapped("createdate", "opened_on"),
                        Mapped("closedate", "close_on"),
                    ),
                ),
            ),
            fields=(OF_COMPANY,),
            overlap=OVERLAP,
        ),
    )

    def open(self, config: Mapping[str, str], clock: Clock) -> Session:
        """Return a session."""
        from sync.connectors.hubspot_session import HubSpotSession

        return HubSpotSession(config, clock)


connectors.register(HubSpot())
