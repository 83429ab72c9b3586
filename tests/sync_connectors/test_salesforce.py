"""Salesforce: paging, its own fields, deletions, tokens that end, lists that are forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sync.connectors.access import open_session
from sync.connectors.look import try_connection
from sync.models import Connection, ConnectorRun
from tests.sync_connectors.connecting import connect, held, only, pull
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.salesforce import FakeSalesforce, problem

pytestmark = pytest.mark.django_db

DAY = "2026-05-01T10:00:0{}.000+0000"


@pytest.fixture
def org(salesforce: FakeSalesforce) -> FakeSalesforce:
    for number in range(5):
        salesforce.add(
            "Account",
            f"001{number}",
            DAY.format(number),
            Name=f"Company {number}",
            Website=f"https://www.company{number}.example/",
            NumberOfEmployees=100.0 + number,
            BillingCountry="United States",
            Type="Customer - Direct",
            ParentId="0010" if number == 4 else None,
            **{"Owner.Email": "Ada@ferrowick.example"},
        )
    salesforce.add(
        "Contact", "0031", DAY.format(6), AccountId="0011", Name="Kim Lee", Email="kim@company1.example"
    )
    salesforce.add("Contact", "0032", DAY.format(7), AccountId=None, Name="Nobody's")
    salesforce.add(
        "Opportunity",
        "0061",
        DAY.format(8),
        AccountId="0011",
        Name="Company 1: more seats",
        Type="Existing Customer - Upgrade",
        StageName="Negotiation/Review",
        IsWon=False,
        IsClosed=False,
        Amount=12500.5,
        CreatedDate="2026-04-02T09:00:00.000+0000",
        CloseDate="2026-07-31",
    )
    return salesforce


def test_pages_come_in_whole_and_in_our_terms(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    run = pull(connection, clock)
    assert (run.state, run.error) == (ConnectorRun.State.DONE, "")
    accounts = held("accounts", "salesforce")
    assert sorted(accounts) == ["0010", "0011", "0012", "0013", "0014"]
    fourth = accounts["0014"]
    assert (fourth.name, fourth.domain, fourth.employees) == ("Company 4", "company4.example", 104)
    assert (fourth.country, fourth.lifecycle, fourth.owner_email) == (
        "US",
        "customer",
        "ada@ferrowick.example",
    )
    assert fourth.parent_id == accounts["0010"].pk
    assert held("contacts", "salesforce")["0031"].account_id == accounts["0011"].pk
    deal = held("opportunities", "salesforce")["0061"]
    assert (deal.kind, deal.stage, deal.amount) == ("expansion", "Negotiation/Review", Decimal("12500.5"))
    assert (deal.opened_on, deal.close_on) == (date(2026, 4, 2), date(2026, 7, 31))
    # Five accounts, two contacts and an opportunity, two a page; then the log of deletions of each.
    assert (run.rows, run.created, run.skipped) == (8, 7, 1)
    assert run.pages == 8
    assert run.left_out == {"contact without AccountId": 1}


def test_a_second_run_asks_only_for_what_changed_since_with_an_overlap(
    org: FakeSalesforce, clock: FakeClock
) -> None:
    connection = connect(org)
    pull(connection, clock)
    org.calls.clear()
    org.add("Account", "0012", "2026-05-02T08:00:00.000+0000", Name="Renamed")
    # It was made before what was read last, and shows only now.
    org.add("Account", "0019", "2026-05-01T09:58:00.000+0000", Name="Late")
    run = pull(connection, clock)
    queries = [call.one("q") for call in org.asked("queryAll")]
    assert "WHERE SystemModstamp >= 2026-05-01T09:55:04.000Z" in queries[0]
    assert (run.created, run.updated) == (1, 1)
    assert held("accounts", "salesforce")["0012"].name == "Renamed"
    assert "0019" in held("accounts", "salesforce")


def test_a_deleted_record_is_buried_and_an_undeleted_one_comes_back(
    org: FakeSalesforce, clock: FakeClock
) -> None:
    connection = connect(org)
    pull(connection, clock)
    org.add("Account", "0013", "2026-05-03T08:00:00.000+0000", deleted=True, Name="Company 3")
    run = pull(connection, clock)
    assert run.deleted == 1
    assert "0013" not in held("accounts", "salesforce")
    run = pull(connection, clock)
    assert run.deleted == 0
    org.add("Account", "0013", "2026-05-04T08:00:00.000+0000", Name="Company 3")
    pull(connection, clock)
    assert "0013" in held("accounts", "salesforce")


def test_a_record_deleted_for_good_is_buried_though_no_query_shows_it(
    org: FakeSalesforce, clock: FakeClock
) -> None:
    connection = connect(org)
    pull(connection, clock)
    # After the last look, and before the moment that its answer covered.
    org.purged["Account"] = {"0012": (clock.now() - timedelta(seconds=60)).isoformat()}
    org.records["Account"] = [record for record in org.records["Account"] if record["Id"] != "0012"]
    clock.pass_by(minutes=15)
    assert pull(connection, clock).deleted == 1
    assert "0012" not in held("accounts", "salesforce")
    # Who was away for longer than the log goes back asks for as much as there is.
    clock.pass_by(days=60)
    run = pull(connection, clock)
    assert (run.state, run.error) == (ConnectorRun.State.DONE, "")


def test_a_token_that_ends_in_the_middle_is_replaced(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    expired = problem("INVALID_SESSION_ID", "Session expired or invalid")
    # The second page of accounts.
    org.interrupt("queryAll/01g", expired, 401)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert len(held("accounts", "salesforce")) == 5
    assert len(org.asked("/oauth2/token")) == 2


def test_a_sign_in_that_helps_nothing_stops_the_connection(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    for _ in range(2):
        org.interrupt("queryAll", problem("INVALID_SESSION_ID", "Session expired"), 401)
    run = pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "new sign-in did not help" in run.error
    assert connection.remedy


def test_a_forgotten_list_goes_on_from_the_newest_change_that_is_in(
    org: FakeSalesforce, clock: FakeClock
) -> None:
    connection = connect(org)
    org.interrupt("queryAll/01g", problem("INVALID_QUERY_LOCATOR", "invalid query locator"), 400)
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.DONE
    assert len(held("accounts", "salesforce")) == 5
    assert any("SystemModstamp >= 2026-05-01T09:55:01" in call.one("q") for call in org.asked("queryAll"))


def test_a_list_begun_before_a_field_was_mapped_clears_nothing(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    only(connection, "Account")
    pull(connection, clock)
    old = {
        "done": True,
        "records": [{"Id": "0011", "SystemModstamp": "2026-05-09T10:00:00Z", "Name": "New name"}],
    }
    org.interrupt("queryAll", old, 200)
    pull(connection, clock)
    account = held("accounts", "salesforce")["0011"]
    assert (account.name, account.domain, account.employees) == ("New name", "company1.example", 101)


def test_own_fields_are_found_and_kept(org: FakeSalesforce, clock: FakeClock) -> None:
    org.custom["Account"] = ["Region__c", "Seats__c"]
    org.add(
        "Account", "0010", "2026-05-02T10:00:00.000+0000", Name="Company 0", Region__c="EMEA", Seats__c=12.5
    )
    connection = connect(org)
    only(connection, "Account")
    assert try_connection(connection, clock) == "Ferrowick Ltd (00D000000000001EAA)"
    target = connection.objects_pulled.get(key="Account")
    own = {field["name"]: field["label"] for field in target.schema if field["is_custom"]}
    assert own == {"Region__c": "Our Region__c", "Seats__c": "Our Seats__c"}
    assert "BillingAddress" not in {field["name"] for field in target.schema}
    target.mapping["accounts"] += [
        {"source": "Region__c", "target": "custom.region"},
        {"source": "Seats__c", "target": "custom.seats"},
    ]
    target.save()
    pull(connection, clock)
    assert held("accounts", "salesforce")["0010"].custom == {"region": "EMEA", "seats": 12.5}


def test_a_mapped_field_that_is_gone_stops_with_its_name_and_what_to_do(
    org: FakeSalesforce, clock: FakeClock
) -> None:
    connection = connect(org)
    target = connection.objects_pulled.get(key="Account")
    target.mapping["accounts"].append({"source": "Gone__c", "target": "custom.gone"})
    target.save()
    run = pull(connection, clock)
    assert run.state == ConnectorRun.State.STOPPED
    assert "Gone__c" in connection.problem
    assert "Mapping" in connection.remedy


def test_an_object_that_the_user_may_not_read_stops(org: FakeSalesforce, clock: FakeClock) -> None:
    org.hidden.add("Contact")
    connection = connect(org)
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "sObject type 'Contact' is not supported" in connection.problem
    # What was read before stays.
    assert len(held("accounts", "salesforce")) == 5


def test_the_daily_limit_is_waited_out(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    org.interrupt("queryAll", problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 403)
    run = pull(connection, clock)
    assert (connection.state, run.state) == (Connection.State.ACTIVE, ConnectorRun.State.WAITING)
    assert connection.next_run_at is not None
    assert connection.next_run_at > clock.now()
    run = pull(connection, clock)
    assert (run.state, run.attempts) == (ConnectorRun.State.DONE, 2)


def test_wrong_credentials_stop_without_quoting_them(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org, client_secret="mistyped-secret")
    run = pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "Salesforce refuses the sign-in" in run.error
    assert "mistyped-secret" not in run.error
    assert "•••" in run.error


def test_user_name_and_password_sign_in(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(
        org,
        way="password",
        username="sync@ferrowick.example",
        password="pass-word-88",
        security_token="token-99",
    )
    assert pull(connection, clock).state == ConnectorRun.State.DONE


def test_a_private_key_signs_in(org: FakeSalesforce, clock: FakeClock) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    org.public_key = public.decode()
    connection = connect(org, way="jwt", username="sync@ferrowick.example", private_key=private.decode())
    assert pull(connection, clock).state == ConnectorRun.State.DONE


def test_a_private_key_that_is_none_is_said_to_be(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org, way="jwt", username="sync@ferrowick.example", private_key="not a key")
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "private key" in connection.problem


def test_an_instance_that_is_not_salesforces_gets_no_token(org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    org.interrupt("/oauth2/token", {"access_token": "x", "instance_url": "https://evil.example"}, 200)
    session, _ = open_session(connection, clock)
    with session, pytest.raises(Exception, match="an address that isn't its own"):
        session.test()
