"""The Celery application: tasks come from each app's ``tasks.py``, the schedule from the settings."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abe.settings")

app = Celery("abe")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["sync.connectors", "pods.checks", "pods.surveys"])
