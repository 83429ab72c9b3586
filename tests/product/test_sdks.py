"""Public SDKs, unmodified, deliver events here with only their host changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from segment.analytics.client import Client

from product.models import TrackedGroup, TrackedUser, UsageEvent
from sync.models import Batch
from tests.product.tracking import Tracker, make_accounts, owners

pytestmark = pytest.mark.django_db(transaction=True)
CHECKOUT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 5, 10, tzinfo=UTC)


@pytest.fixture
def write_key(db: None) -> str:
    make_accounts("Acme", workspace_ids=["ws_1"])
    return Tracker().secret


def fold() -> tuple[int, int]:
    """Return how many events were created and how many came again."""
    batches = Batch.objects.filter(resource="usage-events")
    assert not batches.exclude(rejected=0, pending=0).exists()
    return sum(batch.created for batch in batches), sum(batch.unchanged for batch in batches)


def deliver(host: str, write_key: str, *, gzip: bool) -> None:
    failures: list[Any] = []
    client = Client(
        write_key,
        host=host,
        gzip=gzip,
        on_error=lambda error, batch: failures.append(error),
        max_retries=0,
        timeout=60,
    )
    client.identify("ann", {"email": "ann@example.com"}, message_id="identify")
    client.group("ann", "ws_1", {"plan": "pro"}, message_id="group")
    client.track("ann", "Report exported", {"feature": "export"}, timestamp=AT, message_id="track")
    client.page("ann", "docs", "Invoices", timestamp=AT, message_id="page")
    client.screen("ann", "app", "Home", timestamp=AT, message_id="screen")
    client.alias("visitor", "ann", message_id="alias")
    client.track(
        anonymous_id="x", event="Visited", context={"groupId": "ws_1"}, timestamp=AT, message_id="anonymous"
    )
    client.shutdown()
    assert failures == []


@pytest.mark.parametrize("path", ["", "/ingest/segment"])
def test_segment_s_sdk_for_python_delivers_and_a_retry_adds_nothing(
    live_server: Any, write_key: str, path: str
) -> None:
    deliver(live_server.url + path, write_key, gzip=True)
    expected = dict.fromkeys(("track", "page", "screen", "anonymous"), "Acme")
    assert owners() == expected
    assert fold() == (4, 0)
    deliver(live_server.url + path, write_key, gzip=False)
    assert owners() == expected
    assert fold() == (4, 4)
    assert UsageEvent.objects.get(external_id="track").occurred_at == AT
    assert TrackedUser.objects.get(user="ann").traits == {"email": "ann@example.com"}
    assert TrackedGroup.objects.get().traits == {"plan": "pro"}


def test_segment_s_sdk_for_node_delivers_and_a_retry_adds_nothing(live_server: Any, write_key: str) -> None:
    node = os.environ.get("PLAYWRIGHT_NODEJS_PATH") or shutil.which("node")
    assert node, "Node.js is missing; make test brings it."
    for repeated in (0, 4):
        command = [node, str(CHECKOUT / "tests/product/deliver.mjs"), live_server.url, write_key]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        expected = {f"node-{name}": "Acme" for name in ("track", "page", "screen", "anonymous")}
        assert owners() == expected
        assert fold() == (4, repeated)


def test_the_cloudevents_library_delivers_and_a_retry_adds_nothing(live_server: Any, write_key: str) -> None:
    for turn in (0, 1):
        for number, convert in enumerate((to_structured_event, to_binary_event)):
            event = CloudEvent(
                {
                    "type": "com.example.export",
                    "source": "/app/ünit 1",
                    "id": f"e{number}",
                    "subject": "ws_1",
                    "time": AT,
                    "userid": "änn",
                    "specversion": "1.0",
                },
                {"feature": "export", "quantity": 2},
            )
            message = convert(event)
            response = httpx.post(
                f"{live_server.url}/ingest/cloudevents/",
                content=message.body,
                headers=dict(message.headers),
                auth=(write_key, ""),
                timeout=60,
            )
            assert response.status_code == 200, response.text
            assert (response.json()["created"], response.json()["unchanged"]) == (1 - turn, turn)
    assert owners() == {"/app/ünit 1 e0": "Acme", "/app/ünit 1 e1": "Acme"}
    structured, binary = UsageEvent.objects.order_by("pk")
    for held in (structured, binary):
        assert (held.event, held.occurred_at, held.user) == ("com.example.export", AT, "änn")
        assert (held.feature, held.quantity) == ("export", 2)
        assert held.properties == {"feature": "export", "quantity": 2}
