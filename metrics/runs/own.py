"""What workers do for the numbers themselves while somebody waits; other apps declare theirs in ``<app>/runs.py``."""

from metrics.backtest.work import BACKTEST
from metrics.health.previews.past import PAST
from metrics.health.previews.work import PREVIEW
from metrics.nights.backfill import BACKFILL
from metrics.runs.registry import run_kinds

run_kinds.register(PREVIEW)
run_kinds.register(PAST)
run_kinds.register(BACKTEST)
run_kinds.register(BACKFILL)
