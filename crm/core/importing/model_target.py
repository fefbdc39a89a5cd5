"""Kinds of data where one row of a file is one row of one model: planned here, written by ``ModelWriter``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models

from crm.core.importing.model_writer import KEY, ModelWriter
from crm.core.importing.problems import Problem
from crm.core.importing.shape import ModelShape
from crm.core.importing.targets import ImportContext, ImportTarget, InputRow, RowPlan, Stage

Resolved = dict[str, Any] | Problem | list[Problem]
Old = dict[str, Any]


class ModelTarget(ImportTarget):
    """A kind of data that is one model. A subclass names model, identity and fields, and overrides what it must."""

    model: type[models.Model]
    #: Attribute names that find the row; a unique constraint must stand behind them.
    identity: Sequence[str] = ()
    #: Field → attribute name of the model, where they differ; None for a field that is not stored by itself.
    columns: dict[str, str | None] = {}
    #: Attribute names that ``resolve`` gives beyond those of the mapped fields.
    extra: Sequence[str] = ()
    #: Attribute names that ``derive`` may give.
    derived: Sequence[str] = ()
    #: Attribute names that are set when the row is made and never changed by an import.
    never_update: Sequence[str] = ()
    #: Attribute names whose later change does not stand in the way of an undo.
    volatile: Sequence[str] = ()

    def __init__(self) -> None:
        """Looks at the model's columns, so it is made when all apps are loaded: in ``ready()``."""
        self.shape = ModelShape(self.model)
        self.fields = [self.shape.bounded(field, self.column(field.name)) for field in self.fields]
        self._needed = [field for field in self.fields if field.required_for_new]

    @property
    def sees(self) -> str:
        meta = self.model._meta
        return f"{meta.app_label}.view_{meta.model_name}" if "view" in meta.default_permissions else ""

    # -- what subclasses may say ---------------------------------------------------------------------------------------

    def rows_in_scope(self, context: ImportContext) -> models.QuerySet[Any]:
        """Rows that this import may find: those of the branch, when the model has one."""
        rows = self.model._base_manager.all()
        return rows.filter(branch=context.branch) if "branch_id" in self.shape.fields else rows

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        """Attributes that are the same for each row."""
        return {"branch_id": context.branch.pk} if "branch_id" in self.shape.fields else {}

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        """Attributes of each row from its values, or why it is refused. Look foreign keys up here, one query a chunk."""
        return [self.stored(row) for row in rows]

    def stored(self, row: InputRow) -> dict[str, Any]:
        """The row's values under the model's attribute names."""
        return {name: value for field, value in row.values.items() if (name := self.column(field))}

    def derive(self, context: ImportContext, values: dict[str, Any], *, new: bool) -> dict[str, Any]:
        """More attributes of a row that is made or changed, from all that is known of it: search words and such."""
        return {}

    def beside(self, context: ImportContext) -> Iterable[str]:
        """Attribute names that ``resolve`` gives beyond those of the mapped fields, for the fields of this file."""
        return self.extra

    def marked(self, context: ImportContext, old: Old, changed: dict[str, Any]) -> dict[str, Any]:
        """More attributes of a stored row that changes, from what it was and what changes in it; named in ``derived``."""
        return {}

    def adds(self, context: ImportContext, row: InputRow) -> bool:
        """Whether a row whose columns all stand as they are brings something beside them."""
        return False

    def same(self, attname: str, old: Any, new: Any) -> bool:
        """Whether a stored value and one of the file are equal for the trade; sealed values come opened."""
        return bool(old == new)

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        """What follows from the whole set, inside the transaction."""

    def after_undo(self, context: ImportContext, stage: Stage) -> None:
        """The same after an undo."""

    # -- plan ----------------------------------------------------------------------------------------------------------

    def column(self, field: str) -> str | None:
        return self.columns.get(field, field)

    def layout(self, context: ImportContext) -> list[str]:
        """Columns that are staged for a new row; all others are the same for each and are added when it is written."""
        names: list[str] | None = context.memo.get("model_target.layout")
        if names is None:
            given = {self.column(name) for name in context.mapped} | {
                *self.beside(context),
                *self.derived,
                *self.identity,
            }
            staged = (given | {*self.shape.made_each_time}) - self.fixed(context).keys()
            names = context.memo["model_target.layout"] = [name for name in self.shape.attnames if name in staged]
        return names

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        fixed = self.fixed(context)
        planned: list[RowPlan | tuple[InputRow, dict[str, Any], tuple[Any, ...]]] = []
        for row, resolved in zip(rows, self.resolve(context, rows), strict=True):
            if not isinstance(resolved, dict):
                planned.append(row.rejected(*([resolved] if isinstance(resolved, Problem) else resolved)))
                continue
            values = self.shape.without_nulls({**fixed, **resolved})
            identity = tuple(values.get(name) for name in self.identity)
            twice = self._seen_before(context, row, identity)
            planned.append(row.rejected(twice) if twice else (row, values, identity))
        known = self._existing(context, [p[2] for p in planned if isinstance(p, tuple)])
        for item in planned:
            if isinstance(item, RowPlan):
                yield item
                continue
            row, values, identity = item
            old = known.get(identity)
            yield self._new(context, row, values) if old is None else self._change(context, row, values, old)

    def _seen_before(self, context: ImportContext, row: InputRow, identity: tuple[Any, ...]) -> Problem | None:
        seen: dict[tuple[Any, ...], int] = context.memo.setdefault("model_target.seen", {})
        first = seen.setdefault(identity, row.number)
        if first == row.number:
            return None
        return row.problem(self.row_key_field or next(iter(row.values), ""), "duplicate_key", row=first)

    def watched(self, context: ImportContext) -> list[str]:
        """Attributes that this file may change, and those that follow from them."""
        names: list[str] | None = context.memo.get("model_target.watched")
        if names is None:
            given = {self.column(name) for name in context.mapped} | {*self.beside(context), *self.derived}
            kept = given - {None, *self.identity, *self.never_update}
            names = context.memo["model_target.watched"] = sorted(n for n in kept if n in self.shape.fields)
        return names

    def _existing(self, context: ImportContext, wanted: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], Old]:
        """Stored rows of a chunk by identity; one query."""
        if not wanted:
            return {}
        shape = self.shape
        names = [*shape.keys, *self.identity, *self.watched(context)]
        names += ["public_id"] * shape.has_public_id + ["version"] * shape.versioned
        names = list(dict.fromkeys(names))
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

    def _change(self, context: ImportContext, row: InputRow, values: dict[str, Any], old: Old) -> RowPlan:
        shape, names = self.shape, self.watched(context)
        public_id = str(old.get("public_id", ""))
        changed = {
            name: values[name]
            for name in names
            if name in values and not self.same(name, shape.opened(name, old[name], public_id), values[name])
        }
        if not changed and not self.adds(context, row):
            return row.unchanged()
        following = self.derive(context, {**old, **values}, new=False)
        after = {**old, **following, **changed, **self.marked(context, old, changed)}
        before = {name: shape.ready(name, old[name], public_id) for name in names}
        before[KEY] = [shape.ready(name, old[name]) for name in shape.keys]
        if shape.versioned:
            before["version"] = old["version"]
        becomes = {name: shape.ready(name, after[name], public_id) for name in names}
        return row.updated(becomes, before, shape.ref(old, self.identity))

    def _new(self, context: ImportContext, row: InputRow, values: dict[str, Any]) -> RowPlan:
        missing = [f for f in self._needed if row.values.get(f.name) is None]
        if missing:
            return row.rejected(*(row.problem(f.name, "required") for f in missing))
        shape = self.shape
        whole = {**values, **self.derive(context, values, new=True)}
        making = context.memo.get("model_target.new")
        if making is None:
            names = self.layout(context)
            known = frozenset(names) | self.fixed(context).keys()
            making = context.memo["model_target.new"] = (known, shape.new_cells(names, context.now))
        if not whole.keys() <= making[0]:
            undeclared = sorted(whole.keys() - making[0])
            raise LookupError(f"{type(self).__name__}: declare {undeclared} in extra or derived")
        if shape.has_public_id and "public_id" not in whole:
            whole["public_id"] = shape.default("public_id", context.now)
        cells = making[1](whole, str(whole.get("public_id", "")))
        return row.created(cells, shape.ref(whole, self.identity))

    # -- apply and undo ------------------------------------------------------------------------------------------------

    def _writer(self, context: ImportContext) -> ModelWriter:
        staged, fixed = self.layout(context), self.fixed(context)
        same = self.shape.constants([n for n in self.shape.attnames if n not in staged and n not in fixed], context.now)
        same.update({name: self.shape.ready(name, value) for name, value in fixed.items()})
        return ModelWriter(self.shape, self.identity, self.volatile, context.now, staged, same)

    def apply(self, context: ImportContext, stage: Stage) -> None:
        self._writer(context).apply(stage)
        self.after_apply(context, stage)

    def undo(self, context: ImportContext, stage: Stage) -> None:
        self._writer(context).undo(stage)
        self.after_undo(context, stage)
