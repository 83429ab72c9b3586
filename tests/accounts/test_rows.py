"""How cards fill the rows of their grid."""

from __future__ import annotations

import pytest

from accounts.lenses.loading import Card, as_wide_as_asked, fill_rows


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
