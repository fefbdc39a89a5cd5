"""Project package. Importing it makes the Celery app known, so that every process sees the same tasks."""

from crm.celery import app as celery_app

__all__ = ["celery_app"]
