"""Zendesk: organizations, users and tickets, by its incremental exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sync.connectors.declarations import Clock, Connector, Mapped, Part, Session, Setting, SourceField, Stream
from sync.connectors.registry import connectors

TOKEN, CLIENT = "token", "client_credentials"
STATUS = {"hold": "on_hold"}
ORGANIZATION = SourceField("organization_id", "Organization")


class Zendesk(Connector):
    """Zendesk Support by its REST API."""

    key = "zendesk"
    label = "Zendesk"
    about = "Organizations, end users and tickets with first reply, solution and your own fields."
    permissions = (
        "An administrator's API token, or an OAuth client with the scope “read”: incremental exports are for "
        "administrators only."
    )
    ways = ((TOKEN, "API token"), (CLIENT, "OAuth client"))
    settings = (
        Setting("base_url", "Address", help="Such as https://acme.zendesk.com.", hosts=("zendesk.com",)),
        Setting("email", "E-mail", help="Of the administrator.", ways=(TOKEN,)),
        Setting("token", "API token", is_secret=True, ways=(TOKEN,)),
        Setting("client_id", "Client identifier", ways=(CLIENT,)),
        Setting("client_secret", "Client secret", is_secret=True, ways=(CLIENT,)),
    )
    streams = (
        Stream(
            "organizations",
            "Organizations",
            parts=(Part("accounts", (Mapped("name", "name"), Mapped("first_domain", "domain"))),),
            fields=(
                SourceField("name", "Name"),
                SourceField("first_domain", "First domain"),
                SourceField("external_id", "External id"),
                SourceField("details", "Details"),
                SourceField("notes", "Notes"),
                SourceField("tags", "Tags"),
            ),
            overlap=timedelta(minutes=1),
        ),
        Stream(
            "users",
            "End users",
            parts=(
                Part(
                    "contacts",
                    (
                        Mapped("organization_id", "account"),
                        Mapped("name", "name"),
                        Mapped("email", "email"),
                        Mapped("phone", "phone"),
                    ),
                ),
            ),
            fields=(
                ORGANIZATION,
                SourceField("name", "Name"),
                SourceField("email", "E-mail"),
                SourceField("phone", "Phone"),
                SourceField("external_id", "External id"),
                SourceField("details", "Details"),
                SourceField("tags", "Tags"),
                SourceField("time_zone", "Time zone"),
            ),
            overlap=timedelta(0),
            note="A user without an organization is left out until it has one; agents are your own people.",
        ),
        Stream(
            "tickets",
            "Tickets",
            parts=(
                Part(
                    "tickets",
                    (
                        Mapped("organization_id", "account"),
                        Mapped("subject_or_number", "subject"),
                        Mapped("priority", "priority"),
                        Mapped("status", "status", STATUS),
                        Mapped("created_at", "opened_at"),
                        Mapped("first_replied_at", "first_replied_at"),
                        Mapped("solved_at", "solved_at"),
                        Mapped("requester_email", "requester_email"),
                        Mapped("assignee_email", "assignee_email"),
                    ),
                ),
            ),
            fields=(
                ORGANIZATION,
                SourceField("subject_or_number", "Subject, or else the number"),
                SourceField("priority", "Priority"),
                SourceField("status", "Status"),
                SourceField("type", "Type"),
                SourceField("created_at", "Created"),
                SourceField("first_replied_at", "First reply"),
                SourceField("solved_at", "Solved"),
                SourceField("requester_email", "Requester's e-mail"),
                SourceField("assignee_email", "Assignee's e-mail"),
                SourceField("external_id", "External id"),
                SourceField("tags", "Tags"),
                SourceField("via.channel", "Channel"),
            ),
            overlap=timedelta(0),
            note="A ticket without an organization is left out until it has one.",
        ),
    )

    def open(self, config: Mapping[str, str], clock: Clock) -> Session:
        """Return a session."""
        from sync.connectors.zendesk_session import ZendeskSession

        return ZendeskSession(config, clock)


connectors.register(Zendesk())
