"""From the items of a batch to what the service takes, and back; clients and persons are looked up once for all items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from clients.api.contact_words import BatchWords
from clients.models import Client, ContactPerson, Relation
from clients.services import BatchItem, BatchResult
from crm.core.api.writes import KEY_LENGTH
from crm.core.errors import DomainError, InvalidInput
from crm.core.models import User
from crm.core.once import fingerprint

#: Name in the item → the rows among which its id is looked up.
_NAMED: dict[str, Any] = {"client": Client, "contact_person": ContactPerson, "relation": Relation}


def batch_items(raw: list[dict[str, Any]], user: User) -> list[BatchItem]:
    """The items as the service takes them. An item without a key cannot be answered: then the whole batch is refused."""
    for number, item in enumerate(raw):
        key = item.get("key")
        if not isinstance(key, str) or not key.strip() or len(key) > KEY_LENGTH or not key.isprintable():
            raise InvalidInput(fields={f"items.{number}.key": _("Give each contact a key of up to 80 characters.")})
    rows = {name: _found(model, (item.get(name) for item in raw), user) for name, model in _NAMED.items()}
    return [_item(item, rows) for item in raw]


def _found(model: Any, refs: Iterable[Any], user: User) -> dict[str, Any]:
    wanted = {ref for ref in refs if isinstance(ref, str)}
    if not wanted:
        return {}
    return {row.public_id: row for row in model.objects.visible_to(user).filter(public_id__in=wanted)}


def _item(raw: dict[str, Any], rows: dict[str, dict[str, Any]]) -> BatchItem:
    key = raw["key"].strip()
    print_ = fingerprint("contact", json.dumps(raw, sort_keys=True, ensure_ascii=False))
    words = BatchWords(data=raw)
    if not words.is_valid():
        return BatchItem(key, print_, None, {}, refusal=InvalidInput(fields=_flat(words.errors)))
    said = dict(words.validated_data)
    missing = [name for name in _NAMED if said.get(name) and said[name] not in rows[name]]
    if missing:
        refusal = InvalidInput(fields={name: _("There is no such thing here.") for name in missing})
        return BatchItem(key, print_, None, {}, refusal=refusal)
    client = rows["client"][said.pop("client")]
    del said["key"]
    device_at = said.pop("device_at", None)
    for name in ("contact_person", "relation"):
        if name in said:
            said[name] = rows[name].get(said[name])
    return BatchItem(key, print_, client, said, device_at)


def _flat(errors: Any) -> dict[str, str]:
    return {str(name): " ".join(map(str, texts)) for name, texts in errors.items()}


def outcome(result: BatchResult) -> dict[str, Any]:
    """One result as the answer tells it."""
    told = None if result.refusal is None else _told(result.refusal)
    return {"key": result.key, "state": result.state, "contact": result.contact or None, "error": told}


def _told(refusal: DomainError) -> dict[str, Any]:
    fields = {name: str(text) for name, text in refusal.fields.items()}
    return {"code": refusal.code, "detail": str(refusal.message), "fields": fields}
