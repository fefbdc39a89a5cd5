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

from crm.core.clocks import local_date
from crm.core.modules import LEAD, names, without

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
 (SELECT CAST({list}(f.policy_key_id) AS text) FROM core_policy f WHERE f.policy_key_id IN ({modules})
   AND f.effective_from <= %s AND (f.branch_id IS NULL OR f.branch_id = {own}) AND f.value = 'false'
   AND NOT EXISTS (SELECT 1 FROM core_policy n WHERE n.policy_key_id = f.policy_key_id AND n.effective_from <= %s
   AND (n.branch_id IS NULL OR n.branch_id = {own})
   AND (CASE WHEN n.branch_id IS NULL THEN 0 ELSE 1 END, n.effective_from, n.version)
     > (CASE WHEN f.branch_id IS NULL THEN 0 ELSE 1 END, f.effective_from, f.version))
   AND NOT ({company} AND EXISTS (SELECT 1 FROM core_policy k JOIN core_branch kb ON kb.id = k.branch_id
     WHERE kb.company_id = u.company_id AND k.policy_key_id = f.policy_key_id AND k.effective_from <= %s AND k.value = 'true'
     AND NOT EXISTS (SELECT 1 FROM core_policy m WHERE m.policy_key_id = k.policy_key_id AND m.branch_id = k.branch_id
       AND m.effective_from <= %s AND (m.effective_from, m.version) > (k.effective_from, k.version))))) AS standing_off
"""
#: Who sees the company: to him a part is left out where the company leaves it out and no branch keeps it.
_COMPANY = """EXISTS (SELECT 1 FROM core_user_groups cg JOIN core_role cr ON cr.group_id = cg.group_id
     WHERE cg.user_id = u.id AND cr.reach = 'company')"""
#: The branch whose own switches count, if any.
_OWN = f"(CASE WHEN {_COMPANY} THEN NULL ELSE u.branch_id END)"
#: How often the lists ask for today.
_DAYS = 6
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
    return _read(row) if row else Standing()


def signed_in(pk: Any) -> User | None:
    """Who asks, with branch and standing; None if there is nobody with this key."""
    from crm.core.models import Branch, User

    today = local_date(timezone.now())
    for user in User.objects.raw(_statement(connection.vendor, with_person=True), [*[today] * _DAYS, pk]):
        held = user.__dict__
        own = _rows(Branch, f"[{held.pop('standing_branch')}]")[0] if user.branch_id else None
        User.branch.field.set_cached_value(user, own)
        names = [
            *(f"standing_{name}" for name in ("roles", "rights", "outlets", "absent", "off")),
            *(f"keys_{name}" for name in _keys),
        ]
        held["standing"] = _read([held.pop(name) for name in names])
        return user
    return None


def _read(lists: Sequence[str | None]) -> Standing:
    """From the lists in the order of the statement; PostgreSQL says NULL for an empty one."""
    from crm.core.models import Role

    roles, rights, outlets, absent, off, *keys = [text or "[]" for text in lists]
    left_out = tuple(sorted(key.removeprefix(LEAD) for key in json.loads(off)))
    return Standing(
        roles=tuple(sorted(_rows(Role, roles), key=lambda role: role.key)),
        rights=without(_rights(rights), left_out),
        outlets=frozenset(json.loads(outlets)),
        absent=tuple(json.loads(absent)),
        modules_off=left_out,
        keys={name: tuple(json.loads(text)) for name, text in zip(_keys, keys, strict=True)},
    )


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
    lists = _LISTS.format(list=as_list, role=row(Role, "r"), modules=modules, own=_OWN, company=_COMPANY)
    lists = ",".join([lists, *(_KEYS.format(list=as_list, name=name, sql=sql) for name, sql in _keys.items())])
    if not with_person:
        return _STANDING.format(lists=lists)
    return _PERSON.format(branch=f"CAST({row(Branch, 'own')} AS text)", lists=lists, join=_JOIN)
