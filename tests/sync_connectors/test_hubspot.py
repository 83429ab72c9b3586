"""HubSpot: search beyond its limit, associations, archived and merged records, its own limits of calls."""

from __future__ import annotations

import pytest

from sync.connectors import hubspot_session
from sync.connectors.look import try_connection
from sync.models import Connection, ConnectorRun
from tests.sync_connectors.connecting import connect, held, only, pull
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.hubspot import FakeHubSpot
from tests.sync_connectors.fakes.server import Answer, Call

pytestmark = pytest.mark.django_db

DAY = "2026-05-01T10:00:{:02}.000Z"


@pytest.fixture
def portal(hubspot: FakeHubSpot) -> FakeHubSpot:
    for number in range(1, 6):
        hubspot.add(
            "companies",
            str(number),
            DAY.format(number),
            name=f"Company {number}",
            domain=f"company{number}.example",
            numberofemployees="120",
            country="Germany",
            lifecyclestage="customer",
        )
    hubspot.add(
        "contacts", "71", DAY.format(8), firstname="Kim", lastname="Lee", email="kim@company1.example"
    )
    hubspot.add("contacts", "72", DAY.format(9), email="anon@company2.example")
    hubspot.add("contacts", "73", DAY.format(9), firstname="Nobody")
    hubspot.company_of["contacts", "71"] = [("2", False), ("1", True)]
    hubspot.company_of["contacts", "72"] = [("2", False)]
    return hubspot


def small_pages(portal: FakeHubSpot, monkeypatch: pytest.MonkeyPatch, *, page: int, limit: int) -> None:
    """Let a search bring ``page`` records a call and tell of ``limit``."""
    monkeypatch.setattr(hubspot_session, "PAGE", page)
    portal.limit = limit


def test_records_come_with_their_primary_company(portal: FakeHubSpot, clock: FakeClock) -> None:
    run = pull(connect(portal), clock)
    assert (run.state, run.error) == (ConnectorRun.State.DONE, "")
    accounts = held("accounts", "hubspot")
    first = accounts["1"]
    assert (first.name, first.domain, first.employees) == ("Company 1", "company1.example", 120)
    assert (first.country, first.lifecycle) == ("DE", "customer")
    contacts = held("contacts", "hubspot")
    assert contacts["71"].account_id == first.pk
    assert contacts["71"].name == "Kim Lee"
    assert contacts["72"].name == "anon@company2.example"
    assert run.left_out == {"contact without Company (the primary one)": 1}


def test_a_search_goes_on_beyond_its_limit_of_results(
    portal: FakeHubSpot, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6, 31):
        portal.add("companies", str(number), DAY.format(number), name=f"Company {number}")
    small_pages(portal, monkeypatch, page=2, limit=6)
    connection = connect(portal)
    only(connection, "companies")
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert len(held("accounts", "hubspot")) == 30


def test_more_records_of_one_millisecond_than_a_search_tells_of(
    portal: FakeHubSpot, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6, 20):
        portal.add("companies", str(number), DAY.format(5), name=f"Imported {number}")
    portal.add("companies", "20", DAY.format(6), name="After the import")
    small_pages(portal, monkeypatch, page=2, limit=6)
    connection = connect(portal)
    only(connection, "companies")
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert len(held("accounts", "hubspot")) == 20


def test_a_record_that_changes_while_the_search_is_read_hides_no_other(
    portal: FakeHubSpot, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(portal, monkeypatch, page=2, limit=10_000)
    connection = connect(portal)
    only(connection, "companies")
    first_page = portal.answer

    def touched_in_between(call: Call) -> Answer:
        answer = first_page(call)
        if "search" in call.path:
            portal.answer = first_page  # type: ignore[method-assign]
            portal.add("companies", "1", "2026-05-01T12:00:00.000Z", name="Company 1, renamed")
        return answer

    portal.answer = touched_in_between  # type: ignore[method-assign]
    pull(connection, clock)
    accounts = held("accounts", "hubspot")
    assert sorted(accounts) == ["1", "2", "3", "4", "5"]
    assert accounts["1"].name == "Company 1, renamed"


def test_archived_and_merged_records_are_buried(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(portal)
    pull(connection, clock)
    portal.archive("companies", "4", "2026-05-02T10:00:00Z")
    portal.archive("companies", "99", "2026-05-02T11:00:00Z")
    del portal.records["companies"]["5"]
    portal.add("companies", "3", "2026-05-02T12:00:00Z", name="Company 3", hs_merged_object_ids="5")
    run = pull(connection, clock)
    assert run.deleted == 2
    assert sorted(held("accounts", "hubspot")) == ["1", "2", "3"]
    assert pull(connection, clock).deleted == 0


def test_a_later_run_reads_again_what_the_search_may_have_missed(
    portal: FakeHubSpot, clock: FakeClock
) -> None:
    connection = connect(portal)
    pull(connection, clock)
    # Changed nine minutes before the newest that was read; the search shows it only now.
    portal.add("companies", "8", "2026-05-01T09:51:30.000Z", name="Late")
    run = pull(connection, clock)
    assert run.created == 1
    assert run.rows < 10


def test_a_token_that_ends_in_the_middle_is_refreshed(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(
        portal,
        way="oauth",
        client_id="app-1",
        client_secret=portal.secret,
        refresh_token=portal.refresh_token,
    )
    portal.interrupt("contacts/search", {"category": "EXPIRED_AUTHENTICATION", "message": "expired"}, 401)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert portal.issued == 2
    assert len(held("contacts", "hubspot")) == 2


def test_a_private_apps_token_that_is_refused_stops(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(portal, token="pat-wrong-token-1")
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "new token" in connection.remedy


def test_a_bad_refresh_token_stops_without_being_quoted(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(
        portal, way="oauth", client_id="app-1", client_secret=portal.secret, refresh_token="refresh-typo-9"
    )
    run = pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "bad token •••" in run.error


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_no_token_is_quoted_whole_or_cut(portal: FakeHubSpot, clock: FakeClock, status: int) -> None:
    connection = connect(
        portal,
        way="oauth",
        client_id="app-1",
        client_secret=portal.secret,
        refresh_token=portal.refresh_token,
    )
    for quoted in ("Expired: access-1.", f"{'x' * 450} {portal.secret}" + " and so on" * 20):
        for _ in range(2):
            portal.interrupt("companies/search", {"message": quoted}, status)
        run = pull(connection, clock)
        assert run.error
        for text in (run.error, connection.problem):
            assert "access-" not in text
            assert "client" not in text
            assert len(text) < 600
        portal.interruptions.clear()
        Connection.objects.update(state="active")
        portal.issued = 0


def test_the_limit_by_the_second_is_sat_out_on_the_spot(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(portal)
    portal.interrupt("companies/search", {"message": "You have reached your secondly limit."}, 429)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert clock.slept == [1.0]


def test_the_daily_limit_gives_the_connection_back(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(portal)
    portal.interrupt("companies/search", {"message": "You have reached your daily limit."}, 429)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.WAITING
    assert clock.slept == []


def test_missing_scopes_stop_with_the_systems_words(portal: FakeHubSpot, clock: FakeClock) -> None:
    connection = connect(portal)
    portal.interrupt(
        "contacts/search",
        {"category": "MISSING_SCOPES", "message": "This app hasn't been granted all required scopes"},
        403,
    )
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "hasn't been granted" in connection.problem


def test_own_properties_are_told_from_hubspots(portal: FakeHubSpot, clock: FakeClock) -> None:
    portal.custom["companies"] = ["plan_level"]
    portal.add("companies", "1", DAY.format(30), name="Company 1", plan_level="gold;silver")
    connection = connect(portal)
    only(connection, "companies")
    assert try_connection(connection, clock) == "Portal 62515"
    target = connection.objects_pulled.get(key="companies")
    assert [field["name"] for field in target.schema if field["is_custom"]] == ["plan_level"]
    target.mapping["accounts"].append({"source": "plan_level", "target": "custom.plan_level"})
    target.save()
    pull(connection, clock)
    assert held("accounts", "hubspot")["1"].custom == {"plan_level": "gold;silver"}
