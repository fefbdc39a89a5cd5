"""The needs interview: the sheet, alone or in place beside a contact that is being logged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.crumbs import to_client
from clients.forms.needs import NeedsForm
from clients.models import Client, NeedsInterview
from clients.querysets.needs import stale_before
from clients.querysets.scope import said_of, shown_name
from clients.questions import BY_KEY, QUESTIONS
from clients.services import record_needs
from clients.views.rows import today, visible_client
from crm.core.models import User
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of, by_htmx


@form_page
@permission_required("clients.add_needsinterview", raise_exception=True)
def needs_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask what the client wants. ``?inline=1``: the sheet beside a contact form; ``?corrects=``: a slip is put right."""
    client, user = visible_client(request, public_id), actor_of(request)
    present, corrects = _present(client, user), _corrected(request, client, user)
    form = NeedsForm(request.POST or None, client=client, present=present, today=today(), corrects=corrects)
    inline = request.GET.get("inline") == "1" and by_htmx(request)
    made: list[NeedsInterview] = []

    def do(_form: Any) -> NeedsInterview:
        made.append(record_needs(client=client, actor=user, now=timezone.now(), **form.said))
        return made[0]

    def done() -> str | HttpResponse:
        if not inline:
            return client.tab_url("needs")
        row = made[0] if made else NeedsInterview.objects.present().get(client=client)
        answer = render(request, "clients/_needs_saved.html", {"client": client, "interview": row})
        answer["HX-Trigger"] = "needs-recorded"
        return answer

    name = shown_name(client, user)
    context = {
        "client": client,
        "client_name": name,
        "present": present,
        "corrects": corrects,
        "inline": inline,
        "title": _("Correct an interview") if corrects else _("Needs interview"),
        "crumbs": to_client(client, user),
        "back_url": client.tab_url("needs"),
    }
    return command(
        request,
        form,
        do=do,
        done=done,
        template="clients/_needs_form.html" if inline else "clients/needs.html",
        context=context,
        said="" if inline else said_of(client, request.user, _("The needs are on file.")),
    )


def _present(client: Client, user: User) -> NeedsInterview | None:
    rows = NeedsInterview.objects.visible_to(user).present()
    return rows.filter(client=client).first()


def _corrected(request: HttpRequest, client: Client, user: User) -> NeedsInterview | None:
    """The interview that is to be corrected, if the address names one; 404 for one that is not this client's."""
    wanted = request.GET.get("corrects", "")
    if not wanted:
        return None
    rows = NeedsInterview.objects.visible_to(user).select_related("contact")
    return get_object_or_404(rows, client=client, public_id=wanted)


# -- the tab -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One question of one interview whose answer became another."""

    label: Any
    old: str
    new: str


@dataclass(frozen=True)
class Told:
    """One interview of the history with what it changed."""

    interview: NeedsInterview
    changes: list[Change]
    is_corrected: bool


#: Interviews that the history shows.
_LONGEST = 60


def needs_context(request: HttpRequest, client: Client) -> dict[str, Any]:
    """What the tab shows: each question with its present answer and day, what changed last, and every interview."""
    user = actor_of(request)
    if not user.has_perm("clients.view_needsinterview"):
        raise Http404
    history = list(NeedsInterview.objects.visible_to(user).history(client)[: _LONGEST + 1])
    told = _told(history)
    present = next((row for row in history if row.is_present), None)
    day = today()
    return {
        "present": present,
        "sheet": _sheet(present, told),
        "history": told[:_LONGEST],
        "is_stale": present is None or present.taken_on < stale_before(day, user.branch),
        "may_ask": user.has_perm("clients.add_needsinterview"),
    }


def _told(history: list[NeedsInterview]) -> list[Told]:
    """The interviews with what each changed; one that was corrected changes nothing any more."""
    standing = [row for row in history if not _later(row)]
    after = {row.pk: older for row, older in zip_longest(standing, standing[1:])}
    return [
        Told(row, [] if _later(row) else changes_between(row, after[row.pk]), is_corrected=_later(row))
        for row in history
    ]


def _later(row: NeedsInterview) -> bool:
    return getattr(row, "corrected_by", None) is not None


def changes_between(new: NeedsInterview, old: NeedsInterview | None) -> list[Change]:
    """Question by question what ``new`` says otherwise than ``old``."""
    return [Change(BY_KEY[key].label, answer_in_words(old, key), answer_in_words(new, key)) for key in new.differs(old)]


def answer_in_words(row: NeedsInterview | None, key: str) -> str:
    if row is None:
        return ""
    return _("refused") if row.is_refused(key) else BY_KEY[key].in_words(row.answer(key))


def _sheet(present: NeedsInterview | None, told: list[Told]) -> list[dict[str, Any]]:
    """Each question: the answer in words, when it was given, and what stood there before the last interview."""
    if present is None:
        return []
    last = next((entry for entry in told if entry.interview.pk == present.pk), None)
    before = {change.label: change.old for change in last.changes} if last and len(told) > 1 else {}
    return [
        {
            "label": question.label,
            "answer": answer_in_words(present, question.key),
            "refused": present.is_refused(question.key),
            "day": present.day_of(question.key),
            "changed": question.label in before,
            "before": before.get(question.label, ""),
        }
        for question in QUESTIONS
    ]
