"""Start-up checks: what is declared wrongly fails before anything runs, without a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from accounts.home import home_panels
from accounts.lenses import panels
from accounts.models import Account
from metrics import checks
from metrics.checks import check_metrics
from metrics.engine.waves import find_cycle, order_in_waves
from metrics.registry import EVERYTHING, Component, Metric, Rollup, metrics, rollups, segment_metrics
from people.models import Category
from pods.playbooks import triggers


def a_metric(key: str, **fields: Any) -> Metric:
    values: dict[str, Any] = {
        "key": key,
        "label": "Test",
        "unit": "points",
        "category": Category.ACCOUNT_PROFILE,
        "formula": "A test.",
        "inputs": (),
        "query": Account.objects.none,
    }
    return Metric(**(values | fields))


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Declare items for the length of a test."""

    def declare(*items: Metric | Rollup) -> list[str]:
        for item in items:
            registry: Any = metrics if isinstance(item, Metric) else rollups
            monkeypatch.setattr(registry, "_items", dict(registry._items))
            monkeypatch.setattr(registry, "_duplicates", list(registry._duplicates))
            registry.register(item)
        return [str(message.msg) for message in check_metrics(None)]

    return declare


def test_what_is_declared_is_sound() -> None:
    assert check_metrics(None) == []


def test_checks_ask_no_database() -> None:
    # Without the django_db mark a query fails the test.
    assert check_metrics(None) == []


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (
            a_metric("finance.arr"),
            "Duplicate metric: 'finance.arr' is declared by finance.metrics.arr and by",
        ),
        (a_metric("x.y", depends_on=("no.such",)), "'x.y' depends on 'no.such', which no app declares."),
        (a_metric("x.y", inputs=("no.such",)), "'x.y' names the input 'no.such', which is neither"),
        (a_metric("x.y", standing="colour"), "'x.y' names the standing column 'colour', which is none."),
        (a_metric("x.y", standing="as_of"), "'x.y' names the standing column 'as_of', which is none."),
        (a_metric("x.y", standing="arr"), "'x.y' and 'finance.arr' both claim the column 'arr'."),
        (a_metric("metrics.health"), "'metrics.health' is declared as Metric and as Rollup."),
        (a_metric("x.y", depends_on=("x.y",)), "Numbers depend on each other in a circle: x.y → x.y."),
    ],
)
def test_each_mistake_is_named(declared: Any, item: Metric, text: str) -> None:
    assert any(message.startswith(text) for message in declared(item)), declared()


def test_a_circle_over_several_items_is_named(declared: Any) -> None:
    messages = declared(a_metric("x.one", depends_on=("x.two",)), a_metric("x.two", depends_on=("x.one",)))
    assert any("x.one" in message and "x.two" in message and "circle" in message for message in messages)


def test_a_recipe_of_a_number_that_nobody_makes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    part = replace(checks.MODEL_1[0], key="product.gone")
    monkeypatch.setattr(checks, "MODEL_1", (part,))
    messages = [str(message.msg) for message in check_metrics(None)]
    assert messages == [
        "Health model 1, 'Usage trend', names the metric 'product.gone', which no app declares."
    ]


def a_component(**fields: Any) -> Component:
    return Component(**({"group": "usage", "curve": ((0, 0), (1, 100)), "why": "A test."} | fields))


@pytest.mark.parametrize(
    ("component", "text"),
    [
        (a_component(curve=((0, 0),)), "Give 2 to 50 pairs of a value and its points."),
        (a_component(curve=((1, 0), (1, 100))), "Let the values rise from pair to pair."),
        (a_component(curve=((0, 0), (1, 101))), "Points are from 0 to 100."),
        (a_component(curve=((0, 0), (float("nan"), 100))), "Use plain numbers."),
        (a_component(group="weather"), "There is no group 'weather': use usage, support,"),
        (a_component(fresh_days=-1), "It can't hold for -1 days."),
        (a_component(fresh_days=1.5), "It can't hold for 1.5 days."),
        (a_component(why=" "), "Say in a sentence why its curve is as it is."),
    ],
)
def test_a_component_declared_wrongly_is_named(declared: Any, component: Component, text: str) -> None:
    messages = declared(a_metric("x.y", component=component))
    assert len(messages) == 1
    assert messages[0].startswith(f"The component of health 'x.y' can't count. {text}")


@pytest.mark.parametrize("unit", ["date", "money"])
def test_a_date_or_an_amount_is_no_component(declared: Any, unit: str) -> None:
    (message,) = declared(a_metric("x.y", unit=unit, component=a_component()))
    assert message.startswith(f"The component of health 'x.y' can't count. Its unit is {unit}")


def test_a_component_declared_rightly_is_none(declared: Any) -> None:
    assert declared(a_metric("x.y", component=a_component())) == []


def test_a_panel_that_explains_itself_by_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(panels["finance.arr_by_month"]), "explain", "finance.arr_end")
    monkeypatch.setattr(type(home_panels["finance.company_arr"]), "explain", "finance.gone")
    messages = [str(message.msg) for message in check_metrics(None)]
    assert messages == [
        "Panel 'finance.arr_by_month' explains itself by 'finance.arr_end', which no app declares.",
        "Home panel 'finance.company_arr' explains itself by 'finance.gone', which no app declares.",
    ]


def test_items_after_everything_come_last_but_keep_their_own_order() -> None:
    def work(as_of: Any, first: int, last: int) -> int:
        return 0

    items: dict[str, Any] = {
        item.key: item
        for item in (
            Rollup(key="last", label="", query=work, after=(EVERYTHING,), depends_on=("late",)),
            Rollup(key="late", label="", query=work, after=(EVERYTHING,)),
            Rollup(key="c", label="", query=work, depends_on=("b",)),
            Rollup(key="b", label="", query=work, after=("a",)),
            Rollup(key="a", label="", query=work),
        )
    }
    assert order_in_waves(items) == {"a": 1, "b": 2, "c": 3, "late": 4, "last": 5}
    assert find_cycle({"a": ("b",), "b": ()}) == []


def test_every_trigger_is_followed_and_names_numbers_that_exist() -> None:
    assert len(triggers) >= 9
    for trigger in triggers:
        assert f"{trigger.key}:signals" in rollups
        assert all(name in metrics for name in trigger.inputs), trigger.key
        assert (
            "{value}" in trigger.reason or "{date}" in trigger.reason or trigger.reason_one != trigger.reason
        )


def test_every_number_of_a_segment_declaration_is_declared_once() -> None:
    keys = [definition.key for item in segment_metrics for definition in item.definitions]
    assert len(keys) == len(set(keys)) >= 40
