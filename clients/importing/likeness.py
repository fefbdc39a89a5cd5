"""New clients of a file who look like somebody on file: a warning beside the row, never a reason to reject it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clients.models import Client
from clients.pinyin import bare_name
from crm.core.importing import ImportContext, Problem, RowPlan

_FACTS = ("name", "pinyin", "birth_date", "phone_index", "id_index")


def warn_of_likeness(context: ImportContext, layout: list[str], plans: list[RowPlan]) -> None:
    """Set the warnings of planned new rows: same document, same phone and name, same sound of name and date of birth.

    One statement a chunk. A client of another branch is not named; one character apart is left to the nightly list.
    """
    at = {name: layout.index(name) for name in _FACTS if name in layout}
    rows = [(plan, {name: plan.values[place] for name, place in at.items()}) for plan in plans]
    asked = Q(pk__in=[])
    if documents := {facts["id_index"] for _plan, facts in rows if facts.get("id_index")}:
        asked |= Q(id_index__in=documents)
    if phones := {facts["phone_index"] for _plan, facts in rows if facts.get("phone_index") and facts.get("name")}:
        asked |= Q(phone_index__in=phones)
    born = [facts for _plan, facts in rows if facts.get("birth_date") and facts.get("pinyin")]
    if born:
        days, spoken = {facts["birth_date"] for facts in born}, {facts["pinyin"] for facts in born}
        asked |= Q(birth_date__in=days, pinyin__in=spoken)
    known: dict[tuple[str, ...], tuple[int, str]] = {}
    found = Client.objects.filter(
        asked, branch__company=context.branch.company_id, merged_into=None, restricted_on=None
    )
    columns = ("branch_id", "external_id", "id_index", "phone_index", "name", "pinyin", "birth_date")
    for branch_id, number, document, phone, name, pinyin, day in found.order_by("pk").values_list(*columns):
        who = (branch_id, number)
        known.setdefault(("id_number", document), who)
        known.setdefault(("phone", phone, bare_name(name)), who)
        known.setdefault(("birth_date", pinyin, str(day)), who)
    for plan, facts in rows:
        plan.warnings = [
            Problem(key[0], "", "looks_like_client", _text(key[0], context, known[key]))
            for key in _keys(facts)
            if key in known
        ]


def _keys(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """Under which keys a client with these facts would be known; facts that are missing give none."""
    keys: list[tuple[str, ...]] = []
    if facts.get("id_index"):
        keys.append(("id_number", facts["id_index"]))
    if facts.get("phone_index") and facts.get("name"):
        keys.append(("phone", facts["phone_index"], bare_name(facts["name"])))
    if facts.get("birth_date") and facts.get("pinyin"):
        keys.append(("birth_date", facts["pinyin"], str(facts["birth_date"])))
    return keys


def _text(field: str, context: ImportContext, who: tuple[int, str]) -> str:
    branch_id, number = who
    if branch_id == context.branch.pk:
        words = {
            "id_number": _("Client %(number)s has the same identity document."),
            "phone": _("Client %(number)s has the same phone and name."),
            "birth_date": _("Client %(number)s has a name of the same sound and the same date of birth."),
        }
        return words[field] % {"number": number}
    return {
        "id_number": _("Another branch has a client with the same identity document."),
        "phone": _("Another branch has a client with the same phone and name."),
        "birth_date": _("Another branch has a client with a name of the same sound and the same date of birth."),
    }[field]
