"""Drafts of programmes: begun from nothing, a brand's name or another edition, edited, and put in force by somebody else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import FourEyes, InvalidInput, MissingRight
from crm.core.language import in_language
from crm.core.models import Branch, Company, User
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import BadProgramme, EditionInForce, NotSubmitted
from tiers.models import Programme, Tier
from tiers.rules import parse
from tiers.services.cards import carry_cards
from tiers.services.house import refuse_foreign
from tiers.services.programmes import (
    PALETTE,
    check_terms,
    check_tiers,
    next_edition,
    plain_bound,
    plans_of,
    said,
)

_PRESETS = Path(__file__).resolve().parents[1] / "presets.toml"
_TERMS = ("window_days", "down_after", "grace_months", "age_floors")
_HEAD = ("name_en", "name_zh", "effective_from", "note")
_TIER = ("code", "name_en", "name_zh", "palette", "emblem", "text_en", "text_zh", "rule_institution")
#: Ranks are moved out of the way by this much while they are numbered anew.
_ASIDE = 100


@dataclass(frozen=True)
class Preset:
    """A brand of service system in the trade: its name, and nothing that nobody knows."""

    code: str
    en: str
    zh: str
    firm: str

    @property
    def name(self) -> str:
        return in_language(en=self.en, zh=self.zh)


def presets() -> dict[str, Preset]:
    """The brands by code, as empty shells: their thresholds are not public and not invented."""
    rows = tomllib.loads(_PRESETS.read_text(encoding="utf-8"))["preset"]
    return {row["code"]: Preset(**row) for row in rows}


@service("programme.draft")
def start_draft(
    *,
    actor: User,
    company: Company,
    branch: Branch | None,
    code: str,
    values: Mapping[str, Any],
    source: Programme | None = None,
) -> Programme:
    """Begin the next edition of ``code``, empty or as a copy of ``source``; ``values`` are its names, first day and reason.

    Raises ``MissingRight`` for a place that is not the actor's to shape.
    """
    refuse_foreign(company, branch, actor)
    terms = {name: getattr(source, name) for name in _TERMS} if source else {}
    draft = Programme.objects.create(
        company=company,
        branch=branch,
        code=code,
        edition=next_edition(company, branch, code),
        based_on=source,
        drafted_by=actor,
        **{name: values[name] for name in _HEAD if name in values},
        **terms,
    )
    draft.authors.add(actor)
    if source is not None:
        Tier.objects.bulk_create(
            [Tier(programme=draft, rank=rank, **plan.values) for rank, plan in enumerate(plans_of(source), 1)]
        )
    audit.record(actor, "programme.draft", draft, after={**said(draft), "from": source and source.public_id})
    return draft


@service("programme.change")
def change_draft(
    *, programme: Programme, actor: User, values: Mapping[str, Any], version: int | None = None
) -> Programme:
    """Change names, first day, reason and what holds for all tiers.

    Raises ``EditionInForce``, ``BadProgramme`` and ``StaleEdit``.
    """
    row = _draft(programme, actor, version)
    before = said(row)
    known = {name: values[name] for name in (*_HEAD, *_TERMS) if name in values}
    codes = set(Tier.objects.filter(programme=row).values_list("code", flat=True))
    check_terms({name: known.get(name, getattr(row, name)) for name in _TERMS}, codes)
    for name, value in known.items():
        setattr(row, name, value)
    return _keep(row, actor, "programme.change", before, list(known))


@service("programme.put_tier")
def put_tier(
    *,
    programme: Programme,
    actor: User,
    values: Mapping[str, Any],
    tier: Tier | None = None,
    version: int | None = None,
) -> Programme:
    """Change a tier of a draft, or add one above the others.

    ``values`` may hold ``bound`` (yuan) or ``rule``. Raises ``BadProgramme``, ``EditionInForce`` and ``StaleEdit``.
    """
    row = _draft(programme, actor, version)
    before = said(row)
    rows = Tier.objects.filter(programme=row)
    if tier is None and rows.count() >= PALETTE:
        raise BadProgramme(_("A programme has two to eight tiers."))
    kept = Tier(programme=row, rank=rows.count() + 1) if tier is None else rows.get(pk=tier.pk)
    for name in _TIER:
        if name in values:
            setattr(kept, name, values[name])
    if rows.filter(code=kept.code).exclude(pk=kept.pk).exists():
        told = _("Two tiers have the same code.")
        raise BadProgramme(told, fields={"code": told})
    if "bound" in values or "rule" in values:
        bound, kept.rule = plain_bound(values.get("bound"), values.get("rule") or {})
        kept.lower_bound = bound
    if kept.rule_institution:
        kept.rule_institution = parse(kept.rule_institution).as_json()
    if kept.rank == 1 and (kept.asks is not None or kept.rule_institution):
        raise BadProgramme(_("The lowest tier asks for nothing; it takes everybody else."))
    check(kept, exclude=["programme", "public_id"])
    kept.save()
    return _keep(row, actor, "programme.change", before)


@service("programme.order_tiers")
def order_tier(*, programme: Programme, actor: User, tier: Tier, step: int, version: int | None = None) -> Programme:
    """Move a tier of a draft up (1) or down (-1), or take it out (0). Raises ``BadProgramme`` and ``EditionInForce``."""
    row = _draft(programme, actor, version)
    before = said(row)
    order = list(Tier.objects.filter(programme=row).order_by("rank"))
    place = next((n for n, each in enumerate(order) if each.pk == tier.pk), None)
    if place is None:
        raise BadProgramme(_("There is no such thing here."))
    moved = order.pop(place)
    if step:
        order.insert(min(max(place + step, 0), len(order)), moved)
    if order and (order[0].asks is not None or order[0].rule_institution):
        raise BadProgramme(_("The lowest tier asks for nothing; empty the rule of the one that would be lowest first."))
    if not step:
        Tier.objects.filter(pk=moved.pk).delete()
        row.age_floors = [each for each in row.age_floors if each["tier"] != moved.code]
    for offset in (_ASIDE, 0):
        for rank, each in enumerate(order, 1 + offset):
            Tier.objects.filter(pk=each.pk).update(rank=rank)
    return _keep(row, actor, "programme.change", before, ["age_floors"])


@service("programme.submit")
def submit_programme(*, programme: Programme, actor: User, now: datetime, version: int | None = None) -> Programme:
    """Hand a draft in for approval; it must be able to grade everybody. Raises ``BadProgramme`` and ``EditionInForce``."""
    row = _draft(programme, actor, version)
    _complete(row)
    row.state, row.submitted_at, row.decision_note = Programme.State.SUBMITTED, now, ""
    row.save_changed(["state", "submitted_at", "decision_note"])
    row.authors.add(actor)
    audit.record(actor, "programme.submit", row, before={"state": "draft"}, after={"state": "submitted"})
    return row


@service("programme.send_back")
def send_back_programme(*, programme: Programme, actor: User, note: str, version: int | None = None) -> Programme:
    """Make a draft of what was handed in, saying what is missing. Raises ``NotSubmitted`` and ``StaleEdit``."""
    row = _submitted(programme, actor, version)
    row.state, row.decision_note = Programme.State.DRAFT, note
    row.save_changed(["state", "decision_note"])
    after = {"state": "draft"}
    audit.record(actor, "programme.send_back", row, before={"state": "submitted"}, after=after, reason=note)
    return row


@service("programme.activate")
def activate_programme(
    *,
    programme: Programme,
    actor: User,
    now: datetime,
    effective_from: date | None = None,
    note: str = "",
    version: int | None = None,
) -> Programme:
    """Approve what somebody else drafted: it is in force from its first day on, today at the earliest, and never edited again.

    Raises ``FourEyes`` for whoever had a hand in it, ``NotSubmitted``, ``BadProgramme``, ``InvalidInput`` and ``StaleEdit``.
    """
    row = _submitted(programme, actor, version)
    if row.authors.filter(pk=actor.pk).exists() or row.drafted_by_id == actor.pk:
        raise FourEyes
    first = effective_from or row.effective_from
    if first < local_date(now):
        told = _("A programme takes effect today or later; what was graded before stays as it is.")
        raise InvalidInput(told, fields={"effective_from": told})
    _complete(row)
    row.state, row.effective_from = Programme.State.ACTIVE, first
    row.approved_by, row.approved_at, row.decision_note = actor, now, note
    row.save_changed(["state", "effective_from", "approved_by", "approved_at", "decision_note"])
    after = {"state": "active", "effective_from": first}
    audit.record(actor, "programme.activate", row, before={"state": "submitted"}, after=after, reason=note)
    carry_cards(row, first, actor)
    return row


@service("programme.retire")
def retire_programme(*, programme: Programme, actor: User, version: int | None = None) -> Programme:
    """Take an edition out of force, or give a draft up; clients keep their tier until the next evaluation.

    An edition in force needs the right to approve. Raises ``EditionInForce``, ``MissingRight`` and ``StaleEdit``.
    """
    refuse_foreign(programme.company, programme.branch, actor)
    row = lock(Programme.objects.all(), pk=programme.pk, version=version)
    if row.state == Programme.State.RETIRED:
        raise EditionInForce(_("This edition has been retired already."))
    if row.state == Programme.State.ACTIVE and not (actor.is_system or actor.has_perm("tiers.approve_programme")):
        raise MissingRight
    before = row.state
    row.state = Programme.State.RETIRED
    row.save_changed(["state"])
    audit.record(actor, "programme.retire", row, before={"state": before}, after={"state": "retired"})
    return row


def lacking(programme: Programme) -> str:
    """Why a draft could not be handed in as it is; empty when it could."""
    try:
        _complete(programme)
    except BadProgramme as refusal:
        return str(refusal.message)
    return ""


def _complete(row: Programme) -> None:
    plans = plans_of(row)
    check_tiers(plans)
    check_terms({name: getattr(row, name) for name in _TERMS}, {plan.code for plan in plans})


def _draft(programme: Programme, actor: User, version: int | None) -> Programme:
    refuse_foreign(programme.company, programme.branch, actor)
    row = lock(Programme.objects.all(), pk=programme.pk, version=version)
    if row.state != Programme.State.DRAFT:
        raise EditionInForce
    return row


def _submitted(programme: Programme, actor: User, version: int | None) -> Programme:
    refuse_foreign(programme.company, programme.branch, actor)
    row = lock(Programme.objects.all(), pk=programme.pk, version=version)
    if row.state != Programme.State.SUBMITTED:
        raise NotSubmitted
    return row


def _keep(
    row: Programme, actor: User, action: str, before: dict[str, Any], names: list[str] | None = None
) -> Programme:
    """Save a changed draft with its new version, and note who had a hand in it."""
    row.save_changed(names or [])
    row.authors.add(actor)
    audit.record(actor, action, row, before=before, after=said(row))
    return row
