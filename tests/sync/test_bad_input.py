"""Whatever is sent: a clear 4xx or a rejected row that names its field; never a 500, nothing half-written."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from sync.models import PendingRecord
from tests.sync.conftest import Api

GOOD = {"external_id": "good", "name": "Good"}


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \t "}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "x" * 10_000_000}, "name"),
        ({"name": "nul \x00 inside"}, "name"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x" * 256}, "external_id"),
        ({"external_id": 5}, "external_id"),
        ({"external_id": "nul\x00"}, "external_id"),
        ({"unknown": 1}, "unknown"),
        ({"un\x00known": 1}, "un\x00known"),
        ({"employees": -1}, "employees"),
        ({"employees": 2**31}, "employees"),
        ({"employees": 10**30}, "employees"),
        ({"employees": 1.5}, "employees"),
        ({"employees": "7"}, "employees"),
        ({"employees": True}, "employees"),
        ({"country": "Germany"}, "country"),
        ({"country": "D1"}, "country"),
        ({"country": "ZZ"}, "country"),
        ({"currency": "ZZZ"}, "currency"),
        ({"currency": "€"}, "currency"),
        ({"currency": "€€€"}, "currency"),
        ({"lifecycle": "unknown"}, "lifecycle"),
        ({"domain": "not a domain"}, "domain"),
        ({"domain": "http://"}, None),
        ({"domain": "x" * 300}, "domain"),
        ({"owner_email": "not an address"}, "owner_email"),
        ({"owner_email": "a@" + "b" * 300}, "owner_email"),
        ({"workspace_ids": "ws"}, "workspace_ids"),
        ({"workspace_ids": [""]}, "workspace_ids[0]"),
        ({"workspace_ids": ["a\x00"]}, "workspace_ids"),
        ({"workspace_ids": [1]}, "workspace_ids[0]"),
        ({"tier": "gold"}, "tier"),
        ({"tier": 1}, "tier"),
        ({"parent": ""}, "parent"),
        ({"parent": 5}, "parent"),
        ({"parent": {"source": "salesforce"}}, "parent.external_id"),
        ({"parent": {"source": "nobody", "external_id": "1"}}, "parent.source"),
        ({"parent": {"source": "salesforce", "external_id": "1", "x": 1}}, "parent.x"),
        ({"parent": {"source": "salesforce", "external_id": "1\x00"}}, "parent"),
        ({"source_updated_at": "0000-01-01T00:00:00Z"}, "source_updated_at"),
        ({"source_updated_at": "0001-01-01T00:00:00+14:00"}, "source_updated_at"),
        ({"source_updated_at": "9999-12-31T23:59:59-14:00"}, "source_updated_at"),
        ({"source_updated_at": "2026-02-30T00:00:00Z"}, "source_updated_at"),
        ({"source_updated_at": "2026-01-01T00:00:00"}, "source_updated_at"),
        ({"source_updated_at": "yesterday"}, "source_updated_at"),
        ({"source_updated_at": 1767225600}, "source_updated_at"),
        ({"custom": {"nested": {"a": 1}}}, "custom.nested"),
        ({"custom": {"list": [1]}}, "custom.list"),
        ({"custom": {"": 1}}, "custom"),
        ({"custom": {"a\x00": 1}}, "custom"),
        ({"custom": {"a": "\x00"}}, "custom"),
        ({"custom": {"a": "x" * 5000}}, "custom.a"),
        ({"custom": {str(number): "x" * 4000 for number in range(20)}}, "custom"),
        ({"custom": {str(number): 1 for number in range(300)}}, "custom"),
        ({"custom": [1]}, "custom"),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_a_bad_record_is_rejected_by_field_and_the_good_one_kept(
    api: Api, record: dict[str, Any], field: str | None
) -> None:
    answer = api.bulk("accounts", [GOOD | {"external_id": "bad"} | record, GOOD])
    bad, good = answer["results"]
    assert good["status"] == "created"
    assert Account.objects.filter(name="Good").count() == (2 if field is None else 1)
    if field is None:
        assert bad["status"] == "created"
    else:
        assert bad["status"] == "rejected"
        assert field in [error["field"] for error in bad["errors"]]
        assert all(error["detail"] for error in bad["errors"])
        assert len(json.dumps(bad)) < 3000
    assert not PendingRecord.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[", 400),
        (b'[{"external_id": "a", "name": "A"},]', 400),
        (b'[{"external_id": "a", "name": "A"}] x', 400),
        (b'{"external_id": "a", "name": "A"}', 400),
        (b"null", 400),
        (b'"text"', 400),
        (b'[{"external_id": "a", "name": NaN}]', 400),
        (b'[{"external_id": "a", "name": "A", "employees": Infinity}]', 400),
        (b"[" * 100_000, 400),
        (b'[{"a":' * 5_000, 400),
        (b"\xff\xfe[]", 400),
        (b"\x00", 400),
        (b"1" * 5_000, 400),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_malformed_body_is_400_with_a_reason(api: Api, body: bytes, status: int) -> None:
    response = api.call("post", "accounts/bulk/", body)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]
    assert not Account.objects.exists()


def test_malformed_json_is_told_with_its_position(api: Api) -> None:
    assert (
        "(byte 33)"
        in api.call("post", "accounts/bulk/", b'[{"external_id": "a", "name": "A"]').json()["detail"]
    )


@pytest.mark.parametrize(
    "record",
    [
        b'{"external_id": "a", "name": "\\ud800"}',
        b'{"external_id": "a", "name": "\\udc00\\ud800"}',
        b'{"external_id": "a", "name": "\xff"}',
        b'{"external_id": "a", "employees": 1e400, "name": "A"}',
        b'{"external_id": "a", "employees": ' + b"1" * 5000 + b', "name": "A"}',
        b'{"external_id": "a", "name": "A", "custom": {"x": 1e400}}',
        b'{"external_id": "a", "name": "A", "custom": ' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}",
        b'{"external_id": "a", "name": "A", "unknown": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_no_text_or_number_can_hold_is_refused(api: Api, record: bytes) -> None:
    response = api.call(
        "post", "accounts/bulk/", b"[" + record + b',{"external_id": "good", "name": "Good"}]'
    )
    if response.status_code == 200:
        assert [result["status"] for result in response.json()["results"]] == ["rejected", "created"]
    else:
        assert response.status_code == 400
        assert not Account.objects.exists()
    lines = api.call(
        "post",
        "accounts/bulk/",
        record + b"\n" + b'{"external_id": "b", "name": "B"}',
        content_type="application/x-ndjson",
    )
    assert [result["status"] for result in lines.json()["results"]] == ["rejected", "created"]


def test_deep_properties_of_an_event_are_refused_and_wide_ones_kept(api: Api) -> None:
    api.bulk("accounts", [GOOD])
    event = {"account": "good", "event": "e", "occurred_at": "2026-01-01T00:00:00Z"}
    wide = {str(number): [number, {"x": None}] for number in range(500)}
    deep = b"[" * 100 + b"]" * 100
    body = (
        b'[{"external_id": "1", "properties": {"a": ' + deep + b"}, " + json.dumps(event)[1:].encode() + b","
    )
    body += json.dumps(event | {"external_id": "2", "properties": wide}).encode() + b"]"
    assert [item["status"] for item in api.bulk("usage-events", body)["results"]] == ["rejected", "created"]
    deepest = body.replace(deep, b"[" * 900 + b"]" * 900)
    assert api.call("post", "usage-events/bulk/", deepest).status_code in {200, 400}
    too_large = event | {"external_id": "3", "properties": {"a": "x" * 70_000}}
    assert api.statuses("usage-events", [too_large]) == ["rejected"]


def test_more_records_than_allowed_are_refused_whole(api: Api) -> None:
    records = [{"external_id": str(number), "name": "N"} for number in range(11_000)]
    response = api.call("post", "accounts/bulk/", records)
    assert response.status_code == 413
    assert "10,000" in response.json()["detail"]
    lines = b"\n".join(json.dumps(record).encode() for record in records)
    assert api.call("post", "accounts/bulk/", lines, content_type="application/x-ndjson").status_code == 413
    assert not Account.objects.exists()


def test_a_small_gzip_that_unpacks_to_too_much_is_413(api: Api) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(80)) + packer.flush()
    assert len(bomb) < 200_000
    response = api.call("post", "accounts/bulk/", bomb, Content_Encoding="gzip")
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"


def test_a_gzip_of_many_members_costs_what_its_size_costs(api: Api) -> None:
    record = b'{"external_id": "1", "name": "Acme"}'
    blocks = [gzip.compress(record[place : place + 3], mtime=0) for place in range(0, len(record), 3)]
    packed = b"".join([gzip.compress(b"[", mtime=0), *blocks, gzip.compress(b"]", mtime=0)])
    assert api.call("post", "accounts/bulk/", packed, Content_Encoding="gzip").status_code == 200
    assert Account.objects.get().name == "Acme"
    began = time.monotonic()
    many = gzip.compress(b"", mtime=0) * 400_000
    response = api.call("post", "accounts/bulk/", many, Content_Encoding="gzip")
    assert (response.status_code, response.json()["code"]) == (413, "too_many_members")
    assert time.monotonic() - began < 5


def test_a_body_over_the_limit_is_413(api: Api) -> None:
    response = api.call("post", "accounts/bulk/", b" " * (64 * 1024 * 1024 + 1))
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[]", {"content_type": "text/plain"}, 415),
        (b"[]", {"content_type": "text/csv"}, 415),
        (b"a=b", {"content_type": "application/x-www-form-urlencoded"}, 415),
        (b"[]", {"Content_Encoding": "br"}, 415),
        (b"not gzip", {"Content_Encoding": "gzip"}, 400),
        (gzip.compress(b"[]", mtime=0)[:-4], {"Content_Encoding": "gzip"}, 400),
        (b"[]", {"Accept": "text/csv"}, 406),
        (b"[]", {"Idempotency_Key": ""}, 400),
        (b"[]", {"Idempotency_Key": "x" * 256}, 400),
    ],
)
def test_headers_that_do_not_fit_are_told(
    api: Api, body: bytes, headers: dict[str, str], status: int
) -> None:
    response = api.call("post", "accounts/bulk/", body, **headers)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "accounts/?page_size=0",
        "accounts/?page_size=1001",
        "accounts/?page_size=²",
        "accounts/?page_size=99999999999999999999",
        "accounts/?cursor=%00",
        "accounts/?cursor=%C3%A4",
        "accounts/?cursor=LTEuLTE",
        "accounts/?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ",
        "accounts/?updated_since=yesterday",
        "accounts/?updated_since=2026-01-01",
        "accounts/?name=x%00",
        "accounts/?nonsense=1",
        "accounts/?lifecycle=nonsense",
        "accounts/?parent=x",
        "accounts/?lifecycle=customer&lifecycle=target",
        "contract-lines/?amount=NaN",
        "contract-lines/?amount=x",
        "contract-lines/?is_trial=maybe",
        "exchange-rates/?on=0000-01-01",
    ],
)
def test_a_bad_parameter_is_400(api: Api, path: str) -> None:
    response = api.call("get", path)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    "filters", ["employees=99999999999999999999999", "parent=999999999999999999", "custom.%22%27=1"]
)
def test_a_filter_that_finds_nothing_is_no_error(api: Api, filters: str) -> None:
    path = f"accounts/?{filters}"
    assert api.call("get", path).status_code in (200, 400)


@pytest.mark.parametrize(
    "query",
    [
        "custom.x=%00",
        "custom.%00=x",
        "custom[x]=y",
        "domain=%00",
        "domain=no+domain",
        "country=AA",
        "tier=%00",
        "owner_email=nobody",
        f"industry={'x' * 300}",
        "parent=salesforce:%00",
        "parent=salesforce:nobody",
        "updated_since=9999-12-31T23:59:59-14:00",
    ],
)
def test_a_filter_that_no_record_can_fit_finds_none(api: Api, query: str) -> None:
    api.bulk("accounts", [{"external_id": "a", "name": "Acme", "custom": {"x": "z"}}])
    assert api.get(f"accounts/?{query}")["results"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "nothing/", 404),
        ("get", "accounts", 404),
        ("get", "accounts/0/", 404),
        ("get", "accounts/99999999999999999999999/", 404),
        ("get", "accounts/salesforce/%00/", 404),
        ("put", "accounts/salesforce/%00/", 404),
        ("get", "accounts/salesforce/" + "x" * 300 + "/", 404),
        ("get", "accounts/salesforce/nobody/", 404),
        ("get", "accounts/nobody/nobody/", 404),
        ("delete", "accounts/nobody/nobody/", 403),
        ("patch", "nothing/", 404),
        ("post", "accounts/", 405),
        ("patch", "accounts/salesforce/a/", 405),
        ("get", "accounts/bulk/", 405),
        ("delete", "accounts/1/", 405),
    ],
)
def test_every_error_under_the_api_is_a_problem(api: Api, method: str, path: str, status: int) -> None:
    response = api.call(method, path)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail"} <= set(response.json())


def test_a_foreign_host_is_told_as_a_problem_too(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    response = Client().get("/api/v1/accounts/", headers={"Host": "evil.example.com"})
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
