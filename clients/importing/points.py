"""Further phones, e-mails, addresses and WeChat ids of a client that a file brings, several in one cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.identity import IdentityRefused, read_email, read_phone, tail
from clients.identity.phone import HOME
from clients.identity.text import clean
from clients.models import Client, ContactPoint
from clients.provenance import Source
from crm.core.crypto import blind_index, blind_indexes
from crm.core.importing import ImportContext, ImportField, InputRow, Problem, Stage, bulk
from crm.core.importing.shape import ModelShape
from crm.core.importing.targets import CREATED, UPDATED
from crm.core.importing.touched import Touched
from crm.core.public_ids import new_public_id

#: Under this name the staged row holds the points that it adds.
POINTS = "points"
POINT_FIELDS = [
    ImportField(
        "phones",
        "text",
        gettext_lazy("all phones"),
        sensitive=True,
        reads="phone",
        max_length=800,
        headers=("备用电话", "其他电话", "other phones"),
        help=gettext_lazy(
            "Several, each on a line of its own or with a semicolon between them; they become contact points."
        ),
    ),
    ImportField(
        "emails",
        "text",
        gettext_lazy("all e-mails"),
        sensitive=True,
        reads="email",
        max_length=2000,
        headers=("其他邮箱", "备用邮箱", "other e-mails"),
    ),
    ImportField(
        "addresses",
        "text",
        gettext_lazy("all addresses"),
        sensitive=True,
        max_length=3000,
        headers=("其他地址", "备用地址", "other addresses"),
    ),
    ImportField(
        "wechat",
        "text",
        gettext_lazy("WeChat id"),
        sensitive=True,
        max_length=200,
        headers=("微信", "微信号", "wechat id"),
    ),
]
_COLUMNS = ("public_id", "client_id", "kind", "label", "value", "value_index", "value_tail")
_KINDS: dict[str, tuple[str, str, Callable[[str, str], str]]] = {
    "phones": (ContactPoint.Kind.PHONE, "phone", lambda text, country: read_phone(text, country=country).e164),
    "emails": (ContactPoint.Kind.EMAIL, "email", lambda text, _country: read_email(text)),
    "addresses": (ContactPoint.Kind.ADDRESS, "address", lambda text, _country: clean(text)),
    "wechat": (ContactPoint.Kind.WECHAT, "", lambda text, _country: clean(text)),
}
#: (kind, value in stored form)
Point = tuple[str, str]


def phone_country(context: ImportContext, name: str) -> str:
    """Of which country numbers without a code are; what is said of the client's phone holds for further ones as well."""
    formats = context.formats
    return formats.get(name, {}).get("country") or formats.get("phone", {}).get("country") or HOME


def only_warns(context: ImportContext, name: str) -> bool:
    """Whether a value that cannot be read is left out with a warning; said of the first one, it holds for further ones."""
    first = {"phones": "phone", "emails": "email"}.get(name, name)
    form = context.formats.get(name, {})
    said = form.get("unreadable") or context.formats.get(first, {}).get("unreadable")
    return bool(said == "warn")


def read_points(
    context: ImportContext, row: InputRow, values: dict[str, Any]
) -> tuple[list[Point], list[Problem], list[Problem]]:
    """Take the points out of a row's values: each once, without the one that is the client's own column.

    Beside them what is wrong, and what is only warned of.
    """
    points: dict[Point, None] = {}
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for name, (kind, own, read) in _KINDS.items():
        country, wrong = phone_country(context, name), warnings if only_warns(context, name) else problems
        for text in _several(values.pop(name, None) or "", name):
            if own and text == (row.values.get(own) or "").strip():
                continue  # the preferred one stands among all of them, and has been read already
            try:
                value = read(text, country)
            except IdentityRefused as refusal:
                wrong.append(row.problem(name, refusal.code, f"{_hint(text)}: {refusal.message}"))
                continue
            if value and value != (values.get(own) or "" if own else ""):
                points[(kind, value)] = None
    return list(points), problems, warnings


#: What stands between several values of a cell. An address may hold commas and semicolons: only a new line ends it. An
#: e-mail may hold a stroke, a phone none.
_BETWEEN = {
    "phones": re.compile(r"[\n\r;；、,，/／]+|:::"),
    "emails": re.compile(r"[\n\r;；、,，]+|:::"),
    "addresses": re.compile(r"[\n\r]+|:::"),
    "wechat": re.compile(r"[\n\r;；、,，]+"),
}


def _several(text: str, name: str) -> Iterable[str]:
    return (part for raw in _BETWEEN[name].split(text) if (part := raw.strip()))


def _hint(text: str) -> str:
    """Which of several, without saying it."""
    return f"…{text[-2:]}"


def new_points(context: ImportContext, wanted: dict[str, list[Point]]) -> dict[str, list[list[Any]]]:
    """Of the points of each client number those that are not on file, ready to be staged; one statement for a chunk."""
    held: dict[str, set[tuple[str, str]]] = {}
    on_file = ContactPoint.objects.present().filter(client__branch=context.branch, client__external_id__in=wanted)
    for number, kind, index in on_file.values_list("client__external_id", "kind", "value_index"):
        held.setdefault(number, set()).add((kind, index))
    shape = context.memo.setdefault("clients.points", ModelShape(ContactPoint))
    found = {}
    for number, points in wanted.items():
        known = held.get(number, set())
        fresh = [
            _staged(shape, kind, value)
            for kind, value in points
            if not any((kind, index) in known for index in blind_indexes(value))
        ]
        if fresh:
            found[number] = fresh
    return found


def _staged(shape: ModelShape, kind: str, value: str) -> list[Any]:
    public_id = new_public_id()
    shown = tail(value) if kind == ContactPoint.Kind.PHONE else ""
    return [public_id, str(kind), shape.ready("value", value, public_id), blind_index(value), shown]


def put_points(stage: Stage, now: datetime, as_of: date) -> None:
    """Write the staged points of created and changed clients: the file says so, as of its day."""
    for outcome in (CREATED, UPDATED):
        for page in stage.chunks(outcome):
            added = {row.ref: row.before[POINTS] for row in page if row.before and row.before.get(POINTS)}
            if not added:
                continue
            pks = dict(Client.objects.filter(public_id__in=added).values_list("public_id", "pk"))
            shape = ModelShape(ContactPoint)
            moment = shape.ready("created_at", shape.default("created_at", now))
            said = {"source": Source.IMPORT.value, "as_of": shape.ready("as_of", as_of)}
            rest = said | shape.constants([n for n in shape.attnames if n not in (*_COLUMNS, *said, "created_at")], now)
            rows = [
                (public_id, pks[ref], kind, "", value, index, shown, moment, *rest.values())
                for ref, points in added.items()
                for public_id, kind, value, index, shown in points
            ]
            bulk.insert(ContactPoint, (*_COLUMNS, "created_at", *rest), rows)


def take_points_back(stage: Stage) -> None:
    """Take the points of a batch away. Raises ``ImportTouched`` when one was changed or taken off since."""
    for outcome in (CREATED, UPDATED):
        for page in stage.chunks(outcome):
            made = {point[0]: row for row in page for point in (row.before or {}).get(POINTS) or ()}
            if not made:
                continue
            touched = Touched()
            left = dict(made)
            found = ContactPoint._base_manager.filter(public_id__in=made).order_by("pk")
            for ref, kind, version, when, removed in found.values_list(
                "public_id", "kind", "version", "updated_at", "removed_at"
            ):
                row = left.pop(ref)
                label = str(ContactPoint.Kind(kind).label)
                if removed is not None:
                    touched.otherwise(row, [_("%(point)s taken off") % {"point": label}], removed)
                elif version != 1:
                    touched.otherwise(row, [label], when)
            for row in left.values():
                touched.gone(row)
            touched.refuse()
            bulk.delete(ContactPoint, "public_id", list(made))
