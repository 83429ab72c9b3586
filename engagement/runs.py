"""What workers do for engagement while somebody waits for it."""

from engagement.scoring.previews.publishing import PUBLICATION
from engagement.scoring.previews.work import PREVIEW
from metrics.runs.registry import run_kinds

run_kinds.register(PREVIEW)
run_kinds.register(PUBLICATION)
