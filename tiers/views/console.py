"""The tier console: programmes with their clients, preview, run, history."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client, DailyAsset
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.models import JobRun
from crm.core.policies import figures
from crm.core.templatetags.amounts import short
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of, place_of
from tiers.forms import EvaluationForm, ProgrammeFileForm
from tiers.models import EvaluationRun, Programme, Tier, TierChange, TierState
from tiers.services.evaluation import ask_evaluation
from tiers.services.preview import Preview, preview_evaluation
from tiers.services.programmes import create_programme, read_plan, seed_default_programme
from tiers.services.simulation import movable

SHOWN_RUNS = 20
#: Steps that a run takes, by the word in the address.
_STEPS = {key: TierChange.Reason(key).label for key in ("up", "down", "first", "programme")}


@require_safe
@permission_required("tiers.view_programme", raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """Programmes of the branch with their tiers and how many clients of one's own reach stand in each."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    counts = TierState.objects.visible_to(user).of_branch(place.branch).counts_by_tier()
    governing = Programme.objects.governing(place.branch, today)
    programmes = list(Programme.objects.visible_to(user).of_branch(place.branch).not_retired().with_tiers())
    programmes.sort(key=lambda row: row != governing)
    window = figures(today, place.branch).days("tier.window_days")
    context: dict[str, Any] = {
        "place": place,
        "cards": [_card(row, counts, window, row == governing) for row in programmes],
        "clients_url": f"{reverse('clients:list')}?status=open&branch={place.branch.public_id}&tier=",
        "runs": [],
    }
    if user.has_perm("tiers.view_evaluationrun"):
        rows = EvaluationRun.objects.visible_to(user).filter(branch=place.branch)
        context["runs"] = rows.newest_first()[:SHOWN_RUNS]
    if user.has_perm("tiers.add_evaluationrun") and programmes:
        newest = DailyAsset.objects.newest_day(place.branch)
        context["form"] = EvaluationForm(
            branch=place.branch, today=today, initial=_to_evaluate(governing, newest or today)
        )
        context["newest_day"] = newest
    return render(request, "tiers/index.html", context)


def _to_evaluate(programme: Programme | None, day: date) -> dict[str, Any]:
    """What the form of an evaluation stands at: the newest day on file, by the programme that governs."""
    return {"day": day, "programme": programme and programme.public_id}


def _shares(rows: list[dict[str, Any]]) -> int:
    """Give each tier its share of all clients; returns how many these are."""
    total: int = sum(row["count"] for row in rows)
    for row in rows:
        row["share"] = Decimal(row["count"]) / total if total else None
    return total


def _card(programme: Programme, counts: dict[int, int], window: int, governs: bool) -> dict[str, Any]:
    tiers: list[dict[str, Any]] = [
        {"tier": tier, "count": counts.get(tier.pk, 0), "asks": _in_words(tier, programme.window_days or window)}
        for tier in programme.tiers.all()
    ]
    return {
        "programme": programme,
        "can_be_tried": bool(movable(list(programme.tiers.all()))),
        "governs": governs,
        "tiers": tiers,
        "total": _shares(tiers),
        "parts": [{"value": row["count"], "label": row["tier"].name, "slot": row["tier"].palette} for row in tiers],
    }


def _in_words(tier: Tier, window: int) -> str:
    return tier.asks.words(window) if tier.asks else ""


@require_safe
@permission_required("tiers.add_evaluationrun", raise_exception=True)
def preview(request: HttpRequest) -> HttpResponse:
    """What an evaluation for a day would do; nothing is written."""
    place, today = place_of(request), local_date(timezone.now())
    asked = request.GET if {"day", "programme"} & set(request.GET) else None
    initial = {}
    if asked is None:
        governing = Programme.objects.governing(place.branch, today)
        initial = _to_evaluate(governing, DailyAsset.objects.newest_day(place.branch) or today)
    form = EvaluationForm(asked, branch=place.branch, today=today, initial=initial)
    context: dict[str, Any] = {"place": place, "form": form}
    status = 200
    if form.is_valid():
        programme = form.cleaned_data["programme"]
        seen = preview_evaluation(branch=place.branch, programme=programme, day=form.cleaned_data["day"])
        context |= {"seen": seen, "programme": programme, "movers": _movers(request, seen), "chart": _histogram(seen)}
        token = EvaluationForm(
            branch=place.branch, today=today, initial={"day": seen.day, "programme": programme.public_id}
        )
        context["run_form"] = token
    elif form.is_bound:
        status = 422
    return render(request, part(request, "tiers/preview.html", "tiers/_preview.html"), context, status=status)


def _movers(request: HttpRequest, seen: Preview) -> list[dict[str, Any]]:
    rows = Client.objects.visible_to(actor_of(request)).in_bulk([mover.client_id for mover in seen.movers])
    return [
        {"mover": mover, "client": rows[mover.client_id], "name": rows[mover.client_id].masked_name}
        for mover in seen.movers
        if mover.client_id in rows
    ]


def _histogram(seen: Preview) -> dict[str, Any]:
    labels = [
        _("below 0") if edge is None else _("from %(amount)s") % {"amount": short(edge)} for edge, _n in seen.bars
    ]
    return {
        "kind": "bar",
        "categories": labels,
        "series": [{"name": _("Clients"), "data": [count for _edge, count in seen.bars], "slot": 3}],
        "unit": "count",
        "category_label": _("Average assets"),
    }


@require_POST
@permission_required("tiers.add_evaluationrun", raise_exception=True)
def run_start(request: HttpRequest) -> HttpResponse:
    """Put an evaluation in the queue and go to where its progress shows."""
    place, today = place_of(request), local_date(timezone.now())
    form = EvaluationForm(request.POST, branch=place.branch, today=today)
    started: list[JobRun] = []

    def start(form: CommandForm) -> JobRun:
        day, programme = form.cleaned_data["day"], form.cleaned_data["programme"]
        started.append(ask_evaluation(actor=actor_of(request), branch=place.branch, day=day, programme=programme))
        return started[-1]

    return command(
        request,
        form,
        do=start,
        done=lambda: reverse("core:job_detail", args=[started[0].public_id]) if started else reverse("core:job_list"),
        template="tiers/preview.html",
        context={"place": place},
    )


@require_safe
@permission_required("tiers.view_evaluationrun", raise_exception=True)
def run_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One run: counts after it, and the steps it made among the clients one may see."""
    user = actor_of(request)
    run = get_object_or_404(
        EvaluationRun.objects.visible_to(user).select_related("programme", "branch", "actor"), public_id=public_id
    )
    rows = TierChange.objects.visible_to(user).filter(run=run).select_related("client", "old", "new")
    step = request.GET.get("step", "")
    step = step if step in _STEPS else ""
    page = listed(request, rows.filter(reason=step) if step else rows, ("-id",))
    for change in page:
        change.name_shown = change.client.masked_name
    tiers = [{"tier": tier, "count": run.counts.get(tier.code, 0)} for tier in run.programme.tiers.all()]
    context = {"run": run, "page": page, "tiers": tiers, "total": _shares(tiers)}
    context |= {"step": step, "steps": [{"key": key, "label": label} for key, label in _STEPS.items()]}
    return render(request, part(request, "tiers/run.html", "tiers/_changes.html"), context)


@require_POST
@permission_required("tiers.approve_programme", raise_exception=True)
def programme_seed(request: HttpRequest) -> HttpResponse:
    """Give the company the default programme."""
    place = place_of(request)
    seed_default_programme(company=place.branch.company, actor=actor_of(request))
    messages.success(request, _("The default programme is in force."))
    return redirect(f"{reverse('tiers:index')}?branch={place.branch.public_id}")


@form_page
@permission_required("tiers.add_programme", raise_exception=True)
def programme_new(request: HttpRequest) -> HttpResponse:
    """Bring in a programme, or the next edition of one, as a draft."""
    place = place_of(request)
    form = ProgrammeFileForm(request.POST or None, request.FILES or None)
    back = f"{reverse('tiers:index')}?branch={place.branch.public_id}"

    def bring_in(form: CommandForm) -> Programme:
        with tempfile.NamedTemporaryFile(suffix=".toml") as copy:
            Path(copy.name).write_bytes(form.cleaned_data["file"].read())
            plan = read_plan(Path(copy.name))
        user = actor_of(request)
        own = place.branch if form.cleaned_data["for_branch"] or not user.scope.sees_company else None
        return create_programme(actor=user, plan=plan, company=place.branch.company, branch=own)

    return command(
        request,
        form,
        do=bring_in,
        done=lambda: back,
        template="tiers/programme_new.html",
        context={"place": place, "back_url": back},
        said=_("The programme is there as a draft. It grades nobody before it is put in force."),
    )
