"""What the fields of this app are made of: their headings, and how a plain one is put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.segments.catalogue import Choices, Compile, Context, SegmentField
from clients.segments.compare import column
from clients.segments.kinds import Kind

#: Headings of the builder, in their order; an app further right brings its own.
FACTS, PERSON, INSTITUTION = _("Facts"), _("Person"), pgettext_lazy("profile", "Institution")
WORK, WEALTH = _("Work and income"), _("Assets and experience")
DOCUMENT, QUALITY = _("Identity documents"), _("Data quality")
ASSETS, RISK, TAGS = _("Assets"), _("Risk"), _("Tags")
NEEDS, REACH, CONTACT = _("Needs"), _("How to reach the client"), _("Contact")
PEOPLE, ACCOUNTS, PRIVACY = _("Related persons"), _("Accounts and permissions"), _("Data protection")
GRADES = _("Money laundering")

PROFILE = "clients.view_profile"
MONEY = "clients.view_dailyasset"


def of(choices: Iterable[tuple[Any, Any]]) -> Choices:
    """Choices that are the same for everybody."""
    fixed = [(str(code), label) for code, label in choices]
    return lambda _user: fixed


def plain(key: str, label: Any, group: Any, kind: Kind, path: str = "", **more: Any) -> SegmentField:
    """A field that is a column of the client."""
    return SegmentField(key, label, group, kind, column(kind, path or key, instant=more.pop("instant", False)), **more)


def when(condition: Q | Callable[[Context], Q]) -> Compile:
    """A flag that holds where the condition does."""
    return lambda _op, _value, context: condition(context) if callable(condition) else condition
