"""Portfolio reviews: the work list, one review with what the client holds against what he wants, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from advisory.deviations import not_compared
from advisory.filters import ReviewFilter
from advisory.forms import AnswerForm, CorrectForm, OpenForm, RecordForm
from advisory.models import PortfolioReview
from advisory.models.review import SEES_DECISIONS
from advisory.services import correct_review, note_answer, open_review, record_review
from advisory.services.review_look import Look, look_at
from advisory.services.reviews import answers_of
from clients.models import Client, ContactLog
from clients.months import add_months
from clients.querysets.scope import said_of, shown_name
from clients.questions import BY_KEY
from clients.suitability import is_professional
from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.commands import command, form_page
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of
from tiers.models import Promise

State = PortfolioReview.State
#: View → its words, its rows, and their order.
VIEWS: dict[str, tuple[Callable[[], str], Callable[[Any, User], Any], tuple[str, ...]]] = {
    "mine": (lambda: _("Mine, due"), lambda rows, user: rows.due().mine(user), ("due_on", "pk")),
    "due": (lambda: _("All due"), lambda rows, _user: rows.due(), ("due_on", "pk")),
    "answers": (lambda: _("Waiting for an answer"), lambda rows, _user: rows.unanswered(), ("done_on", "pk")),
    "done": (lambda: _("Recorded"), lambda rows, _user: rows.done(), ("-done_on", "-pk")),
}
#: What of the needs stands beside the holdings.
_ASKED = ("goals", "horizon", "loss_tolerance", "products", "sectors", "style", "restrictions")
#: Contacts of so many days may be the one in which it was told.
_TOLD_WITHIN = timedelta(days=30)
_MOST_CONTACTS = 20
#: What is proposed as the next day where the cycle says nothing.
_USUAL_MONTHS = 6


@require_safe
@permission_required("advisory.view_portfolioreview", raise_exception=True)
def review_list(request: HttpRequest) -> HttpResponse:
    """Reviews of clients one may see: one's own that are due, all that are due, those that wait for an answer, the recorded."""
    user, today = actor_of(request), local_date(timezone.now())
    view = request.GET.get("view", "")
    views = {key: one for key, one in VIEWS.items() if key != "answers" or user.has_perm(SEES_DECISIONS)}
    view = view if view in views else ("mine" if user.scope.sees_book_only else "due")
    _words, chosen, order = VIEWS[view]
    rows = chosen(PortfolioReview.objects.visible_to(user).for_list(), user)
    found = ReviewFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, order)
    for row in page:
        dress(row, user, today)
    context = {
        "filter": found,
        "page": page,
        "today": today,
        "view": view,
        "views": [{"key": key, "label": words()} for key, (words, _rows, _order) in views.items()],
    }
    return render(request, part(request, "advisory/reviews.html", "advisory/_reviews.html"), context)


def dress(row: Any, user: User, today: date) -> None:
    """Give a row what a list shows of it."""
    row.name_shown = shown_name(row.client, user)
    row.overdue = row.is_overdue(today)
    row.answer_shown = row.answer_for(user)


@require_safe
@permission_required("advisory.view_portfolioreview", raise_exception=True)
def review_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One review: what is held, what deviates, and what was recorded."""
    user, today, row = actor_of(request), local_date(timezone.now()), _visible(request, public_id)
    later = PortfolioReview.objects.filter(corrects=row).first()
    may = user.has_perm("advisory.change_portfolioreview") and later is None
    done = row.state == State.DONE
    answers = list(answers_of(row))
    dress(row, user, today)
    context = {
        "review": row,
        "today": today,
        "lines": row.lines.all(),
        "answers": answers,
        "sees_decisions": user.has_perm(SEES_DECISIONS),
        "kept": _kept(answers, user),
        "may_record": may and row.state == State.DUE,
        "may_correct": may and done,
        "may_answer": may and done and row.outcome == row.Outcome.PROPOSAL,
        "later": later,
        "earlier": row.corrects,
        "picture": _picture(row),
        "crumbs": [_crumb()],
        **(_look(look_at(row.client, today), row, user, today) if row.state == State.DUE else {}),
    }
    return render(request, "advisory/review.html", context)


@form_page
@permission_required("advisory.change_portfolioreview", raise_exception=True)
def review_record(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record a review; beside the form stand the holdings and what deviates."""
    user, now, row = actor_of(request), timezone.now(), _visible(request, public_id)
    today = local_date(now)
    initial = {"version": row.version, "next_on": add_months(today, _months(row, today))}
    form = RecordForm(request.POST or None, contacts=_contacts(user, row.client, now), initial=initial)

    def do(form: Any) -> PortfolioReview:
        said = form.cleaned_data
        return record_review(
            review=row, outcome=said["outcome"], summary=said["summary"], next_on=said["next_on"], lines=form.lines,
            told=form.said, answer=said["answer"], actor=user, now=now, version=form.seen,
        )  # fmt: skip

    beside = _look(look_at(row.client, today), row, user, today)
    said = _("The review is recorded.")
    return _shown(request, row, form, do, _("Record a portfolio review"), _("Record"), said, **beside)


@form_page
@permission_required("advisory.change_portfolioreview", raise_exception=True)
def review_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note what the client answered after all."""
    user, now, row = actor_of(request), timezone.now(), _visible(request, public_id)
    contacts = _contacts(user, row.client, now)
    form = AnswerForm(request.POST or None, contacts=contacts, initial={"version": row.version})

    def do(form: Any) -> PortfolioReview:
        answer = form.cleaned_data["answer"]
        return note_answer(review=row, answer=answer, told=form.said, actor=user, now=now, version=form.seen)

    return _shown(request, row, form, do, _("Note the client's answer"), _("Save"), _("The answer is on file."))


@form_page
@permission_required("advisory.change_portfolioreview", raise_exception=True)
def review_correct(request: HttpRequest, public_id: str) -> HttpResponse:
    """Word a recorded review otherwise; the first wording stays."""
    user, now, row = actor_of(request), timezone.now(), _visible(request, public_id)
    initial = {"version": row.version, "outcome": row.outcome, "summary": row.summary}
    form = CorrectForm(request.POST or None, lines=list(row.lines.all()), initial=initial)
    made: list[PortfolioReview] = []

    def do(form: Any) -> PortfolioReview:
        said = {name: form.cleaned_data[name] for name in ("outcome", "summary", "reason")}
        made.append(correct_review(review=row, lines=form.lines, actor=user, now=now, version=form.seen, **said))
        return made[0]

    said = _("The correction is on file.")
    return _shown(request, row, form, do, _("Correct a portfolio review"), _("Save the correction"), said, made=made)


@form_page
@permission_required("advisory.change_portfolioreview", raise_exception=True)
def review_open(request: HttpRequest, public_id: str) -> HttpResponse:
    """Review a client now, whatever the cycle says."""
    user, rows = actor_of(request), Client.objects.visible_to(actor_of(request)).select_related("branch")
    client = get_object_or_404(rows, public_id=public_id)
    made: list[PortfolioReview] = []
    back = client.tab_url("advice")

    def do(_form: Any) -> PortfolioReview:
        made.append(open_review(client=client, actor=user, now=timezone.now()))
        return made[0]

    def done() -> str:
        # The second click of one press may come after the review was closed.
        row = made[0] if made else PortfolioReview.objects.due().filter(client=client).first()
        return reverse("advisory:review_record", args=[row.public_id]) if row else back

    context = {
        "title": _("Review a portfolio now"),
        "submit": _("Begin the review"),
        "about": f"{shown_name(client, user)} {client.external_id}",
        "back_url": back,
        "crumbs": [_crumb()],
    }
    return command(
        request, OpenForm(request.POST or None), do=do, done=done, template="advisory/form.html", context=context
    )


def _shown(
    request: HttpRequest,
    row: PortfolioReview,
    form: CommandForm,
    do: Callable[[Any], PortfolioReview],
    title: str,
    submit: str,
    said: str,
    *,
    made: list[PortfolioReview] | None = None,
    **beside: Any,
) -> HttpResponse:
    context = {
        "review": row,
        "title": title,
        "submit": submit,
        "about": f"{shown_name(row.client, request.user)} {row.client.external_id}",
        "back_url": row.get_absolute_url(),
        "crumbs": [_crumb()],
        **beside,
    }
    return command(
        request,
        form,
        do=do,
        done=lambda: (made[0] if made else row).get_absolute_url(),
        template="advisory/review_form.html",
        context=context,
        said=said_of(row.client, request.user, said),
    )


def _look(look: Look, row: PortfolioReview, user: User, today: date) -> dict[str, Any]:
    """What stands on the page of what is held and wanted, for those who may see holdings and needs."""
    client, needs = row.client, look.needs if user.has_perm("clients.view_needsinterview") else None
    sees = user.has_perms(("clients.view_needsinterview", "clients.view_holding"))
    return {
        "portfolio": look.portfolio if user.has_perm("clients.view_holding") else None,
        "deviations": look.deviations if sees else [],
        "needs": needs,
        "wanted": [
            {"label": BY_KEY[key].label, "text": BY_KEY[key].in_words(needs.answer(key)) if needs else ""}
            for key in _ASKED
        ],
        "not_compared": not_compared(needs),
        "client": client,
        "professional": is_professional(client, today),
    }


def _picture(row: PortfolioReview) -> dict[str, Any]:
    """What was kept of the holdings, with money and shares as numbers again."""
    numbers = ("market_value", "gain", "gain_rate", "largest_share")
    kept = row.picture or {}
    return {**kept, **{name: Decimal(kept[name]) for name in numbers if kept.get(name)}} if kept.get("day") else {}


def _kept(answers: list[Any], user: User) -> list[Promise]:
    """What the client was owed and has been given by the contacts in which the review was told."""
    if not answers or not user.has_perm("tiers.view_promise"):
        return []
    rows: Any = Promise.objects.visible_to(user).kept().select_related("item", "event")
    return list(rows.filter(contact_ref__in=[one.contact.public_id for one in answers]).order_by("due_on", "pk"))


def _months(row: PortfolioReview, today: date) -> int:
    """The client's period, else the usual one."""
    months: dict[str, int] = figures(today, row.client.branch).json("review.months")
    state = getattr(row.client, "tier_state", None)
    rights = [months.get(f"rank{state.tier.rank}", 0)] if state is not None else []
    if row.client.advisory_agreements.in_force(today).exists():
        rights.append(months["agreement"])
    return min((int(one) for one in rights if one), default=_USUAL_MONTHS)


def _contacts(user: User, client: Client, now: datetime) -> Any:
    rows = ContactLog.objects.visible_to(user).standing().filter(client=client, at__gte=now - _TOLD_WITHIN)
    newest = rows.order_by("-at", "-pk").values("pk")[:_MOST_CONTACTS]
    return ContactLog.objects.filter(pk__in=list(newest.values_list("pk", flat=True))).order_by("-at", "-pk")


def _visible(request: HttpRequest, public_id: str) -> PortfolioReview:
    rows = PortfolioReview.objects.visible_to(actor_of(request)).for_list().select_related("corrects")
    return get_object_or_404(rows, public_id=public_id)


def _crumb() -> dict[str, str]:
    return {"label": _("Portfolio reviews"), "url": reverse("advisory:reviews")}
