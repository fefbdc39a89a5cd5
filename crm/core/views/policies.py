"""The figures that govern the house, who answers for them, what held when, and the next version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.core.clocks import local_date
from crm.core.figure_sources import source_in_words
from crm.core.figures_on_page import AREA_WORDS, UNSURE, certainty_words, in_words
from crm.core.filters import PolicyKeyFilter
from crm.core.forms.commands import CommandForm
from crm.core.forms.policies import FigureForm
from crm.core.models import Branch, Policy, PolicyKey, Role, User
from crm.core.services.policies import may_set, set_policy
from crm.core.views.commands import command, form_page
from crm.core.views.lists import part
from crm.core.views.places import actor_of


@dataclass(frozen=True)
class FigureRow:
    """One figure in the table: what governs today, and what comes next."""

    key: PolicyKey
    current: Policy | None
    coming: Policy | None
    owner: str
    own_versions: int

    @property
    def value(self) -> str:
        return in_words(self.key, self.current.value) if self.current else "—"

    @property
    def source(self) -> str:
        return source_in_words(self.current.source) if self.current else ""

    @property
    def certainty(self) -> str:
        return certainty_words(self.current)

    @property
    def unsure(self) -> bool:
        return bool(self.current and self.current.certainty in UNSURE)


@require_safe
@permission_required("core.view_policy", raise_exception=True)
def policy_list(request: HttpRequest) -> HttpResponse:
    """Every figure by area, with what is in force on the day asked for (today unless ``on`` says otherwise)."""
    actor, today = actor_of(request), local_date(timezone.now())
    day = _day(request, today)
    place = _place(request, actor)
    found = PolicyKeyFilter(request.GET, PolicyKey.objects.all(), request=request)
    context = {
        "filter": found,
        "areas": _areas(list(found.qs), actor, place, day),
        "day": day,
        "today": today,
        "place": place,
        "places": Branch.objects.nameable_by(actor).order_by("code"),
    }
    return render(request, part(request, "core/policy_list.html", "core/_policy_table.html"), context)


@require_safe
@permission_required("core.view_policy", raise_exception=True)
def policy_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One figure: what it means, all its versions for the company and the branches, past and future."""
    figure, actor, today = get_object_or_404(PolicyKey, pk=key), actor_of(request), local_date(timezone.now())
    place = _place(request, actor)
    versions = Policy.objects.visible_to(actor).of_key(figure).select_related("branch", "created_by")
    current = Policy.objects.governing(today, place).filter(policy_key=figure).first()
    context = {
        "figure": figure,
        "crumbs": _crumbs(),
        "current": current,
        "value": in_words(figure, current.value) if current else "—",
        "source": source_in_words(current.source) if current else "",
        "place": place,
        "owner": _owner_words().get(figure.owner, figure.owner),
        "certainty": certainty_words(current),
        "unsure": bool(current and current.certainty in UNSURE),
        "versions": [_version(figure, row, current, today) for row in versions],
        "may_set": _answers_somewhere(actor, figure),
    }
    return render(request, "core/policy_detail.html", context)


@form_page
@permission_required("core.add_policy", raise_exception=True)
def policy_add(request: HttpRequest, key: str) -> HttpResponse:
    """The next version of a figure."""
    figure, actor, today = get_object_or_404(PolicyKey, pk=key), actor_of(request), local_date(timezone.now())
    current = Policy.objects.governing(today, _place(request, actor)).filter(policy_key=figure).first()
    form = FigureForm(request.POST or None, actor=actor, key=figure, current=current, initial={"effective_from": today})

    def save(form: CommandForm) -> Policy:
        return set_policy(actor=actor, key=figure, today=today, **form.command)

    url = reverse("core:policy_detail", args=[figure.key])
    context = {
        "figure": figure,
        "crumbs": _crumbs(figure),
        "value": in_words(figure, current.value) if current else "—",
        "back_url": url,
        "refused": not _answers_somewhere(actor, figure),
        "owner": _owner_words().get(figure.owner, figure.owner),
    }
    return command(
        request,
        form,
        do=save,
        done=lambda: url,
        template="core/policy_form.html",
        context=context,
        said=_("The new version is on file. It governs from its first day on."),
    )


# -- what the pages show -----------------------------------------------------------------------------------------------


def _areas(keys: list[PolicyKey], actor: User, place: Branch | None, day: date) -> list[dict[str, Any]]:
    current = {row.policy_key_id: row for row in Policy.objects.governing(day, place).select_related("branch")}
    coming: dict[str, Policy] = {}
    for row in Policy.objects.for_place(place).filter(effective_from__gt=day).order_by("-effective_from", "-version"):
        coming[row.policy_key_id] = row
    own = Policy.objects.visible_to(actor).own_versions()
    owners = _owner_words()
    areas: dict[str, list[FigureRow]] = {}
    for key in keys:
        line = FigureRow(
            key, current.get(key.pk), coming.get(key.pk), owners.get(key.owner, key.owner), own.get(key.pk, 0)
        )
        areas.setdefault(key.area, []).append(line)
    return [{"key": area, "name": AREA_WORDS.get(area, area), "rows": rows} for area, rows in areas.items()]


def _version(figure: PolicyKey, row: Policy, current: Policy | None, today: date) -> dict[str, Any]:
    state = "current" if current and row.pk == current.pk else "coming" if row.effective_from > today else "past"
    return {
        "row": row,
        "value": in_words(figure, row.value),
        "source": source_in_words(row.source),
        "state": state,
        "certainty": certainty_words(row),
    }


def _owner_words() -> dict[str, str]:
    return {role.key: str(role) for role in Role.objects.all()}


def _answers_somewhere(actor: User, figure: PolicyKey) -> bool:
    return any(may_set(actor, figure, place) for place in (None, actor.branch) if place is None or place)


def _day(request: HttpRequest, today: date) -> date:
    try:
        asked = parse_date(request.GET.get("on", ""))
    except ValueError:
        asked = None
    return asked or today


def _place(request: HttpRequest, actor: User) -> Branch | None:
    """The branch asked for among those the reader knows; his own unless he says "company"."""
    asked = request.GET.get("place", "")
    if asked == "company":
        return None
    if asked:
        return Branch.objects.nameable_by(actor).filter(public_id=asked).first()
    return actor.branch


def _crumbs(figure: PolicyKey | None = None) -> list[dict[str, str]]:
    way = [
        {"label": _("Settings"), "url": reverse("core:settings")},
        {"label": _("Policy figures"), "url": reverse("core:policy_list")},
    ]
    return [*way, {"label": str(figure), "url": reverse("core:policy_detail", args=[figure.key])}] if figure else way
