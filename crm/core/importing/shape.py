"""What an import must know about a model: its columns, how values get into them, what finds a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connections, models, router

from crm.core.crypto import seal, unseal
from crm.core.fields import EncryptedField, MoneyField, QuantityField, SealedText, to_fen, to_units
from crm.core.importing import bulk
from crm.core.importing.fields import ImportField
from crm.core.models.base import Versioned

_PLAIN = (models.CharField, models.TextField, models.BooleanField, models.SlugField)


class ModelShape:
    """The columns of one model, looked up once."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.fields = {f.attname: f for f in model._meta.concrete_fields}
        #: What a new row is given; a key that counts up comes from the database.
        self.attnames = [name for name, f in self.fields.items() if not isinstance(f, models.AutoField)]
        #: What names one row: the primary key, which may have several parts.
        self.keys = [f.attname for f in model._meta.pk_fields]
        self.has_public_id = "public_id" in self.fields
        self.versioned = issubclass(model, Versioned)
        self.stamps = [name for name in self.attnames if getattr(self.fields[name], "auto_now", False)]
        #: How each column's values get ready; sealed columns are not in it.
        self._makers = {n: self._maker(n) for n, f in self.fields.items() if not isinstance(f, EncryptedField)}
        #: Columns whose default is made anew for each row.
        self.made_each_time = [
            name for name in self.attnames if self.fields[name].has_default() and callable(self.fields[name].default)
        ]

    def ready(self, attname: str, value: Any, public_id: str = "") -> Any:
        """A Python value as the column takes it and JSON carries it; secrets are sealed for ``public_id``."""
        if value is None:
            return None
        maker = self._makers.get(attname)
        if maker is not None:
            return maker(value)
        if isinstance(value, SealedText) or not value:
            return str(value)
        field = self.fields[attname]
        return seal(str(value), field.aad_for(public_id))  # type: ignore[attr-defined]  # only sealed fields get here

    def opened(self, attname: str, value: Any, public_id: str) -> Any:
        """A stored value as people know it: a sealed one is opened."""
        field = self.fields[attname]
        if isinstance(value, SealedText) and isinstance(field, EncryptedField):
            return unseal(str(value), field.aad_for(public_id))
        return value

    def default(self, attname: str, now: datetime) -> Any:
        """What a new row holds where nobody says anything."""
        field = self.fields[attname]
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            return now if isinstance(field, models.DateTimeField) else now.date()
        value = field.get_default()
        return "" if value is None and not field.null and field.empty_strings_allowed else value

    def without_nulls(self, values: dict[str, Any]) -> dict[str, Any]:
        """A blank cell for a column that cannot be empty: "" where there is text, else nothing is said about it."""
        kept = {}
        for name, value in values.items():
            if value is None and not self.fields[name].null:
                if not self.fields[name].empty_strings_allowed:
                    continue
                value = ""
            kept[name] = value
        return kept

    def ref(self, values: dict[str, Any], identity: Iterable[str]) -> str:
        """What finds the row again: its public id, or the values of its identity."""
        if self.has_public_id:
            return str(values["public_id"])
        return json.dumps([self.ready(name, values[name]) for name in identity])

    def bounded(self, described: ImportField, attname: str | None) -> ImportField:
        """The field with the limits that its column sets, so that the database never has to refuse a row."""
        column = self.fields.get(attname or "")
        if column is None or isinstance(column, EncryptedField):
            return described
        if described.type in ("text", "code", "choice") and described.max_length is None and column.max_length:
            return replace(described, max_length=column.max_length)
        if isinstance(column, models.DecimalField) and described.type == "decimal":
            places = min(described.places, column.decimal_places)
            most = Decimal(10) ** (column.max_digits - column.decimal_places) - Decimal(1).scaleb(-places)
            return _within(replace(described, places=places), -most, most)
        if isinstance(column, models.IntegerField) and described.type == "integer":
            operations = connections[router.db_for_write(self.model)].ops
            return _within(described, *operations.integer_field_range(column.get_internal_type()))
        return described

    def new_cells(self, names: list[str], now: datetime) -> Callable[[dict[str, Any], str], list[Any]]:
        """A function from a new row's values and public id to its cells; what can be known before the rows is."""
        steps: list[tuple[str, Callable[[Any], Any] | None, Any, bool]] = []
        for name in names:
            made_each_time = name in self.made_each_time
            default = None if made_each_time else self.ready(name, self.default(name, now))
            steps.append((name, self._makers.get(name), default, made_each_time))

        def cells(values: dict[str, Any], public_id: str) -> list[Any]:
            made = []
            for name, maker, default, made_each_time in steps:
                if name not in values:
                    made.append(self.ready(name, self.default(name, now)) if made_each_time else default)
                    continue
                value = values[name]
                if value is None or maker is _as_it_is:
                    made.append(value)
                else:
                    made.append(maker(value) if maker is not None else self.ready(name, value, public_id))
            return made

        return cells

    def constants(self, names: Iterable[str], now: datetime) -> dict[str, Any]:
        """Ready values of columns that are the same for every new row."""
        return {name: self.ready(name, self.default(name, now)) for name in names}

    def _maker(self, name: str) -> Callable[[Any], Any]:
        """Short cuts for columns that need no converter: most of a hundred thousand rows is made of these."""
        field = self.fields[name]
        if type(field) in _PLAIN or isinstance(field, models.ForeignKey):
            return _as_it_is
        if type(field) is models.DateField:
            return date.isoformat
        if isinstance(field, MoneyField):
            return to_fen
        if isinstance(field, QuantityField):
            return to_units
        if isinstance(field, models.IntegerField):
            return int
        if isinstance(field, models.JSONField):
            return bulk.json_text
        return lambda value: bulk.ready(self.model, name, value)


def _as_it_is(value: Any) -> Any:
    return value


def _within(described: ImportField, low: Any, high: Any) -> ImportField:
    return replace(
        described,
        minimum=low if described.minimum is None else described.minimum,
        maximum=high if described.maximum is None else described.maximum,
    )
