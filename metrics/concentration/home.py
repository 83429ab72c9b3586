"""The card of concentration on the first screen."""

from __future__ import annotations

from typing import Any

from accounts.home import HomePanel, Reader, register_home_panel
from metrics.concentration.charts import lorenz_chart
from metrics.concentration.reading import Figures, Ranking, rank, stored_day, stored_figures
from metrics.concentration.tables import LABELS
from people.functions import Function
from people.models import Category, Level

SHOWN = ("top_1", "top_5", "top_10", "hhi")


@register_home_panel
class Concentration(HomePanel):
    """How much of the revenue how few accounts bring: the premise of working by account."""

    key = "metrics.concentration"
    title = "Concentration of revenue"
    explain = "metrics.arr_hhi"
    template = "metrics/home/concentration.html"
    category = Category.REVENUE
    level = Level.TOTALS
    functions = {Function.LEADERSHIP: 10, Function.FINANCE: 40}

    def load(self, reader: Reader) -> dict[str, Any]:
        day = stored_day(reader.as_of)
        figures = stored_figures(day, "account") if day else Figures.nothing()
        ranking = rank(day, "account", most=0) if day else Ranking.nothing()
        return {
            "chart": lorenz_chart(self.key, figures, ranking, "account"),
            "day": day,
            "headline": [
                {
                    "label": LABELS[name] if name != "top_1" else "Largest account",
                    "value": figures.values[name],
                    "is_hhi": name == "hhi",
                }
                for name in SHOWN
            ],
            "is_concentrated": figures.is_concentrated,
            "query": f"?as_of={day.isoformat()}" if day and day < reader.as_of else "",
            "and_day": f"&as_of={day.isoformat()}" if day and day < reader.as_of else "",
        }
