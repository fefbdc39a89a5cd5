"""Everything that is on file about a client, as he may have it (PIPL Art. 45): one list of sections for every form of file."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import models
from django.utils.translation import gettext as _

from clients.errors import WrongStep
from clients.models import Client, DataRequest, MergeRecord
from clients.querysets.absorbed import absorbed
from clients.registry import bound
from crm.core import audit
from crm.core.clocks import SHANGHAI
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service

#: Kinds of rows that the client is not told: judgements of ours, the trail of this very request, who may see him.
NOT_TOLD = frozenset(
    {
        "clients.clientteammember",
        "clients.clientquality",
        "clients.questiontoask",
        "clients.legalhold",
        "clients.erasure",
        "clients.datarequest",
        "clients.client",
    }
)
#: Columns that say nothing to him, or something about others or about suspicion (反洗钱法 Art. 7: secret).
_TECHNICAL = frozenset(
    {
        "id", "public_id", "version", "updated_at", "created_at", "provenance", "name_grams", "pinyin", "initials",
        "client", "number_index", "stage", "stage_since", "token",
    }
)  # fmt: skip
_ENDINGS = ("_index", "_tail", "_digest", "_key")
_SECRET = ("aml", "suspicio")


class FileNotReady(WrongStep):
    code = "file_not_ready"


@service("data_request.file")
def take_file(*, request: DataRequest, form: str, reason: str, actor: User, now: datetime) -> list[dict[str, Any]]:
    """The sections of the file, once it is on the trail that it left. Raises ``WrongStep`` before the identity is checked,
    and for a request that asks for no file."""
    if request.kind not in (DataRequest.Kind.ACCESS, DataRequest.Kind.COPY) or not request.identity:
        raise FileNotReady(_("A file leaves only for access or a copy, and after the identity was checked."))
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say what the export is for.")})
    sections = told(request.client, actor)
    audit.record(
        actor,
        "data_request.file",
        request,
        after={"form": form, "rows": sum(len(part["rows"]) for part in sections)},
        reason=reason.strip(),
        client=request.client,
        ids=[request.client.public_id],
        is_read=True,
    )
    return sections


def told(client: Client, maker: User) -> list[dict[str, Any]]:
    """Sections of a title and rows, each row a list of (label, value as text), without the rows that are kept from ``maker``.

    What is on file under numbers that were merged into his is on file about him, rows set aside in the merge included.
    """
    merged = absorbed(client)
    owners = [client.pk, *(row.pk for row in merged)]
    aside = _set_aside(owners)
    parts = [{"title": str(Client._meta.verbose_name), "rows": [_row(client)]}]
    for kind in bound():
        if kind.key == "clients.client:merged_into" and merged:
            parts.append({"title": kind.label, "rows": [_row(row) for row in merged]})
        if not kind.is_told or kind.is_secret or kind.model.lower() in NOT_TOLD:
            continue
        model = apps.get_model(kind.model)
        found = [row for owner in owners for row in audit.shown_to(maker, kind.rows(owner)).order_by("pk")]
        rows = [*map(_row, found), *aside.get(kind.key, [])]
        if rows:
            parts.append({"title": str(model._meta.verbose_name_plural), "rows": rows})
    return parts


def _set_aside(owners: list[int]) -> dict[str, list[Any]]:
    """Rows by kind that merges which stand took out, because the rules allow a client one only."""
    found: dict[str, list[Any]] = {}
    for record in MergeRecord.objects.filter(staying__in=owners, state=MergeRecord.State.DONE):
        for key, rows in json.loads(str(record.kept))["rows"]["aside"].items():
            found.setdefault(key, []).extend(_row(row.object) for row in serializers.deserialize("python", rows))
    return found


def _row(row: models.Model) -> list[tuple[str, str]]:
    found = []
    for field in row._meta.concrete_fields:
        if _is_told(field):
            text = _text(row, field)
            if text:
                found.append((str(field.verbose_name), text))
    # What a row says by way of another one, where it would say little without it.
    beside: list[tuple[str, str]] = row.told_beside() if hasattr(row, "told_beside") else []
    return [*beside, *found]


def _is_told(field: models.Field[Any, Any]) -> bool:
    if field.name in _TECHNICAL or field.name.endswith(_ENDINGS) or field.name.startswith(_SECRET):
        return False
    return not field.is_relation and not isinstance(field, models.CompositePrimaryKey)


def _text(row: models.Model, field: models.Field[Any, Any]) -> str:
    value = getattr(row, field.attname)
    if value in (None, "", [], {}):
        return ""
    if field.choices and not isinstance(value, list):
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    if isinstance(value, date | Decimal | int | str):
        return str(value)
    if isinstance(value, list):
        return _(", ").join(_plain(item) for item in value)
    return _plain(value)


def _plain(value: Any) -> str:
    """A record kept inside a row by what it says, without the names of its parts."""
    return " · ".join(str(part) for part in value.values() if part) if isinstance(value, dict) else str(value)
