"""gunicorn: one process of eight threads by default; deploy/ raises WEB_WORKERS where Redis is the shared cache."""

import gc
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("CRM_PROCESS", "web")  # chooses the time limits of database and broker

bind = os.environ.get("CRM_BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 10_000 if workers > 1 else 0  # a lone process has nobody to answer while it is replaced
max_requests_jitter = 1_000
# Several processes share what the first one has loaded. A new version then needs a restart; HUP keeps the code that is loaded.
preload_app = workers > 1
control_socket_disable = True  # it would lie in ~/.gunicorn, shared by every instance of this user
accesslog = None  # requests are logged once, with their id, by the application
errorlog = "-"
loglevel = "info"
proc_name = "crm-web"
forwarded_allow_ips = os.environ.get("CRM_PROXY_IPS", "127.0.0.1")
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (a private file is made there)


def when_ready(_server: Any) -> None:
    """Load the pages as well before processes are made of this one, and let no collector write into what they share."""
    if preload_app:
        from django.urls import get_resolver

        _loads_every_address = get_resolver().reverse_dict
        gc.collect()
        gc.freeze()


def post_worker_init(_worker: Any) -> None:
    """No page is served over an audit trail that can be rewritten."""
    from crm.core.checks import refuse_without_append_only

    refuse_without_append_only()
