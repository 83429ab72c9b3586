"""Finance on workers: each task does what is due, however often it is asked."""

from __future__ import annotations

from celery import shared_task

from finance.contracts.recording import record_due_versions


@shared_task
def record_contracts() -> None:
    """Write down what sources say of contracts by now."""
    record_due_versions()
