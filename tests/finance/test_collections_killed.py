"""A worker that is killed at any moment between choosing a message and hearing that its mail was taken."""

from __future__ import annotations

import socketserver
import subprocess
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from finance.collections.sending import HELD_FOR
from finance.collections.services import decide_message
from finance.models import DunningMessage
from pods.models import Task
from tests.finance.killing import kill, others, start, until
from tests.finance.owing import in_days, make_debtor, make_invoice, put_in_force, run, states
from tests.users import make_user

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import sys
import django
django.setup()
from django.conf import settings
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[1])
from finance.tasks import run_dunning
run_dunning()
"""


class Talk(socketserver.StreamRequestHandler):
    """One client's talk with the mail server, as far as RFC 5321 that a client sends by it."""

    ANSWERS: ClassVar = {"DATA": "354 Go on", "QUIT": "221 Bye"}
    server: MailServer

    def handle(self) -> None:
        """Answer until the client is gone."""
        self.server.hold("connected")
        self._say("220 Ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].split(":")[0].upper()
            self.server.hold(verb)
            self._say(self.ANSWERS.get(verb, "250 Fine"))
            if verb == "DATA":
                self._take()

    def _take(self) -> None:
        mail = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return  # nobody is there any more, and half a mail is none
            mail.append(line.decode())
        self.server.taken.append("".join(mail))
        self.server.hold("taken")
        self._say("250 Taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it took, and may say nothing more from a point of the talk on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.port: int = self.server_address[1]
        self.taken: list[str] = []
        self.silent_at = ""
        self.is_silent, self.goes_on = threading.Event(), threading.Event()

    def hold(self, point: str) -> None:
        """Wait where the test said so, until it goes on."""
        if point == self.silent_at:
            self.is_silent.set()
            self.goes_on.wait(60)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are gone."""


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.goes_on.set()
        made.shutdown()
        thread.join()


def worker(server: MailServer) -> subprocess.Popen[bytes]:
    return start(WORKER, str(server.port))


def die_at(point: str, server: MailServer) -> None:
    """Do what the schedule does in a process that is killed while the mail server is silent at a point."""
    server.silent_at = point
    child = worker(server)
    assert server.is_silent.wait(60), "it never came that far"
    kill(child)
    server.silent_at = ""
    server.goes_on.set()
    until(lambda: others() == 0)


@pytest.mark.parametrize(("point", "taken"), [("DATA", 0), ("taken", 1)])
def test_what_a_killed_worker_had_in_hand_is_never_sent_again(
    server: MailServer, settings: Any, point: str, taken: int
) -> None:
    put_in_force()
    make_invoice(make_debtor(), 300)
    die_at(point, server)
    assert (states(), len(server.taken)) == (["claimed"], taken)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    assert [run(in_days(day)) for day in (0, 2, 9)] == [0, 0, 0]
    DunningMessage.objects.update(claimed_at=timezone.now() - HELD_FOR * 2)
    assert [run(in_days(day)) for day in (0, 2, 9)] == [0, 0, 0]
    assert (states(), len(server.taken)) == (["unknown"], taken)
    assert Task.objects.get().kind == "finance.unclear_message"
    message = DunningMessage.objects.get()
    decide_message(message=message, was_sent=bool(taken), by=make_user("finance"))
    assert run() == (0 if taken else 1)
    assert len(server.taken) == 1


def test_a_worker_killed_before_it_took_a_message_costs_nobody_theirs(server: MailServer) -> None:
    put_in_force()
    make_invoice(make_debtor(), 300)
    die_at("connected", server)
    assert (states(), server.taken) == (["queued"], [])
    assert worker(server).wait(60) == 0
    assert states() == ["sent"]
    [mail] = server.taken
    assert f"Message-ID: <dunning.{DunningMessage.objects.get().pk}@" in mail
