"""Where a member of staff stands today: roles, rights, outlets of the branch, for whom he is deputy, and which parts are
left out for him, in one statement.

Asked before every page, and so written by hand: the planner needs half as long for it as for what the mapper makes of the
same question, and Python a tenth. The lists come as JSON text beside the person's own columns; both engines know the form.
Nothing is remembered from one request to the next: a change of rights holds from the next request on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.utils import timezone

from crm.core.access import Reach
from crm.core.clocks import local_date
from crm.core.modules import LEAD, left_out, names, without

if TYPE_CHECKING:
    from crm.core.models import Role, User


@dataclass(frozen=True)
class Standing:
    """What the roles of one member of staff come to, on the day it was read."""

    #: In the order of their keys.
    roles: tuple[Role, ...] = ()
    #: As "app.codename"; none of a part that is left out.
    rights: frozenset[str] = frozenset()
    #: Branches under his own.
    outlets: frozenset[int] = frozenset()
    #: Members of staff for whom he is deputy.
    absent: tuple[int, ...] = ()
    #: Parts that are left out for him, by name: at his branch, or everywhere where he sees the company.
    modules_off: tuple[str, ...] = ()
    #: Keys that apps further right asked for with ``add_keys``, by name.
    keys: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


#: Name → a statement that gives one column of keys for the person ``u.id``.
_keys: dict[str, str] = {}


def add_keys(name: str, sql: str) -> None:
    """Have keys come along whenever somebody asks; called from ``AppConfig.ready()``. ``sql`` names its
    column ``found``; it is ours, never a user's."""
    _keys[name] = sql


#: {list} and {row} are the engine's functions for a JSON list of all rows and for a JSON object of pairs.
_LISTS = """
 (SELECT CAST({list}({role}) AS text) FROM core_user_groups g JOIN core_role r ON r.group_id = g.group_id
   WHERE g.user_id = u.id) AS standing_roles,
 (SELECT CAST({list}(t.app_label || '.' || p.codename) AS text) FROM core_user_groups g
   JOIN core_role r ON r.group_id = g.group_id JOIN auth_group_permissions gp ON gp.group_id = g.group_id
   JOIN auth_permission p ON p.id = gp.permission_id JOIN django_content_type t ON t.id = p.content_type_id
   WHERE g.user_id = u.id) AS standing_rights,
 (SELECT CAST({list}(b.id) AS text) FROM core_branch b WHERE b.parent_id = u.branch_id) AS standing_outlets,
 (SELECT CAST({list}(d.absent_id) AS text) FROM core_delegation d WHERE d.deputy_id = u.id
   AND d.first_day <= %s AND d.last_day >= %s AND d.revoked_at IS NULL) AS standing_absent,
 (SELECT CAST({list}({switch}) AS text) FROM core_policy f WHERE f.policy_key_id IN ({modules})
   AND f.effective_from <= %s AND (f.branch_id IS NULL OR f.branch_id = u.branch_id OR f.value = 'false'))
   AS standing_switches
"""
#: One version of the figure of a part; of several that hold, the branch's own and the newest governs. Of other branches come
#: those that switch a part off.
_SWITCH = """'key', f.policy_key_id, 'of', CASE WHEN f.branch_id IS NULL THEN 0 WHEN f.branch_id = u.branch_id THEN 1 ELSE 2 END,
   'from', f.effective_from, 'version', f.version, 'off', CASE WHEN f.value = 'false' THEN 1 ELSE 0 END"""
#: Whose version it is.
_COMPANY, _OWN = 0, 1
#: How often the lists ask for today.
_DAYS = 3
_KEYS = " (SELECT CAST({list}(x.found) AS text) FROM ({sql}) AS x) AS keys_{name}"
_PERSON = "SELECT u.*, {branch} AS standing_branch, {lists} FROM core_user u {join} WHERE u.id = %s"
_STANDING = "SELECT {lists} FROM core_user u WHERE u.id = %s"
_JOIN = "LEFT JOIN core_branch own ON own.id = u.branch_id"
_FUNCTIONS = {"postgresql": ("json_agg", "json_build_object"), "sqlite": ("json_group_array", "json_object")}


def standing_of(pk: int) -> Standing:
    """Of somebody whose row is at hand already."""
    today = local_date(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor, with_person=False), [*[today] * _DAYS, pk])
        row = cursor.fetchone()
    return _read(pk, row) if row else Standing()


def signed_in(pk: Any) -> User | None:
    """Who asks, with branch and standing; None if there is nobody with this key."""
    from crm.core.models import Branch, User

    today = local_date(timezone.now())
    for user in User.objects.raw(_statement(connection.vendor, with_person=True), [*[today] * _DAYS, pk]):
        held = user.__dict__
        own = _rows(Branch, f"[{held.pop('standing_branch')}]")[0] if user.branch_id else None
        User.branch.field.set_cached_value(user, own)
        names = [
            *(f"standing_{name}" for name in ("roles", "rights", "outlets", "absent", "switches")),
            *(f"keys_{name}" for name in _keys),
        ]
        held["standing"] = _read(user.pk, [held.pop(name) for name in names])
        return user
    return None


def _read(pk: int, lists: Sequence[str | None]) -> Standing:
    """From the lists in the order of the statement; PostgreSQL says NULL for an empty one."""
    from crm.core.models import Role

    roles, rights, outlets, absent, switches, *keys = [text or "[]" for text in lists]
    held: list[Role] = sorted(_rows(Role, roles), key=lambda role: role.key)
    sees_company = any(role.reach == Reach.COMPANY for role in held)
    off = _off_everywhere(pk, switches) if sees_company else _switched_off(switches, _OWN)
    return Standing(
        roles=tuple(held),
        rights=without(_rights(rights), off),
        outlets=frozenset(json.loads(outlets)),
        absent=tuple(json.loads(absent)),
        modules_off=off,
        keys={name: tuple(json.loads(text)) for name, text in zip(_keys, keys, strict=True)},
    )


@lru_cache(maxsize=256)
def _switched_off(text: str, of: int) -> tuple[str, ...]:
    """Parts that the company, or in its place the own branch, leaves out. Remembered by the text itself, as rights are."""
    rows = [row for row in json.loads(text) if row["of"] <= of]
    rows.sort(key=lambda row: (row["of"], row["from"], row["version"]))
    governs = {row["key"]: row["off"] for row in rows}
    return tuple(sorted(key.removeprefix(LEAD) for key, off in governs.items() if off))


@lru_cache(maxsize=256)
def _off_somewhere(text: str) -> tuple[str, ...]:
    """Parts that the company or any branch has ever switched off."""
    return tuple(sorted({row["key"].removeprefix(LEAD) for row in json.loads(text) if row["off"]}))


def _off_everywhere(pk: int, switches: str) -> tuple[str, ...]:
    """Parts that none of the company's open branches keeps; asked for who sees the company, and only where somebody has
    switched something off. A company without a branch goes by its own figure."""
    from crm.core.models import Branch, User

    names = _off_somewhere(switches)
    if not names:
        return ()
    company = User.objects.filter(pk=pk).values("company_id")
    branches = set(Branch.objects.open().filter(company_id__in=company).values_list("pk", flat=True))
    if not branches:
        return _switched_off(switches, _COMPANY)
    today = local_date(timezone.now())
    return tuple(name for name in names if left_out(name, branches, today) == branches)


def _rows(model: type[models.Model], text: str) -> list[Any]:
    fields = _fields(model)
    names = [field.attname for field in fields]
    return [
        model.from_db("default", names, [field.to_python(value) for field, value in zip(fields, row, strict=True)])
        for row in ([found[name] for name in names] for found in json.loads(text))
    ]


@lru_cache(maxsize=64)
def _rights(text: str) -> frozenset[str]:
    """Remembered by the text itself: other rights are another text."""
    return frozenset(json.loads(text))


@lru_cache
def _fields(model: type[models.Model]) -> tuple[Any, ...]:
    """What JSON can carry; days and moments stay behind and are fetched if ever asked for."""
    return tuple(field for field in model._meta.concrete_fields if not isinstance(field, models.DateField))


@lru_cache
def _statement(vendor: str, *, with_person: bool) -> str:
    from crm.core.models import Branch, Role

    as_list, as_row = _FUNCTIONS[vendor]

    def row(model: type[models.Model], alias: str) -> str:
        pairs = ", ".join(f"'{field.attname}', {alias}.{field.column}" for field in _fields(model))
        return f"{as_row}({pairs})"

    modules = ", ".join(f"'{LEAD}{name}'" for name in names()) or "NULL"
    lists = _LISTS.format(list=as_list, role=row(Role, "r"), modules=modules, switch=f"{as_row}({_SWITCH})")
    lists = ",".join([lists, *(_KEYS.format(list=as_list, name=name, sql=sql) for name, sql in _keys.items())])
    if not with_person:
        return _STANDING.format(lists=lists)
    return _PERSON.format(branch=f"CAST({row(Branch, 'own')} AS text)", lists=lists, join=_JOIN)
