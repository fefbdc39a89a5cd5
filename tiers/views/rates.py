"""One rate of one client: its terms and its history, with the papers that the client signed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.querysets.scope import said_of, shown_name
from crm.core.clocks import local_date
from crm.core.views.attachments import listed_files
from crm.core.views.commands import command
from crm.core.views.places import actor_of
from tiers.forms.commission import PaperForm
from tiers.models import ClientRate
from tiers.services.rate_offers import TAKES_PAPERS, attach_agreement


@require_safe
@permission_required("tiers.view_clientrate", raise_exception=True)
def rate_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was proposed, decided and agreed, by whom and when; and the papers."""
    rate = _visible(request, public_id)
    return render(request, "tiers/rate.html", _context(request, rate, PaperForm()))


@require_POST
@permission_required("tiers.add_clientrate", raise_exception=True)
def rate_attach(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a paper that the client signed."""
    rate, user = _visible(request, public_id), actor_of(request)
    form = PaperForm(request.POST, request.FILES)
    return command(
        request,
        form,
        do=lambda _form: attach_agreement(rate=rate, upload=form.cleaned_data["file"], actor=user),
        done=lambda: reverse("tiers:rate_detail", args=[rate.public_id]),
        template="tiers/rate.html",
        context=_context(request, rate, form),
        said=said_of(rate.client, user, _("The paper lies with the rate.")),
    )


def _context(request: HttpRequest, rate: ClientRate, form: PaperForm) -> dict[str, Any]:
    user = actor_of(request)
    decides = user.has_perm("tiers.approve_clientrate")
    hands = (rate.proposed_by_id, rate.endorsed_by_id)
    return {
        "rate": rate,
        "today": local_date(timezone.now()),
        "may_approve": decides and rate.state == ClientRate.State.PROPOSED and user.pk not in hands,
        "may_answer": rate.state == ClientRate.State.OFFERED and user.has_perm("tiers.add_clientrate"),
        "may_end": decides and rate.state == ClientRate.State.APPROVED,
        "name": shown_name(rate.client, user),
        "files": listed_files(rate),
        "form": form if rate.state in TAKES_PAPERS and user.has_perm("tiers.add_clientrate") else None,
        "attach_url": reverse("tiers:rate_attach", args=[rate.public_id]),
        "crumbs": [
            {"label": _("Commission desk"), "url": reverse("tiers:commission")},
            {"label": shown_name(rate.client, user), "url": reverse("tiers:proof", args=[rate.client.public_id])},
        ],
    }


def _visible(request: HttpRequest, public_id: str) -> ClientRate:
    rows = ClientRate.objects.visible_to(actor_of(request)).for_list()
    found: ClientRate = get_object_or_404(
        rows.select_related("answer_taken_by", "tier_change__old", "tier_change__new"), public_id=public_id
    )
    return found
