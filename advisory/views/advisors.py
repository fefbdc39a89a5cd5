"""Advisors of a branch: licence, places, leave."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from advisory.forms import AdvisorForm
from advisory.models import AdvisorProfile
from advisory.services import change_profile
from crm.core.access import branch_q
from crm.core.clocks import local_date
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, place_of
from tiers.models import Tier

#: Natural days before the end of a licence from which the list warns.
WARN_DAYS = 60


@require_safe
@permission_required("advisory.view_advisorprofile", raise_exception=True)
def advisor_list(request: HttpRequest) -> HttpResponse:
    """Advisors with licence, places and leave; an advisor finds himself alone here."""
    user, place, today = actor_of(request), place_of(request), local_date(timezone.now())
    default = figures(today, place.branch).integer("matching.default_capacity")
    rows = AdvisorProfile.objects.visible_to(user).of_branch(place.branch).with_load().select_related("user")
    advisors: list[Any] = list(rows.order_by("licence_valid_until", "pk"))
    for row in advisors:
        row.places = default if row.capacity is None else row.capacity
        row.expired = row.licence_valid_until < today
        row.days_left = (row.licence_valid_until - today).days
        row.away = row.is_on_leave(today)
    without = _people(user).filter(branch=place.branch, advisor_profile=None)
    context: dict[str, Any] = {
        "place": place,
        "warn_days": WARN_DAYS,
        "advisors": advisors,
        "without": without.order_by("name", "pk"),
    }
    return render(request, "advisory/advisors.html", context)


@form_page
@permission_required("advisory.change_advisorprofile", raise_exception=True)
def advisor_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Enter or correct the profile of one advisor."""
    user = actor_of(request)
    person = get_object_or_404(_people(user), public_id=public_id)
    profile = AdvisorProfile.objects.visible_to(user).filter(user=person).first()
    tiers = Tier.objects.governing(person.branch, local_date(timezone.now())) if person.branch else ()
    form = AdvisorForm(request.POST or None, profile=profile, tiers=tiers)

    def do(form: Any) -> AdvisorProfile:
        return change_profile(user=person, values=form.command, actor=user, version=form.seen)

    return command(
        request,
        form,
        do=do,
        done=lambda: reverse("advisory:advisors"),
        template="advisory/form.html",
        context={
            "title": _("Advisor profile"),
            "about": f"{person.name} {person.staff_number}",
            "submit": _("Save"),
            "back_url": reverse("advisory:advisors"),
            "columns": 2,
            "crumbs": [{"label": _("Advisors"), "url": reverse("advisory:advisors")}],
            "warning": ""
            if profile is None or profile.has_usual_number
            else _("The licence number is not of the usual form: S and 13 digits."),
        },
        said=_("The profile is saved."),
    )


def _people(user: User) -> Any:
    """Active advisors within reach."""
    return User.objects.filter(branch_q(user) | Q(pk=user.pk), is_active=True).with_role("advisor")
