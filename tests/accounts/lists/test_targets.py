"""Target lists: members in versions, by hand and by condition, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.conditions.explain import explain
from accounts.conditions.expression import Condition, ConditionError, parse_condition
from accounts.conditions.query import matching
from accounts.lists import services
from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.models import ListChange, ListMembership, TargetList
from accounts.models import Account
from accounts.querysets import AccountQuerySet
from people.access import access_of
from people.models import User
from tests.accounts.rows import make_listed
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

LISTS, ADD = reverse("accounts:target_lists"), reverse("accounts:list_add")


def rule(field: str, op: str, value: object) -> Condition:
    return parse_condition({"field": field, "op": op, "value": value})


def by_country(*codes: str) -> Condition:
    return rule("accounts.country", "in", list(codes))


@pytest.fixture
def ann() -> User:
    return make_user("marketing")


@pytest.fixture(autouse=True)
def three() -> dict[str, Account]:
    return {
        name: make_listed(
            name, "growth", country=code, domain=f"{name.lower()}.example", standing={"arr": arr}
        )
        for name, code, arr in (("Alpha", "DE", 300), ("Beta", "DE", 200), ("Gamma", "US", 100))
    }


def on(target: TargetList) -> set[str]:
    held = ListMembership.objects.current().filter(list=target)
    return set(held.values_list("account__name", flat=True))


def named(*names: str) -> AccountQuerySet:
    return Account.objects.filter(name__in=names)


def test_members_come_and_go_in_versions(ann: User) -> None:
    target = services.create_list(name="Spring", by=ann)
    first = services.add_accounts(target=target, accounts=named("Alpha", "Beta"), by=ann)
    assert first is not None
    assert (first.number, first.added, first.members) == (2, 2, 2)
    assert services.add_accounts(target=target, accounts=named("Beta"), by=ann) is None
    gone = services.remove_accounts(target=target, accounts=named("Alpha"), by=ann)
    assert gone is not None
    assert gone.removed == 1
    assert on(target) == {"Beta"}
    stay = ListMembership.objects.get(list=target, account__name="Alpha")
    assert (stay.came_with, stay.left_with, stay.during.upper) == (first, gone, gone.at)
    then = ListMembership.objects.filter(list=target).at(first.at)
    assert set(then.values_list("account__name", flat=True)) == {"Alpha", "Beta"}
    back = services.undo_change(change=gone, by=ann)
    assert back is not None
    assert on(target) == {"Alpha", "Beta"}
    with pytest.raises(ListRefused, match="already"):
        services.undo_change(change=gone, by=ann)


def test_two_stays_never_overlap(ann: User, three: dict[str, Account]) -> None:
    target = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=target, accounts=named("Alpha"), by=ann)
    held = ListMembership.objects.get(list=target)
    ended = ListChange.objects.create(list=target, number=9, cause="hand", at=timezone.now())
    with pytest.raises(IntegrityError, match="no_overlap"), transaction.atomic():
        ListMembership.objects.create(
            list=target,
            account=three["Alpha"],
            during=(held.during.lower, timezone.now() + timedelta(days=1)),
            came_with=held.came_with,
            left_with=ended,
        )


def test_a_condition_decides_who_is_on_its_list(ann: User) -> None:
    target = services.create_list(name="Germany", by=ann, condition=by_country("DE"))
    assert on(target) == {"Alpha", "Beta"}
    Account.objects.filter(name="Beta").update(country="FR")
    make_listed("Delta", country="DE", standing={})
    change = services.refresh_list(target=target)
    assert change is not None
    assert (change.added, change.removed) == (1, 1)
    assert on(target) == {"Alpha", "Delta"}
    assert services.refresh_list(target=target) is None
    with pytest.raises(ListRefused, match="condition decides"):
        services.add_accounts(target=target, accounts=named("Gamma"), by=ann)


def test_the_change_of_a_condition_is_shown_before_it_happens(ann: User) -> None:
    target = services.create_list(name="Germany", by=ann, condition=by_country("DE"))
    client, url = client_of(ann), reverse("accounts:list_rule", args=[target.pk])
    typed = {
        "where-json": '{"all":[{"field":"accounts.country","op":"in","value":["US"]}]}',
        "where-do": "read",
    }
    page = client.post(url, typed)
    assert page.status_code == 200
    form = page.context["editor"]
    parts = [("where-node", view.node) for view in [form.view, *form.view.parts]]
    data: dict[str, object] = {"where-node": [node for _, node in parts]}
    leaf = form.view.parts[0]
    data |= {
        f"{form.view.name}-match": "all",
        f"{leaf.name}-field": "accounts.country",
        f"{leaf.name}-op": "in",
    }
    data[f"{leaf.name}-value"] = ["US"]
    preview = client.post(url, data)
    assert on(target) == {"Alpha", "Beta"}
    shown = preview.context["preview"]
    assert shown is not None, preview.context["editor"].errors
    assert (shown["come_count"], shown["go_count"]) == (1, 2)
    done = client.post(url, data | {"apply": "1", "seen": shown["seen"], "version": str(target.version)})
    assert done.status_code == 302
    assert on(target) == {"Gamma"}


def test_of_two_who_change_a_condition_the_second_is_told(ann: User) -> None:
    target = services.create_list(name="Germany", by=ann, condition=by_country("DE"))
    seen = target.version
    services.change_rule(target=target, condition=by_country("US"), by=ann, version=seen)
    with pytest.raises(ChangedMeanwhile):
        services.change_rule(target=target, condition=by_country("FR"), by=ann, version=seen)
    assert on(target) == {"Gamma"}


def test_a_circle_of_lists_is_refused_at_the_condition(ann: User) -> None:
    first = services.create_list(name="First", by=ann, condition=by_country("DE"))
    second = services.create_list(
        name="Second", by=ann, condition=rule("accounts.in_list", "in", [str(first.pk)])
    )
    assert on(second) == {"Alpha", "Beta"}
    with pytest.raises(ListRefused, match="First → Second → First") as refused:
        services.change_rule(
            target=first,
            condition=rule("accounts.in_list", "in", [str(second.pk)]),
            by=ann,
            version=first.version,
        )
    assert refused.value.field == "where"


def test_lists_that_others_ask_about_are_refreshed_first(ann: User) -> None:
    base = services.create_list(name="Base", by=ann, condition=by_country("FR"))
    outer = services.create_list(
        name="Outer", by=ann, condition=rule("accounts.in_list", "in", [str(base.pk)])
    )
    Account.objects.filter(name="Gamma").update(country="FR")
    assert services.refresh_lists() == 2
    assert on(outer) == {"Gamma"}


def test_a_list_that_asks_about_a_deleted_one_keeps_its_members_and_says_so(ann: User) -> None:
    base = services.create_list(name="Base", by=ann, condition=by_country("DE"))
    outer = services.create_list(
        name="Outer", by=ann, condition=rule("accounts.in_list", "in", [str(base.pk)])
    )
    services.delete_list(target=base, by=ann)
    services.refresh_lists()
    outer.refresh_from_db()
    assert on(outer) == {"Alpha", "Beta"}
    assert "Target list" in outer.trouble


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [
        ("in", ["L"], {"Alpha"}),
        ("eq", "L", {"Alpha"}),
        ("ne", "L", {"Beta", "Gamma"}),
        ("not_in", ["L", "M"], {"Gamma"}),
        ("in", ["L", "M"], {"Alpha", "Beta"}),
        ("is_empty", None, {"Gamma"}),
        ("is_set", None, {"Alpha", "Beta"}),
    ],
)
def test_conditions_ask_about_lists_and_explain_it(
    ann: User, op: str, value: object, found: set[str]
) -> None:
    lists = {
        "L": services.create_list(name="One", by=ann, condition=rule("accounts.name", "eq", "Alpha")),
        "M": services.create_list(
            name="Two", by=ann, condition=rule("accounts.name", "in", ["Alpha", "Beta"])
        ),
    }
    as_ids = [str(lists[one].pk) for one in value] if isinstance(value, list) else value
    as_ids = str(lists[as_ids].pk) if isinstance(as_ids, str) else as_ids
    condition = parse_condition(
        {"field": "accounts.in_list", "op": op} | ({"value": as_ids} if value else {})
    )
    expected = found
    assert set(matching(condition).values_list("name", flat=True)) == expected
    told = explain(condition, Account.objects.all())
    assert {pk for pk, finding in told.items() if finding.holds} == set(
        matching(condition).values_list("pk", flat=True)
    )
    negated = parse_condition(
        {"not": {"field": "accounts.in_list", "op": op} | ({"value": as_ids} if value else {})}
    )
    assert not set(matching(negated)) & set(matching(condition))
    assert matching(negated).count() + matching(condition).count() == 3


def test_a_merged_member_is_followed_and_a_deleted_one_leaves(ann: User, three: dict[str, Account]) -> None:
    from accounts.identity.merge import merge_accounts
    from accounts.identity.unmerge import unmerge_accounts

    target = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=target, accounts=named("Alpha", "Beta"), by=ann)
    merge = merge_accounts(winner=three["Gamma"].pk, loser=three["Alpha"].pk, by=ann)
    assert on(target) == {"Gamma", "Beta"}
    Account.objects.filter(name="Beta").update(deleted_at=timezone.now())
    assert services.follow_fates() == 1
    assert on(target) == {"Gamma"}
    assert services.follow_fates() == 0
    unmerge_accounts(merge=merge.pk, by=ann)
    assert on(target) == {"Alpha"}
    Account.objects.filter(name="Beta").update(deleted_at=None)
    services.follow_fates()
    assert on(target) == {"Alpha", "Beta"}


def test_accounts_are_added_from_the_account_list_with_a_preview(
    ann: User, three: dict[str, Account]
) -> None:
    client = client_of(ann)
    target = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=target, accounts=named("Alpha"), by=ann)
    page = client.get(f"{ADD}?country=DE&list_to={target.pk}")
    assert (page.context["total"], page.context["held"]) == (2, 1)
    stale = client.post(f"{ADD}?country=DE", {"list_to": target.pk, "total": "1"})
    assert stale.status_code == 422
    assert on(target) == {"Alpha"}
    assert client.post(f"{ADD}?country=DE", {"list_to": target.pk, "total": "2"}).status_code == 302
    assert on(target) == {"Alpha", "Beta"}
    new = client.post(f"{ADD}?id={three['Gamma'].pk}", {"list_to": "new", "name": "Fresh", "total": "1"})
    assert new.status_code == 302
    assert on(TargetList.objects.get(name="Fresh")) == {"Gamma"}


def test_pasted_lines_are_looked_up_before_they_are_added(ann: User, three: dict[str, Account]) -> None:
    client, target = client_of(ann), services.create_list(name="Spring", by=ann)
    make_listed("Beta", standing={})
    url = reverse("accounts:list_paste", args=[target.pk])
    text = f"{three['Gamma'].pk}\nwww.alpha.example\nBeta\nnobody\n\n"
    page = client.post(url, {"text": text})
    found = page.context["found"]
    assert found.accounts == {three["Gamma"].pk, three["Alpha"].pk}
    assert (found.unknown, found.ambiguous) == (["nobody"], ["Beta"])
    assert on(target) == set()
    client.post(url, {"text": text, "apply": "1"})
    assert on(target) == {"Alpha", "Gamma"}
    client.post(reverse("accounts:list_remove", args=[target.pk]), {"id": [three["Alpha"].pk, "x", "9" * 30]})
    assert on(target) == {"Gamma"}


def test_who_may_not_read_what_a_condition_reads_does_not_see_its_list(ann: User) -> None:
    revops = make_user("revops")
    target = services.create_list(name="Large", by=revops, condition=rule("finance.arr", "gte", 150))
    assert target.needs
    assert on(target) == {"Alpha", "Beta"}
    client = client_as("support")
    page = client.get(target.get_absolute_url()).content.decode()
    assert "Alpha" not in page
    assert "does not read revenue" in page
    assert client.get(f"{target.get_absolute_url()}?export=csv").status_code == 403
    assert client.get(reverse("accounts:list_history", args=[target.pk])).status_code == 403
    shown = client.get(f"{reverse('accounts:list')}?list={target.pk}")
    assert "was left out" in " ".join(shown.context["problems"])
    asked = f'{{"field":"accounts.in_list","op":"in","value":["{target.pk}"]}}'
    by_condition = client.get(reverse("accounts:list"), {"where": asked})
    assert "tells what its conditions read" in " ".join(by_condition.context["problems"])
    account = Account.objects.get(name="Alpha")
    panel = client.get(reverse("accounts:panel", args=[account.pk, "accounts.lists"])).content.decode()
    assert "Large" not in panel
    assert "1 list is not shown" in panel
    assert (
        "Large"
        in client_of(revops)
        .get(reverse("accounts:panel", args=[account.pk, "accounts.lists"]))
        .content.decode()
    )


def test_long_lists_and_changes_go_on_over_pages(ann: User) -> None:
    for number in range(60):
        make_listed(f"Account {number:02}", standing={})
    target = services.create_list(name="Long", by=ann)
    services.add_accounts(target=target, accounts=Account.objects.live(), by=ann)
    client = client_of(ann)
    for url in (target.get_absolute_url(), reverse("accounts:list_change", args=[target.pk, 2])):
        seen, page = [], client.get(url).context["page"]
        seen += [row.account_id for row in page.rows]
        page = client.get(
            f"{url}{page.next_url}" if page.next_url.startswith("?") else page.next_url
        ).context["page"]
        seen += [row.account_id for row in page.rows]
        assert len(seen) == len(set(seen)) == 63
    day = client.get(f"{target.get_absolute_url()}?as_of=2020-01-01")
    assert "Nobody was on the list on that day" in day.content.decode()


def test_a_private_list_is_its_owners(ann: User) -> None:
    target = services.create_list(name="Secret", by=ann, is_shared=False)
    other = client_as("sales")
    assert other.get(target.get_absolute_url()).status_code == 404
    assert "Secret" not in other.get(LISTS).content.decode()
    assert client_of(ann).get(target.get_absolute_url()).status_code == 200


def test_the_account_list_shows_and_filters_by_lists(ann: User) -> None:
    target = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=target, accounts=named("Alpha"), by=ann)
    client = client_of(ann)
    page = client.get(
        f"{reverse('accounts:list')}?list={target.pk}&columns=accounts.lists&sort=accounts.lists"
    )
    assert [row.name for row in page.context["page"].rows] == ["Alpha"]
    assert "Spring" in page.context["page"].rows[0].cells
    both = client.get(f"{reverse('accounts:list')}?columns=accounts.lists&sort=-accounts.lists")
    assert both.context["page"].rows[0].name == "Alpha"


@pytest.mark.parametrize("text", ["", "-1", "9" * 30, "x", "\x00", "é" * 300])
def test_garbage_gives_no_error_page(ann: User, text: str) -> None:
    target, client = services.create_list(name="Spring", by=ann), client_of(ann)
    given = dict.fromkeys(
        ("name", "purpose", "text", "id", "version", "list_to", "total", "note", "apply", "seen"), text
    )
    for name in (
        "list_edit",
        "list_paste",
        "list_remove",
        "list_propose",
        "list_sign",
        "list_refresh",
        "list_withdraw",
    ):
        assert client.post(reverse(f"accounts:{name}", args=[target.pk]), given).status_code in (302, 422)
    assert client.post(reverse("accounts:list_new"), given).status_code in (302, 422)
    assert client.post(f"{reverse('accounts:list_new')}?kind=rule", given).status_code in (200, 302, 422)
    assert client.post(ADD, given).status_code == 422
    for number in (0, 10**12):
        assert client.get(reverse("accounts:list_change", args=[target.pk, number])).status_code == 404
    assert client.get(reverse("accounts:target_list", args=[10**12])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_add_at_once_leave_one_stay_each(three: dict[str, Account]) -> None:
    people = [make_user("marketing"), make_user("sales")]
    target = services.create_list(name="Spring", by=people[0])
    barrier, errors = Barrier(2), []

    def add(person: User) -> None:
        try:
            barrier.wait(10)
            for _ in range(5):
                services.add_accounts(target=target, accounts=Account.objects.live(), by=person)
                services.remove_accounts(target=target, accounts=Account.objects.live(), by=person)
            services.add_accounts(target=target, accounts=Account.objects.live(), by=person)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=add, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    numbers = list(ListChange.objects.filter(list=target).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    for person in people:
        services.add_accounts(target=target, accounts=Account.objects.live(), by=person)
    assert ListMembership.objects.current().filter(list=target).count() == 3


@pytest.mark.parametrize(
    ("sort", "names"),
    [("accounts.lists", ["Beta", "Alpha", "Gamma"]), ("-accounts.lists", ["Alpha", "Beta", "Gamma"])],
)
def test_accounts_are_sorted_by_the_lists_they_are_on(ann: User, sort: str, names: list[str]) -> None:
    for title, name in (("Autumn", "Beta"), ("Spring", "Alpha")):
        target = services.create_list(name=title, by=ann)
        services.add_accounts(target=target, accounts=named(name), by=ann)
    page = client_of(ann).get(reverse("accounts:list"), {"sort": sort, "columns": "accounts.lists"})
    assert [row.name for row in page.context["page"].rows] == names


def test_an_explanation_names_no_list_that_its_reader_does_not_see_into(
    ann: User, three: dict[str, Account]
) -> None:
    closed = services.create_list(name="Rich", by=ann, condition=rule("finance.arr", "gte", 150))
    opened = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=opened, accounts=named("Alpha"), by=ann)
    alpha, support, sales = three["Alpha"], access_of("support"), access_of("sales")
    told = explain(rule("accounts.in_list", "in", [str(opened.pk)]), alpha, access=support)[alpha.pk]
    assert (told.holds, told.actual) == (True, "Spring")
    told = explain(rule("accounts.in_list", "in", [str(opened.pk)]), alpha, access=sales)[alpha.pk]
    assert told.actual == "Rich, Spring"
    for asked in (rule("accounts.in_list", "in", [str(closed.pk)]), rule("accounts.in_list", "is_set", None)):
        told = explain(asked, alpha, access=support)[alpha.pk]
        assert told.holds is None
        assert told.actual is None
        assert "does not read revenue" in told.redacted
    with pytest.raises(ConditionError, match="does not read revenue"):
        parse_condition({"field": "accounts.in_list", "op": "is_set"}, access=support)


def test_another_condition_opens_no_version_that_told_of_closed_numbers(ann: User) -> None:
    target = services.create_list(name="Large", by=ann, condition=rule("finance.arr", "gte", 150))
    services.change_rule(target=target, condition=by_country("DE"), by=ann, version=target.version)
    services.refresh_list(target=target)
    client = client_as("support")
    for url in (
        reverse("accounts:list_change", args=[target.pk, 1]),
        f"{target.get_absolute_url()}?export=csv&as_of={timezone.now().date() - timedelta(days=1)}",
    ):
        assert client.get(url).status_code == 403


@pytest.mark.parametrize("function", ["support", "legal", "leadership", "finance"])
def test_a_shared_list_is_changed_by_its_owner_sales_marketing_and_revops_alone(
    ann: User, function: str
) -> None:
    by_hand = services.create_list(name="Spring", by=ann)
    services.add_accounts(target=by_hand, accounts=named("Alpha"), by=ann)
    by_rule = services.create_list(name="Germans", by=ann, condition=by_country("DE"))
    other, first = make_user(function), by_hand.changes.get(number=2)
    attempts: list[Callable[[], object]] = [
        lambda: services.add_accounts(target=by_hand, accounts=named("Beta"), by=other),
        lambda: services.remove_accounts(target=by_hand, accounts=named("Alpha"), by=other),
        lambda: services.undo_change(change=first, by=other),
        lambda: services.change_list(target=by_hand, by=other, name="Mine", purpose="", is_shared=True),
        lambda: services.change_rule(target=by_rule, condition=by_country("US"), by=other, version=1),
        lambda: services.refresh_list(target=by_rule, by=other),
        lambda: services.propose_list(target=by_hand, by=other),
        lambda: services.delete_list(target=by_hand, by=other),
    ]
    for attempt in attempts:
        with pytest.raises(ListRefused, match="Only"):
            attempt()
    assert (on(by_hand), on(by_rule)) == ({"Alpha"}, {"Alpha", "Beta"})
    colleague = make_user("sales")
    services.add_accounts(target=by_hand, accounts=named("Beta"), by=colleague)
    with pytest.raises(ListRefused, match="Only its owner and RevOps"):
        services.delete_list(target=by_hand, by=colleague)
    with pytest.raises(ListRefused, match="decide who sees it"):
        services.change_list(target=by_hand, by=colleague, name="Spring", purpose="", is_shared=False)


def test_a_night_asks_a_list_behind_the_lists_that_it_asks_about(ann: User) -> None:
    first = services.create_list(name="In the other", by=ann, condition=by_country("FR"))
    other = services.create_list(name="Germans", by=ann, condition=by_country("DE"))
    asks = rule("accounts.in_list", "in", [str(other.pk)])
    services.change_rule(target=first, condition=asks, by=ann, version=first.version)
    Account.objects.filter(name="Gamma").update(country="DE")
    assert services.refresh_lists() == 2
    assert on(first) == on(other) == {"Alpha", "Beta", "Gamma"}


def test_of_two_who_rename_a_list_the_second_is_told_and_loses_nothing_typed(ann: User) -> None:
    target = services.create_list(name="Spring", by=ann, purpose="Trade fair")
    url, seen = reverse("accounts:list_edit", args=[target.pk]), target.details
    first = {"name": "Summer", "purpose": "Trade fair", "is_shared": "on", "seen": seen}
    assert client_of(ann).post(url, first).status_code == 302
    client = client_of(make_user("sales"))
    second = {"name": "Spring 2027", "purpose": "Dinner", "is_shared": "on", "seen": seen}
    told = client.post(url, second)
    assert told.status_code == 422
    page = told.content.decode()
    assert "it is called “Summer”, for “Trade fair”" in page
    assert 'value="Spring 2027"' in page
    target.refresh_from_db()
    assert target.name == "Summer"
    assert client.post(url, second | {"seen": target.details}).status_code == 302
    target.refresh_from_db()
    assert (target.name, target.purpose) == ("Spring 2027", "Dinner")


def test_a_restored_list_closes_no_circle(ann: User) -> None:
    def asks(target: TargetList) -> Condition:
        return rule("accounts.in_list", "eq", str(target.pk))

    first = services.create_list(name="First", by=ann, condition=by_country("DE"))
    second = services.create_list(name="Second", by=ann, condition=asks(first))
    third = services.create_list(name="Third", by=ann, condition=asks(second))
    services.delete_list(target=second, by=ann)
    first.refresh_from_db()
    services.change_rule(target=first, condition=asks(third), by=ann, version=first.version)
    with pytest.raises(ListRefused, match="Second → First → Third → Second"):
        services.restore_list(target=second, by=ann)
    first.refresh_from_db()
    services.change_rule(target=first, condition=by_country("US"), by=ann, version=first.version)
    assert services.restore_list(target=second, by=ann).deleted_at is None


@pytest.mark.django_db(transaction=True)
def test_two_who_let_lists_ask_about_each_other_at_once_close_no_circle() -> None:
    ann = make_user("marketing")
    lists = [services.create_list(name=name, by=ann, condition=by_country("DE")) for name in ("A", "B")]
    barrier = Barrier(2)
    outcomes: list[str] = []

    def change(own: TargetList, other: TargetList) -> None:
        try:
            barrier.wait(10)
            condition = rule("accounts.in_list", "eq", str(other.pk))
            services.change_rule(target=own, condition=condition, by=ann, version=own.version)
            outcomes.append("done")
        except ListRefused as refused:
            outcomes.append(refused.field)
        finally:
            connection.close()

    threads = [Thread(target=change, args=pair) for pair in ((lists[0], lists[1]), (lists[1], lists[0]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "where"]
