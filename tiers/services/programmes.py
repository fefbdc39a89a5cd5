"""Making programmes and putting them in force."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.fields import from_fen, money
from crm.core.models import Branch, Company, User
from crm.core.service import service
from tiers.errors import BadProgramme
from tiers.models import Emblem, Programme, Tier
from tiers.rules import Condition, Metric, parse

DEFAULT_FILE = Path(__file__).resolve().parents[1] / "programmes.toml"
PALETTE = 8


@dataclass(frozen=True)
class TierPlan:
    """A tier as somebody wants it; ``bound`` in yuan, inclusive. The lowest asks nothing, others have a bound or a rule."""

    code: str
    name_en: str
    name_zh: str
    bound: Decimal | None
    palette: int = 1
    rule: Mapping[str, Any] = field(default_factory=dict)
    rule_institution: Mapping[str, Any] = field(default_factory=dict)
    emblem: str = ""
    text_en: str = ""
    text_zh: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """The fields of a tier; a rule that only asks for average assets is kept as its bound."""
        bound, rule = plain_bound(self.bound, self.rule)
        return {
            "code": self.code,
            "name_en": self.name_en,
            "name_zh": self.name_zh,
            "lower_bound": bound,
            "palette": self.palette,
            "rule": rule,
            "rule_institution": dict(self.rule_institution),
            "emblem": self.emblem,
            "text_en": self.text_en,
            "text_zh": self.text_zh,
        }


@dataclass(frozen=True)
class ProgrammePlan:
    """A programme as somebody wants it; tiers from the lowest to the highest."""

    code: str
    name_en: str
    name_zh: str
    effective_from: date
    tiers: tuple[TierPlan, ...]
    source: str = ""
    window_days: int | None = None
    down_after: int | None = None
    grace_months: int = 0
    age_floors: tuple[Mapping[str, Any], ...] = ()

    @property
    def terms(self) -> dict[str, Any]:
        """What holds for all tiers."""
        floors = [dict(each) for each in self.age_floors]
        return {
            "window_days": self.window_days,
            "down_after": self.down_after,
            "grace_months": self.grace_months,
            "age_floors": floors,
        }


def plain_bound(bound: Decimal | None, rule: Mapping[str, Any]) -> tuple[Decimal | None, dict[str, Any]]:
    """The normal form of what a tier asks: a rule on average assets alone is a bound. Raises ``BadProgramme``."""
    if not rule:
        return bound, {}
    found = parse(rule)
    if bound is not None:
        raise BadProgramme(_("A tier has a bound or a rule, not both."))
    if isinstance(found, Condition) and not found.is_weighted and found.metric == Metric("average"):
        return from_fen(found.at_least), {}
    return None, found.as_json()


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
            window_days=content.get("window_days"),
            down_after=content.get("down_after"),
            grace_months=content.get("grace_months", 0),
            age_floors=tuple(content.get("age_floors", ())),
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
        rule=row.get("rule", {}),
        rule_institution=row.get("rule_institution", {}),
        emblem=row.get("emblem", ""),
        text_en=row.get("text_en", ""),
        text_zh=row.get("text_zh", ""),
    )


@service("programme.create")
def create_programme(
    *, actor: User, plan: ProgrammePlan, company: Company, branch: Branch | None = None, activate: bool = False
) -> Programme:
    """Add the next edition of a programme to the company or to one branch, as a draft or at once in force.

    At once is for the house's own default and for operators at the console; people have drafts approved by somebody else.
    Raises ``BadProgramme`` when the tiers make no programme.
    """
    check_tiers(plan.tiers)
    check_terms(plan.terms, {tier.code for tier in plan.tiers})
    programme = Programme.objects.create(
        company=company,
        branch=branch,
        code=plan.code,
        name_en=plan.name_en,
        name_zh=plan.name_zh,
        edition=next_edition(company, branch, plan.code),
        effective_from=plan.effective_from,
        state=Programme.State.ACTIVE if activate else Programme.State.DRAFT,
        source=plan.source,
        drafted_by=None if actor.is_system else actor,
        **plan.terms,
    )
    if not actor.is_system:
        programme.authors.add(actor)
    Tier.objects.bulk_create(
        [Tier(programme=programme, rank=rank, **tier.values) for rank, tier in enumerate(plan.tiers, 1)]
    )
    audit.record(actor, "programme.create", programme, after=said(programme))
    return programme


def next_edition(company: Company, branch: Branch | None, code: str) -> int:
    """The number of the next edition; holds the company, since two made at once would both take it."""
    Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)
    known = Programme.objects.filter(company=company, branch=branch, code=code)
    return int(known.aggregate(newest=Max("edition"))["newest"] or 0) + 1


def said(programme: Programme) -> dict[str, Any]:
    """What a programme says, for the trail."""
    names = ("code", "edition", "effective_from", "window_days", "down_after", "grace_months", "age_floors")
    tiers: dict[str, Any] = {}
    for tier in Tier.objects.filter(programme=programme).order_by("rank"):
        asks: dict[str, Any] = {"bound": tier.lower_bound, "rule": tier.rule, "institutions": tier.rule_institution}
        tiers[tier.code] = {name: value for name, value in asks.items() if value not in (None, {})}
    return {**{name: getattr(programme, name) for name in names}, "tiers": tiers}


def plans_of(programme: Programme) -> list[TierPlan]:
    """The tiers on file as plans, from the lowest to the highest."""
    return [
        TierPlan(
            code=tier.code,
            name_en=tier.name_en,
            name_zh=tier.name_zh,
            bound=tier.lower_bound,
            palette=tier.palette,
            rule=tier.rule,
            rule_institution=tier.rule_institution,
            emblem=tier.emblem,
            text_en=tier.text_en,
            text_zh=tier.text_zh,
        )
        for tier in Tier.objects.filter(programme=programme).order_by("rank")
    ]


def check_terms(terms: Mapping[str, Any], codes: set[str]) -> None:
    """Raise ``BadProgramme`` for spans out of reach and for floors on tiers that are not there."""
    for name, most in (("window_days", 366), ("down_after", 24), ("grace_months", 36)):
        value = terms.get(name)
        least = 0 if name == "grace_months" else 1
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most):
            told = _("Between %(least)d and %(most)d.") % {"least": least, "most": most}
            raise BadProgramme(told, fields={name: told})
    seen: set[int] = set()
    for each in terms.get("age_floors") or []:
        months = each.get("months") if isinstance(each, Mapping) else None
        if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= 600 or months in seen:
            told = _("Each floor names a number of months of its own, from 1 to 600.")
            raise BadProgramme(told, fields={"age_floors": told})
        if set(each) != {"months", "tier"} or each["tier"] not in codes:
            told = _("Each floor names a tier of the programme.")
            raise BadProgramme(told, fields={"age_floors": told})
        seen.add(months)


def check_tiers(tiers: Sequence[TierPlan]) -> None:
    """Raise ``BadProgramme`` for tiers that could not grade anybody."""
    if not 2 <= len(tiers) <= PALETTE:
        raise BadProgramme(_("A programme has two to eight tiers."))
    values = [tier.values for tier in tiers]
    asks = [row["lower_bound"] is not None or bool(row["rule"]) for row in values]
    if asks[0] or tiers[0].rule_institution:
        raise BadProgramme(_("The lowest tier asks for nothing; it takes everybody else."))
    for tier, asked in zip(tiers[1:], asks[1:], strict=True):
        if not asked:
            raise BadProgramme(_("The tier “%(tier)s” has neither bound nor rule.") % {"tier": tier.name_zh})
        if tier.rule_institution:
            parse(tier.rule_institution)
    rising = [row["lower_bound"] for row in values if row["lower_bound"] is not None]
    if any(bound < 0 for bound in rising):
        raise BadProgramme(_("A lower bound is not below zero: debt is the lowest tier."))
    if any(lower >= upper for lower, upper in pairwise(rising)):
        raise BadProgramme(_("The lower bounds must rise from tier to tier."))
    if len({tier.code for tier in tiers}) != len(tiers):
        raise BadProgramme(_("Two tiers have the same code."))
    if any(not 1 <= tier.palette <= PALETTE for tier in tiers):
        raise BadProgramme(_("Colours are numbered 1 to 8."))
    if any(tier.emblem not in Emblem.values for tier in tiers):
        raise BadProgramme(_("There is no such emblem."))


@service("programme.seed")
def seed_default_programme(*, company: Company, actor: User) -> Programme:
    """The default programme of a company, made when it has none of that code; never touches one that is there."""
    plan = read_plan(DEFAULT_FILE)
    known = Programme.objects.filter(company=company, branch=None, code=plan.code).order_by("-edition").first()
    if known is not None:
        return known
    return create_programme(actor=actor, plan=plan, company=company, activate=True)
