"""Which of two clients' facts stays when they are made one, group by group; a group is what belongs together on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from clients import provenance
from clients.models import Client, InvestorClass
from clients.querysets.scope import shown_name
from clients.services.identity_facts import following
from crm.core.masking import MASKS
from crm.core.models import User

#: Facts that are one answer. Sex and date of birth are what a person's document says.
_TOGETHER: dict[str, tuple[str, ...]] = {
    "id_number": ("id_number", "id_kind", "id_valid_until", "id_is_long_term", "sex", "birth_date"),
    "is_listed": ("is_listed", "stock_code"),
    "quiet_from": ("quiet_from", "quiet_until"),
    "risk_grade": ("risk_grade", "is_lowest_risk", "risk_valid_until"),
    "investor_class": ("investor_class", "investor_class_until"),
}
#: Of those who are made one the kind is the same, and whether and when somebody has left is settled by the merge.
_SETTLED = frozenset({"kind", "closed_on"})
#: What says who serves the client and who brought him: the branch's own answers, chosen like his.
_OF_THE_BRANCH = frozenset({"advisor", "introducer", "introduced_by_client"})
_ALONE = provenance.FACTS.union(_OF_THE_BRANCH) - _SETTLED - {name for names in _TOGETHER.values() for name in names}
#: The name first, what belongs together, then each fact in the order of its column.
GROUPS: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    **_TOGETHER,
    **{field.name: (field.name,) for field in Client._meta.concrete_fields if field.name in _ALONE},
}
_MASKED = {"phone": "phone", "id_number": "id_number", "email": "email", "address": "address"}
#: What a column holds of which nobody has said anything.
_SILENT = (None, "", Client.Sex.UNKNOWN, InvestorClass.ORDINARY)
#: Values of a choice.
STAYING, LEAVING = "staying", "leaving"


@dataclass(frozen=True)
class FactChoice:
    """One group of facts in which the two differ, as the preview shows it."""

    key: str
    label: str
    staying: str
    leaving: str
    staying_from: provenance.Origin
    leaving_from: provenance.Origin
    #: Whose value stays unless somebody says otherwise.
    default: str

    @property
    def newer(self) -> str:
        """Whose value is the more recent one; "" where that is not known."""
        mine, theirs = self.leaving_from.on, self.staying_from.on
        if mine is None or theirs is None or mine == theirs:
            return ""
        return LEAVING if mine > theirs else STAYING


def differences(staying: Client, leaving: Client, reader: User) -> list[FactChoice]:
    """Every group in which the two differ, private values masked."""
    found = []
    for key, names in GROUPS.items():
        mine, theirs = _values(leaving, names), _values(staying, names)
        if mine == theirs or not _said(leaving, names):
            continue
        found.append(
            FactChoice(
                key=key,
                label=str(_column(key).verbose_name),
                staying=_shown(staying, key, reader),
                leaving=_shown(leaving, key, reader),
                staying_from=provenance.origin(staying.provenance, key),
                leaving_from=provenance.origin(leaving.provenance, key),
                default=STAYING if _said(staying, names) else LEAVING,
            )
        )
    return found


def chosen(staying: Client, leaving: Client, choices: Mapping[str, str]) -> dict[str, str]:
    """The groups whose value comes from the client who leaves: as chosen, and where the other has nothing to say."""
    kept = {}
    for key, names in GROUPS.items():
        silent = _said(leaving, names) and not _said(staying, names)
        if choices.get(key, LEAVING if silent else STAYING) == LEAVING and _values(leaving, names) != _values(
            staying, names
        ):
            kept[key] = LEAVING
    return kept


def take_over(staying: Client, leaving: Client, choices: Iterable[str]) -> list[str]:
    """Set the chosen facts of the leaving client on the one who stays; returns the columns. Saves nothing."""
    taken: dict[str, Any] = {}
    held = dict(staying.provenance or {})
    for key in choices:
        for name in GROUPS[key]:
            taken[name] = getattr(leaving, name)
            entry = (leaving.provenance or {}).get(name) or (leaving.provenance or {}).get(provenance.ALL)
            if name in provenance.FACTS and entry:
                held[name] = entry
    for name in provenance.REFUSABLE_ROWS & provenance.refused_facts(leaving.provenance) - held.keys():
        # Who has refused once has refused, under whichever number.
        held[name] = leaving.provenance[name]
    if taken.get("introduced_by_client") == staying or (
        "introduced_by_client" not in taken and staying.introduced_by_client_id == leaving.pk
    ):
        taken["introduced_by_client"] = None
    if leaving.do_not_contact and not staying.do_not_contact:
        # Who asked once not to be contacted has asked, under whichever number.
        taken |= {"do_not_contact": True, "do_not_contact_reason": leaving.do_not_contact_reason}
    if staying.status == Client.Status.CLOSED and leaving.status != Client.Status.CLOSED:
        taken |= {"status": leaving.status, "closed_on": None}
    made = following(
        {name: value for name, value in taken.items() if name in ("name", "phone", "id_number")}, kind=staying.kind
    )
    for name, value in {**taken, **made, "provenance": held}.items():
        setattr(staying, name, value)
    return [*taken, *made, "provenance"]


def _column(name: str) -> Any:
    return Client._meta.get_field(name)


def _values(client: Client, names: Iterable[str]) -> list[Any]:
    return [getattr(client, _column(name).attname) for name in names]


def _said(client: Client, names: Iterable[str]) -> bool:
    """Whether anything is on file, or the client refused to say it."""
    refused = provenance.refused_facts(client.provenance)
    if any(name in refused for name in names):
        return True
    # Nought is an answer: who has no debts has said so.
    return any(value not in _SILENT and value is not False for value in _values(client, names))


def _shown(client: Client, key: str, reader: User) -> str:
    value = getattr(client, key)
    if provenance.origin(client.provenance, key).refused:
        return gettext("refused to provide")
    if value in (None, ""):
        return "—"
    if key in _MASKED:
        return MASKS[_MASKED[key]](value)
    if key == "name":
        return shown_name(client, reader)
    if key == "introduced_by_client":
        seen = Client.objects.visible_to(reader).filter(pk=value.pk).exists()
        return shown_name(value, reader) if seen else gettext("A client beyond your reach")
    if key in ("advisor", "introducer"):
        return str(value.name)
    if key == "forbidden_channels":
        labels = dict(_column("preferred_channel").flatchoices)
        return "、".join(str(labels.get(code, code)) for code in value.split())
    label = getattr(client, f"get_{key}_display", None)
    return str(label() if label else value)
