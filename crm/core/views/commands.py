"""The one way from a form to a service: refusals become form errors, success a redirect, a second click the same page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.core.errors import DomainError, StaleEdit, VersionRequired
from crm.core.forms.commands import CommandForm
from crm.core.once import KeyReused, fingerprint, once, print_of_file
from crm.core.public_ids import new_public_id
from crm.core.views.places import by_htmx
from crm.core.writing import whole_number

#: A page with a form: it shows the form, and takes it.
form_page = require_http_methods(["GET", "HEAD", "POST"])


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

    A form that was made from a row has to send the version with it: one that does not is refused (428).
    ``do`` calls the service and returns the row it made or changed. With htmx the answer to success is a redirect header.
    """
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                if form.initial.get("version") is not None and form.seen is None:
                    raise VersionRequired(_("The form does not say which version it was made from. Open it again."))
                token = f"form:{form.cleaned_data['form_token']}"
                once(
                    user=request.user,  # type: ignore[arg-type]  # login is required by middleware
                    key=token[:80],
                    print_=_print(request),
                    make=lambda: do(form),
                )
            except KeyReused as refusal:
                _ask_again(form)
                status = refusal.status
            except StaleEdit as refusal:
                _changed(request, form, refusal)
                status = refusal.status
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


def at_once(request: HttpRequest, *, do: Callable[[int], Any], back: str, said: str) -> HttpResponse:
    """A command by one button, which sends the version that was seen: a refusal is told on the page it goes back to.

    What is no version matches none, so that the service says that the row was changed. A missing right stays a 403.
    """
    seen = whole_number(request.POST.get("version", ""))
    try:
        do(-1 if seen is None else seen)
    except DomainError as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, str(next(iter(refusal.fields.values()), refusal.message)))
    else:
        messages.success(request, said)
    return redirect(back)


def _print(request: HttpRequest) -> str:
    """The same form with the same words and files."""
    said = [f"{name}={request.POST.getlist(name)}" for name in sorted(request.POST) if name != "csrfmiddlewaretoken"]
    sent = [
        f"{name}={[(file.name, print_of_file(file)) for file in request.FILES.getlist(name)]}"
        for name in sorted(request.FILES)
    ]
    return fingerprint(request.path, *said, *sent)


def _ask_again(form: CommandForm) -> None:
    """The words differ from those that are on file: say so, and let a second press send them as something of their own."""
    said = cast(QueryDict, form.data).copy()
    said[form.add_prefix("form_token")] = new_public_id()
    form.data = said
    form.add_error(
        None,
        _("This form was sent before with other content, and that was saved. Send it again to save this as well."),
    )


def _changed(request: HttpRequest, form: CommandForm, refusal: StaleEdit) -> None:
    """Nothing is written over unseen: what is on file now stands in the answer, and the next press is about that."""
    # A form that shows the row by itself has done so in ``do``.
    own = form.add_prefix("version")
    by_itself = form.data.get(own) != request.POST.get(own)
    newest = "" if by_htmx(request) else request.get_full_path()
    if by_itself or not form.show_present(newest):
        _add(form, refusal)
        form.newest_url = newest
    else:
        form.add_error(
            None,
            _(
                "This was changed after you opened the form, and nothing of yours is saved yet. Look at what is on file now; "
                "sending the form again writes what stands in it."
            ),
        )


def _add(form: CommandForm, refusal: DomainError) -> None:
    for name, found in refusal.fields.items():
        form.add_error(name if name in form.fields else None, str(found))
    if not refusal.fields:
        form.add_error(None, str(refusal.message))


def _go(request: HttpRequest, url: str | HttpResponse) -> HttpResponse:
    if isinstance(url, HttpResponse):
        return url
    if by_htmx(request):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    return redirect(url)
