"""Set up, changed, deleted: what is asked for, what is kept sealed, which hosts are called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from common.encryption import decrypt
from sync.configuration.programs import CONNECTION
from sync.connectors.access import secrets_of
from sync.connectors.declarations import Clock
from sync.connectors.errors import UnrecoverableError, without_secrets
from sync.connectors.hosts import check_address
from sync.connectors.http import retry_after
from sync.connectors.look import preview_object, try_connection
from sync.connectors.mapping import usual_mapping
from sync.connectors.registry import connectors
from sync.connectors.services import (
    change_connection,
    change_object,
    create_connection,
    delete_connection,
    set_schedule,
)
from sync.models import Batch, ConnectedObject, Connection, Source
from tests.sync_connectors.connecting import connect, held, only, pull, values_for
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.salesforce import FakeSalesforce
from tests.sync_connectors.fakes.stripe import FakeStripe, item, price

ZENDESK = ("zendesk.com",)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://acme.zendesk.com", "https://acme.zendesk.com"),
        ("https://ACME.zendesk.com/", "https://acme.zendesk.com"),
        ("acme.zendesk.com", "https://acme.zendesk.com"),
        ("https://acme.zendesk.com:443", "https://acme.zendesk.com"),
    ],
)
def test_an_address_of_the_vendors_is_taken(given: str, kept: str) -> None:
    assert check_address(given, ZENDESK) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://acme.zendesk.com",
        "https://acme.zendesk.com.evil.example",
        "https://evilzendesk.com",
        "https://evil.example#.zendesk.com",
        "https://acme.zendesk.com@evil.example",
        "https://user:pass@acme.zendesk.com",
        "https://acme.zendesk.com/path",
        "https://acme.zendesk.com:8443",
        "https://127.0.0.1",
        "https://[::1",
        "ftp://acme.zendesk.com",
        "https://",
        "https://evil.example\\.zendesk.com",
        "https://acme.zendesk.com?x=1",
    ],
)
def test_every_other_address_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        check_address(given, ZENDESK)


def test_a_setting_allows_further_hosts(settings: Settings) -> None:
    settings.CONNECTORS_ALLOW_HOSTS = ["proxy.example", "127.0.0.1:9"]
    assert check_address("http://127.0.0.1:9", ZENDESK) == "http://127.0.0.1:9"
    assert check_address("https://proxy.example", ZENDESK) == "https://proxy.example"
    with pytest.raises(ValidationError):
        check_address("http://127.0.0.1:10", ZENDESK)


def test_retry_after_is_read_in_both_forms() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert retry_after("30") == 30
    assert retry_after("Mon, 01 Jun 2026 12:02:00 GMT", now) == 120
    assert retry_after("Mon, 01 Jun 2026 11:00:00 GMT", now) == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None
    assert retry_after("-5") == 0


def test_a_secret_within_another_is_hidden_too() -> None:
    assert without_secrets("abcdef and abc", ["abc", "abcdef", ""]) == "••• and •••"


@pytest.mark.django_db
def test_secrets_are_sealed_and_the_rest_is_not(salesforce: FakeSalesforce) -> None:
    connection = connect(salesforce)
    assert connection.settings == {
        "way": "client_credentials",
        "login_url": salesforce.url,
        "client_id": "3MVG9",
    }
    assert salesforce.secret not in connection.sealed
    assert salesforce.secret in decrypt(connection.sealed)
    assert list(connection.secrets_set_at) == ["client_secret"]
    assert {target.key for target in connection.objects_pulled.all()} >= {"Account", "Contact"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"client_secret": ""}, "client_secret"),
        ({"login_url": "https://evil.example"}, "login_url"),
        ({"way": "magic"}, "way"),
        ({"client_id": "a\nb"}, "client_id"),
    ],
)
def test_what_is_wrong_is_named(salesforce: FakeSalesforce, changed: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        connect(salesforce, **changed)
    assert list(refused.value.error_dict) == [field]
    assert not Connection.objects.exists()


@pytest.mark.django_db
def test_a_source_has_one_connection(salesforce: FakeSalesforce) -> None:
    connect(salesforce)
    with pytest.raises(ValidationError, match="Another connection feeds this source"):
        create_connection(
            kind="salesforce", name="Second", source="salesforce", values=values_for(salesforce)
        )
    with pytest.raises(ValidationError, match="has this name"):
        create_connection(
            kind="salesforce", name="Our salesforce", source="second", values=values_for(salesforce)
        )
    assert not Source.objects.filter(slug="second").exists()


@pytest.mark.django_db
def test_two_at_once_with_one_name_are_told_apart(
    salesforce: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(salesforce)
    # Both looked before either had saved.
    monkeypatch.setattr("django.db.models.query.QuerySet.exists", lambda _: False)
    with pytest.raises(ValidationError, match="Another connection has this name or source"):
        connect(salesforce)
    assert Connection.objects.count() == 1


@pytest.mark.django_db
def test_a_blank_secret_stays_and_a_typed_one_replaces(salesforce: FakeSalesforce) -> None:
    connection = connect(salesforce)
    first = connection.secrets_set_at["client_secret"]
    values = values_for(salesforce)
    change_connection(connection=connection, name="New name", values={**values, "client_secret": ""})
    connection.refresh_from_db()
    assert (connection.name, secrets_of(connection)) == ("New name", {"client_secret": salesforce.secret})
    assert connection.secrets_set_at["client_secret"] == first
    change_connection(connection=connection, name="New name", values={**values, "client_secret": "another"})
    connection.refresh_from_db()
    assert secrets_of(connection) == {"client_secret": "another"}
    assert connection.secrets_set_at["client_secret"] != first


@pytest.mark.django_db
def test_another_address_asks_for_the_secrets_again(salesforce: FakeSalesforce) -> None:
    connection = connect(salesforce)
    values = {**values_for(salesforce), "login_url": "https://other.my.salesforce.com", "client_secret": ""}
    with pytest.raises(ValidationError, match="type this in again"):
        change_connection(connection=connection, name=connection.name, values=values)
    connection.refresh_from_db()
    assert connection.settings["login_url"] == salesforce.url


@pytest.mark.django_db
def test_another_way_of_signing_in_forgets_the_secrets_of_the_first(salesforce: FakeSalesforce) -> None:
    connection = connect(salesforce)
    change_connection(
        connection=connection,
        name=connection.name,
        values={**values_for(salesforce), "way": "jwt", "username": "u@x.example", "private_key": "PEM\nkey"},
    )
    connection.refresh_from_db()
    assert secrets_of(connection) == {"private_key": "PEM\nkey"}


@pytest.mark.django_db
def test_a_host_that_is_no_longer_allowed_is_not_called(
    salesforce: FakeSalesforce, settings: Settings, clock: FakeClock
) -> None:
    connection = connect(salesforce)
    settings.CONNECTORS_ALLOW_HOSTS = []
    with pytest.raises(UnrecoverableError, match="https:// addresses"):
        try_connection(connection, clock)
    assert salesforce.calls == []


@pytest.mark.django_db
def test_secrets_of_a_lost_key_ask_to_be_typed_again(
    salesforce: FakeSalesforce, settings: Settings, clock: FakeClock
) -> None:
    connection = connect(salesforce)
    settings.SECRET_KEY = "another key of this installation"
    settings.ENCRYPTION_KEYS = []
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert connection.remedy == "Type the secrets in again."
    change_connection(connection=connection, name=connection.name, values=values_for(salesforce))
    connection.refresh_from_db()
    assert secrets_of(connection) == {"client_secret": salesforce.secret}


@pytest.mark.django_db
def test_a_connector_that_is_gone_stops(salesforce: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(salesforce)
    Connection.objects.update(kind="fax")
    connection.refresh_from_db()
    pull(connection, clock)
    assert connection.state == Connection.State.STOPPED
    assert "no connector 'fax'" in connection.problem


@pytest.mark.django_db
def test_an_object_that_gets_a_place_later_is_offered(salesforce: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(salesforce)
    connection.objects_pulled.get(key="Contact").delete()
    try_connection(connection, clock)
    assert dict(connection.objects_pulled.values_list("key", "is_enabled")) == {
        "Account": True,
        "Contact": False,
        "Opportunity": True,
    }


@pytest.mark.django_db
def test_a_preview_judges_the_first_page_and_writes_nothing(
    salesforce: FakeSalesforce, clock: FakeClock
) -> None:
    salesforce.add("Account", "0011", "2026-05-01T10:00:00Z", Name="Acme", Type="Partner")
    salesforce.add("Account", "0012", "2026-05-01T10:00:01Z", Name="x" * 300)
    connection = connect(salesforce)
    target = connection.objects_pulled.get(key="Account")
    stream = connectors["salesforce"].streams[0]
    preview = preview_object(target, stream, target.mapping, clock)
    assert preview.counts == {"created": 1, "rejected": 1}
    assert [row.status for row in preview.rows] == ["created", "rejected"]
    assert preview.rows[0].fields["name"] == "Acme"
    assert preview.rows[1].errors[0].field == "name"
    assert preview.left_out == {"account, lifecycle: “Partner” has no translation": 1}
    assert held("accounts", "salesforce") == {}
    target.refresh_from_db()
    assert target.cursor == {}


@pytest.mark.django_db
def test_a_preview_finds_the_contract_of_a_line(stripe: FakeStripe, clock: FakeClock) -> None:
    stripe.put("customers", "cus_1", name="Acme")
    stripe.subscribe("sub_1", "cus_1", [item("si_1", price("price_a", 100))])
    connection = connect(stripe)
    only(connection, "customers")
    pull(connection, clock)
    target = connection.objects_pulled.get(key="subscriptions")
    stream = connectors["stripe"].streams[1]
    assert preview_object(target, stream, target.mapping, clock).counts == {"created": 2}
    assert held("contracts", "stripe") == {}
    assert Batch.objects.count() == 1


@pytest.mark.django_db
def test_a_mapping_fills_each_of_our_fields_once(salesforce: FakeSalesforce) -> None:
    connection = connect(salesforce)
    target = connection.objects_pulled.get(key="Account")
    stream = connectors["salesforce"].streams[0]
    twice = [{"source": "Name", "target": "custom.x"}, {"source": "Type", "target": "custom.x"}]
    with pytest.raises(ValidationError, match="Two fields would fill"):
        change_object(target=target, stream=stream, is_enabled=True, mapping={"accounts": twice})
    unknown = [{"source": "Name", "target": "colour"}]
    with pytest.raises(ValidationError, match="has no field colour"):
        change_object(target=target, stream=stream, is_enabled=True, mapping={"accounts": unknown})


@pytest.mark.django_db
def test_a_new_mapping_cuts_a_run_short(salesforce: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(salesforce)
    salesforce.interrupt("queryAll", "busy", 503)
    run = pull(connection, clock)
    target = connection.objects_pulled.get(key="Account")
    stream = connectors["salesforce"].streams[0]
    mapping: Any = usual_mapping(stream)
    change_object(target=target, stream=stream, is_enabled=True, mapping=mapping)
    run.refresh_from_db()
    assert run.finished_at is None  # nothing changed
    mapping["accounts"].pop()
    change_object(target=target, stream=stream, is_enabled=True, mapping=mapping)
    run.refresh_from_db()
    assert (run.state, run.error[:13]) == ("stopped", "It was cut sh")


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [0, -1, 7 * 24 * 60 + 1])
def test_an_interval_has_its_limits(salesforce: FakeSalesforce, minutes: int) -> None:
    with pytest.raises(ValidationError):
        set_schedule(connection=connect(salesforce), minutes=minutes)


@pytest.mark.django_db
def test_deleting_keeps_what_came(salesforce: FakeSalesforce, clock: FakeClock) -> None:
    salesforce.add("Account", "0011", "2026-05-01T10:00:00Z", Name="Acme")
    salesforce.records["Contact"] = []
    connection = connect(salesforce)
    pull(connection, clock)
    delete_connection(connection=connection)
    assert not ConnectedObject.objects.exists()
    assert len(held("accounts", "salesforce")) == 1
    assert Source.objects.filter(slug="salesforce").exists()


def test_the_real_clock_goes_on() -> None:
    clock = Clock()
    before = clock.now()
    clock.sleep(0)
    assert clock.now() >= before
    assert 0 <= clock.chance() < 1


def test_the_audit_tells_settings_in_words() -> None:
    shown = CONNECTION.show
    settings = {"way": "token", "base_url": "https://api.hubapi.com", "client_id": ""}
    assert shown["settings"](settings) == "signs in by token, address of the API https://api.hubapi.com"
    typed = shown["secrets_set_at"]({"client_secret": "2026-11-22T15:19:46.474997+00:00"})
    assert typed == "client secret on 22 Nov 2026, 15:19"
    assert shown["settings"]({}) == "nothing"
