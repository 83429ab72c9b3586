"""What other systems are told of target lists."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.conditions.expression import parse_condition
from accounts.identity.merge import merge_accounts
from accounts.lists import services, telling
from accounts.lists.models import TargetList
from accounts.models import Account
from people.access import access_of
from people.models import User
from sync.models import OutboxEvent
from sync.webhooks.payload import Teller
from sync.webhooks.relay import BEFORE_ALL, read_events
from tests.accounts.rows import make_listed
from tests.sync.conftest import settle
from tests.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("marketing")


@pytest.fixture(autouse=True)
def accounts() -> list[Account]:
    return [make_listed(f"A{number}", country="DE", standing={"arr": number}) for number in range(5)]


def told() -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(kind="list.changed").order_by("pk").values_list("data", flat=True))


def ids(accounts: list[Account]) -> list[str]:
    return [str(account.pk) for account in accounts]


def among(accounts: list[Account]) -> Any:
    return Account.objects.filter(pk__in=[account.pk for account in accounts])


def test_who_comes_and_goes_is_told_with_who_did_it(ann: User, accounts: list[Account]) -> None:
    target = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=target, accounts=among(accounts[:3]), by=ann)
    services.remove_accounts(target=target, accounts=among(accounts[:1]), by=ann)
    made, came, went = told()
    assert (made["cause"], made["added"], made["members"]) == ("created", [], 0)
    assert came == {
        "list": str(target.pk),
        "name": "Spring",
        "kind": "static",
        "version": 2,
        "cause": "hand",
        "by": str(ann),
        "members": 3,
        "part": 1,
        "parts": 1,
        "added": ids(accounts[:3]),
        "removed": [],
    }
    assert (went["version"], went["added"], went["removed"], went["members"]) == (3, [], ids(accounts[:1]), 2)


def test_a_large_change_is_told_in_parts_and_nobody_is_left_out(
    ann: User, accounts: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST_TOLD", 2)
    rule = parse_condition({"field": "accounts.country", "op": "eq", "value": "DE"})
    services.create_list(name="Germany", by=ann, condition=rule)
    parts = told()
    assert [(one["part"], one["parts"], len(one["added"])) for one in parts] == [
        (1, 3, 2),
        (2, 3, 2),
        (3, 3, 1),
    ]
    assert [pk for one in parts for pk in one["added"]] == ids(accounts)
    assert {one["members"] for one in parts} == {5}


def test_who_applies_what_is_told_holds_every_shared_list(ann: User, accounts: list[Account]) -> None:
    target = services.create_list(name="Spring", by=ann, is_shared=False)
    services.add_accounts(target=target, accounts=among(accounts[:3]), by=ann)
    assert told() == []

    def share(is_shared: bool) -> None:
        services.change_list(target=target, by=ann, name="Summer", purpose="", is_shared=is_shared)

    share(True)
    assert held() == set(ids(accounts[:3]))
    share(True)
    assert len(told()) == 1
    merge_accounts(winner=accounts[4].pk, loser=accounts[0].pk)
    assert held() == set(ids([*accounts[1:3], accounts[4]]))
    share(False)
    assert held() == set()
    share(True)
    services.delete_list(target=target, by=ann)
    assert held() == set()
    services.restore_list(target=target, by=ann)
    services.restore_list(target=target, by=ann)
    assert held() == set(ids([*accounts[1:3], accounts[4]]))
    assert [one["cause"] for one in told()] == [
        "shared",
        "fates",
        "closed",
        "shared",
        "deleted",
        "restored",
    ]


def held() -> set[str]:
    found: set[str] = set()
    for one in told():
        assert not found & set(one["added"])
        assert found >= set(one["removed"])
        found = found - set(one["removed"]) | set(one["added"])
    return found


@pytest.mark.django_db(transaction=True)
def test_who_may_not_read_what_a_condition_reads_is_not_told_who_is_on_its_list(
    ann: User, accounts: list[Account]
) -> None:
    rule = parse_condition(
        {
            "all": [
                {"field": "finance.arr", "op": "gte", "value": 2},
                {"field": "engagement.touches_90d", "op": "is_empty"},
            ]
        }
    )
    target = services.create_list(name="Large", by=make_user("revops"), condition=rule)
    assert len(TargetList.objects.get(pk=target.pk).needs) == 2
    settle()
    event = next(one for one in read_events(BEFORE_ALL)[0] if one.kind.key == "list.changed")

    def body(function: str) -> dict[str, Any]:
        return dict(json.loads(Teller([event]).tell(event, access_of(function)))["data"])

    assert body("sales")["members"] == len(body("sales")["added"])
    for function in ("marketing", "finance"):
        closed = body(function)
        assert {"added", "removed", "members"} <= set(closed["redacted"])
        assert not {"added", "removed", "members"} & closed.keys()
        assert closed["name"] == "Large"
