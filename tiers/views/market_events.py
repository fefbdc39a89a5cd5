"""Market events: what a branch called out a round for, whom it reaches, and how far the round has come."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clients.models import Segment
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.keyset import capped_count, capped_text
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of, place_of
from tiers.forms.services import AskAgainForm, MarketEventForm
from tiers.models import MarketEvent, Promise, ServiceItem, Tier
from tiers.querysets.market_events import audience
from tiers.services.market_events import ask_again, call_round, may_be_asked


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def event_list(request: HttpRequest) -> HttpResponse:
    """Rounds of the branches that the reader reaches, the newest first."""
    user = actor_of(request)
    page = listed(request, MarketEvent.objects.visible_to(user).for_list().with_progress(user), ("-called_at", "-pk"))
    context = {"page": page, "may_call": user.has_perm("tiers.add_marketevent")}
    return render(request, part(request, "tiers/market_events.html", "tiers/_market_events.html"), context)


@require_safe
@permission_required("tiers.view_promise", raise_exception=True)
def event_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """What is asked, for whom, and what became of it with the clients whom the reader sees."""
    user, today = actor_of(request), local_date(timezone.now())
    row = _visible(request, public_id)
    names = Tier.objects.names(row.branch, today)
    may_call = user.has_perm("tiers.add_marketevent")
    context = {
        "event": row,
        "tiers": [names.get(code, code) for code in row.tier_codes],
        "found": Promise.objects.visible_to(user).filter(event=row).by_state(),
        "sees_audience": may_call,
        "may_ask": may_call and may_be_asked(row, today),
        "crumbs": [_crumb()],
    }
    return render(request, "tiers/market_event.html", context)


@form_page
@permission_required("tiers.add_marketevent", raise_exception=True)
def event_new(request: HttpRequest) -> HttpResponse:
    """Call out a round; beside the form stands whom it would reach."""
    user, place, now = actor_of(request), place_of(request), timezone.now()
    form = _form(request, request.POST or None)

    def save(form: CommandForm) -> MarketEvent:
        return call_round(branch=place.branch, actor=user, now=now, **form.command)

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:market_events"),
        template="tiers/market_event_new.html",
        context={
            "title": _("Call out a round"),
            "sub": place.branch.name,
            "submit": _("Call out"),
            "back_url": reverse("tiers:market_events"),
            "crumbs": [_crumb()],
            "text": _(
                "Each client whom it reaches is owed this service once for this event. It appears in my day of whoever"
                " sees to it, and a logged contact keeps it."
            ),
            "columns": 2,
        },
        said=_("The round is called out."),
    )


@require_safe
@permission_required("tiers.add_marketevent", raise_exception=True)
def event_count(request: HttpRequest) -> HttpResponse:
    """How many clients a round would reach, as the form says it now."""
    user, place, now = actor_of(request), place_of(request), timezone.now()
    form = _form(request, request.GET)
    form.is_valid()
    said: dict[str, Any] = form.cleaned_data
    item, segment, tiers = said.get("item"), said.get("segment"), said.get("tier_codes") or []
    if item is None or (segment is None and not tiers):
        return HttpResponse(_("Choose a service, and a segment or tiers."))
    rule = segment.rule if segment else None
    found = audience(item=item, branch=place.branch, rule=rule, tier_codes=tiers, user=user, now=now)
    return HttpResponse(_("Clients reached: %(count)s") % {"count": capped_text(*capped_count(found))})


@form_page
@permission_required("tiers.add_marketevent", raise_exception=True)
def event_ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask again: who has come into the audience since is owed it, too."""
    row = _visible(request, public_id)
    back = reverse("tiers:market_event", args=[row.public_id])
    return command(
        request,
        AskAgainForm(request.POST or None, initial={"version": row.version}),
        do=lambda form: ask_again(event=row, actor=actor_of(request), now=timezone.now(), version=form.seen),
        done=lambda: back,
        template="tiers/step.html",
        context={
            "title": _("Ask once more"),
            "sub": row.name,
            "submit": _("Ask once more"),
            "back_url": back,
            "crumbs": [_crumb()],
            "text": _("Who has come into the audience since is owed it as well; nobody is owed it twice."),
        },
        said=_("Asked once more."),
    )


def _crumb() -> dict[str, str]:
    return {"label": _("Market events"), "url": reverse("tiers:market_events")}


def _visible(request: HttpRequest, public_id: str) -> MarketEvent:
    rows = MarketEvent.objects.visible_to(actor_of(request)).for_list()
    return get_object_or_404(rows, public_id=public_id)


def _form(request: HttpRequest, said: Any) -> MarketEventForm:
    user, branch, today = actor_of(request), place_of(request).branch, local_date(timezone.now())
    items = ServiceItem.objects.of_branch(branch).in_force(today).filter(proof=ServiceItem.Proof.CONTACT)
    return MarketEventForm(
        said,
        items=items.order_by("code"),
        segments=Segment.objects.for_work(user).order_by("name"),
        tiers=Tier.objects.names(branch, today),
        initial={"day": today},
    )
