"""One complaint: its dossier, the steps of the table, evidence, print."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.identity import in_groups
from complaints.forms import EvidenceForm, StepForm
from complaints.models import Complaint
from complaints.services import act, attach_evidence
from complaints.steps import BY_ACTION, possible
from complaints.views.rows import (
    TONES,
    clock_face,
    dress,
    event_words,
    icon_of,
    shown_who,
    steps_ahead,
    visible_complaint,
)
from complaints.views.told import tell
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.forms.commands import CommandForm
from crm.core.models import Attachment
from crm.core.views.attachments import listed_file
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of
from crm.core.views.reveal import revealed

State = Complaint.State
#: The way of a complaint that ends well.
_WAY = (State.REGISTERED, State.INVESTIGATING, State.APPROVING, State.REPLYING, State.REPLIED, State.CLOSED)
REVEALABLE = ("complainant_name", "complainant_phone")
#: Steps that lead on, by state; the others stand behind them.
_MAIN = ("accept", "propose", "approve", "reply", "close", "extend", "reopen")


@require_safe
@permission_required("complaints.view_complaint", raise_exception=True)
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dossier: where the complaint stands, what runs, what may be done, and every step so far."""
    complaint = visible_complaint(request, public_id)
    audit.record_read(actor_of(request), "complaint.view", complaint, client=complaint.client)
    return render(
        request, "complaints/detail.html", {**_dossier(request, complaint), "steps": _buttons(request, complaint)}
    )


@require_safe
@permission_required("complaints.view_complaint", raise_exception=True)
def print_dossier(request: HttpRequest, public_id: str) -> HttpResponse:
    """The dossier for paper, masked and with a watermark; that it was taken out is on record."""
    complaint = visible_complaint(request, public_id)
    person = actor_of(request)
    audit.record_read(person, "complaint.print", complaint, client=complaint.client)
    mark = _("%(name)s %(number)s · %(day)s") % {
        "name": person.name,
        "number": person.staff_number,
        "day": f"{local_date(timezone.now()):%Y-%m-%d}",
    }
    dossier = {**_dossier(request, complaint, masked=True), "watermark": mark, "back_url": complaint.get_absolute_url()}
    return render(request, "complaints/print.html", dossier)


@form_page
@permission_required("complaints.view_complaint", raise_exception=True)
def step(request: HttpRequest, public_id: str, action: str) -> HttpResponse:
    """One step of the table: the form for its facts, and the step itself."""
    line = BY_ACTION.get(action)
    if line is None:
        raise Http404
    if not request.user.has_perm(line.right):
        raise PermissionDenied
    complaint = visible_complaint(request, public_id)
    form = StepForm(request.POST or None, actor=actor_of(request), step=line, complaint=complaint)

    def take(form: CommandForm) -> Complaint:
        facts = form.facts  # type: ignore[attr-defined]  # a StepForm
        return act(
            actor=actor_of(request), complaint=complaint, action=action, now=timezone.now(), version=form.seen, **facts
        )

    dress(complaint, request.user)
    return command(
        request,
        form,
        do=take,
        done=lambda: _where(request, complaint),
        template="complaints/step.html",
        context={
            "complaint": complaint,
            "step": line,
            "icon": icon_of(action),
            "open_now": complaint.state in line.origin,
            "crumbs": _crumbs(complaint, str(line.label)),
            "back_url": complaint.get_absolute_url(),
            "draft": f"complaint-{action}-{complaint.public_id}",
        },
        said=_("Done: %(step)s") % {"step": line.label},
    )


def _where(request: HttpRequest, complaint: Complaint) -> str:
    """Back to the dossier; whoever is recused by his own step goes to the list."""
    mine = Complaint.objects.visible_to(actor_of(request)).filter(pk=complaint.pk).exists()
    return complaint.get_absolute_url() if mine else reverse("complaints:list")


@require_POST
@permission_required("complaints.add_complaint", raise_exception=True)
def evidence(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a file to the dossier."""
    complaint = visible_complaint(request, public_id)
    form = EvidenceForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choose a file first."))
    else:
        try:
            attach_evidence(
                actor=actor_of(request), complaint=complaint, upload=form.cleaned_data["file"], now=timezone.now()
            )
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("The file is in the dossier."))
    return redirect(f"{complaint.get_absolute_url()}#evidence")


@require_POST
@permission_required("complaints.reveal_complaint", raise_exception=True)
def reveal(request: HttpRequest, public_id: str, field: str) -> HttpResponse:
    """Name or phone of a complainant who is no client: with a reason, on record, never kept by the browser."""
    complaint = visible_complaint(request, public_id)
    if field not in REVEALABLE:
        raise Http404
    return revealed(request, complaint, field, written=in_groups)


def _dossier(request: HttpRequest, complaint: Complaint, *, masked: bool = False) -> dict[str, Any]:
    dress(complaint, request.user)
    files = Attachment.objects.visible_to(actor_of(request)).of(complaint).select_related("uploaded_by")
    events = list(complaint.events.select_related("actor").order_by("-at", "-pk"))
    told = tell(events)
    clocks = sorted(complaint.clocks.all(), key=lambda clock: (-clock.round, clock.due_on))
    return {
        "complaint": complaint,
        "who": shown_who(complaint, request.user, point=not masked),
        "now": timezone.now(),
        "way": _way(complaint),
        "ahead": steps_ahead(complaint),
        "clocks": [{**(clock_face(clock) or {}), "row": clock} for clock in clocks],
        "entries": [_entry(event, told[event.pk]) for event in events],
        "attachments": [listed_file(file) for file in files.order_by("-pk")],
        "crumbs": _crumbs(complaint),
        "extension": complaint.extension_days,
    }


def _crumbs(complaint: Complaint, last: str = "") -> list[dict[str, str]]:
    crumbs = [{"label": _("Complaints"), "url": reverse("complaints:list")}]
    if last:
        return [*crumbs, {"label": complaint.number, "url": complaint.get_absolute_url()}, {"label": last, "url": ""}]
    return [*crumbs, {"label": complaint.number, "url": ""}]


def _way(complaint: Complaint) -> list[dict[str, Any]]:
    """The steps of the usual way: behind us, here, or still ahead."""
    state = State(complaint.state)
    if state not in _WAY:
        return [{"label": State.REGISTERED.label, "place": "done"}, {"label": state.label, "place": "here"}]
    at = _WAY.index(state)
    return [
        {
            "label": step.label,
            "place": "done" if place < at or state == State.CLOSED else "here" if place == at else "ahead",
        }
        for place, step in enumerate(_WAY)
    ]


def _buttons(request: HttpRequest, complaint: Complaint) -> list[dict[str, Any]]:
    found = []
    for line in possible(complaint, actor_of(request)):
        url = reverse("complaints:step", args=[complaint.public_id, line.action])
        found.append(
            {
                "label": line.label,
                "url": url,
                "icon": icon_of(line.action),
                "main": line.action in _MAIN,
                "danger": line.danger,
            }
        )
    return sorted(found, key=lambda button: not button["main"])


def _entry(event: Any, text: str) -> dict[str, Any]:
    """A step for the timeline."""
    moved = event.from_state and event.to_state != event.from_state
    tone = "danger" if event.action == "overdue" else TONES[State(event.to_state)][0] if moved else "neutral"
    return {
        "at": event.at,
        "title": event_words(event),
        "kind": State(event.to_state).label if moved else "",
        "text": text,
        "actor": _("System") if event.actor.is_system else event.actor.name,
        "icon": icon_of(event.action),
        "tone": tone,
    }
