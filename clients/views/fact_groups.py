"""The facts of a client in groups, each with its source, its day, or the mark that it was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from clients.models import Channel, Client
from clients.provenance import origin


@dataclass(frozen=True)
class Group:
    """Facts that are asked for together; ``kind`` is the kind of client they fit, empty for all."""

    label: str | Promise
    names: tuple[str, ...]
    kind: str = ""


GROUPS: dict[str, Group] = {
    "person": Group(
        gettext_lazy("Person"),
        ("sex", "birth_date", "nationality", "tax_residency", "education", "marital_status"),
        "person",
    ),
    "institution": Group(
        pgettext_lazy("profile", "Institution"),
        ("industry", "legal_representative", "is_listed", "stock_code", "own_funds", "tax_residency"),
        "institution",
    ),
    "work": Group(
        gettext_lazy("Work and income"), ("occupation", "employer", "income_source", "annual_income"), "person"
    ),
    "wealth": Group(
        gettext_lazy("Assets and experience"), ("outside_assets", "debts", "investing_since", "integrity_note")
    ),
    "control": Group(gettext_lazy("Control and benefit"), ("controller", "beneficiary")),
    "reach": Group(
        gettext_lazy("How to reach the client"),
        ("preferred_channel", "forbidden_channels", "quiet_from", "quiet_until", "avoid_topics"),
    ),
}


def groups_for(client: Client) -> list[str]:
    """Keys of the groups that fit the client, in their order."""
    return [key for key, group in GROUPS.items() if group.kind in ("", client.kind)]


def group_shown(client: Client, key: str, today: date) -> dict[str, Any]:
    """A group as ``clients/_fact_group.html`` shows it."""
    facts = []
    for name in GROUPS[key].names:
        known = origin(client.provenance, name)
        value = fact_in_words(client, name)
        given = value != ""
        facts.append(
            {
                "name": name,
                "label": Client._meta.get_field(name).verbose_name,  # type: ignore[union-attr]  # plain fields all
                "value": value,
                "is_money": isinstance(getattr(client, name), Decimal),
                "refused": known.refused,
                "origin": known if given or known.refused else None,
            }
        )
    return {"key": key, "label": GROUPS[key].label, "facts": facts}


def fact_in_words(client: Client, name: str) -> Any:
    """A fact as people read it; empty where nothing is on file. Amounts stay amounts."""
    value = getattr(client, name)
    if value is None or value == "" or (name == "sex" and value == Client.Sex.UNKNOWN):
        return ""
    if name == "forbidden_channels":
        return _(", ").join(str(Channel(code).label) for code in sorted(client.forbidden))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name == "investing_since":
        return f"{value:%Y-%m}"
    if name in ("quiet_from", "quiet_until"):
        return f"{value:%H:%M}"
    shown = getattr(client, f"get_{name}_display", None)
    if shown is not None:
        return str(shown())
    return value if isinstance(value, Decimal) else str(value)
