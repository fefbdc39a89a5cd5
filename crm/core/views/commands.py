"""The one way from a form to a service: refusals become form errors, success a redirect, a second click the same page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from crm.core.errors import DomainError
from crm.core.forms.commands import CommandForm
from crm.core.once import fingerprint, once


def command(
    request: HttpRequest,
    form: CommandForm,
    *,
    do: Callable[[CommandForm], Any],
    done: Callable[[], str | HttpResponse],
    template: str,
    context: dict[str, Any] | None = None,
    said: str = "",
) -> HttpResponse:
    """Show the form, or carry it out once and go to ``done()``: an address, or a page that is shown only now.

    ``do`` calls the service and returns the row it made or changed. With htmx the answer to success is a redirect header.
    """
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                token = f"form:{form.cleaned_data['form_token']}"
                once(
                    user=request.user,  # type: ignore[arg-type]  # login is required by middleware
                    key=token[:80],
                    print_=fingerprint(request.path),
                    make=lambda: do(form),
                )
            except DomainError as refusal:
                _add(form, refusal)
                status = refusal.status
            else:
                if said:
                    messages.success(request, said)
                return _go(request, done())
        else:
            status = 400
    return render(request, template, {"form": form, **(context or {})}, status=status)


def _add(form: CommandForm, refusal: DomainError) -> None:
    for name, found in refusal.fields.items():
        form.add_error(name if name in form.fields else None, str(found))
    if not refusal.fields:
        form.add_error(None, str(refusal.message))


def _go(request: HttpRequest, url: str | HttpResponse) -> HttpResponse:
    if isinstance(url, HttpResponse):
        return url
    if getattr(request, "htmx", False):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    return redirect(url)
