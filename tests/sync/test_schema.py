"""The API's description: a snapshot, and that it says what the code does.

After a deliberate change: ``python manage.py spectacular --format openapi-json --file tests/api_schema.json``,
and look at the difference before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from people.services import create_user
from sync.api.reading import MAX_PAGE
from sync.pipeline.decode import MAX_RECORDS
from sync.registry import resources
from sync.services.credentials import ACCESS_TOKEN_SECONDS
from sync.tasks import KEEP_IDEMPOTENCY_KEYS
from tests.sync.conftest import Api

SNAPSHOT = Path(__file__).parent.parent / "api_schema.json"
UPDATE = "python manage.py spectacular --format openapi-json --file tests/api_schema.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema as it is served."""
    return dict(json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True))))


def test_the_schema_is_the_snapshot(schema: dict[str, Any]) -> None:
    assert schema == json.loads(SNAPSHOT.read_text()), f"The API changed. If that is meant: {UPDATE}"


def test_the_schema_is_valid_openapi(schema: dict[str, Any]) -> None:
    validate_schema(schema)
    assert schema["openapi"] == "3.1.0"


@pytest.mark.parametrize("key", [resource.key for resource in resources])
def test_each_resource_is_listed_with_its_fields_and_errors(schema: dict[str, Any], key: str) -> None:
    resource = resources[key]
    base = f"/api/v1/{key}/"
    operations = {
        (path.removeprefix(base), method)
        for path, methods in schema["paths"].items()
        if path.startswith(base)
        for method in methods
    }
    assert operations >= {
        ("", "get"),
        ("bulk/", "post"),
        ("{id}/", "get"),
        ("{source}/{external_id}/", "get"),
        ("{source}/{external_id}/", "put"),
        ("{source}/{external_id}/", "delete"),
    }
    record = schema["components"]["schemas"][resource.record.__name__]
    assert set(record["properties"]) == set(resource.record.__struct_fields__)
    bulk = schema["paths"][f"{base}bulk/"]["post"]
    assert {"200", "400", "401", "403", "413", "415", "422", "429"} <= set(bulk["responses"])
    assert set(bulk["requestBody"]["content"]) == {"application/json", "application/x-ndjson"}


def test_the_schema_says_what_an_amount_is(schema: dict[str, Any]) -> None:
    line = schema["components"]["schemas"]["ContractLineRecord"]["properties"]
    assert "whole quantity and one billing period, before discount_percent" in line["amount"]["description"]
    assert "half_year" in line["billing_period"]["enum"]


def test_the_schema_is_served_to_tokens_and_people_only(api: Api) -> None:
    assert Client().get("/api/schema/").status_code == 401
    served = api.http.get("/api/schema/?format=json", headers={"Authorization": f"Bearer {api.secret}"})
    assert served.status_code == 200
    assert "/api/v1/accounts/bulk/" in served.json()["paths"]


def test_the_docs_page_holds_no_inline_script_or_style(db: None) -> None:
    assert Client().get("/api/docs/").status_code == 401
    browser = Client()
    browser.force_login(create_user(email="r@example.com", name="R", function="revops"))
    page = browser.get("/api/docs/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "<style" not in html
    assert html.count("<script") == html.count("<script src=") == 3
    script = browser.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")


def test_the_description_states_the_limits_that_hold(schema: dict[str, Any], settings: Any) -> None:
    said = " ".join(schema["info"]["description"].split())
    for limit in (
        f"{MAX_RECORDS:,} records",
        f"{settings.API_MAX_BODY_BYTES >> 20} MiB",
        f"up to {MAX_PAGE:,} records",
        f"{settings.API_RATE} calls a minute",
        f"kept for {KEEP_IDEMPOTENCY_KEYS.days} days",
    ):
        assert limit in said
    assert ACCESS_TOKEN_SECONDS == 3600
    assert "a token of one hour" in said


def test_either_way_to_a_token_is_enough_and_names_its_scope(schema: dict[str, Any]) -> None:
    assert (
        schema["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["tokenUrl"]
        == "/oauth/token/"
    )
    put = schema["paths"]["/api/v1/usage-events/{source}/{external_id}/"]["put"]["security"]
    assert put == [{"token": []}, {"oauth2": ["usage:write"]}]
    read = schema["paths"]["/api/v1/accounts/"]["get"]["security"]
    assert read == [{"token": []}, {"oauth2": ["accounts:read"]}, {"cookieAuth": []}]
