"""Places where a process may be killed on purpose, so that `do.py chaos` can show that nothing is lost or doubled there.

``CRM_FAULT`` in the environment of the embedded default names one place: whoever passes it dies at once (SIGKILL, as if the
machine had lost power). ``CRM_FAULT=@`` arms places one by one: a file ``<var>/faults/<name>`` is taken away by the first
process that passes, which then dies. Only the embedded settings read the variable; production knows no such setting.
"""

from __future__ import annotations

import os
import signal

from django.conf import settings

#: Every place by name, with what would be left behind there by a careless design.
PLACES = {
    "once.claimed": "the key of a request is claimed, its change is not made",
    "service.committed": "a change is committed, its caller has no answer",
    "hint.unsent": "work is committed, nobody has been asked to do it",
    "job.taken": "a worker holds a run and has done nothing",
    "job.done": "a run's work is committed, the run still counts as running",
    "outbound.sent": "a message has left, its row still says that it is being sent",
    "import.applying": "all rows of a file are written, none committed",
    "evaluation.applied": "tiers are moved and not summed up",
    "beat.asked": "beat has asked for a sweep and not noted when",
    "matching.approving": "clients have new advisors, the run is not decided",
}


def fault(name: str) -> None:
    """Die here if this place is armed; otherwise nothing."""
    armed = getattr(settings, "CRM_FAULT", "")
    if armed and (armed == name or (armed == "@" and _taken(name))):
        os.kill(os.getpid(), signal.SIGKILL)


def _taken(name: str) -> bool:
    try:
        (settings.CRM_VAR / "faults" / name).unlink()
    except FileNotFoundError:
        return False
    return True
