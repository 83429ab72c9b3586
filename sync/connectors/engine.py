"""Run a connection: page after page of each object, until through, until time is up or until something is wrong."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from sync.connectors.access import connector_of, open_session
from sync.connectors.backoff import SHORT, SHORT_WAITS, delay
from sync.connectors.declarations import Clock, Page, Session, Stream
from sync.connectors.errors import (
    BadCredentialsError,
    ConnectorError,
    CursorExpiredError,
    InterruptedRunError,
    RateLimitedError,
    RecoverableError,
    TokenExpiredError,
    UnavailableError,
    UnrecoverableError,
    told,
)
from sync.connectors.lease import Claim, claim_connection, hold
from sync.connectors.mapping import needed_fields, parts_here
from sync.connectors.text import storable
from sync.connectors.write import write_page
from sync.models import ConnectedObject, Connection, ConnectorRun

logger = logging.getLogger(__name__)

# Short enough that a message is acknowledged long before the broker would deliver it again.
SLICE = 60.0
KEEP_RUNS = timedelta(days=90)


@dataclass(slots=True)
class Puller:
    """One worker's go at one connection."""

    claim: Claim
    clock: Clock
    session: Session
    until: datetime

    def pull(self) -> bool:
        """Take page after page; return whether all objects are through, False where time is up."""
        connector = connector_of(self.claim.connection)
        chosen = {
            target.key: target for target in self.claim.connection.objects_pulled.filter(is_enabled=True)
        }
        for stream in connector.streams:
            target = chosen.get(stream.key)
            if target is not None and parts_here(stream) and not self._pull_object(stream, target):
                return False
        return True

    def _pull_object(self, stream: Stream, target: ConnectedObject) -> bool:
        progress = self.claim.run.progress
        step = progress.setdefault(
            stream.key, {"started": self.clock.now().isoformat(), "pages": 0, "rows": 0, "done": False}
        )
        fields = needed_fields(stream, target.mapping)
        while not step["done"]:
            if self.clock.now() >= self.until:
                return False
            page = self._fetch(stream, target, fields)
            if page.cursor == target.cursor and not page.is_last:
                # Asking again would bring the same page for ever.
                raise UnavailableError(f"The list of {stream.label.lower()} does not move on.")
            write_page(self.claim, target, stream, page, self.clock.now())
            step = progress[stream.key]
        return True

    def _fetch(self, stream: Stream, target: ConnectedObject, fields: set[str]) -> Page:
        """Ask for the next page; sign in again once, and sit out short waits."""
        is_fresh = False
        waits = 0
        while True:
            try:
                return self.session.fetch(stream, target.cursor, fields)
            except TokenExpiredError as error:
                if is_fresh:
                    raise BadCredentialsError(
                        f"{error.message} A new sign-in did not help.", "Check the credentials, then resume."
                    ) from error
                self.session.sign_in()
                is_fresh = True
            except RateLimitedError as error:
                waits += 1
                if error.retry_after is None or error.retry_after > SHORT or waits > SHORT_WAITS:
                    raise
                self.clock.sleep(error.retry_after)
            except CursorExpiredError as error:
                cursor = self.session.restart(stream, target.cursor)
                if cursor == target.cursor:
                    raise UnavailableError(error.message) from error
                self._move(target, cursor)

    def _move(self, target: ConnectedObject, cursor: dict[str, object]) -> None:
        with transaction.atomic():
            hold(self.claim)
            target.cursor = cursor
            target.save(update_fields=["cursor"])


def run_connection(pk: int, *, clock: Clock | None = None, seconds: float = SLICE) -> bool:
    """Run a due connection for up to ``seconds``; return whether there is more to do at once.

    Does nothing where it isn't due or another worker has it. Whatever goes wrong ends up in the connection and
    its run, in words and without secrets; nothing is raised but a database out of reach.
    """
    clock = clock or Clock()
    claim = claim_connection(pk, clock.now())
    if claim is None:
        return False
    secrets: list[str] = []
    try:
        session, secrets = open_session(claim.connection, clock)
        with session:
            until = clock.now() + timedelta(seconds=seconds)
            is_through = Puller(claim, clock, session, until).pull()
        _finish(claim, clock) if is_through else _hand_on(claim, clock)
    except InterruptedRunError:
        return False
    except UnrecoverableError as error:
        _stop(claim, clock, error, secrets)
        return False
    except (ConnectorError, DatabaseError) as error:
        _postpone(claim, clock, error, secrets)
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, the connection must say so and try again
        # Only its kind and place: the text may quote a record or a secret.
        logger.error("Connection %s failed: %s", pk, _place_of(error))
        _postpone(claim, clock, error, secrets)
        return False
    return not is_through


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


@transaction.atomic
def _finish(claim: Claim, clock: Clock) -> None:
    connection, run, now = hold(claim), claim.run, clock.now()
    connection.failures = 0
    connection.problem = connection.remedy = ""
    connection.last_success_at = now
    connection.next_run_at = now + timedelta(minutes=connection.interval_minutes)
    _let_go(connection)
    connection.runs.filter(started_at__lt=now - KEEP_RUNS).delete()
    run.state = ConnectorRun.State.DONE
    run.finished_at = now
    run.error = run.remedy = ""
    run.save()


@transaction.atomic
def _hand_on(claim: Claim, clock: Clock) -> None:
    connection = hold(claim)
    connection.next_run_at = clock.now()
    _let_go(connection)
    claim.run.save()


@transaction.atomic
def _postpone(claim: Claim, clock: Clock, error: Exception, secrets: list[str]) -> None:
    try:
        connection = hold(claim)
    except InterruptedRunError:
        return
    run = claim.run
    run.refresh_from_db()
    connection.failures = min(connection.failures + 1, 1000)
    asked_for = error.retry_after if isinstance(error, RecoverableError) else None
    wait = delay(connection.failures, clock.chance(), asked_for)
    connection.next_run_at = clock.now() + timedelta(seconds=wait)
    connection.problem, connection.remedy = _words(error, secrets)
    _let_go(connection)
    run.state = ConnectorRun.State.WAITING
    run.error, run.remedy = connection.problem, connection.remedy
    run.save()


@transaction.atomic
def _stop(claim: Claim, clock: Clock, error: UnrecoverableError, secrets: list[str]) -> None:
    try:
        connection = hold(claim)
    except InterruptedRunError:
        return
    run = claim.run
    run.refresh_from_db()
    connection.state = Connection.State.STOPPED
    connection.next_run_at = None
    connection.problem, connection.remedy = _words(error, secrets)
    _let_go(connection)
    run.state = ConnectorRun.State.STOPPED
    run.finished_at = clock.now()
    run.error, run.remedy = connection.problem, connection.remedy
    run.save()


def _words(error: Exception, secrets: list[str]) -> tuple[str, str]:
    if isinstance(error, ConnectorError):
        return storable(told(error.message, secrets)), error.remedy
    if isinstance(error, DatabaseError):
        return "The database did not take a page.", "Nothing to do: it is tried again by itself."
    return (
        f"Something broke here while a page was read: {_place_of(error)}.",
        "It is tried again by itself; if it stays, report it with these words.",
    )


def _let_go(connection: Connection) -> None:
    connection.lease = connection.lease_until = None
    connection.save()
