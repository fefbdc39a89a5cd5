"""Preference segments and their menus: drawn up from a rule over needs and behaviour, changed, put out of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from clients.segments import parse, refuse_secret, rights_of
from crm.core import audit
from crm.core.checked import check
from crm.core.errors import InvalidInput
from crm.core.models import Branch, Company, User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock
from tiers.errors import PreferenceNameTaken
from tiers.models import MenuEntry, PreferenceSegment
from tiers.services.house import refuse_foreign

#: What may be said about a segment.
SAID = ("name_en", "name_zh", "tier_codes", "rule", "is_active")


@dataclass(frozen=True)
class Line:
    """One line of a menu."""

    kind: str
    title_en: str
    title_zh: str


@service("preference.create")
def create_preference(
    *,
    values: Mapping[str, Any],
    menu: Sequence[Line],
    company: Company,
    actor: User,
    branch: Branch | None = None,
) -> PreferenceSegment:
    """A preference segment of the company or of one branch with its menu.

    Raises ``MissingRight``, ``InvalidRule`` (what the actor may not ask for does not exist for him), ``InvalidInput`` and
    ``PreferenceNameTaken``.
    """
    refuse_foreign(company, branch, actor)
    row = PreferenceSegment(company=company, branch=branch, made_by=actor)
    _say(row, values, actor)
    with _own_name():
        row.save()
    _write(row, menu)
    after = {"name": row.name_zh, "tiers": row.tier_codes, "rule": row.rule, "menu": len(menu)}
    audit.record(actor, "preference.create", row, after=after)
    return row


@service("preference.change")
def change_preference(
    *,
    segment: PreferenceSegment,
    values: Mapping[str, Any],
    actor: User,
    menu: Sequence[Line] | None = None,
    version: int | None = None,
) -> PreferenceSegment:
    """Change a preference segment or its menu (as a whole); who belongs to it follows at once.

    Raises what drawing one up does, and ``StaleEdit``.
    """
    rows = PreferenceSegment.objects.select_related("company", "branch")
    row: PreferenceSegment = lock(rows, pk=segment.pk, version=version)
    refuse_foreign(row.company, row.branch, actor)
    before = {name: getattr(row, name) for name in SAID}
    _say(row, values, actor)
    after = {name: getattr(row, name) for name in SAID if getattr(row, name) != before[name]}
    with _own_name():
        row.save_changed([*after, "rights"])
    if menu is not None:
        row.entries.all().delete()
        _write(row, menu)
    audit.record(
        actor,
        "preference.change",
        row,
        before={name: before[name] for name in after},
        after={**after, **({"menu": len(menu)} if menu is not None else {})},
    )
    return row


def _say(row: PreferenceSegment, values: Mapping[str, Any], actor: User) -> None:
    if unknown := sorted(set(values) - set(SAID)):
        raise TypeError(f"not for preference segments: {', '.join(unknown)}")
    for name, value in values.items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    if "rule" in values:
        group = parse(values["rule"], actor)
        refuse_secret(group, "rule")
        row.rule, row.rights = group.as_json(), rights_of(group)
    check(row, exclude=["company", "branch", "made_by"])


def _own_name() -> AbstractContextManager[None]:
    """Write inside of it: a name that is there already is refused, whoever of two was first."""
    refusal = PreferenceNameTaken(fields={"name_zh": PreferenceNameTaken.message})
    once = ("preference_once_in_company", "preference_once_in_branch")
    return unless_taken(PreferenceSegment, *once, refusal=refusal)


def _write(row: PreferenceSegment, menu: Sequence[Line]) -> None:
    if not menu:
        raise InvalidInput(fields={"menu": _("A menu has at least one line.")})
    for line in menu:
        if not line.title_zh.strip() and not line.title_en.strip():
            raise InvalidInput(fields={"menu": _("Say what it is called.")})
    MenuEntry.objects.bulk_create(
        MenuEntry(
            segment=row,
            kind=line.kind,
            title_en=line.title_en.strip()[:80],
            title_zh=line.title_zh.strip()[:80],
            position=place,
        )
        for place, line in enumerate(menu)
    )
