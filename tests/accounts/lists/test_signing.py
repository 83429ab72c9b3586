"""Co-signing: each side signs for a version, the overlap is counted, and later changes show."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.conditions.expression import parse_condition
from accounts.lists import services
from accounts.lists.alignment import alignment_of, only_wanted_by, waited_for
from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.models import TargetList
from accounts.models import Account
from people.models import User
from tests.accounts.rows import make_listed
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales() -> User:
    return make_user("sales")


@pytest.fixture
def marketing() -> User:
    return make_user("marketing")


@pytest.fixture
def proposed(marketing: User) -> TargetList:
    for number in range(5):
        make_listed(f"Account {number}", standing={})
    target = services.create_list(name="Spring", by=marketing)
    services.add_accounts(target=target, accounts=Account.objects.filter(name__lt="Account 4"), by=marketing)
    return services.propose_list(target=TargetList.objects.get(pk=target.pk), by=marketing)


def ids(*numbers: int) -> list[int]:
    names = [f"Account {number}" for number in numbers]
    return list(Account.objects.filter(name__in=names).values_list("pk", flat=True))


def test_the_overlap_is_both_by_either(proposed: TargetList, sales: User, marketing: User) -> None:
    version = proposed.version
    assert alignment_of(proposed).ratio is None
    services.sign_list(target=proposed, by=marketing, version=version)
    services.sign_list(target=proposed, by=sales, version=version, picks=ids(0, 1, 2))
    found = alignment_of(proposed)
    assert (found.both, found.either, found.ratio) == (3, 4, 0.75)
    assert list(only_wanted_by(proposed, "marketing").values_list("name", flat=True)) == ["Account 3"]
    assert not only_wanted_by(proposed, "sales").exists()
    page = client_of(sales).get(proposed.get_absolute_url()).content.decode()
    assert "75" in page
    assert "signed for the whole list" in page


def test_a_signature_is_of_a_version(proposed: TargetList, sales: User, marketing: User) -> None:
    version = proposed.version
    services.sign_list(target=proposed, by=marketing, version=version)
    services.add_accounts(target=proposed, accounts=Account.objects.filter(name="Account 4"), by=sales)
    services.remove_accounts(target=proposed, accounts=Account.objects.filter(name="Account 0"), by=sales)
    proposed.refresh_from_db()
    side = next(one for one in alignment_of(proposed).sides if one.side == "marketing")
    assert (side.wanted, side.came, side.left) == (4, 1, 1)
    with pytest.raises(ChangedMeanwhile):
        services.sign_list(target=proposed, by=sales, version=version)
    page = client_of(sales).get(proposed.get_absolute_url()).content.decode()
    assert "1 came, 1 left" in page.replace('<span class="abe-num">', "").replace("</span>", "")


def test_the_newest_signature_counts_and_can_be_withdrawn(proposed: TargetList, sales: User) -> None:
    version = proposed.version
    services.sign_list(target=proposed, by=sales, version=version, picks=ids(0))
    services.sign_list(target=proposed, by=sales, version=version, picks=ids(1, 2))
    assert proposed.signatures.count() == 2
    assert next(one for one in alignment_of(proposed).sides if one.side == "sales").wanted == 2
    services.withdraw_signature(target=proposed, by=sales)
    assert next(one for one in alignment_of(proposed).sides if one.side == "sales").signature is None


def test_only_sales_and_marketing_sign_for_what_is_on_the_list(proposed: TargetList, sales: User) -> None:
    with pytest.raises(ListRefused, match="Only sales and marketing"):
        services.sign_list(target=proposed, by=make_user("support"), version=proposed.version)
    with pytest.raises(ListRefused, match="aren’t on the list"):
        services.sign_list(target=proposed, by=sales, version=proposed.version, picks=ids(0, 4))
    with pytest.raises(ListRefused, match="at least one"):
        services.sign_list(target=proposed, by=sales, version=proposed.version, picks=[])


def test_a_side_signs_on_the_page_for_its_own_picks(proposed: TargetList, sales: User) -> None:
    client, url = client_of(sales), reverse("accounts:list_sign", args=[proposed.pk])
    assert client.get(url).context["may_sign"]
    assert client.post(url, {"version": proposed.version, "id": ids(0, 1), "note": "Ours"}).status_code == 302
    page = client.get(proposed.get_absolute_url()).content.decode()
    assert "for its own picks" in page
    assert "Ours" in page
    only = client.get(reverse("accounts:list_only", args=[proposed.pk, "sales"]))
    assert "Account 0" in only.content.decode()
    assert client.get(reverse("accounts:list_only", args=[proposed.pk, "nobody"])).status_code == 404


def test_each_side_is_told_what_waits_for_it(proposed: TargetList, sales: User, marketing: User) -> None:
    waits = waited_for([proposed, services.create_list(name="Not proposed", by=marketing)])
    assert waits == {proposed.pk: ["sales", "marketing"]}
    services.sign_list(target=proposed, by=marketing, version=proposed.version)
    assert waited_for([proposed]) == {proposed.pk: ["sales"]}
    lists = reverse("accounts:target_lists")
    assert "Waits for sales" in client_of(marketing).get(lists).content.decode()
    card = client_of(sales).get(reverse("home_panel", args=["accounts.target_lists"])).content.decode()
    assert "waits for your side to sign" in card
    assert reverse("accounts:list_sign", args=[proposed.pk]) in card
    assert "for your side" not in client_of(marketing).get(reverse("home")).content.decode()
    services.sign_list(target=proposed, by=sales, version=proposed.version)
    assert "Signed by both" in client_of(sales).get(lists).content.decode()


def test_what_both_want_is_not_told_as_none_before_both_have_signed(
    proposed: TargetList, sales: User, marketing: User
) -> None:
    page = client_of(sales).get(proposed.get_absolute_url())
    assert "<dt>Both want</dt><dd>–</dd>" in page.content.decode()
    services.sign_list(target=proposed, by=marketing, version=proposed.version)
    services.sign_list(target=proposed, by=sales, version=proposed.version, picks=ids(0))
    assert [side.alone for side in alignment_of(proposed).sides] == [0, 3]
    text = client_of(sales).get(proposed.get_absolute_url()).content.decode()
    assert reverse("accounts:list_only", args=[proposed.pk, "marketing"]) in text
    assert reverse("accounts:list_only", args=[proposed.pk, "sales"]) not in text


def test_the_card_of_lists_keeps_what_a_condition_reads(marketing: User) -> None:
    revops = make_user("revops")
    rich = parse_condition({"field": "finance.arr", "op": "gte", "value": 1})
    services.create_list(name="Rich", by=revops, condition=rich)
    card = client_of(marketing).get(reverse("home_panel", args=["accounts.target_lists"]))
    [row] = card.context["card"].data["rows"]
    assert row["members"] is None
    assert "does not read revenue" in row["closed"]


def test_what_either_side_alone_wants_is_in_neither_the_overlap_nor_the_other_list(
    proposed: TargetList, sales: User, marketing: User
) -> None:
    services.sign_list(target=proposed, by=sales, version=proposed.version, picks=ids(0, 1, 2))
    services.sign_list(target=proposed, by=marketing, version=proposed.version, picks=ids(2, 3))
    found = alignment_of(proposed)
    assert (found.both, found.either, found.ratio) == (1, 4, 0.25)
    wanted = {
        side: set(only_wanted_by(proposed, side).values_list("name", flat=True))
        for side in ("sales", "marketing")
    }
    assert wanted == {"sales": {"Account 0", "Account 1"}, "marketing": {"Account 3"}}


def test_a_signature_for_the_whole_list_is_for_who_was_on_it_then(
    proposed: TargetList, sales: User, marketing: User
) -> None:
    for by in (sales, marketing):
        services.sign_list(target=proposed, by=by, version=proposed.version)
    services.add_accounts(target=proposed, accounts=Account.objects.filter(pk__in=ids(4)), by=marketing)
    services.remove_accounts(target=proposed, accounts=Account.objects.filter(pk__in=ids(0)), by=marketing)
    proposed.refresh_from_db()
    services.sign_list(target=proposed, by=marketing, version=proposed.version)
    found = alignment_of(proposed)
    assert (found.both, found.either) == (3, 5)
    assert {side.side: (side.wanted, side.came, side.left) for side in found.sides} == {
        "sales": (4, 1, 1),
        "marketing": (4, 0, 0),
    }
    assert list(only_wanted_by(proposed, "sales").values_list("name", flat=True)) == ["Account 0"]


def test_who_keeps_a_proposed_list_takes_the_proposal_and_the_signatures_back(
    proposed: TargetList, sales: User, marketing: User
) -> None:
    version = proposed.version
    services.sign_list(target=proposed, by=sales, version=version)
    seller, keep = client_of(sales), {"name": "Spring", "purpose": ""}
    sign = reverse("accounts:list_sign", args=[proposed.pk])
    assert seller.get(sign).status_code == 200
    edit = reverse("accounts:list_edit", args=[proposed.pk])
    form = client_of(marketing).get(edit)
    assert "the proposal and the signatures end" in form.content.decode()
    done = client_of(marketing).post(edit, keep | {"seen": proposed.details}, follow=True)
    assert "no longer proposed" in done.content.decode()
    assert seller.post(sign, {"version": version, "whole": "1"}).status_code == 404
    with pytest.raises(ListRefused, match="proposed"):
        services.sign_list(target=proposed, by=sales, version=version)
    held = TargetList.objects.get(pk=proposed.pk)
    assert held.proposed_at is None
    assert not held.signatures.filter(ended_at=None).exists()
    services.change_list(target=held, by=marketing, name="Spring", purpose="", is_shared=True)
    with pytest.raises(ListRefused, match="proposed"):
        services.sign_list(target=held, by=sales, version=version)
    assert alignment_of(held).ratio is None


def test_both_sides_that_sign_for_the_same_agree_whatever_happened_to_accounts_since(
    proposed: TargetList, sales: User, marketing: User
) -> None:
    for person in (sales, marketing):
        services.sign_list(target=proposed, by=person, version=proposed.version)
    found = alignment_of(proposed)
    assert (found.both, found.either, found.ratio) == (4, 4, 1)
    Account.objects.filter(name="Account 0").update(deleted_at=timezone.now())
    found = alignment_of(proposed)
    assert (found.both, found.either, found.ratio) == (3, 3, 1)
    services.sign_list(target=proposed, by=sales, version=proposed.version, picks=ids(1))
    found = alignment_of(proposed)
    assert (found.both, found.either) == (1, 3)


def test_only_a_shared_list_that_was_proposed_is_signed(sales: User, marketing: User) -> None:
    make_listed("Account 0", standing={})
    target = services.create_list(name="Spring", by=marketing)
    services.add_accounts(target=target, accounts=Account.objects.all(), by=marketing)
    target.refresh_from_db()
    with pytest.raises(ListRefused, match="proposed"):
        services.sign_list(target=target, by=sales, version=target.version)
    services.propose_list(target=target, by=marketing)
    services.change_list(target=target, by=marketing, name="Spring", purpose="", is_shared=False)
    with pytest.raises(ListRefused, match="proposed"):
        services.sign_list(target=target, by=sales, version=target.version)
