"""Starting a run, and looking at it on another connection."""

from __future__ import annotations

import threading

from django.db import connection

from crm.core import jobs


def start(actor, kind="test.count", **options):
    return jobs.start_job(kind, actor=actor, params=options.pop("params", {}), **options)


def elsewhere(ask):
    """On a connection of its own, which sees only what is committed."""
    found = []

    def work():
        found.append(ask())
        connection.close()

    other = threading.Thread(target=work)
    other.start()
    other.join()
    return found[0]
