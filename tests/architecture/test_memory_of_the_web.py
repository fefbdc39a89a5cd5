"""What a process that serves pages has loaded before the first request."""

from __future__ import annotations

import subprocess
import sys

from launcher.environment import ROOT

_LOADED = """
import sys, crm.wsgi
from django.urls import get_resolver
get_resolver().reverse_dict
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_process_that_serves_pages_does_without_what_only_workers_need() -> None:
    answer = subprocess.run([sys.executable, "-c", _LOADED], cwd=ROOT, capture_output=True, text=True, check=True)

    loaded = set(answer.stdout.split())

    assert {"django", "clients", "advisory"} <= loaded
    assert not loaded & {"numpy", "numba", "python_calamine", "xlsxwriter", "qrcode"}
