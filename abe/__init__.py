"""Composition: the one place that knows every app."""

from abe.celery import app as celery_app  # so that every shared task finds its broker

__all__ = ["celery_app"]
