"""A receiver of webhooks on this machine: a real HTTP server that answers as it is told and keeps what came."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook

from sync.models import WebhookDelivery, WebhookEndpoint
from sync.webhooks.relay import relay_events
from sync.webhooks.sending import send_due
from sync.webhooks.services import create_endpoint
from tests.sync.conftest import settle


@dataclass
class Call:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        return dict(msgspec.json.decode(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """``answer`` is asked for a status (and headers) of each call."""

    url: str
    answer: Callable[[Call], int | tuple[int, dict[str, str]]] = lambda call: 204
    calls: list[Call] = field(default_factory=list)
    delay: float = 0.0
    reply: bytes = b"no"

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """What came, each checked as a receiver does."""
        return [Webhook(secret).verify(call.body, call.headers) for call in self.calls]

    @property
    def kinds(self) -> list[str]:
        return [call.event["type"] for call in self.calls]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver on loopback, which the settings allow here."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.path, headers, body, time.monotonic())
            with lock:
                held.calls.append(call)
            time.sleep(held.delay)
            told = held.answer(call)
            status, extra = told if isinstance(told, tuple) else (told, {})
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0" if status == 204 else str(len(held.reply)))
            self.end_headers()
            if status != 204:
                self.wfile.write(held.reply)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    held = Receiver(f"http://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def subscribe(receiver: Receiver) -> Callable[..., tuple[WebhookEndpoint, str]]:
    """Add an endpoint at the receiver, for every event and RevOps' eyes unless told otherwise."""

    def add(**fields: Any) -> tuple[WebhookEndpoint, str]:
        settle()
        given = {"name": "Warehouse", "url": receiver.url, "kinds": ["*"], "function": "revops", **fields}
        return create_endpoint(**given)

    return add


def relay_all() -> None:
    """Turn everything that is committed into deliveries."""
    settle()
    while relay_events():
        pass


def deliver_all() -> None:
    """Relay, then send what is due now."""
    relay_all()
    send_due(seconds=30)


def make_due() -> None:
    """Let the time pass that failed deliveries and their endpoints wait."""
    from django.utils import timezone

    WebhookDelivery.objects.filter(state="waiting").update(due_at=timezone.now(), is_held=False)
    WebhookEndpoint.objects.update(retry_at=None)
