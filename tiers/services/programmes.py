"""Making programmes and putting them in force."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.errors import MissingRight
from crm.core.fields import money
from crm.core.models import Branch, Company, User
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import BadProgramme, EditionInForce
from tiers.models import Programme, Tier

DEFAULT_FILE = Path(__file__).resolve().parents[1] / "programmes.toml"
PALETTE = 8


@dataclass(frozen=True)
class TierPlan:
    """A tier as somebody wants it; ``bound`` in yuan, inclusive, None for the lowest."""

    code: str
    name_en: str
    name_zh: str
    bound: Decimal | None
    palette: int = 1


@dataclass(frozen=True)
class ProgrammePlan:
    """A programme as somebody wants it; tiers from the lowest to the highest."""

    code: str
    name_en: str
    name_zh: str
    effective_from: date
    tiers: tuple[TierPlan, ...]
    source: str = ""


def read_plan(path: Path) -> ProgrammePlan:
    """A programme from a TOML file. Raises ``BadProgramme`` naming what is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        tiers = tuple(_tier_plan(row) for row in content["tier"])
        return ProgrammePlan(
            code=content["code"],
            name_en=content["en"],
            name_zh=content["zh"],
            effective_from=content["effective_from"],
            tiers=tiers,
            source=content.get("source", ""),
        )
    except KeyError as missing:
        raise BadProgramme(_("The file lacks “%(name)s”.") % {"name": missing.args[0]}) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, InvalidOperation, TypeError) as fault:
        raise BadProgramme(_("The file cannot be read: %(fault)s") % {"fault": fault}) from None


def _tier_plan(row: Mapping[str, Any]) -> TierPlan:
    bound = row.get("from")
    return TierPlan(
        code=row["code"],
        name_en=row["en"],
        name_zh=row["zh"],
        bound=None if bound is None else money(str(bound)),
        palette=row.get("palette", 1),
    )


@service("programme.create")
def create_programme(
    *, actor: User, plan: ProgrammePlan, company: Company, branch: Branch | None = None, activate: bool = False
) -> Programme:
    """Add the next edition of a programme to the company or to one branch, as a draft or at once in force.

    Raises ``BadProgramme`` when the tiers make no ladder.
    """
    _check_ladder(plan.tiers)
    # One writer a company: two editions made at once would both take the next number.
    Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)
    known = Programme.objects.filter(company=company, branch=branch, code=plan.code)
    edition = (known.aggregate(newest=Max("edition"))["newest"] or 0) + 1
    programme = Programme.objects.create(
        company=company,
        branch=branch,
        code=plan.code,
        name_en=plan.name_en,
        name_zh=plan.name_zh,
        edition=edition,
        effective_from=plan.effective_from,
        state=Programme.State.ACTIVE if activate else Programme.State.DRAFT,
        source=plan.source,
    )
    Tier.objects.bulk_create(
        [
            Tier(  # type: ignore[misc]  # the stub knows the parent field's types
                programme=programme,
                code=tier.code,
                name_en=tier.name_en,
                name_zh=tier.name_zh,
                rank=rank,
                lower_bound=tier.bound,
                palette=tier.palette,
            )
            for rank, tier in enumerate(plan.tiers, 1)
        ]
    )
    bounds = {tier.code: tier.bound for tier in plan.tiers}
    audit.record(actor, "programme.create", programme, after={"code": plan.code, "edition": edition, "bounds": bounds})
    return programme


def _check_ladder(tiers: Sequence[TierPlan]) -> None:
    if not 2 <= len(tiers) <= PALETTE:
        raise BadProgramme(_("A programme has two to eight tiers."))
    bounds = [tier.bound for tier in tiers]
    if bounds[0] is not None or any(bound is None for bound in bounds[1:]):
        raise BadProgramme(_("The lowest tier has no lower bound, every other tier has one."))
    rising = [bound for bound in bounds if bound is not None]
    if any(lower >= upper for lower, upper in pairwise(rising)):
        raise BadProgramme(_("The lower bounds must rise from tier to tier."))
    if len({tier.code for tier in tiers}) != len(tiers):
        raise BadProgramme(_("Two tiers have the same code."))
    if any(not 1 <= tier.palette <= PALETTE for tier in tiers):
        raise BadProgramme(_("Colours are numbered 1 to 8."))


@service("programme.activate")
def activate_programme(*, programme: Programme, actor: User, version: int | None = None) -> Programme:
    """Put a draft in force from its first day on. Raises ``EditionInForce``, ``MissingRight`` and ``StaleEdit``."""
    _own(programme, actor)
    row = lock(Programme.objects.all(), pk=programme.pk, version=version)
    if row.state != Programme.State.DRAFT:
        raise EditionInForce
    row.state = Programme.State.ACTIVE
    row.save_changed(["state"])
    audit.record(actor, "programme.activate", row, before={"state": "draft"}, after={"state": "active"})
    return row


@service("programme.retire")
def retire_programme(*, programme: Programme, actor: User, version: int | None = None) -> Programme:
    """Take an edition out of force; clients keep their tier until the next evaluation. Raises ``StaleEdit``."""
    _own(programme, actor)
    row = lock(Programme.objects.all(), pk=programme.pk, version=version)
    if row.state == Programme.State.RETIRED:
        raise EditionInForce(_("This edition has been retired already."))
    before = row.state
    row.state = Programme.State.RETIRED
    row.save_changed(["state"])
    audit.record(actor, "programme.retire", row, before={"state": before}, after={"state": "retired"})
    return row


def _own(programme: Programme, actor: User) -> None:
    if not actor.is_system and actor.company_id != programme.company_id:
        raise MissingRight


@service("programme.seed")
def seed_default_programme(*, company: Company, actor: User) -> Programme:
    """The default programme of a company, made when it has none of that code; never touches one that is there."""
    plan = read_plan(DEFAULT_FILE)
    known = Programme.objects.filter(company=company, branch=None, code=plan.code).order_by("-edition").first()
    if known is not None:
        return known
    return create_programme(actor=actor, plan=plan, company=company, activate=True)
