"""Related persons and households."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from clients.days import refuse_wrong_days
from clients.errors import (
    HouseholdGone,
    InAHousehold,
    NotAPerson,
    NotInAHousehold,
    OtherUnknown,
    RelationTaken,
    TakenOff,
)
from clients.identity import normalise_name
from clients.models import Client, Household, HouseholdMember, Relation
from clients.services.row_origins import no_longer_refused, said_again, said_first
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock


def client_with_number(actor: User, near: Client, number: str) -> Client:
    """The client of the same company with this number whom ``actor`` may see. Raises ``OtherUnknown``."""
    rows = Client.objects.visible_to(actor).filter(external_id=number.strip())
    found: Client | None = rows.filter(branch=near.branch_id).first() or rows.first()
    if found is None:
        raise OtherUnknown(fields={"other_number": OtherUnknown.message})
    return found


@service("relation.add")
def add_relation(*, client: Client, values: Mapping[str, Any], actor: User, now: datetime) -> Relation:
    """Put a related person on file. Raises ``RelationTaken``, also when it is told from the other side, and ``InvalidInput``.

    ``values``: kind, other (a client) or outsider_name, mandate_until, note; source and as_of – who says so, since when.
    """
    said = said_first(_values(values, local_date(now)), local_date(now))
    other = said.get("other")
    if other is not None and other.pk == client.pk:
        raise InvalidInput(fields={"other_number": _model_text("relation_is_with_somebody_else")})
    # Both, in the order of their keys: told from either side at the same moment, it is on file once.
    both = sorted({client.pk, *([other.pk] if other is not None else [])})
    held = {pk: lock(Client.objects.all(), pk=pk, closed_too=pk != client.pk) for pk in both}
    if other is not None and _told_already(client, other, said["kind"]):
        raise RelationTaken
    row = Relation(client=client, **said)
    check(row)
    with unless_taken(Relation, "relation_once_per_pair", refusal=RelationTaken()):
        row.save()
    audit.record(actor, "relation.add", row, after=_shown(said), client=client)
    no_longer_refused(row, held[client.pk], actor, now)
    return row


@service("relation.change")
def change_relation(
    *, row: Relation, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> Relation:
    """Correct a relation: its kind, the mandate, the note. Raises ``TakenOff``, ``StaleEdit`` and ``InvalidInput``."""
    lock(Client.objects.all(), pk=row.client_id)
    found: Relation = lock(Relation.objects.select_related("client"), pk=row.pk, version=version)
    if found.removed_at is not None:
        raise TakenOff
    said = _values({name: value for name, value in values.items() if name != "other"}, local_date(now))
    said = said_again(found, said, local_date(now))
    before, after = audit.changes(found, list(said), said)
    if not after:
        return found
    for name, value in after.items():
        setattr(found, name, value)
    check(found)
    found.save_changed(list(after))
    audit.record(actor, "relation.change", found, before=_shown(before), after=_shown(after), client=found.client)
    return found


@service("household.found")
def found_household(*, client: Client, name: str, actor: User, now: datetime) -> Household:
    """A household with its first member. Raises ``InAHousehold``, and ``NotAPerson`` for an institution."""
    _person(client)
    row = Household.objects.create(branch_id=client.branch_id, name=name.strip()[:80])
    _join(row, client, now)
    audit.record(actor, "household.found", row, after={"name": row.name}, client=client)
    return row


@service("household.join")
def join_household(
    *, household: Household, client: Client, actor: User, now: datetime, version: int | None = None
) -> HouseholdMember:
    """One more client in a household. Raises ``InAHousehold`` when he is in one, ``NotAPerson`` for an institution,
    ``HouseholdGone`` when the last member has just left, and ``StaleEdit`` when others joined or left meanwhile."""
    _person(client)
    held = _held(household.pk, version)
    row = _join(held, client, now)
    held.save_changed([])
    audit.record(actor, "household.join", held, after={"client": client.public_id}, client=client)
    return row


@service("household.leave")
def leave_household(*, client: Client, actor: User, now: datetime, version: int | None = None) -> None:
    """Take a client out of his household; one that nobody is left in goes. Raises ``NotInAHousehold``, and ``StaleEdit``
    when others joined or left meanwhile."""
    lock(Client.objects.all(), pk=client.pk)
    place = HouseholdMember.objects.filter(client=client).select_related("household").first()
    if place is None:
        raise NotInAHousehold
    held = _held(place.household_id, version)
    HouseholdMember.objects.filter(client=client, household=held).delete()
    audit.record(actor, "household.leave", held, before={"client": client.public_id}, client=client)
    if held.members.exists():
        held.save_changed([])
    else:
        held.delete()


def _person(client: Client) -> None:
    """The client, locked: one household at a time."""
    row: Client = lock(Client.objects.all(), pk=client.pk)
    if row.kind == Client.Kind.INSTITUTION:
        raise NotAPerson


def _held(pk: int, version: int | None) -> Household:
    try:
        held: Household = lock(Household.objects.all(), pk=pk, version=version)
    except Household.DoesNotExist:
        raise HouseholdGone from None
    return held


def _join(household: Household, client: Client, now: datetime) -> HouseholdMember:
    try:
        with transaction.atomic():
            row: HouseholdMember = HouseholdMember.objects.create(
                household=household, client=client, since=local_date(now)
            )
    except IntegrityError:
        raise InAHousehold from None
    return row


def _told_already(client: Client, other: Client, kind: str) -> bool:
    """Whether the other side says the same: he is her spouse, so she is his."""
    rows = Relation.objects.present()
    same = rows.filter(client=client, other=other, kind=kind)
    return bool(same.exists() or rows.filter(client=other, other=client, kind=Relation.INVERSE[kind]).exists())


def _values(values: Mapping[str, Any], today: date) -> dict[str, Any]:
    said = dict(values)
    refuse_wrong_days(said, today)
    if "outsider_name" in said:
        said["outsider_name"] = normalise_name(said["outsider_name"])
    return said


def _model_text(name: str) -> Any:
    return next(c.violation_error_message for c in Relation._meta.constraints if c.name == name)


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The other client stands in the trail by his public id, an outsider not by name."""
    shown = {name: value for name, value in values.items() if name not in ("other", "outsider_name")}
    if (other := values.get("other")) is not None:
        shown["other"] = other.public_id
    return shown
