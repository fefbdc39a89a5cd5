"""Trying bounds before they bite: a histogram with the bounds on it, and at each move who would go where at what price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.fields import from_fen
from crm.core.forms.commands import CommandForm
from crm.core.scales import STRIP, WIDTH, place
from crm.core.views.commands import command, form_page
from crm.core.views.jobs import progress_context
from crm.core.views.lists import listed
from crm.core.views.places import actor_of, by_htmx, place_of
from tiers.forms.simulation import PREFIX, BoundsForm, SaveDraftForm
from tiers.models import Programme, Simulation, Tier
from tiers.services.simulation import (
    ask_simulation,
    bounds_of,
    concerns_branch_alone,
    drafts_to_compare,
    movable,
    read_bounds,
    save_as_draft,
    tell,
)

_SHOWN = 20
#: Height of the histogram's box.
_HEIGHT = Decimal(200)


@require_POST
@permission_required("tiers.change_programme", raise_exception=True)
def simulation_start(request: HttpRequest, public_id: str) -> HttpResponse:
    """Have the figures laid out for one edition and go to the sheet, which shows how far they are."""
    where = place_of(request)
    rows: Any = Programme.objects.visible_to(actor_of(request)).of_branch(where.branch)
    programme = get_object_or_404(rows, public_id=public_id)
    try:
        sheet = ask_simulation(branch=where.branch, programme=programme, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect(f"{reverse('tiers:index')}?branch={where.branch.public_id}")
    return redirect("tiers:simulation", sheet.public_id)


@require_safe
@permission_required("tiers.change_programme", raise_exception=True)
def simulation(request: HttpRequest, public_id: str) -> HttpResponse:
    """The sheet; bounds come in the address, so that a set of them can be kept and shared. htmx asks for the answer alone."""
    sheet, tiers = _sheet(request, public_id)
    if sheet.state != "ready":
        context = progress_context(sheet.job, actor_of(request)) if sheet.job else {}
        return render(request, "tiers/simulation_waits.html", {"sheet": sheet, **context})
    form = BoundsForm(request.GET or None, tiers=movable(tiers))
    bounds, status = bounds_of(tiers), 200
    if form.is_bound:
        try:
            bounds = read_bounds(tiers, form.said) if form.is_valid() else bounds
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        status = 422 if form.errors else 200
    target = request.headers.get("HX-Target", "") if by_htmx(request) else ""
    context = _answer(request, sheet, tiers, bounds) | {"form": form}
    if target == "movers":
        return render(request, "tiers/_movers.html", context, status=status)
    if target == "outcome":
        # Faults stand in the answer itself: htmx swaps nothing for an error.
        return render(request, "tiers/_outcome.html", context)
    context |= {
        "lines": _lines(tiers, bounds),
        "chart": _chart(sheet),
        "save_url": reverse("tiers:simulation_draft", args=[sheet.public_id]),
    }
    return render(request, "tiers/simulation.html", context, status=status)


def _sheet(request: HttpRequest, public_id: str) -> tuple[Simulation, list[Tier]]:
    rows: Any = Simulation.objects.visible_to(actor_of(request)).for_page()
    sheet: Simulation = get_object_or_404(rows, public_id=public_id)
    return sheet, list(Tier.objects.filter(programme=sheet.programme_id).order_by("rank"))


def _answer(request: HttpRequest, sheet: Simulation, tiers: list[Tier], bounds: dict[int, int]) -> dict[str, Any]:
    user = actor_of(request)
    outcome = tell(sheet, bounds, with_commission=user.has_perm("tiers.view_clientrate"))
    rows = sheet.rows.visible_to(user).movers(bounds_of(tiers), bounds)
    page = listed(request, rows.select_related("client"), ("-average", "-id"), size=_SHOWN)
    by_rank = {tier.rank: tier for tier in tiers}
    for row in page:
        row.name_shown, row.old, row.new = row.client.masked_name, by_rank[row.before], by_rank[row.after]
    return {
        "sheet": sheet,
        "outcome": outcome,
        "page": page,
        "commission": outcome.total("commission"),
        "cost": outcome.total("cost"),
        "contacts": outcome.total("contacts"),
        "per_advisor": outcome.contacts_per_advisor,
        "may_see_rates": user.has_perm("tiers.view_clientrate"),
        "compare_url": reverse("tiers:simulation_drafts", args=[sheet.public_id]),
    }


def _lines(tiers: list[Tier], bounds: dict[int, int]) -> list[dict[str, Any]]:
    """A handle for each bound that can be tried, the lowest first."""
    stands = bounds_of(tiers)
    return [
        {
            "tier": tier,
            "name": f"{PREFIX}{tier.code}",
            "bound": from_fen(bounds[tier.rank]),
            "typed": f"{from_fen(bounds[tier.rank]).normalize():f}",
            "stands": from_fen(stands[tier.rank]),
            "x": place(from_fen(bounds[tier.rank])),
            "stands_x": place(from_fen(stands[tier.rank])),
        }
        for tier in movable(tiers)
    ]


def _chart(sheet: Simulation) -> list[dict[str, Any]]:
    """Bars from the left: the root of the number is the height, so that few clients are seen beside many."""
    most = max((count for _edge, count in sheet.bars), default=0)
    bars = []
    for at, (edge, count) in enumerate(sheet.bars):
        left = Decimal(0) if edge is None else place(from_fen(edge))
        right = place(from_fen(sheet.bars[at + 1][0])) if at + 1 < len(sheet.bars) else Decimal(WIDTH)
        if edge is not None and at + 1 == len(sheet.bars):
            left = Decimal(WIDTH - STRIP)
        height = (Decimal(count) / most).sqrt() * _HEIGHT if most else Decimal(0)
        bars.append(
            {
                "edge": None if edge is None else from_fen(edge),
                "count": count,
                "x": left,
                "width": right - left - 1,
                "height": height.quantize(Decimal("0.1")),
                "y": (_HEIGHT - height).quantize(Decimal("0.1")),
            }
        )
    return bars


@form_page
@permission_required("tiers.change_programme", raise_exception=True)
def simulation_draft(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep tried bounds as a draft of the edition; the bounds come in the address, and then with the form."""
    sheet, tiers = _sheet(request, public_id)
    if sheet.waits:
        return redirect("tiers:simulation", sheet.public_id)
    user, now = actor_of(request), timezone.now()
    branch_only = concerns_branch_alone(sheet, user)
    initial: dict[str, Any] = {"effective_from": local_date(now)}
    initial |= {name: value for name, value in request.GET.items() if name.startswith(PREFIX)}
    form = SaveDraftForm(request.POST or None, tiers=movable(tiers), branch_only=branch_only, initial=initial)
    made: list[Programme] = []

    def save(form: CommandForm) -> Programme:
        said = cast(SaveDraftForm, form)
        made.append(
            save_as_draft(
                simulation=sheet,
                bounds=read_bounds(tiers, said.said),
                actor=user,
                now=now,
                effective_from=said.cleaned_data["effective_from"],
                note=said.cleaned_data["note"],
                for_branch=branch_only or said.cleaned_data["for_branch"],
            )
        )
        return made[0]

    back = f"{reverse('tiers:simulation', args=[sheet.public_id])}?{request.GET.urlencode()}"
    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("tiers:programme", args=[made[0].public_id]) if made else back,
        template="tiers/simulation_draft.html",
        context={"sheet": sheet, "lines": _lines(tiers, _tried(form, tiers)), "back_url": back},
        said=_("The draft is there. It grades nobody before it is put in force."),
    )


def _tried(form: SaveDraftForm, tiers: list[Tier]) -> dict[int, int]:
    """The bounds that the form carries, for the eyes; those of the edition where they make no ladder."""
    told = BoundsForm(
        {field.name: field.value() for field in form if field.name.startswith(PREFIX)}, tiers=movable(tiers)
    )
    try:
        return read_bounds(tiers, told.said) if told.is_valid() else bounds_of(tiers)
    except DomainError:
        return bounds_of(tiers)


@require_safe
@permission_required("tiers.change_programme", raise_exception=True)
def simulation_drafts(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open drafts of the same programme side by side, each with what it would do."""
    sheet, tiers = _sheet(request, public_id)
    if sheet.waits:
        return redirect("tiers:simulation", sheet.public_id)
    may_see = actor_of(request).has_perm("tiers.view_clientrate")
    drafts = []
    for draft, bounds in drafts_to_compare(sheet):
        outcome = tell(sheet, bounds, with_commission=may_see)
        said = "&".join(f"{PREFIX}{tier.code}={from_fen(bounds[tier.rank])}" for tier in movable(tiers))
        drafts.append(
            {
                "programme": draft,
                "bounds": [from_fen(bounds[tier.rank]) for tier in movable(tiers)],
                "outcome": outcome,
                "commission": outcome.total("commission"),
                "cost": outcome.total("cost"),
                "url": f"{reverse('tiers:simulation', args=[sheet.public_id])}?{said}",
            }
        )
    context = {
        "sheet": sheet,
        "tiers": movable(tiers),
        "drafts": drafts,
        "may_see_rates": may_see,
        "back_url": reverse("tiers:simulation", args=[sheet.public_id]),
    }
    return render(request, "tiers/simulation_drafts.html", context)
