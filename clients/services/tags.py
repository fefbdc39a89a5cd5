"""The catalogue of manual tags, and putting them on clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.errors import AlreadyUndone, TagNotYours, TooManyClients
from clients.models import Client, ClientTag, Tag, TagChange
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

#: Clients whose tags change at once.
MOST = 5_000
EDITABLE = ("name", "meaning", "palette", "setters", "is_active")


@service("tag.create")
def create_tag(*, values: Mapping[str, Any], branch: Branch | None, actor: User) -> Tag:
    """A new manual tag of the branch, or (None) of the company; whoever makes it owns it. Raises ``InvalidInput``."""
    _refuse_unknown(values)
    tag = Tag(company_id=actor.scope.company_id, branch=branch, owner=actor, **values)
    _check(tag)
    with _unless_named():
        tag.save()
    audit.record(actor, "tag.create", tag, after=dict(values))
    return tag


@service("tag.change")
def change_tag(*, tag: Tag, values: Mapping[str, Any], actor: User, version: int | None = None) -> Tag:
    """Rename, recolour or retire a manual tag; clients who carry it keep it. Raises ``StaleEdit`` and ``InvalidInput``."""
    _refuse_unknown(values)
    row: Tag = lock(Tag.objects.manual(), pk=tag.pk, version=version)
    before, after = audit.changes(row, list(values), dict(values))
    if not after:
        return row
    for name, value in after.items():
        setattr(row, name, value)
    _check(row)
    with _unless_named():
        row.save_changed(after)
    audit.record(actor, "tag.change", row, before=before, after=after)
    return row


def _unless_named() -> AbstractContextManager[None]:
    """Of two who give a tag the same name at once, the constraint lets one pass and the other is told."""
    taken = InvalidInput(fields={"name": _("There is a tag of this name already.")})
    return unless_taken(Tag, "tag_name_once_per_branch", "tag_name_once_per_company", refusal=taken)


@service("tag.set")
def set_tag(*, tag: Tag, clients: Iterable[Client], is_set: bool, actor: User, now: datetime) -> TagChange:
    """Put a manual tag on clients or take it away; the row that comes back says who really changed, and can be undone.

    Raises ``TagNotYours`` (not for these roles, computed, retired, or of another branch), ``TooManyClients``, and
    ``ClientRestricted`` or ``ClientMerged`` when one of them may not be changed.
    """
    if not tag.is_active or not tag.may_be_set_by(actor.role_keys):
        raise TagNotYours
    found = list(clients)[: MOST + 1]
    if len(found) > MOST:
        raise TooManyClients
    if tag.branch_id is not None and any(client.branch_id != tag.branch_id for client in found):
        raise TagNotYours
    _refuse_unchangeable([client.pk for client in found])
    lock(Tag.objects.all(), pk=tag.pk)  # one at a time: two who tag the same clients would both count them as changed
    changed = _put(tag, found, actor, local_date(now)) if is_set else _take(tag, found)
    made: TagChange = TagChange.objects.create(tag=tag, is_set=is_set, clients=changed, actor=actor, at=now)
    audit.record(
        actor,
        "tag.set",
        tag,
        after={"set": is_set, "clients": len(changed)},
        ids=sorted(changed),
        client=found[0] if len(found) == 1 else None,
    )
    return made


@service("tag.undo")
def undo_tags(*, change: TagChange, actor: User, now: datetime) -> TagChange:
    """Put back what one change did, as far as nobody has touched it since. Raises ``AlreadyUndone``, also when it is too late.

    Who was restricted to storage meanwhile stays as he is.
    """
    row: TagChange | None = (
        TagChange.objects.select_for_update(of=("self",))
        .undoable(now)
        .select_related("tag")
        .filter(pk=change.pk)
        .first()
    )
    if row is None or row.actor_id != actor.pk:
        raise AlreadyUndone
    found = Client.objects.filter(public_id__in=list(row.clients), restricted_on=None)
    keys = dict(found.values_list("public_id", "pk"))
    own = ClientTag.objects.manual().filter(tag=row.tag)
    if row.is_set:
        for part in _parts(list(keys.values())):
            own.filter(client_id__in=part, set_by=actor, since=local_date(row.at)).delete()
    else:
        back = [
            ClientTag(
                client_id=keys[public_id],
                tag=row.tag,
                since=date.fromisoformat(since),
                as_of=date.fromisoformat(since),
                set_by_id=by,
            )
            for public_id, (since, by) in row.clients.items()
            if public_id in keys
        ]
        ClientTag.objects.bulk_create(back, ignore_conflicts=True)
    row.undone_at = now
    row.save(update_fields=["undone_at"])
    audit.record(actor, "tag.undo", row.tag, after={"set": not row.is_set, "clients": len(keys)}, ids=sorted(keys))
    return row


def _refuse_unchangeable(keys: list[int]) -> None:
    for part in _parts(sorted(keys)):
        for row in Client.objects.unchangeable().filter(pk__in=part)[:1]:
            row.refuse_change()


def _put(tag: Tag, clients: list[Client], actor: User, day: date) -> dict[str, Any]:
    keys = {client.pk: client.public_id for client in clients}
    held: set[int] = set()
    for part in _parts(list(keys)):
        held |= set(ClientTag.objects.filter(tag=tag, client_id__in=part).values_list("client_id", flat=True))
    new = [pk for pk in keys if pk not in held]
    ClientTag.objects.bulk_create(
        [ClientTag(client_id=pk, tag=tag, since=day, as_of=day, set_by=actor) for pk in new], batch_size=500
    )
    return {keys[pk]: None for pk in new}


def _take(tag: Tag, clients: list[Client]) -> dict[str, Any]:
    gone: dict[str, Any] = {}
    for part in _parts([client.pk for client in clients]):
        rows = ClientTag.objects.filter(tag=tag, client_id__in=part)
        for public_id, since, by in rows.values_list("client__public_id", "since", "set_by_id"):
            gone[public_id] = [since.isoformat(), by]
        rows.delete()
    return gone


def _parts(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + 900] for start in range(0, len(keys), 900))


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    if unknown := sorted(set(values) - set(EDITABLE)):
        raise TypeError(f"not for tags: {', '.join(unknown)}")


def _check(tag: Tag) -> None:
    tag.name = tag.name.strip()
    if not tag.name:
        raise InvalidInput(fields={"name": _("A tag needs a name.")})
    check(tag)
