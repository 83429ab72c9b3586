"""Is the company ready, and how far is the rollout: criteria that apps declare, proved from live data."""

from metrics.readiness import foundation as _foundation  # noqa: F401 - declares the premise and the foundation
