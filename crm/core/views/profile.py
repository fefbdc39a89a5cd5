"""One's own page: language, colours, where one is signed in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_POST

from crm.core.forms.commands import CommandForm
from crm.core.forms.profile import ProfileForm
from crm.core.models import User
from crm.core.services.profile import change_profile, end_device
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of


@form_page
def profile(request: HttpRequest) -> HttpResponse:
    """Everybody's own page; being signed in is the right it asks."""
    from allauth.mfa.utils import is_mfa_enabled
    from knox.models import AuthToken

    actor = actor_of(request)
    known = {"language": actor.language, "market_colours": actor.market_colours}
    form = ProfileForm(request.POST or None, initial=known)

    def save(form: CommandForm) -> User:
        return change_profile(actor=actor, **form.command)

    context = {
        "devices": AuthToken.objects.filter(user=actor).order_by("-created"),
        "has_second_factor": is_mfa_enabled(actor),
    }
    return command(
        request,
        form,
        do=save,
        done=lambda: reverse("core:profile"),
        template="core/profile.html",
        context=context,
        said=_("Your settings have been saved."),
    )


@require_POST
def device_end(request: HttpRequest, token_key: str) -> HttpResponse:
    """Sign one of one's own devices out."""
    if not end_device(actor=actor_of(request), token_key=token_key, now=timezone.now()):
        raise Http404
    messages.success(request, _("The device is signed out."))
    return redirect("core:profile")


@login_not_required  # the language is chosen before the log-in, too
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """The switch in the top bar: Django's own, which also becomes the choice of whoever is signed in.

    Without that the choice on file would win over the switch at the next page.
    """
    chosen = request.POST.get("language", "")
    if request.user.is_authenticated and chosen and check_for_language(chosen):
        actor = actor_of(request)
        if actor.language != chosen:
            change_profile(actor=actor, language=chosen, market_colours=actor.market_colours)
    return i18n.set_language(request)
