"""Settings: the doors behind them, and the business hours of the branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.forms.hours import HoursForm
from crm.core.models import Branch, BusinessSegment, User
from crm.core.policies import figures
from crm.core.services.calendar import set_business_hours
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of


@dataclass(frozen=True)
class Door:
    """One card of the settings page; ``right`` is empty where everybody may enter."""

    title: Any
    text: Any
    icon: str
    name: str
    right: str = ""


DOORS = (
    Door(
        _("Policy figures"),
        _("Limits, deadlines and rates, with source and owner."),
        "scale",
        "core:policy_list",
        "core.view_policy",
    ),
    Door(
        _("Calendar"),
        _("Working and trading days, and notices."),
        "calendar",
        "core:calendar",
        "core.view_calendarday",
    ),
    Door(_("Business hours"), _("When the clocks of a branch run."), "clock", "core:hours_list", "core.view_policy"),
    Door(
        _("Organisation"),
        _("Company, regions, branches and departments."),
        "building",
        "core:organisation",
        "core.view_branch",
    ),
    Door(_("Staff"), _("Who works here, and with which roles."), "users-group", "core:staff_list", "core.view_user"),
    Door(_("Delegations"), _("Who stands in for whom."), "user-share", "core:delegation_list", "core.view_delegation"),
    Door(_("Audit trail"), _("Who did, saw and took out what."), "history", "core:audit_list", "core.view_auditentry"),
    Door(_("Jobs"), _("Long work, and how far it is."), "progress", "core:job_list", "core.view_jobrun"),
    Door(
        _("Imports"),
        _("Files that came in, and what became of them."),
        "file-import",
        "core:imports",
        "core.view_importbatch",
    ),
    Door(_("My profile"), _("Language, market colours, sessions and devices."), "user-circle", "core:profile"),
)


@require_safe
@permission_required("core.view_policy", raise_exception=True)
def settings_home(request: HttpRequest) -> HttpResponse:
    """The doors that the reader may open."""
    return render(request, "core/settings.html", {"cards": _cards(actor_of(request))})


@require_safe
@permission_required("core.view_policy", raise_exception=True)
def hours_list(request: HttpRequest) -> HttpResponse:
    """The business hours of every branch that the reader knows."""
    branches = (
        Branch.objects.nameable_by(actor_of(request)).open().order_by("code").prefetch_related("business_segments")
    )
    context = {"branches": branches, "default": _default_words()}
    return render(request, "core/hours_list.html", context)


@form_page
@permission_required("core.change_businesssegment", raise_exception=True)
def hours_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Set the business hours of one branch."""
    branch = get_object_or_404(Branch.objects.nameable_by(actor_of(request)), public_id=public_id)
    form = HoursForm(request.POST or None, segments=list(BusinessSegment.objects.filter(branch=branch)))

    def save(form: CommandForm) -> Branch:
        set_business_hours(branch=branch, hours=cast(HoursForm, form).hours, actor=actor_of(request))
        return branch

    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("core:hours_list"),
        template="core/hours_form.html",
        context={"branch": branch, "default": _default_words(), "back_url": reverse("core:hours_list")},
        said=str(_("The business hours have been saved.")),
    )


def _default_words() -> str:
    stretches = figures(local_date(timezone.now())).json("business.segments")
    return _(", ").join("–".join(stretch) for stretch in stretches)


def _cards(actor: User) -> list[dict[str, Any]]:
    cards = []
    for door in DOORS:
        if door.right and not actor.has_perm(door.right):
            continue
        try:
            url = reverse(door.name)
        except NoReverseMatch:
            continue
        cards.append({"title": door.title, "text": door.text, "icon": door.icon, "url": url})
    return cards
