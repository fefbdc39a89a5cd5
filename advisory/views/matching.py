"""The matching console: who is without an advisor, who has places, what a run proposes, and the decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from advisory.filters import MatchProposalFilter
from advisory.forms import DecisionForm, MatchingForm
from advisory.models import AdvisorProfile, MatchingRun, MatchProposal
from advisory.services import approve_matching, reject_matching, start_matching
from advisory.services.matching import MOST_POINTS
from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import JobRun, User
from crm.core.policies import figures
from crm.core.views.commands import command
from crm.core.views.jobs import progress_context
from crm.core.views.lists import listed, part
from crm.core.views.places import Place, actor_of, place_of

SHOWN_RUNS = 20
#: The first colour of the palette is the grey of what is not reached.
FIRST_SLOT = 2


@require_safe
@permission_required("advisory.view_matchingrun", raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """The pool of clients without an advisor, the places of each advisor, the runs."""
    place = place_of(request)
    return render(request, "advisory/matching.html", _console(request, place, _start_form(request, place)))


@require_POST
@permission_required("advisory.add_matchingrun", raise_exception=True)
def run_start(request: HttpRequest) -> HttpResponse:
    """Ask for a new proposal."""
    place, user, made = place_of(request), actor_of(request), []

    def do(form: Any) -> MatchingRun:
        made.append(start_matching(actor=user, branch=place.branch, now=timezone.now(), **form.command))
        return made[0]

    form = MatchingForm(request.POST, user=user)
    return command(
        request,
        form,
        do=do,
        done=lambda: made[0].get_absolute_url() if made else reverse("advisory:matching"),
        template="advisory/matching.html",
        context=_console(request, place, form),
    )


def _start_form(request: HttpRequest, place: Place) -> MatchingForm | None:
    if not actor_of(request).has_perm("advisory.add_matchingrun"):
        return None
    found = figures(local_date(timezone.now()), place.branch)
    return MatchingForm(
        user=actor_of(request), initial={"continuity_points": found.integer("matching.continuity_points")}
    )


def _console(request: HttpRequest, place: Place, form: MatchingForm | None) -> dict[str, Any]:
    user, today = actor_of(request), local_date(timezone.now())
    default = figures(today, place.branch).integer("matching.default_capacity")
    profiles = AdvisorProfile.objects.visible_to(user).of_branch(place.branch).with_load().select_related("user")
    meters = [_meter(row, default, today) for row in profiles.order_by("user__name", "pk")]
    pool = Client.objects.visible_to(user).filter(branch=place.branch)
    return {
        "place": place,
        "form": form,
        "pool": pool.without_advisor().count(),
        "served": pool.served().count(),
        "meters": meters,
        "free": sum(max(0, row["capacity"] - row["load"]) for row in meters if row["open"]),
        "runs": MatchingRun.objects.visible_to(user)
        .filter(branch=place.branch)
        .select_related("created_by", "decided_by")
        .order_by("-pk")[:SHOWN_RUNS],
    }


def _meter(row: AdvisorProfile, default: int, today: Any) -> dict[str, Any]:
    capacity = default if row.capacity is None else row.capacity
    load: int = row.load  # type: ignore[attr-defined]  # from with_load()
    if not row.may_advise(today):
        note, tone = _("No valid licence"), "danger"
    elif row.is_on_leave(today):
        note, tone = _("On leave"), "neutral"
    elif not row.accepts_clients:
        note, tone = _("Takes nobody new"), "neutral"
    else:
        note, tone = "", "warning" if load >= capacity else "accent"
    return {
        "user": row.user,
        "capacity": capacity,
        "load": load,
        "note": note,
        "tone": tone,
        "open": not note,
    }


@require_safe
@permission_required("advisory.view_matchingrun", raise_exception=True)
def run_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """What a run proposes, with proof and reasons."""
    run = _run(request, public_id)
    context = _proposal_page(request, run)
    context["form"] = DecisionForm(initial={"version": run.version})
    return render(request, part(request, "advisory/run.html", "advisory/_proposals.html"), context)


@require_POST
@permission_required("advisory.approve_matchingrun", raise_exception=True)
def run_approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give every client to the advisor proposed."""
    return _decision(request, public_id, approve_matching, _("The clients have their advisors."))


@require_POST
@permission_required("advisory.approve_matchingrun", raise_exception=True)
def run_reject(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decline the proposal with a reason."""
    return _decision(request, public_id, reject_matching, _("The proposal is rejected."), with_reason=True)


def _decision(
    request: HttpRequest, public_id: str, decide: Callable[..., MatchingRun], said: str, *, with_reason: bool = False
) -> HttpResponse:
    run, user = _run(request, public_id), actor_of(request)
    form = DecisionForm(request.POST, initial={"version": run.version})

    def do(form: Any) -> MatchingRun:
        words = form.command if with_reason else {}
        return decide(actor=user, run=run, now=timezone.now(), version=form.seen, **words)

    return command(
        request,
        form,
        do=do,
        done=run.get_absolute_url,
        template="advisory/run.html",
        context=_proposal_page(request, run),
        said=said,
    )


def _run(request: HttpRequest, public_id: str) -> MatchingRun:
    rows = MatchingRun.objects.visible_to(actor_of(request)).select_related("branch", "created_by", "decided_by", "job")
    return get_object_or_404(rows, public_id=public_id)


def _proposal_page(request: HttpRequest, run: MatchingRun) -> dict[str, Any]:
    user = actor_of(request)
    rows = run.proposals.visible_to(user).select_related("client", "old_advisor", "new_advisor")
    found = MatchProposalFilter(request.GET, rows, request=request)
    page = listed(request, found.qs, ("id",))
    _explain(page.rows)
    context: dict[str, Any] = {"matching": run, "filter": found, "page": page, "loads": _loads(run)}
    context["factors"] = _legend(run)
    context["consequence"] = _consequence(run)
    if run.state == MatchingRun.State.COMPUTING and run.job is not None:
        context |= progress_context(JobRun.objects.select_related("actor", "branch").get(pk=run.job.pk), user)
    return context


def _factor_names() -> dict[str, str]:
    return {
        "risk": _("Risk grade"),
        "tier": _("Tier"),
        "channel": _("Channel"),
        "language": _("Dialect"),
        "age": _("Age and experience"),
    }


def _legend(run: MatchingRun) -> list[dict[str, Any]]:
    names = _factor_names()
    return [
        {"label": names.get(key, key), "slot": slot, "value": run.weights[key]}
        for slot, key in enumerate(names, FIRST_SLOT)
        if key in run.weights
    ]


def _explain(rows: list[MatchProposal]) -> None:
    """Give each row its name, the parts of its bar, and the next best advisor in words."""
    names = _factor_names()
    slots = {key: slot for slot, key in enumerate(names, FIRST_SLOT)}
    asked = {other["advisor"] for row in rows for other in row.runners_up}
    people = {user.public_id: user.name for user in User.objects.filter(public_id__in=asked)} if asked else {}
    reasons = _reasons()
    for row in rows:
        shown: Any = row
        shown.name_shown = row.client.masked_name
        shown.parts = [
            {"value": value, "label": names.get(key, key), "slot": slots.get(key, 8)}
            for key, value in row.contributions.items()
        ] + [{"value": MOST_POINTS - row.points, "label": _("Not reached"), "tone": "neutral"}]
        shown.next_best = [
            {"name": people.get(other["advisor"], "—"), "points": other["points"]} for other in row.runners_up[:1]
        ]
        shown.reason_shown = reasons.get(row.unassigned_reason, "")


def _reasons() -> dict[str, str]:
    return {
        "no_licensed_advisor": _("Nobody with a valid licence takes clients"),
        "vetoed": _("Excluded from every advisor"),
        "all_full": _("Every place is taken by a better match"),
    }


def _loads(run: MatchingRun) -> list[dict[str, Any]]:
    """Places of each advisor before and after, and what one more place with him would be worth."""
    people = {user.public_id: user for user in User.objects.filter(public_id__in=list(run.prices))}
    rows = [{"user": people[key], **said} for key, said in run.prices.items() if key in people]
    return sorted(rows, key=lambda row: row["user"].name)


def _consequence(run: MatchingRun) -> str:
    """What approving does, in sentences that leave out what does not happen."""
    said = []
    if run.newly_assigned:
        said.append(
            ngettext("%(n)s client gets a first advisor.", "%(n)s clients get a first advisor.", run.newly_assigned)
            % {"n": run.newly_assigned}
        )
    if run.moved:
        said.append(
            ngettext("%(n)s client changes advisor.", "%(n)s clients change advisor.", run.moved) % {"n": run.moved}
        )
    if not said:
        return _("Everybody stays where he is; approving only closes the proposal.")
    return " ".join([*said, _("All of it happens at once and cannot be undone in one step.")])
