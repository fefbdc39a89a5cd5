"""The permission matrix: method, route, right. One line for each door; who holds a right stands in ``crm/roles/``."""

from __future__ import annotations

from tests.architecture.matrix import clients, house, rest, tiers, work
from tests.architecture.matrix.own import OWN

MATRIX: list[tuple[str, str, str]] = [*house.LINES, *clients.LINES, *tiers.LINES, *work.LINES, *rest.LINES]

#: Routes that are open on purpose or belong to the sign-in itself, with the reason.
EXEMPT: dict[str, str] = {
    "account_*": "sign-in, sign-out and one's own password (allauth)",
    "mfa_*": "one's own second factor (allauth)",
    "usersessions_*": "one's own sessions (allauth)",
    "set_language": "language of the visitor, stored in a cookie",
    "admin:*": "reference data; Django's own check of is_staff and rights",
    "core:set_language": "language of the visitor, also before signing in",
    "core:healthz": "whether the process answers; says nothing else",
    "core:readyz": "whether database and broker answer; says nothing else",
    "core:health_jobs": "ages of the sweeps, to loopback and signed-in staff",
    "core:offline": "the page that a browser keeps for a lost connection; shows no row",
    "core:service_worker": "the script that keeps that page",
    "care:survey": "the public survey: the one-time token is the right",
    "api:login": "public by nature: here one signs in",
    "api:logout": "ends the caller's own token",
    "api:devices": "the caller's own tokens",
    "api:schema": "describes the API, shows no row",
    "api:docs": "describes the API, shows no row",
}

__all__ = ["EXEMPT", "MATRIX", "OWN"]
