"""Changing figures: a new version from a day on, never an edit of an old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.errors import InvalidInput, MissingRight
from crm.core.figure_shapes import same_shape
from crm.core.models import Branch, Policy, PolicyKey, User
from crm.core.service import service

#: The figures of this owner belong to each branch; their company-wide default is set by the head office.
OF_THE_BRANCH = "branch_manager"
HEAD_OFFICE = "head_office"


@dataclass(frozen=True)
class SeedFigure:
    """A figure as the product brings it: what it is, and its versions with their sources."""

    key: str
    kind: str
    unit: str
    label_en: str
    label_zh: str
    owner: str
    versions: tuple[Mapping[str, Any], ...]


class BadFigure(InvalidInput):
    """A value does not have the shape of its figure."""

    code = "bad_figure"


class NotYourFigure(MissingRight):
    """Another role, or another branch, answers for this figure."""

    code = "not_your_figure"
    message = _("Another role answers for this figure.")


def may_set(actor: User, key: PolicyKey, branch: Branch | None) -> bool:
    """Whether ``actor`` answers for this figure at this place.

    A branch manager: his own branches, and only what belongs to branches. Everybody else: the figures of his role, for the
    company and for each of its branches. The house's own account sets what the product brings.
    """
    if actor.is_system:
        return True
    if not actor.has_perm("core.add_policy"):
        return False
    if branch is not None and branch.company_id != actor.company_id:
        return False
    if key.owner != OF_THE_BRANCH:
        return actor.has_role(key.owner)
    if actor.has_role(HEAD_OFFICE):
        return True
    return branch is not None and actor.has_role(OF_THE_BRANCH) and branch.pk in actor.scope.branch_ids


@service("policy.seed")
def seed_policies(*, actor: User, table: Iterable[SeedFigure]) -> int:
    """Add figures that are not there yet, and to known ones the versions that a release brings. Returns how many were added.

    A version is known by its day: where the company has one from that day on, whoever set it, nothing is added, and nothing
    on file is ever changed. What the house has chosen itself (certainty ``own``) stays once somebody has set it. Versions of
    branches stay theirs and go on to govern there.
    """
    table = list(table)
    on_file = _company_versions(actor)
    added: list[Policy] = []
    for order, figure in enumerate(table):
        PolicyKey.objects.update_or_create(
            key=figure.key,
            defaults={
                "kind": figure.kind,
                "unit": figure.unit,
                "label_en": figure.label_en,
                "label_zh": figure.label_zh,
                "owner": figure.owner,
                "order": order,
            },
        )
        added += _missing(figure, on_file.get(figure.key, OnFile()), actor)
    if added:
        Policy.objects.bulk_create(added)
        audit.record(actor, "policy.seed", "core.policy", ids=[row.policy_key_id for row in added])
    return len(added)


@dataclass
class OnFile:
    """The company's versions of one figure."""

    days: set[date] = field(default_factory=set)
    newest: int = 0
    is_set_by_people: bool = False


def _company_versions(house: User) -> dict[str, OnFile]:
    found: dict[str, OnFile] = {}
    rows = Policy.objects.filter(branch=None).order_by()
    for key, day, version, by in rows.values_list("policy_key_id", "effective_from", "version", "created_by_id"):
        known = found.setdefault(key, OnFile())
        known.days.add(day)
        known.newest = max(known.newest, version)
        known.is_set_by_people |= by != house.pk
    return found


def _missing(figure: SeedFigure, known: OnFile, actor: User) -> list[Policy]:
    rows = [row for row in figure.versions if row["from"] not in known.days]
    if known.is_set_by_people:
        rows = [row for row in rows if row.get("certainty") != "own"]
    return [_seed_row(figure.key, number, row, actor) for number, row in enumerate(rows, known.newest + 1)]


def _seed_row(key: str, number: int, row: Mapping[str, Any], actor: User) -> Policy:
    return Policy(
        policy_key_id=key,
        value=row["value"],
        effective_from=row["from"],
        version=number,
        source=row["source"],
        certainty=row.get("certainty", ""),
        created_by=actor,
    )


@service("policy.set")
def set_policy(
    *,
    actor: User,
    key: PolicyKey,
    value: Any,
    effective_from: date,
    source: str,
    reason: str,
    branch: Branch | None = None,
    certainty: str = "",
    today: date,
) -> Policy:
    """Add the next version of a figure for the company or one branch.

    Raises ``NotYourFigure``, and ``BadFigure`` for a value of the wrong shape and for a day in the past: what was decided
    under a figure stays decided under it.
    """
    if not may_set(actor, key, branch):
        raise NotYourFigure
    if effective_from < today:
        raise BadFigure(fields={"effective_from": _("A figure cannot change in the past.")})
    PolicyKey.objects.select_for_update().get(pk=key.pk)
    newest = Policy.objects.filter(policy_key=key, branch=branch).aggregate(newest=Max("version"))["newest"] or 0
    before = Policy.objects.in_force(effective_from, branch).filter(policy_key=key).last()
    checked = checked_value(key.kind, value, unit=key.unit, like=before.value if before else None)
    policy: Policy = Policy.objects.create(
        policy_key=key,
        branch=branch,
        value=checked,
        effective_from=effective_from,
        version=newest + 1,
        source=source,
        certainty=certainty,
        reason=reason,
        created_by=actor,
    )
    old = {"value": before.value if before else None}
    after = {"key": key.pk, "value": checked, "effective_from": effective_from}
    audit.record(actor, "policy.set", policy, before=old, after=after, reason=reason)
    return policy


def checked_value(kind: str, value: Any, *, unit: str = "", like: Any = None) -> Any:
    """The value in the form it is stored in. Raises ``BadFigure`` naming what is wrong.

    ``like`` is the value in force before: tables, bands and texts keep its shape.
    """
    try:
        checked = _CHECKS[kind](value)
    except (InvalidOperation, ValueError, TypeError, KeyError):
        raise BadFigure(fields={"value": _("This value does not have the right form.")}) from None
    if unit == PolicyKey.Unit.SHARE and Decimal(checked) > 1:
        raise BadFigure(fields={"value": _("A share is at most 1.")})
    if kind in _SHAPED and like is not None and not same_shape(like, checked):
        raise BadFigure(fields={"value": _("The value needs the same parts as before; only their figures change.")})
    return checked


def _whole(value: Any) -> int:
    number = int(str(value))
    if not 0 <= number <= 1_000_000_000:
        raise ValueError
    return number


def _decimal_text(value: Any) -> str:
    number = Decimal(str(value))
    if not number.is_finite() or number < 0:
        raise ValueError
    return f"{number:f}"


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _list(value: Any) -> list[int]:
    if not isinstance(value, list) or not value:
        raise TypeError
    return [_whole(item) for item in value]


def _table(value: Any) -> Any:
    if not isinstance(value, dict | list) or not value:
        raise TypeError
    return value


_SHAPED = frozenset({PolicyKey.Kind.TEXT, PolicyKey.Kind.BANDS, PolicyKey.Kind.TABLE})
_CHECKS: dict[str, Any] = {
    PolicyKey.Kind.INTEGER: _whole,
    PolicyKey.Kind.MONEY: _decimal_text,
    PolicyKey.Kind.RATE: _decimal_text,
    PolicyKey.Kind.FLAG: _flag,
    PolicyKey.Kind.TEXT: str,
    PolicyKey.Kind.LIST: _list,
    PolicyKey.Kind.BANDS: _table,
    PolicyKey.Kind.TABLE: _table,
}
