"""What a step put on record, in the words of whoever reads the dossier."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from complaints.forms import label_of
from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from crm.core.models import User
from crm.core.templatetags.amounts import yuan

_PEOPLE = ("handler", "complained_of")
_CHOICES: dict[str, Any] = {"level": Complaint.Level, "outcome": Complaint.Outcome}


def tell(events: Iterable[ComplaintEvent]) -> dict[int, str]:
    """By event: its facts and its note. One question for the people in all of them."""
    events = list(events)
    named = {event.facts[name] for event in events for name in _PEOPLE if event.facts.get(name)}
    people = dict(User.objects.filter(public_id__in=named).values_list("public_id", "name")) if named else {}
    return {event.pk: "\n".join(_lines(event, people)) for event in events}


def _lines(event: ComplaintEvent, people: dict[str, str]) -> list[str]:
    if event.action == "overdue":
        return [_overdue(event.facts)]
    if event.action == "evidence":
        return [str(event.facts.get("name", ""))]
    facts = [
        _said(str(label_of(name)), value)
        for name, raw in event.facts.items()
        if label_of(name) and (value := _value(name, raw, people))
    ]
    return [line for line in (" · ".join(facts), event.note) if line]


def _said(label: str, value: str) -> str:
    return (
        f"{label} {value}"
        if label.endswith(("?", "？"))
        else _("%(label)s: %(value)s") % {"label": label, "value": value}
    )


def _overdue(facts: dict[str, Any]) -> str:
    day, kind = facts.get("due_on", ""), facts.get("clock", "")
    if kind not in ComplaintClock.Kind.values:
        return _("Was due on %(day)s.") % {"day": day}
    return _("%(clock)s: was due on %(day)s.") % {"clock": ComplaintClock.Kind(kind).label, "day": day}


def _value(name: str, raw: Any, people: dict[str, str]) -> str:
    if name in _PEOPLE:
        return people.get(raw, "")
    if name in _CHOICES:
        return str(_CHOICES[name](raw).label) if raw in _CHOICES[name].values else ""
    if name == "compensation":
        return yuan(raw) if raw not in (None, "", "0", "0.00", 0) else ""
    if str(raw) in ("True", "False"):
        return _("Yes") if str(raw) == "True" else _("No")
    return str(raw)
