"""New clients of a file who look like somebody on file: a warning beside the row, never a reason to reject it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clients.models import Client, ContactPoint
from clients.pinyin import bare_name
from clients.querysets import numbers
from crm.core.importing import ImportContext, Problem, RowPlan

_FACTS = ("name", "pinyin", "birth_date", "phone_index", "id_index")


def warn_of_likeness(
    context: ImportContext, layout: list[str], plans: list[RowPlan], points: dict[str, list[list[Any]]]
) -> None:
    """Set the warnings of planned new rows: same document, same phone and name, same sound of name and date of birth.

    All phones of the row count (``points``: further ones by client number, as they are staged), and all documents and phones
    on file. Two statements a chunk. A client of another branch is not named; one character apart is left to the nightly
    list.
    """
    at = {name: layout.index(name) for name in _FACTS if name in layout}
    rows = [(plan, {name: plan.values[place] for name, place in at.items()}) for plan in plans]
    for plan, facts in rows:
        further = points.get(plan.row.values.get("external_id") or "", ())
        others = [index for _id, kind, _value, index, _tail in further if kind == ContactPoint.Kind.PHONE]
        facts["phones"] = [index for index in (facts.get("phone_index"), *others) if index] if facts.get("name") else []
    documents = {facts["id_index"] for _plan, facts in rows if facts.get("id_index")}
    phones = {index for _plan, facts in rows for index in facts["phones"]}
    known = _known(context, documents, phones, [facts for _plan, facts in rows])
    for plan, facts in rows:
        found = {key[0]: key for key in reversed(_keys(facts)) if key in known}
        plan.warnings = [
            Problem(field, "", "looks_like_client", _text(field, context, known[found[field]]))
            for field in ("id_number", "phone", "birth_date")
            if field in found
        ]


def _known(
    context: ImportContext, documents: set[str], phones: set[str], facts: list[dict[str, Any]]
) -> dict[tuple[str, ...], tuple[int, str]]:
    """Under each key the eldest client of the company, as branch and number."""
    by_document, by_phone = numbers.sharing(documents, phones)
    asked = Q(pk__in=set().union(*by_document.values(), *by_phone.values()))
    asked |= Q(id_index__in=documents) | Q(phone_index__in=phones)
    if born := [one for one in facts if one.get("birth_date") and one.get("pinyin")]:
        days, spoken = {one["birth_date"] for one in born}, {one["pinyin"] for one in born}
        asked |= Q(birth_date__in=days, pinyin__in=spoken)
    found = Client.objects.filter(
        asked, branch__company=context.branch.company_id, merged_into=None, restricted_on=None
    )
    documents_of, phones_of = _by_client(by_document), _by_client(by_phone)
    known: dict[tuple[str, ...], tuple[int, str]] = {}
    columns = ("pk", "branch_id", "external_id", "id_index", "phone_index", "name", "pinyin", "birth_date")
    for pk, branch_id, number, document, phone, name, pinyin, day in found.order_by("pk").values_list(*columns):
        who = (branch_id, number)
        for one in (document, *documents_of[pk]):
            known.setdefault(("id_number", one), who)
        for one in (phone, *phones_of[pk]):
            known.setdefault(("phone", one, bare_name(name)), who)
        known.setdefault(("birth_date", pinyin, str(day)), who)
    return known


def _by_client(held: dict[str, set[int]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for digest, keys in held.items():
        for pk in keys:
            found[pk].append(digest)
    return found


def _keys(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """Under which keys a client with these facts would be known; facts that are missing give none."""
    keys: list[tuple[str, ...]] = []
    if facts.get("id_index"):
        keys.append(("id_number", facts["id_index"]))
    keys += [("phone", index, bare_name(facts["name"])) for index in facts["phones"]]
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
