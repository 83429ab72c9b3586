"""Reading in change order: every change once, none skipped, whoever writes meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, connections, transaction

from sync.api.feed import Position
from sync.models import Change, Source
from sync.pipeline.decode import decode_body
from sync.pipeline.run import run_batch
from sync.redirects import start_redirect
from sync.registry import resources
from tests.sync.conftest import Api, make_api, settle

pytestmark = pytest.mark.django_db(transaction=True)


def accounts(*names: str) -> list[dict[str, Any]]:
    """Return an account record for each name."""
    return [{"external_id": name, "name": name} for name in names]


def names(page: dict[str, Any]) -> list[str]:
    """Return the accounts of a page by name."""
    return [record["name"] for record in page["results"]]


def read_all(api: Api, path: str, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
    """Read to the end of everything that has been committed."""
    settle()
    return read_on(api, path, cursor)


def read(api: Api, path: str) -> dict[str, Any]:
    """Read a page of everything that has been committed."""
    settle()
    return dict(api.get(path))


def read_on(api: Api, path: str, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
    """Read to the end; return the records and the cursor to go on from."""
    records: list[dict[str, Any]] = []
    while True:
        page = api.get(f"{path}&cursor={cursor}" if cursor else path)
        records += page["results"]
        cursor = page["next_cursor"]
        if page["next"] is None:
            return records, cursor


def test_pages_follow_the_order_of_changes_and_show_each_record_once() -> None:
    api = make_api()
    api.bulk("accounts", accounts("a", "b", "c"))
    api.bulk("accounts", [{"external_id": "a", "employees": 5}])
    first = read(api, "accounts/?page_size=2")
    assert names(first) == ["b", "c"]
    assert first["next"].startswith("http://testserver/api/v1/accounts/?page_size=2&cursor=")
    second = read(api, first["next"].partition("/api/v1/")[2])
    assert (names(second), second["next"]) == (["a"], None)
    assert names(read(api, f"accounts/?cursor={second['next_cursor']}")) == []
    api.bulk("accounts", [{"external_id": "b", "employees": 6}])
    assert names(read(api, f"accounts/?cursor={second['next_cursor']}")) == ["b"]


def test_tombstones_are_in_the_feed() -> None:
    api = make_api()
    api.bulk("accounts", accounts("a", "b"))
    _, cursor = read_all(api, "accounts/?page_size=1")
    api.call("delete", "accounts/salesforce/a/")
    page = read(api, f"accounts/?cursor={cursor}")
    assert [(record["name"], record["deleted"]) for record in page["results"]] == [("a", True)]


def test_filters_and_updated_since_narrow_the_feed() -> None:
    api = make_api()
    api.bulk(
        "accounts",
        [
            {
                "external_id": "a",
                "name": "a",
                "lifecycle": "customer",
                "country": "de",
                "tier": "growth",
                "custom": {"x": 1},
            },
            {"external_id": "b", "name": "b", "parent": "a", "owner_email": "o@example.com"},
        ],
    )
    api.bulk("contacts", [{"external_id": "c", "name": "c", "account": "a", "is_active": False}])
    number = api.get("accounts/salesforce/a/")["id"]
    for query, found in {
        "lifecycle=customer": ["a"],
        "country=DE": ["a"],
        "tier=growth": ["a"],
        "tier=nonsense": [],
        "custom.x=1": ["a"],
        f"parent={number}": ["b"],
        "parent=salesforce:a": ["b"],
        "owner_email=O%40example.com": ["b"],
        "lifecycle=customer&country=FR": [],
        "updated_since=2026-01-01T00:00:00Z": ["a", "b"],
        "updated_since=2999-01-01T00:00:00%2B02:00": [],
    }.items():
        assert names(read(api, f"accounts/?{query}")) == found, query
    assert names(read(api, "contacts/?is_active=false&account=salesforce:a")) == ["c"]
    assert names(read(api, "contacts/?is_active=true")) == []


@pytest.mark.parametrize("page_size", [1, 3, 1000])
def test_a_page_looks_at_so_much_of_the_log_and_leads_on(
    page_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.api.feed.WINDOW", 8)
    api = make_api()
    api.bulk("accounts", accounts("a", "b", "c"))
    for number in range(40):
        api.bulk("accounts", [{"external_id": "abc"[number % 2], "employees": number}])
    records, cursor = read_all(api, f"accounts/?page_size={page_size}")
    assert [(record["name"], record["employees"]) for record in records] == [
        ("c", None),
        ("a", 38),
        ("b", 39),
    ]
    assert read_on(api, f"accounts/?page_size={page_size}", cursor)[0] == []
    if page_size < 1000:
        assert read(api, "accounts/?page_size=1")["next"] is not None


@pytest.mark.parametrize("few", [0, 6, 7])
def test_a_filter_finds_the_same_whether_few_or_many_fit(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.api.feed.FEW", few)
    monkeypatch.setattr("sync.api.feed.WINDOW", 8)
    api = make_api()
    own = [{"external_id": name, "name": name, "custom": {"k": "yes"}} for name in "abcdefg"]
    api.bulk("accounts", own + accounts(*"hijklmnopq"))
    for number in range(20):
        api.bulk("accounts", [{"external_id": "ahb"[number % 3], "employees": number}])
    since = quote(Change.objects.filter(kind="created").latest("pk").changed_at.isoformat())
    for query, found in {
        "custom.k=yes": "cdefgba",
        "custom.k=yes&page_size=1": "cdefgba",
        f"custom.k=yes&updated_since={since}&page_size=2": "cdefgba",
        "custom.k=none": "",
    }.items():
        records, cursor = read_all(api, f"accounts/?{query}")
        assert "".join(record["name"] for record in records[:5]) == found[:5], query
        assert sorted(record["name"] for record in records) == sorted(found), query
        assert read_on(api, f"accounts/?{query}", cursor)[0] == []


def test_updated_since_begins_where_its_time_stands() -> None:
    api = make_api()
    for name in "abcd":
        api.bulk("accounts", accounts(name))
    moments = dict(Change.objects.order_by("pk").values_list("after__name", "changed_at"))
    for name, left in {"a": ["a", "b", "c", "d"], "c": ["c", "d"], "d": ["d"]}.items():
        since = quote(moments[name].isoformat())
        assert names(read(api, f"accounts/?updated_since={since}")) == left
        records, _ = read_all(api, f"accounts/?updated_since={since}&page_size=1")
        assert [record["name"] for record in records] == left
    late = quote((moments["d"] + timedelta(microseconds=1)).isoformat())
    page = read(api, f"accounts/?updated_since={late}")
    assert (page["results"], page["next"]) == ([], None)
    api.bulk("accounts", accounts("e"))
    assert names(read(api, f"accounts/?cursor={page['next_cursor']}")) == ["e"]


def test_a_filtered_reader_does_not_look_at_the_same_changes_twice() -> None:
    api = make_api()
    api.bulk("accounts", [{"external_id": "a", "name": "a", "country": "DE"}, *accounts("b", "c")])
    page = read(api, "accounts/?country=DE")
    assert names(page) == ["a"]
    place = Position.decode(page["next_cursor"])
    assert place.xid >= Change.objects.latest("xid").xid
    api.bulk("accounts", [{"external_id": "c", "country": "DE"}])
    assert names(read(api, f"accounts/?country=DE&cursor={page['next_cursor']}")) == ["c"]


def test_an_old_id_leads_to_the_record_that_it_was_merged_into() -> None:
    api = make_api()
    api.bulk("accounts", accounts("a", "b", "c"))
    old, middle, new = (api.get(f"accounts/salesforce/{name}/")["id"] for name in "abc")
    for gone, target in ((old, middle), (middle, new)):
        start_redirect(resource="accounts", old_id=int(gone), new_id=int(target), merge_id=1)
        api.call("delete", f"accounts/salesforce/{'a' if gone == old else 'b'}/")
    response = api.call("get", f"accounts/{old}/")
    assert response.status_code == 200
    assert response["Content-Location"] == f"/api/v1/accounts/{new}/"
    assert (response.json()["id"], response.json()["merged_into"], response.json()["deleted"]) == (
        new,
        new,
        False,
    )
    assert api.get(f"accounts/{new}/")["merged_into"] is None
    records, _ = read_all(api, "accounts/?page_size=10")
    assert [(record["name"], record["deleted"], record["merged_into"]) for record in records] == [
        ("c", False, None),
        ("a", True, new),
        ("b", True, new),
    ]


def test_a_stream_is_read_in_the_same_way() -> None:
    api = make_api()
    api.bulk("accounts", accounts("a"))
    event = {"account": "a", "event": "login", "occurred_at": "2026-01-01T00:00:00Z"}
    api.bulk("usage-events", [event | {"external_id": str(number)} for number in range(5)])
    records, cursor = read_all(api, "usage-events/?page_size=2")
    assert [record["external_ids"][0]["external_id"] for record in records] == ["0", "1", "2", "3", "4"]
    api.bulk("usage-events", [event | {"external_id": "1", "user": "u"}])
    assert [record["user"] for record in read_all(api, "usage-events/?page_size=2", cursor)[0]] == ["u"]


@pytest.mark.parametrize("resource", ["accounts", "usage-events"])
def test_a_slow_writer_is_never_skipped(resource: str) -> None:
    api = make_api()
    api.bulk("accounts", accounts("base"))
    _, cursor = read_all(api, f"{resource}/?page_size=10")
    wrote, may_commit = threading.Event(), threading.Event()
    slow_source = make_api(source="slow") and "slow"

    def record(name: str) -> dict[str, Any]:
        if resource == "accounts":
            return {"external_id": name, "name": name}
        base = {"source": "salesforce", "external_id": "base"}
        return {"external_id": name, "account": base, "event": name, "occurred_at": "2026-01-01T00:00:00Z"}

    def write_slowly() -> None:
        import msgspec

        decoded = decode_body(msgspec.json.encode([record("slow")]), resources[resource], lines=False)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")  # the writer's place in the feed
            wrote.set()
            assert may_commit.wait(20)
            source = Source.objects.get(slug=slow_source)
            run_batch(resource=resources[resource], source=source, decoded=decoded)
        connections.close_all()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert wrote.wait(20)
    api.bulk(resource, [record("quick")])
    seen, cursor = read_on(api, f"{resource}/?page_size=10", cursor)
    may_commit.set()
    writer.join(20)
    later, cursor = read_all(api, f"{resource}/?page_size=10", cursor)
    name = "name" if resource == "accounts" else "event"
    assert sorted(item[name] for item in seen + later) == ["quick", "slow"]
    assert read_on(api, f"{resource}/?page_size=10", cursor)[0] == []


def test_reading_under_concurrent_writers_skips_nothing() -> None:
    api = make_api()
    api.bulk("accounts", accounts("first"))
    done = threading.Event()

    def write(writer: int) -> None:
        mine = make_api(source=f"source-{writer}")
        for number in range(12):
            mine.bulk("accounts", accounts(f"{writer}-{number}", f"{writer}-{number}-b"))
        connections.close_all()

    seen: set[str] = set()

    def read() -> None:
        reader = make_api(source="reader")
        cursor = ""
        while True:
            last = done.is_set()
            if last:
                settle()
            records, cursor = read_on(reader, "accounts/?page_size=3", cursor)
            seen.update(record["name"] for record in records)
            if last:
                break
        connections.close_all()

    writers = [threading.Thread(target=write, args=[number]) for number in range(3)]
    reading = threading.Thread(target=read)
    run_all(reading, *writers, then=done.set)
    reading.join(30)
    assert len(seen) == 1 + 3 * 24


def run_all(background: threading.Thread, *threads: threading.Thread, then: Callable[[], None]) -> None:
    """Start all, wait for ``threads``, then tell the one in the background."""
    background.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    then()
