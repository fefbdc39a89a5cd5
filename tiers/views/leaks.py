"""The report of leaks: four lists of clients whose commission is not what it should be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.exporting.files import CSV
from crm.core.forms.commands import CommandForm
from crm.core.forms.staff import ReasonForm
from crm.core.models import JobRun
from crm.core.views.commands import command, form_page
from crm.core.views.exports import file_answer
from crm.core.views.lists import listed, part
from crm.core.views.places import Place, actor_of, place_of
from tiers.filters import RateLeakFilter
from tiers.models import LeakReview, RateLeak
from tiers.services.leak_export import export_leaks
from tiers.services.leaks import ask_review


@require_safe
@permission_required("tiers.view_rateleak", raise_exception=True)
def leaks(request: HttpRequest) -> HttpResponse:
    """Leaks of the branch among the clients whose commission one may see, the largest first, with the sum of each kind."""
    place = place_of(request)
    found = _found(request, place)
    page = listed(request, found.qs.for_list(), ("-effect", "-id"))
    for leak in page:
        leak.name_shown = leak.client.masked_name
    whole = part(request, "tiers/leaks.html", "tiers/_leaks.html")
    context: dict[str, Any] = {"place": place, "filter": found, "page": page, "narrowed": _narrowed(request)}
    if whole == "tiers/leaks.html":
        context |= {
            "kinds": _kinds(request, place),
            "review": LeakReview.objects.filter(branch=place.branch).first(),
            "export_url": f"{reverse('tiers:leak_export')}?{request.GET.urlencode()}",
            "form": CommandForm(),
        }
    return render(request, whole, context)


def _found(request: HttpRequest, place: Place) -> RateLeakFilter:
    rows = RateLeak.objects.visible_to(actor_of(request)).of_branch(place.branch)
    return RateLeakFilter(request.GET, rows, request=request)


def _narrowed(request: HttpRequest) -> bool:
    """Whether the list is cut by more than the kind: then an empty one says nothing about the branch."""
    return any(request.GET.get(name, "").strip() for name in ("q", "product", "cursor"))


def _kinds(request: HttpRequest, place: Place) -> list[dict[str, Any]]:
    """Each kind with its number and its yuan a year, also where there is none."""
    rows = RateLeak.objects.visible_to(actor_of(request)).of_branch(place.branch).by_kind()
    told = {row["kind"]: row for row in rows}
    address = f"{reverse('tiers:leaks')}?branch={place.branch.public_id}"
    return [
        {
            "label": kind.label,
            "count": told.get(kind, {}).get("count", 0),
            "effect": told.get(kind, {}).get("effect") or Decimal(0),
            "url": f"{address}&kind={kind}",
        }
        for kind in RateLeak.Kind
    ]


@require_POST
@permission_required("tiers.add_leakreview", raise_exception=True)
def review(request: HttpRequest) -> HttpResponse:
    """Look again now, and go to where the progress shows."""
    place = place_of(request)
    back = f"{reverse('tiers:leaks')}?branch={place.branch.public_id}"
    made: list[JobRun] = []

    def ask(_form: CommandForm) -> JobRun:
        made.append(ask_review(actor=actor_of(request), branch=place.branch))
        return made[0]

    return command(
        request,
        CommandForm(request.POST),
        do=ask,
        done=lambda: reverse("core:job_detail", args=[made[0].public_id]) if made else back,
        template="tiers/leak_review.html",
        context={"place": place, "back_url": back},
    )


@form_page
@permission_required(("tiers.view_rateleak", "clients.export_client"), raise_exception=True)
def export(request: HttpRequest) -> HttpResponse:
    """The leaks that the list shows as CSV: asked with a reason, and on the trail before the first byte leaves."""
    place = place_of(request)
    found, form, status = _found(request, place), ReasonForm(request.POST or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            now = timezone.now()
            try:
                made, body = export_leaks(
                    actor=actor_of(request),
                    rows=found.qs,
                    form=CSV,
                    narrowed_by=request.GET.urlencode(),
                    reason=form.cleaned_data["reason"],
                    now=now,
                )
            except DomainError as refusal:
                form.add_error(None, str(next(iter(refusal.fields.values()), refusal.message)))
                status = refusal.status
            else:
                return file_answer(f"leaks-{local_date(now):%Y%m%d}", made.form, body)
    back = f"{reverse('tiers:leaks')}?{request.GET.urlencode()}"
    crumbs = [{"label": _("Commission desk"), "url": reverse("tiers:commission")}, {"label": _("Leaks"), "url": back}]
    context = {"form": form, "filter": found, "crumbs": crumbs, "back_url": back}
    return render(request, "tiers/leak_export.html", context, status=status)
