"""What happens around every request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from crm.core.context import RequestFacts, forget_request_facts, set_request_facts
from crm.core.errors import DomainError
from crm.core.modules import ModuleOff, is_off
from crm.core.problems import problem_answer

Answer = Callable[[HttpRequest], HttpResponse]

#: Session ends: without a click, and in any case.
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
#: In the session of somebody who has to set up a second factor before anything else.
SECOND_FACTOR_DUE = "second_factor_due"
#: Write the time of the last click at most this often, so that reading stays reading.
_NOTE_EVERY = timedelta(minutes=1)


class UserLanguage:
    """The user's own choice of language wins over the browser's."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "")
        if chosen and chosen != translation.get_language():
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return self.answer(request)


def _via(request: HttpRequest) -> str:
    """How the request came in: the trail says of a look whether a program has looked."""
    return "api" if request.path_info.startswith("/api/") else ""


class RequestContext:
    """Request id and address for audit and logs; session ends; private answers stay out of every cache."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        bound = structlog.contextvars.get_contextvars()
        facts = RequestFacts(str(bound.get("request_id", ""))[:64], client_address(request), _via(request))
        token = set_request_facts(facts)
        try:
            senseless = _without_sense(request)
            if senseless:
                return senseless
            if request.user.is_authenticated:
                detour = (
                    self._end_session(request)
                    or self._must_choose_password(request)
                    or self._must_set_up_second_factor(request)
                )
                if detour:
                    return detour
            response = self.answer(request)
            response = _with_page(request, response)
        finally:
            forget_request_facts(token)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, no_store=True, private=True)
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Parts that the visitor's branch leaves out are not there, as pages and, by session, over REST."""
        match = request.resolver_match
        if match is None or not request.user.is_authenticated or not is_off(request.user, match.view_name):
            return None
        if request.path.startswith("/api/"):
            return problem_answer(ModuleOff.code, ModuleOff.message, ModuleOff.status)
        return _refused(request, ModuleOff())

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal that no form has caught becomes a designed page with its own status."""
        if not isinstance(exception, DomainError):
            return None
        return _refused(request, exception)

    def _end_session(self, request: HttpRequest) -> HttpResponse | None:
        now, session = timezone.now(), request.session
        began = session.get("began_at") or now.timestamp()
        seen = session.get("seen_at") or now.timestamp()
        idle, age = now.timestamp() - seen, now.timestamp() - began
        if idle > IDLE.total_seconds() or age > ABSOLUTE.total_seconds() or _signed_in_before_change(request, began):
            logout(request)
            return _lead(request, f"{reverse(settings.LOGIN_URL)}?ended=1", "session_ended", 401)
        if "began_at" not in session or idle > _NOTE_EVERY.total_seconds():
            session["began_at"], session["seen_at"] = began, now.timestamp()
            _note_session(request)
        return None

    def _must_choose_password(self, request: HttpRequest) -> HttpResponse | None:
        user: Any = request.user
        if not user.must_change_password:
            return None
        url = reverse("account_change_password")
        if request.path.startswith((url, *_always_open())):
            return None
        return _lead(request, url, "password_due", 403)

    def _must_set_up_second_factor(self, request: HttpRequest) -> HttpResponse | None:
        """Marked at log-in by the account adapter; asked again only as long as the mark is there."""
        if not request.session.get(SECOND_FACTOR_DUE):
            return None
        from crm.core.second_factor import has_one

        if has_one(request.user):  # type: ignore[arg-type]  # signed in
            del request.session[SECOND_FACTOR_DUE]
            return None
        own = (reverse("mfa_index"), reverse("account_reauthenticate"), reverse("account_change_password"))
        if request.path.startswith((*own, *_always_open())):
            return None
        return _lead(request, reverse("mfa_activate_totp"), "second_factor_due", 403)


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    context = {"message": refusal.message, "code": refusal.code, "status": refusal.status}
    return render(request, "errors/refused.html", context, status=refusal.status)


def _with_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Whoever opens the address of a command, after signing in again or from his history, gets a page and not a blank one."""
    bare = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.streaming and not response.content
    if not bare or request.path.startswith("/api/"):
        return response
    message = _("Open the page the form is on and send it from there.")
    context = {"message": message, "code": "method_not_allowed", "status": response.status_code}
    page = render(request, "errors/refused.html", context, status=response.status_code)
    page["Allow"] = response["Allow"]
    return page


def _without_sense(request: HttpRequest) -> HttpResponse | None:
    """An address with a NUL names nothing; PostgreSQL would answer it with a fault instead of "no such row"."""
    from crm.core.views.errors import handler400, handler404

    if "\x00" in request.path:
        return handler404(request)
    if "%00" in request.META.get("QUERY_STRING", ""):
        return handler400(request)
    return None


def _always_open() -> tuple[str, ...]:
    # The service worker too: a browser takes no script from behind a redirect.
    return (reverse("account_logout"), reverse("core:service_worker"), f"/{settings.STATIC_URL.lstrip('/')}", "/i18n/")


def _why_first(code: str) -> str:
    return {
        "session_ended": _("The session has ended: sign in again."),
        "password_due": _("Choose a password of your own first."),
        SECOND_FACTOR_DUE: _("Set up a second factor first."),
    }[code]


def _lead(request: HttpRequest, url: str, code: str, status: int) -> HttpResponse:
    """Somewhere else first: a redirect for a page, a header for htmx (else it would fill a table with a log-in page), a
    problem for programs."""
    if request.path.startswith("/api/"):
        return problem_answer(code, _why_first(code), status)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _note_session(request: HttpRequest) -> None:
    """Keep "last seen" of the list of sessions current to the minute."""
    from allauth.usersessions.models import UserSession

    UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())


def _signed_in_before_change(request: HttpRequest, began: float) -> bool:
    """A session from before the last reset or change of rights is over (a second of grace for the change itself)."""
    changed: float = request.user.credentials_changed_at.timestamp()  # type: ignore[union-attr]  # signed in
    return began + 1 < changed


def client_address(request: HttpRequest) -> str:
    """The address of the far end. Forwarded headers count only behind as many proxies as settings name."""
    proxies = int(settings.REST_FRAMEWORK.get("NUM_PROXIES") or 0)
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies][:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]
