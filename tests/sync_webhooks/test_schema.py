"""What is sent is what the API's schema says is sent."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.events import emit, event_kinds
from sync.webhooks.services import send_test
from tests.sync.conftest import make_api
from tests.sync_webhooks.conftest import deliver_all

SCHEMA = json.loads((Path(__file__).parents[1] / "api_schema.json").read_text())


def check(event):
    described = SCHEMA["webhooks"][event["type"]]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    jsonschema.validate(event, described, jsonschema.Draft202012Validator)


def test_every_event_is_described():
    assert set(SCHEMA["webhooks"]) == {*(kind.key for kind in event_kinds), "webhook.test"}


@pytest.mark.django_db(transaction=True)
def test_what_is_delivered_fits_its_description(receiver, subscribe):
    endpoint, secret = subscribe(function="support")
    api = make_api()
    api.bulk("accounts", [{"external_id": "1", "name": "One", "tier": "growth", "custom": {"a": 1}}])
    api.bulk("accounts", [{"external_id": "2", "name": "Two", "parent": "1", "workspace_ids": ["w"]}])
    api.bulk("accounts", [{"external_id": "1", "name": "Uno", "tier": None, "custom": {"a": None}}])
    api.call("delete", "accounts/salesforce/2/")
    for kind in event_kinds:
        if not kind.resource:
            emit(
                event=kind.key,
                account_id=7,
                data={"as_of": "2026-11-22", "on": None},
                guards={"on": "revenue"},
            )
    send_test(endpoint=endpoint)
    deliver_all()
    told = receiver.verified(secret)
    assert {event["type"] for event in told} >= {kind.key for kind in event_kinds} - {"account.merged"}
    for event in told:
        check(event)


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3))
def test_the_description_refuses_what_is_not_sent(data):
    with pytest.raises(jsonschema.ValidationError):
        check({"type": "account.created", "timestamp": "2026-11-22T00:00:00Z", "data": data})
