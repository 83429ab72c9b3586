"""How cards fill the rows of their grid."""

from __future__ import annotations

import pytest

from accounts.lenses.loading import Card, as_wide_as_asked, fill_rows
from common.charts import Chart, Series


@pytest.mark.parametrize(
    ("spans", "filled"),
    [
        ([], []),
        ([6, 6], [6, 6]),
        ([6], [12]),
        ([6, 12], [12, 12]),
        ([6, 6, 6, 12, 4, 4], [6, 6, 12, 12, 4, 8]),
        ([8, 6, 6], [12, 6, 6]),
        ([12, 6, 6, 6], [12, 6, 6, 12]),
    ],
)
def test_no_row_is_left_half_empty(spans: list[int], filled: list[int]) -> None:
    cards = [Card(key=f"{place}", title="", template="", span=span) for place, span in enumerate(spans)]
    assert [card.span for card in fill_rows(cards)] == filled


def test_a_card_fetched_by_itself_keeps_its_width() -> None:
    lazy = Card(key="a", title="", template="", span=6, state="lazy", url="/panels/a/?lens=finance")
    shown = fill_rows([lazy])[0]
    assert (shown.span, shown.url) == (12, "/panels/a/?lens=finance&span=12")
    assert as_wide_as_asked(lazy, "12").span == 12


@pytest.mark.parametrize("text", ["", "0", "13", "-1", "x", "1e1", "١٢", "9" * 40])
def test_a_width_that_is_none_changes_nothing(text: str) -> None:
    card = Card(key="a", title="", template="", span=6)
    assert as_wide_as_asked(card, text) is card


def _card(key: str, span: int = 6, rows: int = 0, *, has_chart: bool = False) -> Card:
    data = {"rows": [{"n": place} for place in range(rows)]}
    chart = Chart(key=key, kind="bar", title="", categories=["a"], series=[Series(name="a", values=[1])])
    return Card(
        key=key, title="", template="", span=span, data={**data, **({"chart": chart} if has_chart else {})}
    )


def test_a_card_much_lower_than_its_neighbour_ends_where_its_content_ends() -> None:
    def short(*cards: Card) -> list[str]:
        return [card.key for card in fill_rows(cards) if card.is_short]

    assert short(_card("one row", rows=1), _card("chart", has_chart=True)) == ["one row"]
    assert short(_card("chart", has_chart=True), _card("eight rows", rows=8)) == []
    assert short(_card("two rows", rows=2), _card("three rows", rows=3)) == []
    assert short(_card("alone", rows=1), _card("wide", span=12, rows=8)) == []
    lazy = Card(key="lazy", title="", template="", span=6, state="lazy")
    assert short(lazy, _card("chart", has_chart=True)) == []
