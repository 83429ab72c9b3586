from unittest.mock import patch

import pytest
from django.test import RequestFactory, override_settings
from django.urls import path

from common import navigation as module
from common.navigation import NavItem, navigation_for
from common.registry import Registry


def view(request):
    raise AssertionError("no page is asked for")


urlpatterns = [
    path("", view, name="home"),
    path("accounts/", view, name="accounts"),
    path("accounts/merge/", view, name="merge"),
    path("support/", view, name="support"),
    path("finance/", view, name="finance"),
]


@pytest.fixture
def declared():
    registry = Registry("navigation entry", "nav_of_tests")
    with patch.object(module, "navigation", registry), override_settings(ROOT_URLCONF=__name__):
        yield registry


def item(key, group="", order=100, **options):
    return NavItem(
        key=key, label=key.capitalize(), icon="home", url_name=key, group=group, order=order, **options
    )


def shown(groups):
    return [(group.label, [link.key for link in group.links]) for group in groups]


def test_entries_stand_by_order_in_their_groups(declared):
    for entry in (item("support", "Functions", 30), item("accounts", order=20), item("home", order=10)):
        declared.register(entry)
    groups = navigation_for(RequestFactory().get("/"))
    assert shown(groups) == [("", ["home", "accounts"]), ("Functions", ["support"])]


def test_what_a_function_uses_first_stands_first_and_lifts_its_group(declared):
    declared.register(item("home", order=10))
    declared.register(item("accounts", "Company", 20))
    declared.register(item("support", "Functions", 30))
    declared.register(item("finance", "Functions", 40, functions_first=("finance",)))
    request = RequestFactory().get("/")
    assert shown(navigation_for(request, "finance")) == [
        ("", ["home"]),
        ("Functions", ["finance", "support"]),
        ("Company", ["accounts"]),
    ]
    assert shown(navigation_for(request, "support"))[1] == ("Company", ["accounts"])


def test_no_entry_leads_nowhere(declared):
    declared.register(item("home"))
    declared.register(item("nowhere"))
    declared.register(item("finance", visible=lambda request: "finance" in request.GET))
    assert shown(navigation_for(RequestFactory().get("/"))) == [("", ["home"])]
    assert shown(navigation_for(RequestFactory().get("/?finance=1"))) == [("", ["finance", "home"])]


@pytest.mark.parametrize(
    ("address", "current"),
    [("/", ["home"]), ("/accounts/7/", ["accounts"]), ("/accounts/merge/2", ["merge"]), ("/else/", [])],
)
def test_only_the_nearest_entry_is_current(declared, address, current):
    for key in ("home", "accounts", "merge"):
        declared.register(item(key))
    groups = navigation_for(RequestFactory().get(address))
    assert [link.key for group in groups for link in group.links if link.is_current] == current


def test_a_key_declared_twice_is_reported(declared):
    declared.register(item("home"))
    declared.register(item("home", order=2))
    assert len(declared.check_duplicates()) == 1
