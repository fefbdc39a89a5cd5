"""Pages of programmes: one edition in words, drafts and their tiers, two editions side by side, and the decision."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.core.clocks import local_date
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import at_once, command, form_page
from crm.core.views.lists import part
from crm.core.views.places import Place, actor_of, place_of
from tiers.errors import BadProgramme
from tiers.forms.programmes import ApproveProgrammeForm, SendBackForm, StartForm, TermsForm, TierForm, edition_label
from tiers.forms.rules import METRICS, WEIGHTED, RuleSheet
from tiers.models import Programme, Tier
from tiers.rules import floor_words
from tiers.services.drafts import (
    activate_programme,
    change_draft,
    lacking,
    order_tier,
    put_tier,
    retire_programme,
    send_back_programme,
    start_draft,
    submit_programme,
)
from tiers.services.questions import down_after, window_days
from tiers.services.simulation import movable


def _programme(request: HttpRequest, public_id: str) -> Programme:
    rows = Programme.objects.visible_to(actor_of(request))
    return get_object_or_404(
        rows.select_related("branch", "company", "based_on", "drafted_by", "approved_by"), public_id=public_id
    )


def _page(programme: Programme) -> str:
    return reverse("tiers:programme", args=[programme.public_id])


def in_words(programme: Programme, place: Place) -> dict[str, Any]:
    """An edition in words, as it would grade the branch today."""
    today = local_date(timezone.now())
    branch = programme.branch or place.branch
    window = window_days(branch, programme, today)
    tiers = list(programme.tiers.order_by("rank"))
    lines = []
    for tier in tiers:
        persons, institutions = tier.asks, tier.asks_institutions
        lines.append(
            {
                "tier": tier,
                "asks": persons.words(window) if persons else "",
                "institutions": institutions.words(window) if institutions and tier.rule_institution else "",
            }
        )
    return {
        "lines": lines,
        "window": window,
        "down_after": down_after(branch, programme, today),
        "floors": floor_words(programme.age_floors, {tier.code: tier.name for tier in tiers}),
    }


@require_safe
@permission_required("tiers.view_programme", raise_exception=True)
def programme(request: HttpRequest, public_id: str) -> HttpResponse:
    """One edition: what each tier asks for in words, its look, and where it stands between draft and retirement."""
    user, row, place = actor_of(request), _programme(request, public_id), place_of(request)
    editions = Programme.objects.visible_to(user).filter(company=row.company, branch=row.branch, code=row.code)
    is_author = row.drafted_by_id == user.pk or row.authors.filter(pk=user.pk).exists()
    context = {
        "place": place,
        "programme": row,
        "may_shape": user.has_perm("tiers.change_programme") and user.scope.keeps(row.company_id, row.branch_id),
        "may_approve": user.has_perm("tiers.approve_programme") and not is_author,
        "is_author": is_author,
        "lacking": lacking(row) if row.is_open else "",
        "editions": list(editions.exclude(pk=row.pk).order_by("-edition")[:20]),
        "can_be_tried": bool(movable(list(row.tiers.all()))),
        "authors": list(row.authors.order_by("name")),
        **in_words(row, place),
    }
    return render(request, "tiers/programme.html", context)


@form_page
@permission_required("tiers.add_programme", raise_exception=True)
def programme_start(request: HttpRequest) -> HttpResponse:
    """Begin a draft: with a brand's name, as a copy of another edition, or with a name of one's own."""
    user, place = actor_of(request), place_of(request)
    initial: dict[str, Any] = {"effective_from": local_date(timezone.now()), "source": request.GET.get("source", "")}
    form = StartForm(request.POST or None, user=user, branch=place.branch, initial=initial)
    made: list[Programme] = []

    def start(form: CommandForm) -> Programme:
        said, start_form = form.cleaned_data, cast(StartForm, form)
        made.append(
            start_draft(
                actor=user,
                company=place.branch.company,
                branch=place.branch if said["for_branch"] else None,
                code=said["code"],
                values=start_form.values,
                source=said["source"],
            )
        )
        return made[-1]

    back = f"{reverse('tiers:index')}?branch={place.branch.public_id}"
    return command(
        request,
        form,
        do=start,
        done=lambda: _page(made[0]) if made else back,
        template="tiers/programme_start.html",
        context={"place": place, "back_url": back},
        said=_("The draft is there. It grades nobody before it is put in force."),
    )


@form_page
@permission_required("tiers.change_programme", raise_exception=True)
def programme_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Names, first day, and what holds for all tiers of a draft."""
    row = _programme(request, public_id)
    names = ("name_zh", "name_en", "effective_from", "note", "window_days", "down_after", "grace_months", "version")
    form = TermsForm(
        request.POST or None,
        tiers=list(row.tiers.order_by("rank")),
        floors=row.age_floors,
        initial={name: getattr(row, name) for name in names},
    )
    return command(
        request,
        form,
        do=lambda form: change_draft(
            programme=row, actor=actor_of(request), values=cast(TermsForm, form).values, version=form.seen
        ),
        done=lambda: _page(row),
        template="tiers/programme_form.html",
        context={"programme": row, "title": _("Terms of the programme"), "save": _("Save"), "back_url": _page(row)},
        said=_("The draft has been saved."),
    )


@form_page
@permission_required("tiers.change_programme", raise_exception=True)
def tier_new(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a tier above the others."""
    return _tier_page(request, _programme(request, public_id), None)


@form_page
@permission_required("tiers.change_programme", raise_exception=True)
def tier_edit(request: HttpRequest, public_id: str, tier_id: str) -> HttpResponse:
    """Name, look and rule of one tier of a draft."""
    row = _programme(request, public_id)
    return _tier_page(request, row, get_object_or_404(row.tiers.all(), public_id=tier_id))


def _tier_page(request: HttpRequest, row: Programme, tier: Tier | None) -> HttpResponse:
    names = ("name_zh", "name_en", "code", "palette", "emblem", "text_zh", "text_en")
    initial: dict[str, Any] = {name: getattr(tier, name) for name in names} if tier else {}
    count = row.tiers.count()
    if tier is None:
        initial |= {"palette": count % 8 + 1, "code": f"t{count + 1}"}
    initial["version"] = row.version
    act, is_lowest = request.POST.get("act", "look"), tier.rank == 1 if tier else count == 0
    if request.POST:
        sheets = [RuleSheet.of_post(request.POST, prefix) for prefix in ("p", "i")]
    else:
        own = tier.asks_institutions if tier and tier.rule_institution else None
        sheets = [RuleSheet.of_rule(tier.asks if tier else None, "p"), RuleSheet.of_rule(own, "i")]
    for sheet in sheets:
        sheet.do(act)
    saving = request.method == "POST" and act == "save"
    form = TierForm(request.POST if saving else None, initial={**initial, **(_typed(request) if not saving else {})})
    context = {
        "programme": row,
        "tier": tier,
        "is_lowest": is_lowest,
        "sheets": [] if is_lowest else [_dressed(sheet, row, request) for sheet in sheets],
        "metrics": METRICS,
        "weighted": WEIGHTED,
        "back_url": _page(row),
    }
    if not saving:
        # A look at the rule is no command: nothing was asked for yet that could be refused.
        template = part(request, "tiers/tier.html", "tiers/_tier_form.html")
        return render(request, template, {**context, "form": form})

    def save(form: CommandForm) -> Programme:
        rule, institutions = ({}, {}) if is_lowest else [sheet.as_tree() for sheet in sheets]
        values = {**form.command, "rule": rule, "rule_institution": institutions}
        return put_tier(programme=row, tier=tier, actor=actor_of(request), values=values, version=form.seen)

    return command(
        request,
        form,
        do=save,
        done=lambda: _page(row),
        template=part(request, "tiers/tier.html", "tiers/_tier_form.html"),
        context=context,
        said=_("The draft has been saved."),
    )


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What stands in the form, so that a look at the rule loses nothing of it."""
    return {name: request.POST[name] for name in (*TierForm.base_fields, "form_token") if name in request.POST}


def _dressed(sheet: RuleSheet, row: Programme, request: HttpRequest) -> dict[str, Any]:
    """A sheet with what its rule says in words, or why it says nothing yet."""
    today = local_date(timezone.now())
    window = window_days(row.branch or place_of(request).branch, row, today)
    words = refusal = ""
    try:
        node = sheet.node()
        words = node.words(window) if node else ""
    except BadProgramme as wrong:
        refusal = str(wrong.message)
    return {"sheet": sheet, "words": words, "refusal": refusal, "for_institutions": sheet.prefix == "i"}


_ORDERS = {"up": 1, "down": -1, "out": 0}


@require_POST
@permission_required("tiers.change_programme", raise_exception=True)
def tier_order(request: HttpRequest, public_id: str, tier_id: str, verb: str) -> HttpResponse:
    """Move a tier of a draft up or down, or take it out."""
    row = _programme(request, public_id)
    tier = get_object_or_404(row.tiers.all(), public_id=tier_id)
    return at_once(
        request,
        do=lambda seen: order_tier(programme=row, tier=tier, step=_ORDERS[verb], actor=actor_of(request), version=seen),
        back=_page(row),
        said=_("The draft has been saved."),
    )


@require_POST
@permission_required("tiers.change_programme", raise_exception=True)
def programme_submit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand a draft in."""
    row = _programme(request, public_id)
    return at_once(
        request,
        do=lambda seen: submit_programme(programme=row, actor=actor_of(request), now=timezone.now(), version=seen),
        back=_page(row),
        said=_("The programme waits for somebody else's approval."),
    )


@require_POST
@permission_required("tiers.change_programme", raise_exception=True)
def programme_retire(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take an edition out of force, or give a draft up."""
    row = _programme(request, public_id)
    return at_once(
        request,
        do=lambda seen: retire_programme(programme=row, actor=actor_of(request), version=seen),
        back=_page(row),
        said=_("The edition has been retired."),
    )


@form_page
@permission_required("tiers.approve_programme", raise_exception=True)
def programme_activate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put in force what somebody else has drafted, from a day on."""
    row, place, now = _programme(request, public_id), place_of(request), timezone.now()
    today = local_date(now)
    initial = {"version": row.version, "effective_from": max(row.effective_from, today)}
    form = ApproveProgrammeForm(request.POST or None, today=today, initial=initial)
    return command(
        request,
        form,
        do=lambda form: activate_programme(
            programme=row, actor=actor_of(request), now=now, version=form.seen, **form.command
        ),
        done=lambda: _page(row),
        template="tiers/programme_form.html",
        context={
            "programme": row,
            "title": _("Put in force"),
            "save": _("Approve and put in force"),
            "back_url": _page(row),
            "show_tiers": True,
            **in_words(row, place),
        },
        said=_("The programme has been approved. It takes effect with the first evaluation from its first day on."),
    )


@form_page
@permission_required("tiers.approve_programme", raise_exception=True)
def programme_send_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a draft of what was handed in, saying what is missing."""
    row = _programme(request, public_id)
    form = SendBackForm(request.POST or None, initial={"version": row.version})
    return command(
        request,
        form,
        do=lambda form: send_back_programme(programme=row, actor=actor_of(request), version=form.seen, **form.command),
        done=lambda: _page(row),
        template="tiers/programme_form.html",
        context={"programme": row, "title": _("Send back"), "save": _("Send back"), "back_url": _page(row)},
        said=_("The programme is a draft again."),
    )


@require_safe
@permission_required("tiers.view_programme", raise_exception=True)
def programme_compare(request: HttpRequest) -> HttpResponse:
    """Two editions side by side; what differs is marked."""
    user, place = actor_of(request), place_of(request)
    rows = list(Programme.objects.visible_to(user).of_branch(place.branch).select_related("branch").with_tiers()[:100])
    chosen = [next((row for row in rows if row.public_id == request.GET.get(name)), None) for name in ("a", "b")]
    choices = [(row.public_id, edition_label(row)) for row in rows]
    context: dict[str, Any] = {"place": place, "choices": choices, "chosen": chosen, "rows": []}
    if chosen[0] and chosen[1]:
        context["rows"] = _compared(*(dict(_lines(row, place)) for row in chosen if row))
    return render(request, "tiers/programme_compare.html", context)


def _lines(row: Programme, place: Place) -> list[tuple[tuple[str, str], str]]:
    """What an edition says, line by line: (heading, what) and the words."""
    told = in_words(row, place)
    general = _("Rules for all tiers")
    found = [
        ((general, _("In force from")), row.effective_from.isoformat()),
        ((general, _("Average over natural days")), str(told["window"])),
        ((general, _("A tier falls after so many month-ends below it")), str(told["down_after"])),
        ((general, _("Months in which a new client does not fall")), str(row.grace_months)),
        ((general, _("Floors for long standing")), "; ".join(told["floors"])),
    ]
    for line in reversed(told["lines"]):
        tier = line["tier"]
        found += [
            ((tier.name, _("Asks for")), line["asks"]),
            ((tier.name, _("Asks institutions for")), line["institutions"] or line["asks"]),
            ((tier.name, _("Emblem")), str(tier.get_emblem_display())),
            ((tier.name, _("Text for clients")), tier.text),
        ]
    return found


def _compared(left: dict[tuple[str, str], str], right: dict[tuple[str, str], str]) -> list[dict[str, Any]]:
    keys = list(dict.fromkeys([*left, *right]))
    return [
        {
            "heading": heading,
            "what": what,
            "left": left.get((heading, what)),
            "right": right.get((heading, what)),
            "differs": left.get((heading, what)) != right.get((heading, what)),
        }
        for heading, what in keys
    ]
