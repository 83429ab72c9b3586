"""A real HTTP server on loopback that answers as a vendor does, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.sync_connectors.fakes.clock import FakeClock


@dataclass(slots=True)
class Call:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(self.body.decode()).items()}

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(slots=True)
class Answer:
    """One response; ``body`` goes out as JSON, a string as it is."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Fake:
    """A vendor. ``answer`` says what to a call; ``interrupt`` puts answers before it, each once."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self.interruptions: list[tuple[str, Answer]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def answer(self, call: Call) -> Answer:
        raise NotImplementedError

    def interrupt(self, path_part: str, body: Any, status: int, **headers: str) -> None:
        """Answer the next call to a path that holds ``path_part`` otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.interruptions.append((path_part, Answer(body, status, named)))

    def asked(self, path_part: str) -> list[Call]:
        return [call for call in self.calls if path_part in call.path]

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def respond(self, call: Call) -> Answer:
        self.calls.append(call)
        for place, (path_part, answer) in enumerate(self.interruptions):
            if path_part in call.path:
                del self.interruptions[place]
                return answer
        return self.answer(call)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_call(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                call = Call(
                    self.command,
                    parts.path,
                    parse_qs(parts.query, keep_blank_values=True),
                    dict(self.headers.items()),
                    self.rfile.read(length),
                )
                answer = fake.respond(call)
                text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                raw = text.encode()
                self.send_response_only(answer.status)
                self.send_header("Date", format_datetime(fake.clock.now(), usegmt=True))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = handle_call  # noqa: N815 - as http.server names them

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
