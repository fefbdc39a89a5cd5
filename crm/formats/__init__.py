"""Formats of dates and figures per language (Django's own zh_Hans does not group digits)."""
