"""Have promises reviewed by a worker once what they rest on has changed."""

from __future__ import annotations

from django.db import transaction


def review_behind_commit() -> None:
    """Let a worker review promises behind the commit; where the broker is away, the beat does."""
    transaction.on_commit(_call, robust=True)


def _call() -> None:
    from support.tasks import review_promises

    review_promises.apply_async(retry=False)
