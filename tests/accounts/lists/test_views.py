"""Saved views: what the address says under a name, who sees it, and what is refused instead of showing everything."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.lists import services
from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.models import SavedView
from people.models import User
from tests.accounts.rows import make_listed
from tests.users import client_of, make_user

pytestmark = pytest.mark.django_db

LIST, VIEWS, NEW = reverse("accounts:list"), reverse("accounts:views"), reverse("accounts:view_new")
WHERE = {"field": "accounts.country", "op": "in", "value": ["DE"]}


@pytest.fixture
def ann() -> User:
    return make_user("marketing")


@pytest.fixture
def client(ann: User) -> Client:
    return client_of(ann)


@pytest.fixture(autouse=True)
def three_accounts() -> None:
    make_listed("Alpha", "strategic", country="DE", standing={"arr": 300})
    make_listed("Beta", "growth", country="DE", standing={"arr": 200})
    make_listed("Gamma", "growth", country="US", standing={"arr": 100})


def names(client: Client, address: str) -> list[str]:
    return [row.name for row in client.get(address).context["page"].rows]


def save(client: Client, query: str, name: str = "Mine", **more: str) -> SavedView:
    response = client.post(NEW, {"name": name, "sharing": "me", "query": query.removeprefix("?"), **more})
    assert response.status_code == 302, response.context["form"].errors
    return SavedView.objects.latest("pk")


def test_a_view_shows_what_its_address_said(client: Client) -> None:
    where = quote(json.dumps(WHERE))
    view = save(
        client,
        f"?tier=growth&where={where}&columns=accounts.tier,accounts.country&sort=accounts.name&after=x",
    )
    assert view.where == WHERE
    assert view.params == {
        "tier": ["growth"],
        "columns": ["accounts.tier", "accounts.country"],
        "sort": ["accounts.name"],
    }
    page = client.get(view.get_absolute_url())
    assert [row.name for row in page.context["page"].rows] == ["Beta"]
    assert [column.key for column in page.context["listing"].columns][1:] == [
        "accounts.tier",
        "accounts.country",
    ]
    assert not page.context["listing"].is_changed
    file = client.get(f"{reverse('accounts:export')}?view={view.pk}&export=csv")
    assert file.getvalue().decode("utf-8-sig").splitlines()[1].startswith("Beta")


def test_a_changed_view_says_so_and_is_saved_or_kept(client: Client) -> None:
    view = save(client, "?tier=growth")
    changed = client.get(f"{LIST}?from={view.pk}&tier=growth&country=US")
    assert "You changed this view" in changed.content.decode()
    listing = changed.context["listing"]
    assert names(client, f"{LIST}?view={view.pk}&country=US") == ["Gamma"]
    answer = client.post(
        reverse("accounts:view_save", args=[view.pk]), {"query": listing.params.urlencode(), "version": 1}
    )
    assert answer.status_code == 302
    view.refresh_from_db()
    assert (view.params, view.version) == ({"tier": ["growth"], "country": ["US"]}, 2)


def test_of_two_who_save_the_second_is_told(client: Client, ann: User) -> None:
    view = save(client, "?tier=growth")
    services.change_view(view=view, by=ann, version=1, params={"tier": ["strategic"]})
    answer = client.post(reverse("accounts:view_save", args=[view.pk]), {"query": "tier=none", "version": 1})
    assert answer.status_code == 422
    assert "changed meanwhile" in answer.content.decode()
    with pytest.raises(ChangedMeanwhile):
        services.change_view(view=view, by=ann, version=1, name="Other")


def test_a_view_is_seen_by_those_it_is_shared_with(client: Client, ann: User) -> None:
    view = save(client, "?tier=growth")
    sales, support = client_of(make_user("sales")), client_of(make_user("support"))
    page = sales.get(view.get_absolute_url())
    assert "isn’t shared with you" in page.context["listing"].closed
    assert page.context["page"].rows == []
    services.change_view(
        view=view, by=ann, version=1, name="Growth", sharing="functions", functions=["sales"]
    )
    assert names(sales, view.get_absolute_url()) == ["Beta", "Gamma"]
    assert names(support, view.get_absolute_url()) == []
    assert sales.post(reverse("accounts:view_delete", args=[view.pk]), follow=True).status_code == 200
    assert SavedView.objects.live().filter(pk=view.pk).exists()


def test_a_view_on_what_the_reader_may_not_read_shows_nothing_and_says_why(client: Client) -> None:
    revops = client_of(make_user("revops"))
    view = save(revops, "?arr_min=150", name="Large", sharing="all")
    assert names(revops, view.get_absolute_url()) == ["Alpha", "Beta"]
    page = client_of(make_user("support")).get(view.get_absolute_url())
    assert page.context["page"].rows == []
    assert "does not read revenue" in page.context["listing"].closed
    assert "Alpha" not in page.content.decode()


def test_a_view_on_a_field_that_is_gone_says_so(client: Client, ann: User) -> None:
    view = services.create_view(
        name="Old", by=ann, params={}, where={"field": "gone.field", "op": "eq", "value": 1}
    )
    page = client.get(view.get_absolute_url())
    assert page.context["page"].rows == []
    assert "There is no field “gone.field”" in page.content.decode()
    assert "gone.field" in client.get(VIEWS).content.decode()
    file = client.get(f"{reverse('accounts:export')}?view={view.pk}")
    assert file.status_code == 400


def test_a_circle_of_views_is_refused_at_its_field(client: Client) -> None:
    first = save(client, "?tier=growth", name="First")
    second = save(client, f"?in_view={first.pk}&country=US", name="Second")
    assert names(client, second.get_absolute_url()) == ["Gamma"]
    answer = client.post(
        reverse("accounts:view_save", args=[first.pk]), {"query": f"in_view={second.pk}", "version": 1}
    )
    assert answer.status_code == 422
    part = next(part for part in answer.context["parts"] if part["label"] == "In view")
    assert part["error"] == "The view would filter by itself: First → Second → First."
    first.refresh_from_db()
    assert first.params == {"tier": ["growth"]}


def test_a_stored_circle_ends_with_a_message(client: Client) -> None:
    first = save(client, "?tier=growth", name="First")
    second = save(client, f"?in_view={first.pk}", name="Second")
    SavedView.objects.filter(pk=first.pk).update(params={"in_view": [str(second.pk)]})
    page = client.get(first.get_absolute_url())
    assert page.context["page"].rows == []
    assert "would filter by itself" in page.context["listing"].closed


def test_the_list_begins_with_ones_own_view_or_that_of_the_function(client: Client, ann: User) -> None:
    assert client.get(LIST).status_code == 200
    revops = make_user("revops")
    shared = services.create_view(name="Ours", by=revops, params={"tier": ["growth"]}, sharing="all")
    services.set_default(view=shared, by=revops, function="marketing")
    assert client.get(LIST)["Location"] == shared.get_absolute_url()
    own = save(client, "?tier=strategic")
    client.post(reverse("accounts:view_default", args=[own.pk]))
    assert client.get(LIST)["Location"] == own.get_absolute_url()
    assert sorted(names(client, f"{LIST}?view=all")) == ["Alpha", "Beta", "Gamma"]
    services.delete_view(view=own, by=ann)
    assert client.get(LIST)["Location"] == shared.get_absolute_url()
    with pytest.raises(ListRefused, match="Only RevOps"):
        services.set_default(view=shared, by=ann, function="sales")


def test_views_are_copied_moved_deleted_and_brought_back(client: Client, ann: User) -> None:
    first, second = save(client, "?tier=growth", name="First"), save(client, "?tier=none", name="Second")
    client.post(reverse("accounts:view_move", args=[second.pk]))
    assert [row["view"].name for row in client.get(VIEWS).context["rows"]] == ["Second", "First"]
    client.post(reverse("accounts:view_copy", args=[first.pk]))
    copy = SavedView.objects.latest("pk")
    assert (copy.name, copy.params) == ("First copy", first.params)
    client.post(reverse("accounts:view_delete", args=[first.pk]))
    assert "First" not in [row["view"].name for row in client.get(VIEWS).context["rows"]]
    client.post(reverse("accounts:view_restore", args=[first.pk]))
    assert SavedView.objects.live().filter(pk=first.pk).exists()
    with pytest.raises(ListRefused, match="already have"):
        services.create_view(name="first", by=ann, params={})


@pytest.mark.parametrize("text", ["", "0", "-1", "99999999999999999999", "%00", "%ED%A0%80", "x", "1'--"])
def test_garbage_in_the_address_shows_no_error_page(client: Client, text: str) -> None:
    for query in (f"view={text}", f"from={text}", f"in_view={text}", f"list={text}", f"where={text}"):
        assert client.get(f"{LIST}?{query}").status_code in (200, 302)
        assert client.post(NEW, {"name": text, "sharing": text, "query": query}).status_code in (302, 422)


@pytest.mark.parametrize("value", ["\x00", "\ud800", "x" * 5000, "", "9" * 30])
def test_garbage_in_the_forms_is_refused_at_the_field(client: Client, value: str) -> None:
    view = save(client, "?tier=growth")
    given = {
        "name": value,
        "sharing": value,
        "functions": value,
        "version": value,
        "query": value,
        "function": value,
    }
    if "\ud800" in value:
        given = dict.fromkeys(given, "�")
    for name in ("view_edit", "view_save", "view_move", "view_default"):
        assert client.post(reverse(f"accounts:{name}", args=[view.pk]), given).status_code in (302, 422)
    assert client.post(NEW, given).status_code in (302, 422)


def test_views_inside_of_views_end_somewhere(client: Client, ann: User) -> None:
    views: list[SavedView] = []
    for number in range(200):
        params = {"in_view": [str(views[-1].pk)]} if views else {"tier": ["growth"]}
        views.append(SavedView.objects.create(name=f"View {number}", owner=ann, params=params))
    assert sorted(names(client, views[8].get_absolute_url())) == ["Beta", "Gamma"]
    listing = client.get(views[-1].get_absolute_url()).context["listing"]
    assert "more than 8 deep" in listing.closed
    assert names(client, views[-1].get_absolute_url()) == []
    refused = client.post(NEW, {"name": "Deep", "sharing": "me", "query": f"in_view={views[-1].pk}"})
    assert refused.status_code == 422
    assert "more than 8 deep" in refused.content.decode()
