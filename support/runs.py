"""What workers do for support while somebody waits for it."""

from metrics.runs.registry import run_kinds
from support.policies.previews.work import PREVIEW

run_kinds.register(PREVIEW)
