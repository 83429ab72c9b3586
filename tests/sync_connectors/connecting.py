"""Set connections up and run them, for the tests."""

from __future__ import annotations

from typing import Any

from sync.connectors.engine import run_connection
from sync.connectors.services import create_connection
from sync.models import Connection, ConnectorRun, Link
from sync.registry import resources
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.hubspot import FakeHubSpot
from tests.sync_connectors.fakes.salesforce import FakeSalesforce
from tests.sync_connectors.fakes.server import Fake
from tests.sync_connectors.fakes.stripe import FakeStripe
from tests.sync_connectors.fakes.zendesk import FakeZendesk


def values_for(fake: Fake) -> dict[str, str]:
    """What a person types in to connect to ``fake``."""
    if isinstance(fake, FakeSalesforce):
        return {
            "way": "client_credentials",
            "login_url": fake.url,
            "client_id": "3MVG9",
            "client_secret": fake.secret,
        }
    if isinstance(fake, FakeHubSpot):
        return {"way": "token", "token": fake.token, "base_url": fake.url}
    if isinstance(fake, FakeZendesk):
        return {
            "way": "token",
            "base_url": fake.url,
            "email": "admin@ferrowick.example",
            "token": fake.api_token,
        }
    assert isinstance(fake, FakeStripe)
    return {"api_key": fake.key, "base_url": fake.url}


def connect(fake: Fake, **values: str) -> Connection:
    """Return a connection to ``fake`` that is active and due."""
    kind = type(fake).__name__.removeprefix("Fake").lower()
    connection = create_connection(
        kind=kind, name=f"Our {kind}", source=kind, values={**values_for(fake), **values}
    )
    connection.state = Connection.State.ACTIVE
    connection.next_run_at = fake.clock.now()
    connection.save()
    return connection


def only(connection: Connection, *keys: str) -> None:
    """Pull only these objects."""
    connection.objects_pulled.exclude(key__in=keys).update(is_enabled=False)


def pull(connection: Connection, clock: FakeClock, **options: Any) -> ConnectorRun:
    """Run a connection now, whatever its schedule; return its newest run."""
    Connection.objects.filter(pk=connection.pk).update(next_run_at=clock.now())
    while run_connection(connection.pk, clock=clock, **options):
        pass
    connection.refresh_from_db()
    return connection.runs.latest("started_at", "pk")


def held(key: str, source: str) -> dict[str, Any]:
    """The live objects of a resource by the external id that ``source`` has for them."""
    model = resources[key].model
    links = Link.objects.filter(resource=key, source__slug=source, deleted_at=None)
    found = model._meta.base_manager.in_bulk([link.object_id for link in links])
    return {link.external_id: found[link.object_id] for link in links}
