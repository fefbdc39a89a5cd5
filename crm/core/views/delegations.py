"""Who stands in for whom, from when until when."""

from __future__ import annotations

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
from crm.core.forms.commands import CommandForm
from crm.core.forms.profile import DelegationForm
from crm.core.models import Delegation
from crm.core.services.delegations import grant_delegation, revoke_delegation
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of


@require_safe
@permission_required("core.view_delegation", raise_exception=True)
def delegation_list(request: HttpRequest) -> HttpResponse:
    """Delegations of today and later that concern the reader or his people."""
    today = local_date(timezone.now())
    rows = Delegation.objects.visible_to(actor_of(request)).since(today).select_related("absent", "deputy")[:200]
    return render(request, "core/delegation_list.html", {"delegations": rows, "today": today})


@form_page
@permission_required("core.add_delegation", raise_exception=True)
def delegation_add(request: HttpRequest) -> HttpResponse:
    """Let somebody stand in."""
    today = local_date(timezone.now())
    form = DelegationForm(request.POST or None, actor=actor_of(request), initial={"first_day": today})

    def grant(form: CommandForm) -> Delegation:
        return grant_delegation(actor=actor_of(request), today=today, **form.command)

    return command(
        request,
        form,
        do=grant,
        done=lambda: reverse("core:delegation_list"),
        template="core/delegation_form.html",
        context={"back_url": reverse("core:delegation_list")},
        said=_("The deputy reaches the book from the first day on."),
    )


@require_POST
@permission_required("core.change_delegation", raise_exception=True)
def delegation_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """End a delegation at once."""
    row = get_object_or_404(Delegation.objects.visible_to(actor_of(request)), public_id=public_id)
    try:
        revoke_delegation(actor=actor_of(request), delegation=row, now=timezone.now())
    except DomainError as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The delegation has ended."))
    return redirect("core:delegation_list")
