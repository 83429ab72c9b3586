"""The engine: one worker at a time, a cursor with each page, when to try again and when to stop."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.db import connection as database
from kombu.exceptions import OperationalError
from pytest_django import Settings

from abe.celery import app
from sync.connectors import engine, write
from sync.connectors.backoff import delay
from sync.connectors.engine import run_connection
from sync.connectors.lease import LEASE, claim_connection, due_connections
from sync.connectors.look import try_connection
from sync.connectors.services import pause_connection, reset_object, run_now, set_schedule, start_connection
from sync.connectors.tasks import call_worker, pull_connection, tick_connections
from sync.models import Batch, ConnectedObject, Connection, ConnectorRun
from tests.sync.conftest import make_api
from tests.sync_connectors.connecting import connect, held, only, pull
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.salesforce import FakeSalesforce

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(salesforce: FakeSalesforce) -> FakeSalesforce:
    for number in range(6):
        salesforce.add(
            "Account", f"001{number}", f"2026-05-01T10:00:0{number}.000+0000", Name=f"Company {number}"
        )
    salesforce.records["Contact"] = []
    return salesforce


@pytest.fixture
def pulled(org: FakeSalesforce) -> Connection:
    connection = connect(org)
    only(connection, "Account")
    return connection


class KilledError(BaseException):
    """What no code catches, as little as it catches SIGKILL."""


def kill_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, time: int) -> None:
    """Let the ``time``-th call of a function be the worker's last."""
    real = getattr(module, name)
    calls = iter(range(1, 1000))

    def deadly(*args: Any, **options: Any) -> Any:
        if next(calls) == time:
            raise KilledError
        return real(*args, **options)

    monkeypatch.setattr(module, name, deadly)


@pytest.mark.parametrize("name", ["apply_mapped", "_count", "follow_up_batches"])
def test_a_kill_costs_one_page_that_comes_again_and_changes_nothing(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, write, name, 2)
        with pytest.raises(KilledError):
            run_connection(pulled.pk, clock=clock)
    written = 4 if name == "follow_up_batches" else 2
    assert len(held("accounts", "salesforce")) == written
    run = pulled.runs.get()
    assert (run.rows, run.created) == (written, written)
    # Nobody takes it over before the lease has run out.
    assert run_connection(pulled.pk, clock=clock) is False
    assert pulled.runs.get().rows == written
    clock.pass_by(seconds=LEASE.total_seconds() + 1)
    run = pull(pulled, clock)
    assert pulled.runs.count() == 1
    assert (run.state, run.rows, run.created, run.unchanged) == (ConnectorRun.State.DONE, 6, 6, 0)


def test_what_waited_for_a_record_that_is_recognised_is_applied_with_its_page(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    make_api("stripe").bulk("accounts", [{"external_id": "cus", "name": "Known", "domain": "known.example"}])
    contact = {"external_id": "c", "name": "Bo", "account": {"source": "salesforce", "external_id": "0010"}}
    assert make_api("hubspot").statuses("contacts", [contact]) == ["pending"]
    org.records["Account"].clear()
    org.add("Account", "0010", "2026-05-01T10:00:00.000+0000", Name="Known", Website="https://known.example/")
    run = pull(pulled, clock)
    assert (run.created, run.updated + run.unchanged) == (0, 1)
    assert held("contacts", "hubspot")["c"].account.pk == held("accounts", "stripe")["cus"].pk


def test_a_page_asked_for_before_a_kill_is_asked_for_again(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, write, "follow_up_batches", 1)
        with pytest.raises(KilledError):
            run_connection(pulled.pk, clock=clock)
    # As if the cursor had been lost with the page after it: the same page once more.
    pulled.objects_pulled.filter(key="Account").update(cursor={})
    batches = Batch.objects.count()
    clock.pass_by(seconds=LEASE.total_seconds() + 1)
    run = pull(pulled, clock)
    assert (run.created, run.unchanged, run.updated) == (6, 2, 0)
    assert len(held("accounts", "salesforce")) == 6
    assert Batch.objects.count() > batches


def test_a_slice_hands_on_and_the_next_goes_on_where_it_was(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    clock.tick = timedelta(seconds=1)
    assert run_connection(pulled.pk, clock=clock, seconds=6) is True
    part = len(held("accounts", "salesforce"))
    assert 0 < part < 6
    pulled.refresh_from_db()
    assert pulled.lease is None
    run = pull(pulled, clock)
    assert pulled.runs.count() == 1
    assert (run.created, run.unchanged, run.attempts) == (6, 0, 1)


def test_errors_that_pass_are_tried_again_at_growing_distance(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    waits = []
    for _ in range(4):
        org.interrupt("queryAll", "busy", 503)
        run = pull(pulled, clock)
        assert run.state == ConnectorRun.State.WAITING
        assert pulled.next_run_at is not None
        waits.append((pulled.next_run_at - clock.now()).total_seconds())
    assert waits == [22.5, 45.0, 90.0, 180.0]
    assert (pulled.failures, pulled.state) == (4, Connection.State.ACTIVE)
    assert "has trouble (HTTP 503)" in pulled.problem
    run = pull(pulled, clock)
    assert (run.state, run.attempts, run.error) == (ConnectorRun.State.DONE, 5, "")
    assert (pulled.failures, pulled.problem) == (0, "")
    assert pulled.next_run_at == clock.now() + timedelta(minutes=15)


def test_delays_grow_to_an_hour_and_keep_to_what_is_asked_for() -> None:
    assert [delay(failures, 1.0) for failures in (1, 2, 3, 50)] == [30, 60, 120, 3600]
    assert delay(1, 0.0) == 15
    assert delay(1, 0.0, 120) == 120
    assert 120 < delay(9, 0.9, 120) < 140
    assert delay(1, 0.0, float("inf")) == 24 * 3600


def test_a_system_out_of_reach_is_tried_again(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    org.server.server_close()
    run = pull(pulled, clock)
    assert run.state == ConnectorRun.State.WAITING
    assert "could not be reached" in run.error


def test_an_answer_of_another_form_is_told_without_its_content(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    org.interrupt("queryAll", {"customer": "very private"}, 200)
    run = pull(pulled, clock)
    assert run.state == ConnectorRun.State.WAITING
    assert "KeyError" in run.error
    assert "very private" not in run.error + caplog.text


def test_a_database_that_refuses_a_page_is_tried_again(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DatabaseError("lock timeout on a secret row")

    with monkeypatch.context() as patch:
        patch.setattr(write, "apply_mapped", refuse)
        run = pull(pulled, clock)
    assert (run.state, run.rows) == (ConnectorRun.State.WAITING, 0)
    assert run.error == "The database did not take a page."
    assert pull(pulled, clock).created == 6


def test_pausing_in_the_middle_writes_no_further_page(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetches = iter(range(10))
    fetch = engine.Puller._fetch

    def fetch_and_pause(self: engine.Puller, *args: Any) -> Any:
        page = fetch(self, *args)
        if next(fetches) == 1:
            pause_connection(connection=pulled)
        return page

    monkeypatch.setattr(engine.Puller, "_fetch", fetch_and_pause)
    assert run_connection(pulled.pk, clock=clock) is False
    assert len(held("accounts", "salesforce")) == 2
    pulled.refresh_from_db()
    assert pulled.state == Connection.State.PAUSED
    monkeypatch.setattr(engine.Puller, "_fetch", fetch)
    start_connection(connection=pulled)
    run = pull(pulled, clock)
    assert pulled.runs.count() == 1
    assert run.created == 6


def test_a_reset_reads_everything_again_and_changes_nothing(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    pull(pulled, clock)
    target = pulled.objects_pulled.get(key="Account")
    assert target.cursor["since"].startswith("2026-05-01T10:00:05")
    assert target.synced_to == clock.now()
    reset_object(target=target)
    target.refresh_from_db()
    assert (target.cursor, target.synced_to) == ({}, None)
    clock.pass_by(minutes=1)
    run = pull(pulled, clock)
    assert (run.rows, run.unchanged + run.stale, run.updated) == (6, 6, 0)


def test_a_run_log_says_where_the_cursor_was_and_is(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    pull(pulled, clock)
    clock.pass_by(minutes=1)
    org.add("Account", "0019", "2026-05-05T10:00:00.000+0000", Name="x" * 300)
    run = pull(pulled, clock)
    assert run.cursor_before["Account"]["since"].startswith("2026-05-01")
    assert run.cursor_after["Account"]["since"].startswith("2026-05-05")
    assert run.rejected == 1
    [sample] = run.samples
    assert (sample["resource"], sample["external_id"], sample["errors"][0]["field"]) == (
        "accounts",
        "0019",
        "name",
    )


def test_run_now_comes_ahead_of_time_and_only_for_active_ones(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    pull(pulled, clock)
    assert run_now(connection=pulled) is True
    pulled.refresh_from_db()
    assert pulled.runs.latest("pk").is_manual
    pause_connection(connection=pulled)
    assert run_now(connection=pulled) is False


def test_a_shorter_interval_counts_at_once(pulled: Connection, clock: FakeClock) -> None:
    start_connection(connection=pulled)
    Connection.objects.filter(pk=pulled.pk).update(next_run_at=clock.now() + timedelta(days=3650))
    set_schedule(connection=pulled, minutes=5)
    pulled.refresh_from_db()
    assert pulled.next_run_at is not None
    assert pulled.next_run_at < clock.now() + timedelta(days=3650)


def test_only_due_active_and_free_connections_are_called(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    assert due_connections(clock.now()) == [pulled.pk]
    assert due_connections(clock.now() - timedelta(seconds=1)) == []
    claim = claim_connection(pulled.pk, clock.now())
    assert claim is not None
    assert due_connections(clock.now()) == []
    assert claim_connection(pulled.pk, clock.now()) is None
    clock.pass_by(minutes=4)
    assert due_connections(clock.now()) == [pulled.pk]
    Connection.objects.update(state=Connection.State.STOPPED)
    assert due_connections(clock.now()) == []


def test_a_worker_that_lost_its_lease_writes_nothing(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = engine.Puller._fetch

    def slow_fetch(self: engine.Puller, *args: Any) -> Any:
        page = fetch(self, *args)
        if self.claim.run.attempts == 1 and not clock.slept:
            clock.sleep(LEASE.total_seconds() + 1)
            assert run_connection(pulled.pk, clock=clock) is False  # the other worker does it all
        return page

    monkeypatch.setattr(engine.Puller, "_fetch", slow_fetch)
    assert run_connection(pulled.pk, clock=clock) is False
    run = pulled.runs.get()
    assert (run.state, run.rows, run.created) == (ConnectorRun.State.DONE, 6, 6)


def test_secrets_show_nowhere(
    org: FakeSalesforce, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = connect(org)
    pull(good, clock)
    good.delete()
    bad = connect(org, client_secret="consumer-secret-wrong")
    org.interrupt("/oauth2/token", {"error": "x", "error_description": "consumer-secret-wrong?"}, 400)
    pull(bad, clock)
    with database.cursor() as cursor:
        dump = ""
        for table in ("sync_connection", "sync_connectedobject", "sync_connectorrun", "sync_batch"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            dump += cursor.fetchone()[0]
    assert "Our salesforce" in dump
    for text in (dump, caplog.text):
        assert "consumer-secret" not in text
        assert "00D!token" not in text


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_run_one_connection_at_once(pulled: Connection, clock: FakeClock) -> None:
    locked, done = Event(), Event()

    def hold_the_row() -> None:
        try:
            with transaction.atomic():
                Connection.objects.select_for_update().get(pk=pulled.pk)
                locked.set()
                done.wait(20)
        finally:
            connections.close_all()

    other = Thread(target=hold_the_row)
    other.start()
    try:
        assert locked.wait(20)
        # The row is locked by one who is just taking it: skipped, not waited for.
        assert claim_connection(pulled.pk, clock.now()) is None
    finally:
        done.set()
        other.join()
    assert claim_connection(pulled.pk, clock.now()) is not None
    assert ConnectorRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_apply_each_page_once(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    def work() -> None:
        try:
            run_connection(pulled.pk, clock=clock)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    run = pulled.runs.get()
    assert (run.rows, run.created, run.pages) == (6, 6, 4)
    assert ConnectedObject.objects.get(key="Account").cursor


def test_the_tick_calls_a_worker_for_each_due_connection(pulled: Connection, messages: list[int]) -> None:
    assert tick_connections() == 1
    assert messages == [pulled.pk]
    pull_connection(pulled.pk)
    assert len(held("accounts", "salesforce")) == 6
    assert tick_connections() == 0


def test_what_no_column_can_hold_stops_nothing(
    pulled: Connection, org: FakeSalesforce, clock: FakeClock
) -> None:
    org.custom["Account"] = ["Zero\x00__c"]
    org.add("Account", "0017", "2026-05-02T10:00:00.000+0000", Name="Fine", Type="a\x00b \ud83d")
    org.add("Account", "0018", "2026-05-02T10:00:00.000+0000", Name="With \x00 in it")
    run = pull(pulled, clock)
    assert (run.state, run.created, run.rejected) == (ConnectorRun.State.DONE, 7, 1)
    assert list(run.left_out) == ["account, lifecycle: “a\ufffdb ?” has no translation"]
    assert run.samples[0]["external_id"] == "0018"
    try_connection(pulled, clock)
    assert "Zero\ufffd__c" in {field["name"] for field in pulled.objects_pulled.get(key="Account").schema}
    org.interrupt("queryAll", [{"message": "half \ud83d and \x00", "errorCode": "INVALID_FIELD"}], 400)
    assert "half ? and \ufffd" in pull(pulled, clock).error


def test_a_broker_that_is_away_stops_nobody(
    pulled: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: int) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr("sync.connectors.tasks.pull_connection.delay", refuse)
    call_worker(pulled.pk)
    assert "the next tick does it" in caplog.text


def test_workers_and_schedule_know_the_tasks(settings: Settings) -> None:
    app.loader.import_default_modules()
    planned = settings.CELERY_BEAT_SCHEDULE["pull-connections"]
    assert (planned["task"], planned["schedule"]) == ("sync.connectors.tasks.tick_connections", 60.0)
    assert {planned["task"], "sync.connectors.tasks.pull_connection"} <= set(app.tasks)


def test_old_runs_are_forgotten(pulled: Connection, clock: FakeClock) -> None:
    pull(pulled, clock)
    clock.pass_by(days=80)
    pull(pulled, clock)
    assert pulled.runs.count() == 2
    clock.pass_by(days=11)
    pull(pulled, clock)
    assert pulled.runs.count() == 2


def test_stopped_runs_are_closed(pulled: Connection, org: FakeSalesforce, clock: FakeClock) -> None:
    org.interrupt("/oauth2/token", {"error": "invalid_client"}, 401)
    run = pull(pulled, clock)
    assert (run.state, run.finished_at) == (ConnectorRun.State.STOPPED, clock.now())
    assert pulled.next_run_at is None
    start_connection(connection=pulled)
    clock.pass_by(minutes=1)
    assert pull(pulled, clock).state == ConnectorRun.State.DONE
    assert pulled.runs.count() == 2
