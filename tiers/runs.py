"""What workers do for tiers while somebody waits for it."""

from metrics.runs.registry import run_kinds
from tiers.preview.work import PREVIEW
from tiers.publication.work import PUBLICATION

run_kinds.register(PREVIEW)
run_kinds.register(PUBLICATION)
