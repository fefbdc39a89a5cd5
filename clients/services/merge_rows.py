"""What becomes of the rows of two clients who are made one, and the way back.

Everything that is moved, changed or set aside is written down as it was; ``put_back`` reads that and leaves the tables row for
row as they were. What came later stays with the client who stayed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, models, transaction

from clients.errors import MergeContradicted
from clients.models import Client
from clients.models.profile_rows import ClientRow
from clients.registry import ClientBound, Moment, Moves, Settle, Stays, Values, aside, bound
from crm.core.batches import batches
from crm.core.clocks import local_date
from crm.core.models import User

#: Statements name at most so many rows.
_PAGE = 500


def counts(leaving: Client, reader: User) -> list[tuple[str, int]]:
    """How many rows of each kind that ``reader`` may see would go over, in the words of people; without kinds that have none."""
    moving = [kind for kind in bound() if kind.counts_for(reader) and not isinstance(kind.on_merge, Stays)]
    found = [(kind.label, kind.rows(leaving.pk).count()) for kind in moving]
    return [(label, count) for label, count in found if count]


def told_counts(counts: Mapping[str, int], reader: User) -> dict[str, int]:
    """Of what the record of a merge has counted, by kind, what ``reader`` may know."""
    known = {kind.key for kind in bound() if kind.counts_for(reader)}
    return {key: count for key, count in counts.items() if key in known}


def overlap(leaving: Client, staying: Client) -> int:
    """How many rows of both speak of the same thing, so that amounts would be added."""
    return sum(
        kind.on_merge.overlap(leaving, staying)
        for kind in bound()
        if kind.on_merge is not None and not isinstance(kind.on_merge, Stays) and kind.on_merge.overlap is not None
    )


def bring_over(leaving: Client, staying: Client, moment: Moment) -> tuple[dict[str, int], dict[str, Any]]:
    """Give everything of the leaving client to the one who stays; returns counts by kind and what ``put_back`` needs.

    The caller holds the transaction and the locks of both.
    """
    totals: dict[str, int] = {}
    kept: dict[str, Any] = {"moved": {}, "aside": {}, "changed": [], "hooks": {}}
    for kind in bound():
        rule = kind.on_merge or Moves()
        if isinstance(rule, Stays):
            continue
        if isinstance(rule, Moves):
            count = _move(kind, rule, leaving, staying, moment, kept)
        else:
            count, kept["hooks"][kind.key] = rule.merge(leaving, staying, moment)
        if count and kind.is_counted and not kind.is_secret:
            totals[kind.key] = count
    return totals, kept


def put_back(leaving: Client, staying: Client, kept: dict[str, Any], moment: Moment) -> None:
    """The way back. Raises ``MergeContradicted`` when a later change stands in the way."""
    kinds = {kind.key: kind for kind in bound()}
    for key, data in kept["hooks"].items():
        rule: Any = kinds[key].on_merge
        rule.undo(leaving, staying, data, moment)
    for key, pks in kept["moved"].items():
        kind = kinds[key]
        for page in batches(pks, _PAGE):
            # Where the way to the client is the key itself, the row bears the other one's key now.
            named = {"pk": staying.pk} if kind.is_keyed_by_client else {"pk__in": page}
            kind.rows(staying.pk).filter(**named).update(**{kind.path: leaving})
    for change in reversed(kept["changed"]):
        _change_back(change)
    for rows in kept["aside"].values():
        for row in serializers.deserialize("python", rows):
            _with_day(row.object)
            row.save()


def _with_day(row: models.Model) -> None:
    """Rows of profiles that were set aside before they said since when hold since the day on which they were made."""
    if isinstance(row, ClientRow) and row.as_of is None:
        row.as_of = local_date(row.created_at)


def gather_strays() -> dict[str, int]:
    """Bring rows over that reached a merged client after all (a sweep that had chosen him before); counts by kind.

    A row of which the rules allow one only stays where it is.
    """
    found: dict[str, int] = {}
    for kind in bound():
        if kind.model_class is Client or not isinstance(kind.on_merge or Moves(), Moves):
            continue
        strays = kind.model_class._base_manager.filter(**{f"{kind.path}__merged_into__isnull": False})
        for pk, home in strays.values_list("pk", f"{kind.path}__merged_into")[:_PAGE]:
            with suppress(IntegrityError), transaction.atomic():
                kind.model_class._base_manager.filter(pk=pk).update(**{kind.path: home})
                found[kind.key] = found.get(kind.key, 0) + 1
        if kind.is_secret or not kind.is_counted:
            found.pop(kind.key, None)
    return found


# -- one kind ----------------------------------------------------------------------------------------------------------


def _move(
    kind: ClientBound, rule: Moves, leaving: Client, staying: Client, moment: Moment, kept: dict[str, Any]
) -> int:
    out: dict[Any, Any] = {}
    if rule.senseless is not None:
        out = {row.pk: row for row in kind.rows(leaving.pk).filter(rule.senseless(leaving, staying))}
    for name, mine, theirs in _meetings(kind, leaving, staying):
        settle: Settle = rule.settle.get(name, aside)
        for_mine, for_theirs = settle(mine, theirs, moment)
        if for_theirs:
            kept["changed"].append(change(theirs, for_theirs))
        if for_mine is None:
            out[mine.pk] = mine
        elif for_mine:
            kept["changed"].append(change(mine, for_mine))
    if out:
        kept["aside"][kind.key] = [plain(row) for row in serializers.serialize("python", out.values())]
        kind.model_class._base_manager.filter(pk__in=list(out)).delete()
    rows = kind.rows(leaving.pk)
    if kind.model_class is Client:
        rows = rows.exclude(pk=staying.pk)  # nobody is introduced by himself
    pks = list(rows.values_list("pk", flat=True))
    for page in batches(pks, _PAGE):
        kind.model_class._base_manager.filter(pk__in=page).update(**{kind.path: staying})
    if pks:
        kept["moved"][kind.key] = pks
    return len(pks) + len(out)


def _meetings(kind: ClientBound, leaving: Client, staying: Client) -> Iterator[tuple[str, Any, Any]]:
    """Rows of both of which a unique constraint allows one: (its name, the leaving client's, the staying one's).

    A row that was settled once is asked about again under its new values.
    """
    for name, fields, condition in _unique(kind):
        others = [field for field in fields if field != kind.path]
        theirs = {_key(row, others): row for row in kind.rows(staying.pk).filter(condition)}
        if not theirs:
            continue
        for row in kind.rows(leaving.pk).filter(condition).order_by("pk"):
            if met := theirs.get(_key(row, others)):
                yield name, row, met


def _unique(kind: ClientBound) -> Iterator[tuple[str, list[str], models.Q]]:
    """Unique constraints in which the client takes part; "" is the name of a one-to-one way to the client."""
    model = kind.model_class
    if getattr(model._meta.get_field(kind.path), "unique", False):
        yield "", [kind.path], models.Q()
    for rule in model._meta.constraints:
        if isinstance(rule, models.UniqueConstraint) and kind.path in rule.fields:
            yield rule.name, list(rule.fields), rule.condition or models.Q()


def _key(row: Any, names: list[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, row._meta.get_field(name).attname) for name in names)


def change(row: Any, values: Values) -> list[Any]:
    """Write ``values`` into a row; returns what ``_change_back`` needs."""
    before = plain({name: getattr(row, name) for name in values})
    type(row)._base_manager.filter(pk=row.pk).update(**values)
    return [row._meta.label, row.pk, before, plain(values)]


def _change_back(change: list[Any]) -> None:
    label, pk, before, after = change
    model = apps.get_model(label)
    row = model._base_manager.filter(pk=pk).first()
    if row is None or plain({name: getattr(row, name) for name in after}) != after:
        raise MergeContradicted
    fields = {name: model._meta.get_field(name) for name in before}
    model._base_manager.filter(pk=pk).update(**{name: fields[name].to_python(value) for name, value in before.items()})


def plain(values: Values) -> dict[str, Any]:
    """Values as JSON holds them."""
    found: dict[str, Any] = json.loads(json.dumps(values, default=_text))
    return found


def _text(value: Any) -> str:
    """Django's own encoder would cut moments to milliseconds, and what is put back must be what was there."""
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
