"""Classes of investors: applying, proof, deciding by a second person, withdrawing, returning to ordinary."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.conditions import OUTCOME_WORDS, TONES
from clients.crumbs import to_accounts
from clients.forms.investors import ApplicationForm, ProofForm, ReturnForm, WithdrawForm
from clients.forms.permissions import DecisionForm
from clients.models import Client, InvestorClass, InvestorClassification
from clients.querysets.investors import STATED, class_conditions, class_outlook
from clients.querysets.scope import shown_name
from clients.services import (
    apply_for_class,
    approve_class,
    attach_proof,
    refuse_class,
    return_to_ordinary,
    withdraw_application,
)
from clients.views.accounts import on_the_tab
from clients.views.rows import today, visible_client
from crm.core import audit
from crm.core.errors import DomainError
from crm.core.policies import figures
from crm.core.views.attachments import listed_files
from crm.core.views.commands import form_page
from crm.core.views.places import actor_of

STATE_TONES = {
    "waiting": "warning",
    "approved": "success",
    "refused": "danger",
    "withdrawn": "neutral",
    "ended": "neutral",
}


@form_page
@permission_required("clients.add_investorclassification", raise_exception=True)
def classification_apply(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take down a written application."""
    client = visible_client(request, public_id)
    form = ApplicationForm(request.POST or None, client=client, initial={"applied_on": today()})
    made: list[InvestorClassification] = []

    def do() -> InvestorClassification:
        made.append(
            apply_for_class(
                client=client,
                wanted=form.cleaned_data["wanted"],
                applied_on=form.cleaned_data["applied_on"],
                stated=form.stated,
                notice_reference=form.cleaned_data["notice_reference"],
                actor=actor_of(request),
                now=timezone.now(),
            )
        )
        return made[0]

    return on_the_tab(
        request,
        client,
        form,
        do,
        title=_("Apply for a professional investor class"),
        submit=_("Hand the application in"),
        done=lambda: (
            reverse("clients:classification", args=[made[0].public_id]) if made else client.tab_url("accounts")
        ),
    )


@require_safe
@permission_required("clients.view_investorclassification", raise_exception=True)
def classification(request: HttpRequest, public_id: str) -> HttpResponse:
    """One application: what was stated, each condition, the proof, and what may be done."""
    row = _visible(request, public_id)
    audit.record_read(actor_of(request), "investor.view", row, client=row.client)
    return render(request, "clients/classification.html", _context(request, row))


@form_page
@permission_required("clients.approve_investorclassification", raise_exception=True)
def classification_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decide: the conditions as they are today and the proof stand beside the form."""
    row = _visible(request, public_id)
    form = DecisionForm(request.POST or None, row=row)

    def do() -> InvestorClassification:
        decide: Any = approve_class if form.approves else refuse_class
        done: InvestorClassification = decide(
            classification=row,
            actor=actor_of(request),
            now=timezone.now(),
            note=form.cleaned_data["note"],
            version=form.seen,
        )
        return done

    return on_the_tab(
        request,
        row.client,
        form,
        do,
        title=_("Decide on an investor class: %(name)s") % {"name": row.get_wanted_display()},
        submit=_("Decide"),
        template="clients/classification_decide.html",
        more={**_context(request, row), "upload_url": ""},
    )


@form_page
@permission_required("clients.add_investorclassification", raise_exception=True)
def classification_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an undecided application back."""
    row = _visible(request, public_id)
    form = WithdrawForm(request.POST or None, row=row)

    def do() -> InvestorClassification:
        done: InvestorClassification = withdraw_application(
            classification=row, actor=actor_of(request), now=timezone.now(), version=form.seen
        )
        return done

    title = _("Withdraw an application: %(name)s") % {"name": row.get_wanted_display()}
    return on_the_tab(request, row.client, form, do, title=title, submit=_("Withdraw"))


@form_page
@permission_required("clients.add_investorclassification", raise_exception=True)
def classification_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make the client an ordinary investor again."""
    row = _visible(request, public_id)
    form = ReturnForm(request.POST or None, row=row)

    def do() -> InvestorClassification:
        done: InvestorClassification = return_to_ordinary(
            classification=row, actor=actor_of(request), now=timezone.now(), version=form.seen, **form.command
        )
        return done

    note = _("From today the client is protected as an ordinary investor again.")
    title = _("Return to ordinary investor")
    return on_the_tab(request, row.client, form, do, title=title, submit=_("Return"), more={"note": note})


@require_POST
@permission_required("clients.add_investorclassification", raise_exception=True)
def classification_proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """Attach a proof."""
    row = _visible(request, public_id)
    form = ProofForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choose a file first."))
    else:
        try:
            attach_proof(classification=row, upload=form.cleaned_data["file"], actor=actor_of(request))
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("The proof is attached."))
    return redirect("clients:classification", row.public_id)


def investors_context(request: HttpRequest, client: Client) -> dict[str, Any]:
    """The class in force and all applications, the newest first, for the client's tab."""
    user = actor_of(request)
    if not user.has_perm("clients.view_investorclassification"):
        return {}
    rows = InvestorClassification.objects.visible_to(user).filter(client=client).for_list().newest_first()[:30]
    found: list[Any] = list(rows)
    for row in found:
        row.tone = STATE_TONES[row.state]
    may = user.has_perm("clients.add_investorclassification") and client.status != Client.Status.CLOSED
    waits = any(row.state == InvestorClassification.State.WAITING for row in found)
    return {
        "classifications": found,
        "apply_url": reverse("clients:classification_apply", args=[client.public_id]) if may and not waits else "",
        "shows_classes": True,
        "outlook": _outlook(client),
    }


def _outlook(client: Client) -> list[dict[str, Any]]:
    """What is on file about the classes that the client could ask for."""
    day, words = today(), dict(InvestorClass.choices)
    return [
        {"name": words[wanted], "word": OUTCOME_WORDS[outcome], "tone": TONES[outcome], "conditions": conditions}
        for wanted, outcome, conditions in class_outlook(client, day, figures(day, client.branch))
    ]


def _context(request: HttpRequest, row: InvestorClassification) -> dict[str, Any]:
    user, client, day = actor_of(request), row.client, today()
    waits = row.state == InvestorClassification.State.WAITING
    stated = {name: getattr(row, name) for name in STATED}
    may_add = user.has_perm("clients.add_investorclassification")
    may_decide = user.has_perm("clients.approve_investorclassification") and row.requested_by_id != user.pk
    row.tone = STATE_TONES[row.state]  # type: ignore[attr-defined]  # for the badge
    return {
        "client": client,
        "client_name": shown_name(client, user),
        "row": row,
        "conditions": class_conditions(client, row.wanted, stated, day, figures(day, client.branch))
        if waits
        else row.conditions,
        "attachments": listed_files(row),
        "upload_url": reverse("clients:classification_proof", args=[row.public_id]) if waits and may_add else "",
        "decide_url": reverse("clients:classification_decide", args=[row.public_id]) if waits and may_decide else "",
        "withdraw_url": reverse("clients:classification_withdraw", args=[row.public_id]) if waits and may_add else "",
        "end_url": reverse("clients:classification_end", args=[row.public_id])
        if row.state == InvestorClassification.State.APPROVED and may_add
        else "",
        "crumbs": to_accounts(client, user),
    }


def _visible(request: HttpRequest, public_id: str) -> InvestorClassification:
    rows = InvestorClassification.objects.visible_to(actor_of(request)).for_list()
    found: InvestorClassification = get_object_or_404(rows, public_id=public_id)
    return found
