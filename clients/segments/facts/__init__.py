"""The fields that this app offers to segments, a module for each part of what is on file about a client."""

from __future__ import annotations

from clients.segments.catalogue import register


def register_own() -> None:
    """Called once, when all models are loaded."""
    from clients.segments.facts import accounts, log, money, privacy, quality, reach, related, wants, who

    for part in (who, quality, money, wants, log, reach, related, accounts, privacy):
        register(*part.fields())
