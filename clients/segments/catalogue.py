"""What a segment may ask about a client: one list of fields, to which apps further right add their own in ``ready()``.

A field that somebody may not see on a page is none for him here either: neither in the builder, nor in a rule of his own, nor in
one that a colleague shares with him. Otherwise membership would tell what the page keeps back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from clients.querysets.scope import sees_names
from clients.segments.kinds import OPERATORS, Kind, Operator
from crm.core.clocks import local_date

if TYPE_CHECKING:
    from crm.core.models import User

#: Stands for "sees names in full" among the rights that a rule needs.
NAMES = "names"


@dataclass(frozen=True)
class Context:
    """For whom and when a rule is asked: relative days, "me" and money all depend on it."""

    user: User
    now: datetime

    @property
    def today(self) -> date:
        return local_date(self.now)


Choices = Callable[["User"], Iterable[tuple[str, Any]]]
Compile = Callable[[str, Any, Context], Q]


@dataclass(frozen=True)
class SegmentField:
    """One fact about a client. ``compile`` gives the condition for an operator that denies nothing; see ``rules``."""

    key: str
    label: Any
    group: Any
    kind: Kind
    compile: Compile
    choices: Choices | None = None
    #: Rights without which the field does not exist; ``NAMES`` is one of them.
    rights: tuple[str, ...] = ()
    #: Operators, where they are fewer than those of the kind.
    only: tuple[str, ...] = ()
    unit: Any = ""
    #: Whether it narrows the list of clients by itself, without a segment; for choices and flags.
    in_list: bool = False
    #: Label of the model about which hardly anybody may know; nothing that others see is made of a rule with such a field.
    secret: str = ""

    def operators(self) -> dict[str, Operator]:
        known = OPERATORS[self.kind]
        return {key: known[key] for key in self.only} if self.only else known

    def usable_by(self, user: User) -> bool:
        return all(has(user, right) for right in self.rights)

    def narrowing_to(self, value: str, context: Context) -> Q:
        """The condition of one choice in the filter of the list; of a flag "yes" or "no"."""
        if self.kind is Kind.FLAG:
            found = self.compile("yes", None, context)
            return found if value == "yes" else ~found
        return self.compile("in", [value], context)


def has(user: User, right: str) -> bool:
    """Whether the user holds a right that a field names."""
    return sees_names(user) if right == NAMES else bool(user.has_perm(right))


def sees_fact(user: User, key: str) -> bool:
    """Whether the user may know a fact at all: what he cannot ask in a segment stands on no page of his and in no answer."""
    fact = _fields.get(key)
    return fact is None or fact.usable_by(user)


_fields: dict[str, SegmentField] = {}


def register(*fields: SegmentField) -> None:
    """Add fields; called from ``AppConfig.ready()``. Raises ``ValueError`` for a key that is taken."""
    for field in fields:
        if field.key in _fields:
            raise ValueError(f"segment field {field.key!r} is registered twice")
        _fields[field.key] = field


def fields_for(user: User) -> dict[str, SegmentField]:
    """The fields that exist for ``user``, in their order."""
    return {key: field for key, field in _fields.items() if field.usable_by(user)}


def fields_in_list() -> list[SegmentField]:
    """The fields by which the list of clients can be narrowed directly."""
    return [field for field in _fields.values() if field.in_list]


def all_fields() -> list[SegmentField]:
    """Every field, whoever may use it."""
    return list(_fields.values())


def field_of(key: str) -> SegmentField | None:
    return _fields.get(key)


def secret_rights() -> set[str]:
    """Rights that a field needs of which hardly anybody may know."""
    return {right for field in _fields.values() if field.secret for right in field.rights}


def all_rights() -> set[str]:
    """Every right that some field needs."""
    return {right for field in _fields.values() for right in field.rights}
