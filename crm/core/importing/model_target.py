"""Planning, applying and undoing where one row of a file is one row of one model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import connections, models, router

from crm.core.crypto import seal, unseal
from crm.core.fields import EncryptedField, SealedText
from crm.core.importing import bulk
from crm.core.importing.fields import ImportField
from crm.core.importing.problems import ImportStale, ImportTouched, Problem
from crm.core.importing.targets import (
    CREATED,
    UPDATED,
    ImportContext,
    ImportTarget,
    InputRow,
    RowPlan,
    Stage,
    StagedRow,
)
from crm.core.models.base import PublicModel, Versioned

Resolved = dict[str, Any] | Problem | list[Problem]


class ModelTarget(ImportTarget):
    """A kind of data that is one model. A subclass names model, identity and fields, and overrides what it must."""

    model: type[models.Model]
    #: Attribute names that find the row; a unique constraint must stand behind them.
    identity: Sequence[str] = ()
    #: Field → attribute name of the model, where they differ; None for a field that is not stored by itself.
    columns: dict[str, str | None] = {}
    #: Attribute names that ``derive`` may give.
    derived: Sequence[str] = ()
    #: Attribute names that are set when the row is made and never changed by an import.
    never_update: Sequence[str] = ()
    #: Attribute names whose later change does not stand in the way of an undo.
    volatile: Sequence[str] = ()

    def __init__(self) -> None:
        self.fields = [_bounded(described, self.model, self.column(described.name)) for described in self.fields]
        self._attnames = [f.attname for f in self.model._meta.concrete_fields if not isinstance(f, models.AutoField)]
        self._public = issubclass(self.model, PublicModel) or "public_id" in self._attnames
        self._versioned = issubclass(self.model, Versioned)
        self._fields = {f.attname: f for f in self.model._meta.concrete_fields}

    # -- what subclasses may say ---------------------------------------------------------------------------------------

    def rows_in_scope(self, context: ImportContext) -> models.QuerySet[Any]:
        """Rows that this import may find: those of the branch, when the model has one."""
        rows = self.model._base_manager.all()
        return rows.filter(branch=context.branch) if "branch_id" in self._attnames else rows

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        """Attributes that are the same for each row."""
        return {"branch_id": context.branch.pk} if "branch_id" in self._attnames else {}

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        """Attributes of each row from its values, or why it is refused. Look foreign keys up here, a chunk at a time."""
        return [self.stored(row) for row in rows]

    def stored(self, row: InputRow) -> dict[str, Any]:
        """The row's values under the model's attribute names."""
        return {name: value for field, value in row.values.items() if (name := self.column(field))}

    def derive(self, context: ImportContext, values: dict[str, Any], *, new: bool) -> dict[str, Any]:
        """More attributes of a row that is made or changed (``values`` are all that is known of it): search words and such."""
        return {}

    def same(self, attname: str, old: Any, new: Any) -> bool:
        """Whether a stored value and one of the file are equal for the trade."""
        return bool(old == new)

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        """What follows from the whole set, inside the transaction."""

    def after_undo(self, context: ImportContext, stage: Stage) -> None:
        """The same after an undo."""

    # -- plan ----------------------------------------------------------------------------------------------------------

    def column(self, field: str) -> str | None:
        return self.columns.get(field, field)

    def layout(self, context: ImportContext) -> list[str]:
        return list(self._attnames)

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        fixed = self.fixed(context)
        seen: dict[tuple[Any, ...], int] = context.memo.setdefault("model_target.seen", {})
        planned: list[RowPlan | tuple[InputRow, dict[str, Any], tuple[Any, ...]]] = []
        for row, resolved in zip(rows, self.resolve(context, rows), strict=True):
            if not isinstance(resolved, dict):
                planned.append(row.rejected(*([resolved] if isinstance(resolved, Problem) else resolved)))
                continue
            values = self._without_nulls({**fixed, **resolved})
            identity = tuple(values.get(name) for name in self.identity)
            if identity in seen:
                planned.append(row.rejected(self._duplicate(row, seen[identity])))
                continue
            seen[identity] = row.number
            planned.append((row, values, identity))
        known = self._existing(context, [p[2] for p in planned if isinstance(p, tuple)])
        for item in planned:
            yield item if isinstance(item, RowPlan) else self._decide(context, *item, known.get(item[2]))

    def _duplicate(self, row: InputRow, first: int) -> Problem:
        name = self.row_key_field or next(iter(row.values), "")
        return row.problem(name, "duplicate_key", row=first)

    def _without_nulls(self, values: dict[str, Any]) -> dict[str, Any]:
        """A blank cell for a column that cannot be empty: "" where there is text, else nothing is said about it."""
        kept = {}
        for name, value in values.items():
            if value is None and not self._fields[name].null:
                if not self._fields[name].empty_strings_allowed:
                    continue
                value = ""
            kept[name] = value
        return kept

    def _watched(self, context: ImportContext) -> list[str]:
        """Attributes that this file may change, and those that follow from them."""
        given = {self.column(name) for name in context.mapped} - {None, *self.identity, *self.never_update}
        resolved = set(self._resolvable()) - set(self.identity) - set(self.never_update)
        return sorted(name for name in (given | resolved | set(self.derived)) & self._fields.keys() if name)

    def _resolvable(self) -> Iterable[str]:
        """Attributes that ``resolve`` gives beyond those of mapped fields; see ``extra``."""
        return self.extra

    #: Attribute names that ``resolve`` gives for fields stored under no column of their own.
    extra: Sequence[str] = ()

    def _existing(self, context: ImportContext, wanted: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        if not wanted:
            return {}
        names = self._loaded(context)
        fixed = self.fixed(context)
        lookup = {
            f"{name}__in": list({identity[at] for identity in wanted})
            for at, name in enumerate(self.identity)
            if name not in fixed
        }
        found = {}
        for row in self.rows_in_scope(context).filter(**lookup).values_list(*names):
            old = dict(zip(names, row, strict=True))
            found[tuple(old[name] for name in self.identity)] = old
        return found

    def _loaded(self, context: ImportContext) -> list[str]:
        pk = self.model._meta.pk
        names = [pk.attname if pk else "id", *self.identity, *self._watched(context)]
        names += ["public_id"] if self._public else []
        names += ["version"] if self._versioned else []
        return list(dict.fromkeys(names))

    def _decide(
        self,
        context: ImportContext,
        row: InputRow,
        values: dict[str, Any],
        identity: tuple[Any, ...],
        old: dict[str, Any] | None,
    ) -> RowPlan:
        if old is None:
            return self._plan_new(context, row, values)
        changed = {
            name: value
            for name, value in values.items()
            if name in old
            and name not in self.identity
            and name not in self.never_update
            and not self._equal(name, old[name], value, old)
        }
        if not changed:
            return row.unchanged()
        known = {**old, **values}
        following = self.derive(context, known, new=False)
        names = self._watched(context)
        after = {**{name: old[name] for name in names}, **{n: v for n, v in following.items() if n in names}, **changed}
        ref = str(old["public_id"]) if self._public else json.dumps([self._ready(n, old[n]) for n in self.identity])
        own = str(old.get("public_id", ""))
        before = {name: self._ready(name, old[name], own) for name in names}
        if self._versioned:
            before["version"] = old["version"]
        pk = self.model._meta.pk
        before["pk"] = old[pk.attname if pk else "id"]
        return row.updated({name: self._ready(name, after[name], own) for name in names}, before, ref)

    def _equal(self, name: str, old: Any, new: Any, row: dict[str, Any]) -> bool:
        if isinstance(old, SealedText):
            field = self._fields[name]
            old = unseal(str(old), field.aad_for(row["public_id"])) if isinstance(field, EncryptedField) else str(old)
        return self.same(name, old, new)

    def _plan_new(self, context: ImportContext, row: InputRow, values: dict[str, Any]) -> RowPlan:
        missing = [f for f in self.fields if f.required_for_new and row.values.get(f.name) is None]
        if missing:
            return row.rejected(*(row.problem(f.name, "required") for f in missing))
        values = {**values, **self.derive(context, values, new=True)}
        public_id = str(values.get("public_id") or self._default("public_id", context)) if self._public else ""
        if public_id:
            values["public_id"] = public_id
        cells = [
            self._ready(name, values[name] if name in values else self._default(name, context), public_id)
            for name in self._attnames
        ]
        ref = public_id or json.dumps([self._ready(name, values[name]) for name in self.identity])
        return row.created(cells, ref)

    def _default(self, attname: str, context: ImportContext) -> Any:
        field = self._fields[attname]
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            return context.now if isinstance(field, models.DateTimeField) else context.now.date()
        value = field.get_default()
        return "" if value is None and not field.null and field.empty_strings_allowed else value

    def _ready(self, attname: str, value: Any, public_id: str = "") -> Any:
        field = self._fields[attname]
        if isinstance(field, EncryptedField) and value and not isinstance(value, SealedText):
            value = SealedText(seal(str(value), field.aad_for(public_id)))
        maker = self._makers.get(attname)
        return maker(value) if maker else bulk.ready(self.model, attname, value)

    @property
    def _makers(self) -> dict[str, Callable[[Any], Any]]:
        """Short cuts for columns whose values go in as they are; most of a hundred thousand rows is made of these."""
        makers = self.__dict__.get("_made")
        if makers is None:
            makers = self.__dict__["_made"] = {
                name: _as_it_is
                for name, field in self._fields.items()
                if type(field) in (models.CharField, models.TextField, models.BooleanField, models.SlugField)
                or (isinstance(field, models.ForeignKey) and not isinstance(field.target_field, models.CharField))
            }
        return makers

    # -- apply ---------------------------------------------------------------------------------------------------------

    def apply(self, context: ImportContext, stage: Stage) -> None:
        for page in stage.chunks(CREATED):
            bulk.insert(self.model, self._attnames, (row.values for row in page))
        for page in stage.chunks(UPDATED):
            self._write(context, page, [row.values for row in page], ahead=1)
        self.after_apply(context, stage)

    def _write(self, context: ImportContext, page: list[StagedRow], cells: list[dict[str, Any]], *, ahead: int) -> None:
        """Set values of staged rows whose version is still the one planned for. Raises ``ImportStale``."""
        names = sorted(cells[0].keys() - {"pk", "version"})
        pk = self.model._meta.pk
        keys = [pk.attname if pk else "id", *(["version"] if self._versioned else [])]
        written = [*names, *(["version"] if self._versioned else [])]
        stamps = [name for name in self._attnames if getattr(self._fields[name], "auto_now", False)]
        stamped = [bulk.ready(self.model, name, self._default(name, context)) for name in stamps]

        def rows() -> Iterator[tuple[Any, ...]]:
            for row, values in zip(page, cells, strict=True):
                seen = row.before["version"] + ahead - 1 if self._versioned else 0
                version = ((seen,), (seen + 1,)) if self._versioned else ((), ())
                yield (row.before["pk"], *version[0], *(values[name] for name in names), *version[1], *stamped)

        if bulk.update(self.model, keys, [*written, *stamps], rows()) != len(page):
            raise ImportStale

    # -- undo ----------------------------------------------------------------------------------------------------------

    def undo(self, context: ImportContext, stage: Stage) -> None:
        for page in stage.chunks(UPDATED):
            self._refuse_touched(page, [row.values for row in page])
            try:
                self._write(context, page, [row.before for row in page], ahead=2)
            except ImportStale:
                raise ImportTouched from None
        for page in stage.chunks(CREATED):
            keys = self._untouched_keys(page)
            self._refuse_used(keys)
            pk = self.model._meta.pk
            bulk.delete(self.model, pk.attname if pk else "id", keys)
        self.after_undo(context, stage)

    def _refuse_touched(self, page: list[StagedRow], cells: list[dict[str, Any]]) -> None:
        names = sorted(cells[0].keys() - {*self.volatile})
        pk = self.model._meta.pk
        by = pk.attname if pk else "id"
        now = {
            row[0]: row[1:]
            for row in self.model._base_manager.filter(pk__in=[r.before["pk"] for r in page]).values_list(by, *names)
        }
        for row, values in zip(page, cells, strict=True):
            found = now.get(row.before["pk"])
            if found is None or [self._again(n, v) for n, v in zip(names, found, strict=True)] != [
                values[name] for name in names
            ]:
                raise ImportTouched

    def _untouched_keys(self, page: list[StagedRow]) -> list[Any]:
        """Keys of created rows that still stand as they were made. Raises ``ImportTouched``."""
        pk = self.model._meta.pk
        by = pk.attname if pk else "id"
        compared = [name for name in self._attnames if name not in self.volatile]
        at = [self._attnames.index(name) for name in compared]
        made = {row.ref: [row.values[i] for i in at] for row in page}
        keys = []
        for row in self._found(page).values_list(by, *self._names_of_ref(), *compared):
            width = len(self._names_of_ref())
            ref = (
                str(row[1])
                if self._public
                else json.dumps([self._again(n, v) for n, v in zip(self.identity, row[1:], strict=False)])
            )
            if made.get(ref) != [self._again(n, v) for n, v in zip(compared, row[1 + width :], strict=True)]:
                raise ImportTouched
            keys.append(row[0])
        if len(keys) != len(page):
            raise ImportTouched
        return keys

    def _names_of_ref(self) -> list[str]:
        return ["public_id"] if self._public else list(self.identity)

    def _found(self, page: list[StagedRow]) -> models.QuerySet[Any]:
        rows = self.model._base_manager.all()
        if self._public:
            return rows.filter(public_id__in=[row.ref for row in page])
        parts = [json.loads(row.ref) for row in page]
        return rows.filter(**{f"{name}__in": list({p[i] for p in parts}) for i, name in enumerate(self.identity)})

    def _again(self, attname: str, value: Any) -> Any:
        """A stored value in the form in which it was staged."""
        return str(value) if isinstance(value, SealedText) else self._ready(attname, value)

    def _refuse_used(self, keys: list[Any]) -> None:
        """Nothing may point at a row that an undo takes away."""
        for relation in self.model._meta.get_fields(include_hidden=True):
            if not relation.auto_created or relation.concrete or not relation.is_relation:
                continue
            remote: Any = relation.related_model
            name = relation.field.name  # type: ignore[union-attr]  # only relations get here
            if remote._base_manager.filter(**{f"{name}__in": keys}).exists():
                raise ImportTouched


def _as_it_is(value: Any) -> Any:
    return value


def _bounded(described: ImportField, model: type[models.Model], attname: str | None) -> ImportField:
    """The field with the limits that its column sets, so that the database never has to refuse a row."""
    column = next((f for f in model._meta.concrete_fields if f.attname == attname), None)
    if column is None:
        return described
    if described.type in ("text", "code", "choice") and described.max_length is None and column.max_length:
        return replace(described, max_length=column.max_length)
    if isinstance(column, models.DecimalField) and described.type == "decimal":
        most = Decimal(10) ** (column.max_digits - column.decimal_places) - Decimal(1).scaleb(-column.decimal_places)
        low = described.minimum if described.minimum is not None else -most
        high = described.maximum if described.maximum is not None else most
        return replace(described, minimum=low, maximum=high, places=min(described.places, column.decimal_places))
    if isinstance(column, models.IntegerField) and described.type == "integer":
        low, high = connections[router.db_for_write(model)].ops.integer_field_range(column.get_internal_type())
        return replace(
            described,
            minimum=described.minimum if described.minimum is not None else low,
            maximum=described.maximum if described.maximum is not None else high,
        )
    return described
