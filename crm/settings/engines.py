"""How an address in the environment becomes database, cache and broker settings.

Each function reads only what it is given, so one variable changes only its own part.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from kombu import Queue

from crm.broker import transport_options

# Milliseconds. A page that waits longer for one statement is broken; a job step has its own limit (90 s soft).
STATEMENT_TIMEOUT = {"web": 15_000, "worker": 85_000}
LOCK_TIMEOUT = {"web": 3_000, "worker": 10_000}
# How PostgreSQL plans what pages and commands ask: rows lie on flash or in memory, so that an index that answers by itself is
# cheaper than the table, and no statement is long enough to be worth compiling or a second process (both cost more CPU than they
# saved on a list of 100,000 clients). A worker's nights read whole tables and keep what the server says.
PLANNING = ("random_page_cost=1.1", "jit=off", "max_parallel_workers_per_gather=0")

# WAL lets readers pass the writer; IMMEDIATE takes the write lock at the start of a transaction, so that
# "read, then write" never fails half way with "database is locked".
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=67108864;"
    ),
}


def database(url: str, var: Path, process: str) -> dict[str, Any]:
    """The default database: what *url* names, else SQLite below *var*."""
    if not url:
        url = f"sqlite:///{var / 'db.sqlite3'}"
    config: dict[str, Any] = environ.Env.db_url_config(url)
    config["CONN_MAX_AGE"] = 60
    config["CONN_HEALTH_CHECKS"] = True
    config["ATOMIC_REQUESTS"] = False
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        options.update(SQLITE_OPTIONS)
    elif config["ENGINE"] == "django.db.backends.postgresql":
        limits = [f"-c lock_timeout={LOCK_TIMEOUT.get(process, 10_000)}"]
        if process in STATEMENT_TIMEOUT:
            limits.append(f"-c statement_timeout={STATEMENT_TIMEOUT[process]}")
        if process != "worker":
            limits += [f"-c {setting}" for setting in PLANNING]
        options["options"] = " ".join([*filter(None, [options.get("options", "")]), *limits])
        options.setdefault("connect_timeout", 3)
        options.setdefault("application_name", f"crm-{process or 'manage'}")
    return config


def caches(redis_url: str) -> dict[str, dict[str, Any]]:
    """LocMem in one process, Redis where several share. Nothing's correctness may rest on it."""
    if not redis_url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "crm"}}
    return {
        "default": {
            "BACKEND": "crm.cache.ForgivingRedisCache",
            "LOCATION": redis_url,
            "KEY_PREFIX": "crm",
            "TIMEOUT": 300,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "health_check_interval": 30},
        }
    }


def broker(redis_url: str, var: Path, process: str, visibility_timeout: int) -> tuple[str, dict[str, Any]]:
    """Broker address and transport options: Redis where there is one, else files below *var*.

    A worker may wait 5 s for an answer of Redis; everything that serves people waits 1 s (a frozen Redis accepts a
    connection and never answers).
    """
    if not redis_url:
        return "crmfile://localhost//", {
            **transport_options(var / "broker"),
            "visibility_timeout": visibility_timeout,
        }
    return redis_url, {
        "visibility_timeout": visibility_timeout,
        "socket_timeout": 5 if process == "worker" else 1,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": 30,
        "global_keyprefix": "crm:",
    }


def queues() -> tuple[list[Queue], dict[str, dict[str, str]]]:
    """Queues and routes: what is due, what leaves the house, and what takes long do not stand in each other's way."""
    routes = {
        "core.send_outbound": {"queue": "send"},
        "core.run_job": {"queue": "long"},
    }
    return [Queue("due"), Queue("send"), Queue("long")], routes


def beat_schedule() -> dict[str, dict[str, Any]]:
    """What runs by itself. Times that a branch may change are policy data which the sweep reads, not entries here.

    A hint that waited for two periods is worthless, because the next ones ask the same question: it expires.
    """
    periods = {
        "core.run_due": timedelta(seconds=30),
        "core.send_outbound": timedelta(seconds=30),
        "core.seal_audit": timedelta(minutes=1),
        "core.beat_heartbeat": timedelta(seconds=30),
    }
    return {
        task: {"task": task, "schedule": period, "options": {"expires": 2 * period.total_seconds()}}
        for task, period in periods.items()
    }
