"""The staff pages: who works here, who joins, moves and leaves, and how people get in again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.core.clocks import local_date
from crm.core.filters import UserFilter
from crm.core.forms.commands import CommandForm
from crm.core.forms.staff import DisableForm, ReasonForm, ResetForm, StaffForm
from crm.core.models import Delegation, User
from crm.core.services import staff as services
from crm.core.services.staff import HandedOut
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of


@require_safe
@permission_required("core.view_user", raise_exception=True)
def staff_list(request: HttpRequest) -> HttpResponse:
    """People that the reader may see, with their roles."""
    rows = User.objects.visible_to(actor_of(request)).for_list()
    found = UserFilter(request.GET, rows, request=request)
    context = {"filter": found, "page": listed(request, found.qs, ("staff_number",))}
    return render(request, part(request, "core/staff_list.html", "core/_staff_table.html"), context)


@require_safe
@permission_required("core.view_user", raise_exception=True)
def staff_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One person: place, roles, what is open, who stands in."""
    person = _person(request, public_id)
    sessions, tokens = _open_access(person) if request.user.has_perm("core.change_user") else (None, None)
    context = {
        "person": person,
        "crumbs": _crumbs(),
        "is_self": person.pk == request.user.pk,
        "sessions": sessions,
        "tokens": tokens,
        "delegations": Delegation.objects.visible_to(actor_of(request))
        .of_person(person)
        .since(local_date(timezone.now()))
        .select_related("absent", "deputy"),
        "reports": person.reports.active().order_by("staff_number")[:50],
    }
    return render(request, "core/staff_detail.html", context)


@form_page
@permission_required("core.add_user", raise_exception=True)
def staff_add(request: HttpRequest) -> HttpResponse:
    """Add somebody; the one-time password is shown once, on the answer."""
    form = StaffForm(request.POST or None, actor=actor_of(request))

    def add(form: CommandForm) -> HandedOut:
        asked = cast(StaffForm, form)
        return services.add_staff(actor=actor_of(request), place=asked.place, now=timezone.now(), **asked.facts)

    context = {
        "title": _("New member of staff"),
        "crumbs": _crumbs(),
        "back_url": reverse("core:staff_list"),
        "submit_label": _("Add"),
    }
    return _handing_out(request, form, add, reverse("core:staff_list"), context)


@form_page
@permission_required("core.change_user", raise_exception=True)
def staff_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Edit, move, change roles."""
    person = _person(request, public_id)
    form = StaffForm(request.POST or None, actor=actor_of(request), person=person)
    url = _url(person)

    def save(form: CommandForm) -> User:
        asked = cast(StaffForm, form)
        return services.change_staff(
            actor=actor_of(request),
            person=person,
            place=asked.place,
            seen=asked.seen,
            now=timezone.now(),
            **asked.facts,
        )

    return command(
        request,
        form,
        do=save,
        done=lambda: url,
        template="core/staff_form.html",
        context={
            "person": person,
            "crumbs": _crumbs(person),
            "title": _("Edit %(name)s") % {"name": person.name},
            "back_url": url,
            "submit_label": _("Save"),
            "columns": 2,
        },
        said=_("Saved. A book stays with its advisor until somebody hands it over."),
    )


@form_page
@permission_required("core.change_user", raise_exception=True)
def staff_disable(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close an account at once."""
    person = _person(request, public_id)
    form = DisableForm(request.POST or None, initial={"version": person.version, "left_on": local_date(timezone.now())})

    def disable(form: CommandForm) -> User:
        return services.disable_staff(
            actor=actor_of(request), person=person, now=timezone.now(), seen=form.seen, **form.command
        )

    return command(
        request,
        form,
        do=disable,
        done=lambda: _url(person),
        template="core/staff_form.html",
        context={
            "person": person,
            "crumbs": _crumbs(person),
            "title": _("Disable %(name)s") % {"name": person.name},
            "warning": _(
                "All sessions and devices end at once. The clients of this person stay in the book until somebody hands "
                "them over; open calls and complaints stay with the person, too."
            ),
            "back_url": _url(person),
            "submit_label": _("Disable account"),
            "danger": True,
        },
        said=_("The account is disabled. Remember to hand over the clients."),
    )


@form_page
@permission_required("core.change_user", raise_exception=True)
def staff_enable(request: HttpRequest, public_id: str) -> HttpResponse:
    """Open a closed account, with a one-time password."""
    person = _person(request, public_id)
    form = ReasonForm(request.POST or None, initial={"version": person.version})

    def enable(form: CommandForm) -> HandedOut:
        return services.enable_staff(
            actor=actor_of(request), person=person, now=timezone.now(), seen=form.seen, **form.command
        )

    context = {
        "person": person,
        "crumbs": _crumbs(person),
        "title": _("Enable %(name)s") % {"name": person.name},
        "warning": _("The person gets a one-time password. Check place and roles afterwards."),
        "back_url": _url(person),
        "submit_label": _("Enable account"),
    }
    return _handing_out(request, form, enable, _url(person), context)


@form_page
@permission_required("core.reset_password", raise_exception=True)
def staff_reset(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand out a one-time password."""
    person = _person(request, public_id)
    form = ResetForm(request.POST or None)

    def reset(form: CommandForm) -> HandedOut:
        return services.reset_password(actor=actor_of(request), person=person, now=timezone.now(), **form.command)

    context = {
        "person": person,
        "crumbs": _crumbs(person),
        "title": _("One-time password for %(name)s") % {"name": person.name},
        "warning": _("Make sure that you speak with the person himself. All his sessions and devices end."),
        "back_url": _url(person),
        "submit_label": _("Give a one-time password"),
    }
    return _handing_out(request, form, reset, _url(person), context)


@form_page
@permission_required("core.change_user", raise_exception=True)
def staff_end_access(request: HttpRequest, public_id: str) -> HttpResponse:
    """End every session and device of somebody."""
    person = _person(request, public_id)
    form = ReasonForm(request.POST or None)

    def end(form: CommandForm) -> User:
        return services.end_all_access(actor=actor_of(request), person=person, now=timezone.now(), **form.command)

    return command(
        request,
        form,
        do=end,
        done=lambda: _url(person),
        template="core/staff_form.html",
        context={
            "person": person,
            "crumbs": _crumbs(person),
            "title": _("End all sessions of %(name)s") % {"name": person.name},
            "warning": _("The person has to sign in again everywhere. What was typed and not sent is lost."),
            "back_url": _url(person),
            "submit_label": _("End sessions and devices"),
            "danger": True,
        },
        said=_("All sessions and devices of this person have ended."),
    )


def _handing_out(
    request: HttpRequest,
    form: CommandForm,
    do: Callable[[CommandForm], HandedOut],
    fallback: str,
    context: dict[str, Any],
) -> HttpResponse:
    """A command whose answer shows a one-time password: once, never stored, never after a redirect."""
    handed: list[HandedOut] = []

    def make(form: CommandForm) -> HandedOut:
        handed.append(do(form))
        return handed[-1]

    def show() -> str | HttpResponse:
        if not handed:  # the same form again: the password was shown the first time and is nowhere now
            return fallback
        answer = render(
            request, "core/staff_password.html", {"person": handed[0].person, "password": handed[0].password}
        )
        answer["Cache-Control"] = "no-store, private"
        return answer

    columns = 2 if isinstance(form, StaffForm) else 1
    return command(
        request, form, do=make, done=show, template="core/staff_form.html", context={"columns": columns, **context}
    )


def _person(request: HttpRequest, public_id: str) -> User:
    return get_object_or_404(User.objects.visible_to(actor_of(request)).for_list(), public_id=public_id)


def _url(person: User) -> str:
    return reverse("core:staff_detail", args=[person.public_id])


def _crumbs(person: User | None = None) -> list[dict[str, str]]:
    way = [{"label": _("Staff"), "url": reverse("core:staff_list")}]
    return [*way, {"label": person.name, "url": _url(person)}] if person else way


def _open_access(person: User) -> tuple[int, int]:
    from allauth.usersessions.models import UserSession
    from knox.models import AuthToken

    return UserSession.objects.filter(user=person).count(), AuthToken.objects.filter(user=person).count()
