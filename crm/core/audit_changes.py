"""What an entry of the audit trail says was before and after, field by field and in words."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.db.models import Field
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.core.models import AuditEntry


def changes_in_words(entry: AuditEntry) -> list[dict[str, Any]]:
    """Field by field what was before and after, in the words of the model where it knows them."""
    before, after = entry.before or {}, entry.after or {}
    names = [*before, *(name for name in after if name not in before)]
    fields = fields_of(entry.object_type)
    return [
        {
            "name": name,
            "label": capfirst(str(fields[name].verbose_name)) if name in fields else "",
            "before": _shown(before.get(name), fields.get(name)),
            "after": _shown(after.get(name), fields.get(name)),
        }
        for name in names
    ]


def fields_of(object_type: str) -> dict[str, Field[Any, Any]]:
    """The columns of the model that an entry is about; none where it is no model of ours."""
    label, _dot, name = object_type.partition(".")
    try:
        found = apps.get_model(label, name)._meta.get_fields()
    except (LookupError, ValueError):
        return {}
    return {field.name: field for field in found if isinstance(field, Field)}


def _shown(value: Any, field: Field[Any, Any] | None = None) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return _(", ").join(_shown(one, field) for one in value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    words = dict(field.flatchoices) if field is not None else {}
    if isinstance(value, str | int) and value in words:
        return str(words[value])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
