"""Writing staged rows of one model, and taking them back while nobody has touched them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from crm.core.importing import bulk
from crm.core.importing.own_work import split
from crm.core.importing.problems import ImportStale, ImportTouched
from crm.core.importing.shape import ModelShape
from crm.core.importing.targets import CREATED, UPDATED, Stage, StagedRow
from crm.core.importing.touched import NAMED, Touched

#: Under this name ``before`` holds the values of the primary key.
KEY = "pk"


class ModelWriter:
    """Set-based writing for one batch.

    A created row is a list in the order of ``staged`` and gets the values of ``same`` besides; an updated one is a dictionary.
    """

    def __init__(
        self,
        shape: ModelShape,
        identity: Iterable[str],
        volatile: Iterable[str],
        now: datetime,
        staged: list[str],
        same: dict[str, Any],
    ) -> None:
        self.shape, self.identity, self.volatile, self.now = shape, list(identity), set(volatile), now
        self.staged, self.same = staged, same

    def apply(self, stage: Stage) -> None:
        """Raises ``ImportStale`` when a row is no longer at the version that was planned for."""
        model = self.shape.model
        with bulk.wide_cache(model):
            bulk.insert_lists(model, self.staged, self.same, stage.lists(CREATED))
            for page in stage.chunks(UPDATED):
                self._set(page, [row.values for row in page], since=0)

    def undo(self, stage: Stage) -> None:
        """Raises ``ImportTouched`` when a row was changed, used or taken away since."""
        for page in stage.chunks(UPDATED):
            self._refuse_changed(page)
            try:
                self._set(page, [row.before for row in page], since=1)
            except ImportStale:
                raise ImportTouched from None
        for page in stage.chunks(CREATED):
            keys = self._keys_of_untouched(page)
            self._free_of_own_work(keys)
            bulk.delete_rows(self.shape.model, self.shape.keys, keys)

    def _set(self, page: list[StagedRow], cells: list[dict[str, Any]], *, since: int) -> None:
        """Set values where the version is ``since`` ahead of the one planned for, and move it on by one."""
        shape = self.shape
        names = sorted((cells[0].keys() & shape.fields.keys()) - {KEY, "version"})
        version = ["version"] if shape.versioned else []
        stamped = [shape.ready(name, shape.default(name, self.now)) for name in shape.stamps]

        def rows() -> Iterator[tuple[Any, ...]]:
            for row, values in zip(page, cells, strict=True):
                seen = row.before.get("version", 0) + since
                found_by = (*row.before[KEY], seen) if version else tuple(row.before[KEY])
                becomes = (seen + 1,) if version else ()
                yield (*found_by, *(values[name] for name in names), *becomes, *stamped)

        hit = bulk.update(shape.model, [*shape.keys, *version], [*names, *version, *shape.stamps], rows())
        if hit != len(page):
            raise ImportStale

    def _refuse_changed(self, page: list[StagedRow]) -> None:
        shape, touched = self.shape, Touched(self.shape)
        names = sorted(page[0].values.keys() - self.volatile)
        version = ["version"] if shape.versioned else []
        left = {tuple(row.before[KEY]): row for row in page}
        lookup = _lookup(shape.keys, list(left))
        for key, cells in self._rows(lookup, shape.keys, [*names, *version]):
            row = left.pop(key, None)
            if row is None:
                continue
            expected = [row.values[name] for name in names] + [row.before["version"] + 1 for _name in version]
            if expected != cells:
                touched.changed(row, key, _different([*names, *version], expected, cells))
        for row in left.values():
            touched.gone(row)
        touched.refuse()

    def _keys_of_untouched(self, page: list[StagedRow]) -> dict[tuple[Any, ...], StagedRow]:
        """Keys of created rows that still stand as they were made, with the rows."""
        shape, touched = self.shape, Touched(self.shape)
        # The moment of writing is not staged; where it moves with each change, the version moves as well.
        steady = [name for name in self.same if name not in self.volatile and not _is_stamp(shape.fields[name])]
        at = [i for i, name in enumerate(self.staged) if name not in self.volatile]
        names = [*(self.staged[i] for i in at), *steady]
        rest = [self.same[name] for name in steady]
        by = ["public_id"] if shape.has_public_id else self.identity
        left = {_ref(row, public=shape.has_public_id): row for row in page}
        keys = {}
        for found, cells in self._rows(_lookup(by, list(left)), [*by, *shape.keys], names):
            row = left.pop(found[: len(by)], None)
            if row is None:
                continue
            expected = [*(row.values[i] for i in at), *rest]
            if expected != cells:
                touched.changed(row, found[len(by) :], _different(names, expected, cells))
            keys[found[len(by) :]] = row
        for row in left.values():
            touched.gone(row)
        touched.refuse()
        return keys

    def _rows(
        self, lookup: dict[str, Any], by: list[str], names: list[str]
    ) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
        """Stored rows in the form in which they were staged."""
        ready, width = self.shape.ready, len(by)
        for row in self.shape.model._base_manager.filter(**lookup).values_list(*by, *names):
            key = tuple(ready(name, value) for name, value in zip(by, row, strict=False))
            yield key, [ready(name, value) for name, value in zip(names, row[width:], strict=True)]

    def _free_of_own_work(self, keys: dict[tuple[Any, ...], StagedRow]) -> None:
        """Nothing may point at a row that is taken away, but for what the house has worked out about it by itself."""
        if len(self.shape.keys) > 1:
            return
        touched = Touched(self.shape)
        pks = {key[0]: row for key, row in keys.items()}
        ours = []
        for relation in self.shape.model._meta.get_fields(include_hidden=True):
            if not relation.auto_created or relation.concrete or not relation.is_relation:
                continue
            remote: Any = relation.related_model
            link: Any = relation.field  # type: ignore[union-attr]  # only relations get here
            own, used = split(remote._base_manager.filter(**{f"{link.name}__in": list(pks)}).order_by())
            ours.append(own)
            for pk in used.values_list(link.attname, flat=True).distinct()[:NAMED]:
                touched.used(pks[pk], str(remote._meta.verbose_name_plural))
        touched.refuse()
        for rows in ours:
            rows.delete()


def _different(names: list[str], expected: list[Any], cells: list[Any]) -> list[str]:
    return [name for name, one, other in zip(names, expected, cells, strict=True) if one != other]


def _is_stamp(field: Any) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def _ref(row: StagedRow, *, public: bool) -> tuple[Any, ...]:
    return (row.ref,) if public else tuple(json.loads(row.ref))


def _lookup(names: list[str], keys: list[tuple[Any, ...]]) -> dict[str, Any]:
    """A filter that finds all keys, and for keys of several parts perhaps some rows more."""
    return {f"{name}__in": list({key[at] for key in keys}) for at, name in enumerate(names)}
