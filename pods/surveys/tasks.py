"""Surveys on workers: each run does what is due, however often it is asked."""

from __future__ import annotations

from celery import shared_task

from pods.surveys.automatic import ask_due
from pods.surveys.sending import send_due


@shared_task
def run_surveys() -> None:
    """Ask about what happened, and send the mails that wait."""
    ask_due()
    send_due()
