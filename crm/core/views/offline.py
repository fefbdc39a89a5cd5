"""What the browser shows when the branch's line is down: a small worker keeps one page and its look, nothing of clients."""

from __future__ import annotations

import hashlib

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

FILES = (
    "js/theme.js",
    "js/dialogs.js",
    "js/forms.js",
    "vendor/tabler/tabler.min.css",
    "css/app.css",
    "vendor/tabler-icons/sprite.svg",
    "img/favicon.svg",
)


@login_not_required  # kept by the browser for the time when nothing can be asked; says nothing of anybody
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page for a lost connection."""
    return render(request, "errors/offline.html")


@login_not_required  # a browser fetches it on its own, also after the session has ended
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker itself, at the root so that it stands before every page. A new set of files is a new store."""
    files = [static(name) for name in FILES]
    page = reverse("core:offline")
    mark = hashlib.sha256("\n".join([page, *files]).encode()).hexdigest()[:12]
    context = {"facts": {"store": f"offline-{mark}", "page": page, "files": files}}
    answer = render(request, "core/service_worker.js", context, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer
