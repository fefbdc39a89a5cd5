"""Who says so of a row of a profile, and since when; and that a client who gives such a row no longer refuses to.

Rows carry ``source`` and ``as_of`` among their values (docs/adr/0010-where-a-fact-comes-from.md). Where nobody is named staff
says so, where no day is, today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from clients.models import Client
from clients.models.profile_rows import ClientRow
from clients.provenance import Source, refused_facts
from clients.services.clients import change_client
from crm.core.models import User

_ORIGIN = ("source", "as_of")
#: What follows from a value is no content of its own: a key of the house that changed says nothing about the client.
_FOLLOWING = ("_index", "_tail")
#: Who has spoken with the client; a file and the system have not.
_SPOKE = (Source.CLIENT, Source.STAFF)


def said_first(values: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The values of a new row, with who says so since when."""
    return {
        **values,
        "source": values.get("source") or Source.STAFF.value,
        "as_of": values.get("as_of") or today,
    }


def said_again(row: ClientRow, values: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The values of a change, with who says so since when.

    Other content is said anew. The same content is asked again if somebody is named or a day is; what was only verified is
    said by whom it was, as of the day of the check.
    """
    content = {name: value for name, value in values.items() if name not in _ORIGIN}
    source, day = (values.get(name) for name in _ORIGIN)
    differs = {name for name, value in content.items() if getattr(row, name) != value}
    if any(name != "verified_on" and not name.endswith(_FOLLOWING) for name in differs):
        return {**content, "source": source or Source.STAFF.value, "as_of": day or today}
    if source or day:
        return {**content, "source": source or row.source, "as_of": day or today}
    if "verified_on" in differs and content["verified_on"]:
        return {**content, "as_of": max(row.as_of, content["verified_on"])}
    return content


def no_longer_refused(row: ClientRow, client: Client, actor: User, now: datetime) -> None:
    """Who gives such a row after all refuses it no longer; a row that a file or the system brings says nothing of that."""
    if row.source in _SPOKE and row.refused_as in refused_facts(client.provenance):
        change_client(client=client, values={}, refused={row.refused_as: False}, actor=actor, now=now)
