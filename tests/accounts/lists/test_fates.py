"""Lists by hand follow merges of accounts in the transaction that merges them, and back."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection, transaction

from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import unmerge_accounts
from accounts.lists import services
from accounts.lists.models import ListMembership, TargetList
from accounts.models import Account
from people.models import User
from tests.accounts.rows import make_listed
from tests.users import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("marketing")


@pytest.fixture
def accounts() -> dict[str, Account]:
    return {name: make_listed(name, standing={}) for name in ("A", "B", "C", "D")}


def list_of(ann: User, *names: str, name: str = "Spring") -> TargetList:
    target = services.create_list(name=name, by=ann)
    services.add_accounts(target=target, accounts=Account.objects.filter(name__in=names), by=ann)
    return target


def on(target: TargetList) -> set[str]:
    held = ListMembership.objects.current().filter(list=target)
    return set(held.values_list("account__name", flat=True))


def merge(accounts: dict[str, Account], loser: str, winner: str) -> int:
    return merge_accounts(winner=accounts[winner].pk, loser=accounts[loser].pk).pk


def test_a_chain_of_merges_is_followed_step_by_step_and_back(ann: User, accounts: dict[str, Account]) -> None:
    target = list_of(ann, "A", "D")
    first = merge(accounts, "A", "B")
    assert on(target) == {"B", "D"}
    second = merge(accounts, "B", "C")
    assert on(target) == {"C", "D"}
    unmerge_accounts(merge=second)
    assert on(target) == {"B", "D"}
    unmerge_accounts(merge=first)
    assert on(target) == {"A", "D"}
    assert services.follow_fates() == 0
    causes = list(target.changes.order_by("number").values_list("cause", flat=True))
    assert causes == ["created", "hand", "fates", "fates", "fates", "fates"]


def test_who_stands_for_two_stays_until_both_are_back(ann: User, accounts: dict[str, Account]) -> None:
    target = list_of(ann, "A", "B")
    first, second = merge(accounts, "A", "C"), merge(accounts, "B", "C")
    assert on(target) == {"C"}
    unmerge_accounts(merge=first)
    assert on(target) == {"A", "C"}
    unmerge_accounts(merge=second)
    assert on(target) == {"A", "B"}
    assert services.follow_fates() == 0


def test_who_was_on_the_list_before_a_merge_stays_after_it_is_taken_back(
    ann: User, accounts: dict[str, Account]
) -> None:
    target = list_of(ann, "A", "C")
    number = merge(accounts, "A", "C")
    assert on(target) == {"C"}
    unmerge_accounts(merge=number)
    assert on(target) == {"A", "C"}


def test_lists_without_the_accounts_and_lists_by_condition_are_left_alone(
    ann: User, accounts: dict[str, Account]
) -> None:
    other = list_of(ann, "D")
    unmerge_accounts(merge=merge(accounts, "A", "B"))
    assert on(other) == {"D"}
    assert other.changes.count() == 2


def test_a_list_deleted_meanwhile_follows_the_whole_chain_at_night(
    ann: User, accounts: dict[str, Account]
) -> None:
    target = list_of(ann, "A")
    services.delete_list(target=target, by=ann)
    merge(accounts, "A", "B")
    merge(accounts, "B", "C")
    services.restore_list(target=target, by=ann)
    assert on(target) == {"A"}
    assert services.follow_fates() == 1
    assert on(target) == {"C"}


def test_a_merge_that_is_undone_with_its_transaction_changes_no_list(
    ann: User, accounts: dict[str, Account]
) -> None:
    target = list_of(ann, "A")
    with transaction.atomic():
        merge(accounts, "A", "B")
        assert on(target) == {"B"}
        transaction.set_rollback(True)
    assert on(target) == {"A"}
    assert target.changes.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_merge_and_a_change_of_the_list_at_once_wait_for_each_other_without_a_deadlock(ann: User) -> None:
    accounts = {name: make_listed(name, standing={}) for name in ("A", "B", "C", "D")}
    target = list_of(ann, "A")
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(8):
                number = merge(accounts, "A", "B")
                unmerge_accounts(merge=number)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=work)
    thread.start()
    while thread.is_alive():
        pair = Account.objects.filter(name__in=("A", "B", "D"))
        services.add_accounts(target=target, accounts=pair, by=ann)
        services.remove_accounts(target=target, accounts=Account.objects.filter(name="D"), by=ann)
    thread.join()
    assert failed == []
    services.follow_fates()
    assert {"A", "B"} <= on(target)
