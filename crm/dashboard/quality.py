"""Quality of client data under the branch: means of branches and advisors, and which facts are wanting most."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import ClientQuality
from clients.quality import QualityItem
from clients.views.quality import tone
from crm.core.models import Branch, User


@require_safe
@permission_required(("core.view_branchhome", "clients.view_clientquality"), raise_exception=True)
def branch_quality(request: HttpRequest) -> HttpResponse:
    """One branch, or all that the reader sees; ``?branch=CODE`` chooses."""
    user: Any = request.user
    branches = list(Branch.objects.visible_to(user).open().order_by("code"))
    chosen = next((branch for branch in branches if branch.code == request.GET.get("branch")), None)
    ids = [branch.pk for branch in ([chosen] if chosen else branches)]
    rows = ClientQuality.objects.visible_to(user).served().filter(client__branch_id__in=ids)
    context = {
        "branches": branches,
        "chosen": chosen,
        "by_branch": _lines(rows, "client__branch__name") if len(ids) > 1 else [],
        "by_advisor": _lines(rows, "client__advisor__name", "client__advisor__public_id"),
        "gaps": _gaps(rows),
        "list_url": reverse("clients:quality"),
    }
    return render(request, "dashboard/quality.html", context)


def _lines(rows: Any, name: str, public_id: str = "") -> list[dict[str, Any]]:
    """Means by place or person, the worst first."""
    found = rows.averages(name, *([public_id] if public_id else []))
    return sorted(
        (
            {
                "name": row[name] or _("Nobody"),
                "url": _url(row[public_id] or "null") if public_id else "",
                "clients": row["clients"],
                "poor": row["poor"],
                "tone": tone(int(row["mean_score"])),
                **{key: int(row[f"mean_{key}"]) for key in ("score", "completeness", "verification", "freshness")},
            }
            for row in found
        ),
        key=lambda line: (line["score"], str(line["name"])),
    )


def _url(advisor: str) -> str:
    return f"{reverse('clients:quality')}?advisor={advisor}"


def _gaps(rows: Any) -> list[dict[str, Any]]:
    """Facts by how many clients lack them; each number opens its clients."""
    counts = rows.gaps(QualityItem.values)
    lines: list[dict[str, Any]] = [
        {
            "label": item.label,
            "cells": [
                {
                    "value": counts[f"{what}_{item.value}"],
                    "url": f"{reverse('clients:quality')}?item={item.value}&what={what}",
                }
                for what in ("missing", "unverified", "stale")
            ],
        }
        for item in QualityItem
    ]
    wanting = [line for line in lines if any(cell["value"] for cell in line["cells"])]
    return sorted(wanting, key=lambda line: -sum(cell["value"] for cell in line["cells"]))


def mean_score(user: User, ids: list[int]) -> dict[str, Any] | None:
    """The number for the branch home, None where the reader may not see it or nobody has been weighed."""
    if not user.has_perm("clients.view_clientquality"):
        return None
    found = ClientQuality.objects.visible_to(user).served().filter(client__branch_id__in=ids).averages()
    if not found["clients"]:
        return None
    hint = _("%(count)d clients are poorly known") % {"count": found["poor"]}
    return {
        "label": _("Quality of client data"),
        "value": f"{int(found['mean_score'])}%",
        "url": reverse("dashboard:quality"),
        "hint": hint,
    }
