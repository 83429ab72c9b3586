"""The lists of backtests, for pages and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from common.export import Offer, Table, table_of
from metrics.backtest.words import OUTCOME_LABELS, SIDES
from metrics.models import Backtest, BacktestLoss

WAYS = {"green": "Green until the end", "late": "Never red", "red": "Red before"}
AT_ONCE = 1000


def losses_of(run: Backtest, way: str = "") -> QuerySet[BacktestLoss]:
    """Return who was lost, the largest ARR first; ``way`` is one of WAYS."""
    losses = BacktestLoss.objects.filter(run=run)
    if way == "green":
        losses = losses.filter(band="green")
    elif way == "late":
        losses = losses.filter(red_on=None)
    elif way == "red":
        losses = losses.exclude(red_on=None)
    return losses.select_related("account").order_by("-arr", "account_id", "gone_on")


def offers_of(run: Backtest, found: Mapping[str, Any], way: str = "") -> list[Offer]:
    """Return the lists of a result's page."""
    offers = [
        Offer("losses", "Accounts lost", lambda: _losses_table(run, way)),
        Offer("comparison", "Comparison", lambda: _comparison_table(run)),
        Offer("months", "Month-ends", lambda: _months_table(run)),
    ]
    if "deciles" in found:
        offers += [
            Offer("deciles", "Tenths of the scores", lambda: _deciles_table(run, found)),
            Offer("components", "Components", lambda: _lifts_table(run, found)),
        ]
    if ((run.summary or {}).get("suggestion") or {}).get("weights"):
        offers.append(Offer("weights", "Suggested weights", lambda: _weights_table(run)))
    return offers


def _name(run: Backtest, what: str) -> str:
    return f"backtest-{run.pk}-{what}"


def _losses_table(run: Backtest, way: str) -> Table:
    return table_of(
        _name(run, "losses"),
        losses_of(run, way).iterator(chunk_size=AT_ONCE),
        [
            ("account_id", "Account id", lambda loss: loss.account_id),
            ("account", "Account", lambda loss: loss.account.name),
            ("arr", "ARR", lambda loss: loss.arr),
            ("last_on", "Last month-end with revenue", lambda loss: loss.last_on),
            ("gone_on", "First without", lambda loss: loss.gone_on),
            ("score", "Score then", lambda loss: loss.score),
            ("band", "Band then", lambda loss: loss.get_band_display()),
            ("red_on", "First red", lambda loss: loss.red_on),
            ("lead_days", "Days of warning", lambda loss: loss.lead_days),
        ],
    )


def _comparison_table(run: Backtest) -> Table:
    rows = []
    for found in (run.summary or {}).get("results", ()):
        for span, told in (("all month-ends", found["compared"]), ("after the cut", found["since_cut"])):
            for key in ("model", "tier", "usage"):
                one = told.get(key) or {}
                rows.append((found["outcome"], found["window"], span, SIDES[key], told, one))
    return table_of(
        _name(run, "comparison"),
        rows,
        [
            ("outcome", "Outcome", lambda row: OUTCOME_LABELS[row[0]]),
            ("days", "Within (days)", lambda row: row[1]),
            ("over", "Over", lambda row: row[2]),
            ("ordered_by", "Ordered by", lambda row: row[3]),
            ("auc", "AUC", lambda row: row[5].get("auc")),
            ("low", "95% from", lambda row: row[5].get("low")),
            ("high", "95% to", lambda row: row[5].get("high")),
            ("rows", "Rows", lambda row: row[4]["rows"]),
            ("events", "Rows with the outcome", lambda row: row[4]["events"]),
            ("accounts", "Accounts lost", lambda row: row[4]["lost"]),
        ],
    )


def _months_table(run: Backtest) -> Table:
    return table_of(
        _name(run, "months"),
        sorted((run.summary or {}).get("months", {}).items()),
        [
            ("month", "Month-end", lambda row: row[0]),
            ("rows", "Accounts", lambda row: row[1]["rows"]),
            *(
                (f"end_{window}", f"{window} days end with the numbers of", _end(str(window)))
                for window in run.windows
            ),
        ],
    )


def _end(window: str) -> Any:
    return lambda row: row[1]["ends"].get(window)


def _deciles_table(run: Backtest, found: Mapping[str, Any]) -> Table:
    return table_of(
        _name(run, "tenths"),
        found["deciles"],
        [
            ("least", "Score from", lambda one: one["least"] / 10),
            ("most", "Score to", lambda one: one["most"] / 10),
            ("rows", "Rows", lambda one: one["rows"]),
            ("events", "Lost", lambda one: one["events"]),
            ("share", "Share lost", lambda one: one["events"] / one["rows"]),
        ],
    )


def _lifts_table(run: Backtest, found: Mapping[str, Any]) -> Table:
    return table_of(
        _name(run, "components"),
        found["lifts"],
        [
            ("key", "Key", lambda one: one["key"]),
            ("label", "Component", lambda one: one["label"]),
            ("weight", "Weight", lambda one: float(one["weight"])),
            ("rows", "Rows with a value", lambda one: one["rows"]),
            ("alone", "AUC alone", lambda one: one["alone"]),
            ("left_out", "AUC without it", lambda one: one["left_out"]),
            ("lift", "AUC lost without it", lambda one: one["lift"]),
        ],
    )


def _weights_table(run: Backtest) -> Table:
    return table_of(
        _name(run, "weights"),
        (run.summary or {})["suggestion"]["weights"],
        [
            ("key", "Key", lambda one: one["key"]),
            ("label", "Component", lambda one: one["label"]),
            ("now", "Weight now", lambda one: float(one["now"])),
            ("suggested", "Suggested (of 100)", lambda one: one["weight"]),
        ],
    )
