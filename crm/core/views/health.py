"""Three questions of whoever watches over the house. None of the answers says more than it must."""

from __future__ import annotations

import ipaddress

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm.core import health
from crm.core.clocks import database_now
from crm.core.middleware import client_address


@login_not_required  # a watchdog has no log-in, and learns nothing but that the process answers
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of anybody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required  # the load balancer has no log-in, and learns only which of three parts is down
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready to serve: the database answers and has our schema.

    The broker is named as well but never turns this red: pages work without it, and its rows are found by the sweep.
    """
    database = health.database_answers()
    migrations = database and health.migrations_applied()
    broker = health.broker_answers()
    ready = database and migrations
    parts = {"database": database, "migrations": migrations, "broker": broker}
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


@login_not_required  # asked from the machine itself; from elsewhere only by staff, which the view checks
@never_cache
@require_safe
def health_jobs(request: HttpRequest) -> JsonResponse:
    """Whether the work behind the pages gets done: 200, or 503 with the reasons."""
    if not request.user.is_authenticated and not _from_this_machine(request):
        raise PermissionDenied
    found = health.pulse(database_now())
    body = {"healthy": not found.red, "red": found.red, "warnings": found.warnings, **found.figures}
    return JsonResponse(body, status=503 if found.red else 200)


def _from_this_machine(request: HttpRequest) -> bool:
    """Loopback, and not on behalf of somebody: a proxy on this machine forwards strangers."""
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    try:
        return ipaddress.ip_address(client_address(request)).is_loopback
    except ValueError:
        return False
