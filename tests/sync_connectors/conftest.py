"""Fake vendors on loopback, and connections to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.hubspot import FakeHubSpot
from tests.sync_connectors.fakes.salesforce import FakeSalesforce
from tests.sync_connectors.fakes.server import Fake
from tests.sync_connectors.fakes.stripe import FakeStripe
from tests.sync_connectors.fakes.zendesk import FakeZendesk


@pytest.fixture(autouse=True)
def messages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The connections for which a worker was called; none comes."""
    called: list[int] = []
    monkeypatch.setattr("sync.connectors.tasks.pull_connection.delay", called.append)
    return called


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _served(fake: Any, settings: Settings) -> Iterator[Any]:
    assert isinstance(fake, Fake)
    settings.CONNECTORS_ALLOW_HOSTS = [*settings.CONNECTORS_ALLOW_HOSTS, fake.host]
    with fake:
        yield fake


@pytest.fixture
def salesforce(clock: FakeClock, settings: Settings) -> Iterator[FakeSalesforce]:
    yield from _served(FakeSalesforce(clock), settings)


@pytest.fixture
def hubspot(clock: FakeClock, settings: Settings) -> Iterator[FakeHubSpot]:
    yield from _served(FakeHubSpot(clock), settings)


@pytest.fixture
def zendesk(clock: FakeClock, settings: Settings) -> Iterator[FakeZendesk]:
    yield from _served(FakeZendesk(clock), settings)


@pytest.fixture
def stripe(clock: FakeClock, settings: Settings) -> Iterator[FakeStripe]:
    yield from _served(FakeStripe(clock), settings)
