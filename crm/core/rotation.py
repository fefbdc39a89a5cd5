"""Sealing everything again with the newest key, so that an old one can be thrown away.

Models are found through the app registry: every ``EncryptedField``, and the blind indexes that a model names in
``blind_index_columns = {"phone_index": "phone"}``. Values sealed with the newest key are left alone, so a rotation that was
cut off goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Cast

from crm.core.crypto import blind_index, keyring, seal, sealed_with_current_key, unseal
from crm.core.fields import EncryptedField, SealedText

BATCH = 200


def sealed_models() -> Iterator[tuple[type[models.Model], list[EncryptedField]]]:
    """Each model that seals something, with the fields."""
    for model in apps.get_models():
        fields = [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)]
        if fields:
            yield model, fields


def rotate(model: type[models.Model], fields: list[EncryptedField]) -> int:
    """Seal the values of one model again, batch by batch; returns how many rows were written."""
    written, after = 0, 0
    while True:
        with transaction.atomic():
            rows = list(_old(model, fields).filter(pk__gt=after).order_by("pk").select_for_update(of=("self",))[:BATCH])
            for row in rows:
                _reseal(model, fields, row)
        if not rows:
            return written
        written, after = written + len(rows), rows[-1].pk


def _old(model: type[models.Model], fields: list[EncryptedField]) -> models.QuerySet[Any]:
    """Rows with a value under another key than the newest."""
    wanted, texts = models.Q(pk__in=[]), {}
    for field in fields:
        name = f"_sealed_{field.attname}"
        texts[name] = Cast(field.attname, models.TextField())
        empty = models.Q(**{f"{name}__isnull": True}) | models.Q(**{name: ""})
        wanted |= ~(empty | models.Q(**{f"{name}__startswith": f"{keyring()[0].name}:"}))
    rows: models.QuerySet[Any] = model._base_manager.annotate(**texts)
    return rows.filter(wanted)


def _reseal(model: type[models.Model], fields: list[EncryptedField], row: models.Model) -> None:
    changed: dict[str, Any] = {}
    for field in fields:
        held = row.__dict__.get(field.attname)
        if held and not sealed_with_current_key(str(held)):
            text = unseal(str(held), field.aad(row))
            changed[field.attname] = SealedText(seal(text, field.aad(row)))
    indexes: dict[str, str] = getattr(model, "blind_index_columns", {})
    for column, source in indexes.items():
        if source in changed:
            changed[column] = blind_index(unseal(str(changed[source]), _field(model, source).aad(row)))
    model._base_manager.filter(pk=row.pk).update(**changed)


def rotate_second_factors() -> int:
    """Seal the secrets of authenticators again; also those that were set up before secrets were sealed."""
    from allauth.mfa.models import Authenticator

    from crm.core.second_factor import AAD, SECRET_PARTS, SealingMFAAdapter

    adapter, written = SealingMFAAdapter(), 0
    for pk in list(Authenticator.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            kept = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if kept is None:
                continue
            old = {part: kept.data[part] for part in SECRET_PARTS if kept.data.get(part)}
            stale = {part: text for part, text in old.items() if not sealed_with_current_key(text)}
            if stale:
                kept.data = {**kept.data, **{part: seal(adapter.decrypt(text), AAD) for part, text in stale.items()}}
                kept.save(update_fields=["data"])
                written += 1
    return written


def _field(model: type[models.Model], name: str) -> EncryptedField:
    field = model._meta.get_field(name)
    assert isinstance(field, EncryptedField)  # noqa: S101  a model that names another field is a mistake of ours
    return field
