"""Documents, contact points, contact persons and financing needs of a client: put on file, changed, taken off.

Beside what each service names, ``values`` may hold ``source`` and ``as_of``: who says so, and since when.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import transaction

from clients.days import refuse_wrong_days
from clients.errors import ContactPointTaken, DocumentOnFile, DocumentTaken, NotAnInstitution, PrimaryStays, TakenOff
from clients.identity import IdentityRefused, normalise_name, read_email, read_phone, tail
from clients.identity.text import clean
from clients.models import Client, ContactPerson, ContactPoint, FinancingNeed, IdentityDocument
from clients.models.profile_rows import ClientRow
from clients.provenance import origin
from clients.services.clients import change_client, confirm_facts
from clients.services.identity_facts import read_document
from clients.services.primaries import POINT_OF
from clients.services.row_origins import no_longer_refused, said_again, said_first
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.crypto import blind_index, blind_indexes
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

#: Values that the trail never shows.
_SECRET = frozenset({"number", "value", "phone", "email"})
Row = TypeVar("Row", bound=ClientRow)


# -- documents ---------------------------------------------------------------------------------------------------------


@service("document.add")
def add_document(*, client: Client, values: Mapping[str, Any], actor: User, now: datetime) -> IdentityDocument:
    """Put a document on file; a primary one becomes the client's. Raises ``DocumentTaken`` and ``InvalidInput``.

    ``values``: kind, number, issued_by, valid_until, is_long_term, is_primary.
    """
    said = _document_values(dict(values), values["kind"], local_date(now))
    owner: Client = lock(Client.objects.all(), pk=client.pk)
    held = IdentityDocument.objects.present().filter(client=owner)
    if held.filter(number_index__in=blind_indexes(said["number"])).exists():
        raise DocumentTaken(fields={"number": DocumentTaken.message})
    primary = bool(said.pop("is_primary", False))
    row = IdentityDocument(client=owner, **said_first(said, local_date(now)))
    _create(row, actor, "document.add", values, now)
    if primary:
        _lead_with_document(row, actor, now)
    return row


@service("document.change")
def change_document(
    *, row: IdentityDocument, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> IdentityDocument:
    """Correct a document, renew its validity or make it primary. Raises ``TakenOff``, ``StaleEdit`` and ``InvalidInput``."""
    found = _locked(IdentityDocument, row, version)
    said = _document_values(dict(values), values.get("kind") or found.kind, local_date(now))
    primary = said.pop("is_primary", None)
    _refuse_step_down(found, primary)
    changed = _change(found, said, actor, "document.change", now)
    if primary or (found.is_primary and changed):
        _lead_with_document(found, actor, now)
    return found


def _document_values(said: dict[str, Any], kind: str, today: date) -> dict[str, Any]:
    if said.get("is_long_term"):
        said["valid_until"] = None
    elif said.get("valid_until"):
        said["is_long_term"] = False
    refuse_wrong_days(said, today)
    if "number" in said:
        try:
            number = read_document(said["number"], kind, today)
        except IdentityRefused as refusal:
            raise InvalidInput(fields={"number": refusal.message}) from None
        said |= {"number": number, "number_index": blind_index(number), "number_tail": tail(number)}
    return said


def _lead_with_document(row: IdentityDocument, actor: User, now: datetime) -> None:
    """Make it the client's: his own columns say what the document says, and the former one steps down."""
    others = IdentityDocument.objects.filter(client_id=row.client_id, is_primary=True).exclude(pk=row.pk)
    others.update(is_primary=False)
    values = {
        "id_kind": row.kind,
        "id_number": row.number,
        "id_valid_until": row.valid_until,
        "id_is_long_term": row.is_long_term,
    }
    try:
        _lead(row, values, actor, now)
    except DocumentOnFile:
        raise DocumentOnFile(DocumentOnFile.elsewhere, fields={"number": DocumentOnFile.elsewhere}) from None
    except InvalidInput as refusal:
        # His own columns are no fields of a document; what is wrong with them is its number.
        raise InvalidInput(fields={"number": refusal.fields.get("id_number", refusal.message)}) from None
    IdentityDocument.objects.filter(pk=row.pk).update(is_primary=True)
    row.is_primary = True


# -- contact points ----------------------------------------------------------------------------------------------------


@service("contact_point.add")
def add_contact_point(*, client: Client, values: Mapping[str, Any], actor: User, now: datetime) -> ContactPoint:
    """Put a way to reach the client on file. Raises ``ContactPointTaken`` and ``InvalidInput``.

    ``values``: kind, value, label, is_primary, is_preferred, is_forbidden, verified_on.
    """
    said = _point_values(dict(values), values["kind"], local_date(now))
    owner: Client = lock(Client.objects.all(), pk=client.pk)
    held = ContactPoint.objects.present().filter(client=owner, kind=said["kind"])
    if held.filter(value_index__in=blind_indexes(said["value"])).exists():
        raise ContactPointTaken(fields={"value": ContactPointTaken.message})
    primary = bool(said.pop("is_primary", False))
    row = ContactPoint(client=owner, **said_first(said, local_date(now)))
    _create(row, actor, "contact_point.add", values, now)
    if primary:
        _lead_with_point(row, actor, now)
    return row


@service("contact_point.change")
def change_contact_point(
    *, row: ContactPoint, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> ContactPoint:
    """Correct, verify, forbid or prefer a way to reach the client. Raises ``TakenOff``, ``StaleEdit``, ``InvalidInput``."""
    found = _locked(ContactPoint, row, version)
    said = _point_values(dict(values), values.get("kind") or found.kind, local_date(now))
    primary = said.pop("is_primary", None)
    _refuse_step_down(found, primary)
    changed = _change(found, said, actor, "contact_point.change", now)
    if primary or (found.is_primary and {"value", "source", "as_of"} & set(changed)):
        _lead_with_point(found, actor, now)
    return found


def _point_values(said: dict[str, Any], kind: str, today: date) -> dict[str, Any]:
    refuse_wrong_days(said, today)
    if "value" in said:
        try:
            value = _read_point(said["value"], kind)
        except IdentityRefused as refusal:
            raise InvalidInput(fields={"value": refusal.message}) from None
        shown = tail(value) if kind == ContactPoint.Kind.PHONE else ""
        said |= {"value": value, "value_index": blind_index(value), "value_tail": shown}
    return said


def _read_point(text: str, kind: str) -> str:
    if kind == ContactPoint.Kind.PHONE:
        return read_phone(text).e164
    if kind == ContactPoint.Kind.EMAIL:
        return read_email(text)
    return clean(text)


def _lead_with_point(row: ContactPoint, actor: User, now: datetime) -> None:
    others = ContactPoint.objects.filter(client_id=row.client_id, kind=row.kind, is_primary=True).exclude(pk=row.pk)
    others.update(is_primary=False)
    if row.kind in POINT_OF:
        _lead(row, {row.kind: row.value}, actor, now)
    ContactPoint.objects.filter(pk=row.pk).update(is_primary=True)
    row.is_primary = True


# -- institutions ------------------------------------------------------------------------------------------------------


@service("contact_person.add")
def add_contact_person(*, client: Client, values: Mapping[str, Any], actor: User, now: datetime) -> ContactPerson:
    """Put somebody who speaks for an institution on file. Raises ``NotAnInstitution`` and ``InvalidInput``.

    ``values``: name, position, phone, email, birth_date, is_decision_maker, note.
    """
    today = local_date(now)
    row = ContactPerson(client=_institution(client), **said_first(_person_values(dict(values), today), today))
    return _create(row, actor, "contact_person.add", values, now)


@service("contact_person.change")
def change_contact_person(
    *, row: ContactPerson, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> ContactPerson:
    """Correct what is known of a contact person. Raises ``TakenOff``, ``StaleEdit`` and ``InvalidInput``."""
    found = _locked(ContactPerson, row, version)
    _change(found, _person_values(dict(values), local_date(now)), actor, "contact_person.change", now)
    return found


def _person_values(said: dict[str, Any], today: date) -> dict[str, Any]:
    refuse_wrong_days(said, today)
    wrong = {}
    readers = {"phone": lambda text: read_phone(text).e164, "email": read_email}
    for name, read in readers.items():
        if said.get(name):
            try:
                said[name] = read(said[name])
            except IdentityRefused as refusal:
                wrong[name] = refusal.message
    if wrong:
        raise InvalidInput(fields=wrong)
    if "name" in said:
        said["name"] = normalise_name(said["name"])
    if "phone" in said:
        said |= {"phone_index": blind_index(said["phone"]), "phone_tail": tail(said["phone"])}
    return said


@service("financing_need.add")
def add_financing_need(*, client: Client, values: Mapping[str, Any], actor: User, now: datetime) -> FinancingNeed:
    """Put on file what an institution wants to raise. Raises ``NotAnInstitution`` and ``InvalidInput``.

    ``values``: kind, amount, expected_on, status, handed_to, handed_on, note.
    """
    today = local_date(now)
    said = said_first(_need_values(dict(values), today), today)
    row = FinancingNeed(client=_institution(client), recorded_by=actor, **said)
    return _create(row, actor, "financing_need.add", values, now)


@service("financing_need.change")
def change_financing_need(
    *, row: FinancingNeed, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> FinancingNeed:
    """Follow a financing need, hand it on, end it. Raises ``TakenOff``, ``StaleEdit`` and ``InvalidInput``."""
    found = _locked(FinancingNeed, row, version)
    _change(found, _need_values(dict(values), local_date(now)), actor, "financing_need.change", now)
    return found


def _need_values(said: dict[str, Any], today: date) -> dict[str, Any]:
    refuse_wrong_days(said, today)
    if said.get("status") == FinancingNeed.Status.HANDED_ON and not said.get("handed_on"):
        said["handed_on"] = today
    return said


def _institution(client: Client) -> Client:
    owner: Client = lock(Client.objects.all(), pk=client.pk)
    if owner.kind != Client.Kind.INSTITUTION:
        raise NotAnInstitution
    return owner


# -- what all of them share --------------------------------------------------------------------------------------------


@service("profile_row.remove")
def remove_row(
    *, row: ClientRow, actor: User, now: datetime, reason: str = "", version: int | None = None
) -> ClientRow:
    """Take an entry off; it stays on file. Raises ``TakenOff``, ``StaleEdit``, and ``PrimaryStays`` for a primary one."""
    found = _locked(type(row), row, version)
    if getattr(found, "is_primary", False):
        raise PrimaryStays
    found.removed_at = now
    found.save_changed(["removed_at"])
    audit.record(actor, "profile_row.remove", found, reason=reason, client=found.client)
    return found


def _locked(model: type[Row], row: Row, version: int | None) -> Row:
    # First the client: two who make different rows primary follow each other, and a restricted client is left alone.
    lock(Client.objects.all(), pk=row.client_id)
    found = lock(model._default_manager.select_related("client__branch"), pk=row.pk, version=version)
    if found.removed_at is not None:
        raise TakenOff
    return found


def _create(row: Row, actor: User, action: str, said: Mapping[str, Any], now: datetime) -> Row:
    check(row)
    with transaction.atomic():
        row.save()
    after = _shown({**said, "source": row.source, "as_of": row.as_of})
    audit.record(actor, action, row, after=after, client=row.client)
    no_longer_refused(row, row.client, actor, now)
    return row


def _change(row: ClientRow, values: Mapping[str, Any], actor: User, action: str, now: datetime) -> list[str]:
    """Set what differs and write it with the next version; names of what changed."""
    said = said_again(row, values, local_date(now))
    before, after = audit.changes(row, list(said), said)
    if not after:
        return []
    for name, value in after.items():
        setattr(row, name, value)
    check(row)
    row.save_changed(list(after))
    audit.record(actor, action, row, before=_shown(before), after=_shown(after), client=row.client)
    return list(after)


def _lead(row: ClientRow, values: Mapping[str, Any], actor: User, now: datetime) -> None:
    """The client's own columns say what the row says, and who says so since when; what they said already, too."""
    terms: dict[str, Any] = {"source": row.source, "as_of": row.as_of, "actor": actor, "now": now}
    client = change_client(client=row.client, values=values, **terms)
    told = [name for name, value in values.items() if value]
    same = [name for name in told if not origin(client.provenance, name).is_of(row.source, row.as_of)]
    if same:
        confirm_facts(client=client, names=same, **terms)


def _refuse_step_down(row: Any, primary: bool | None) -> None:
    if row.is_primary and primary is False:
        raise PrimaryStays(fields={"is_primary": PrimaryStays.message})


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the trail; numbers and addresses only as a mark that they were given."""
    hidden = {"number_index", "value_index", "phone_index"}
    return {
        name: ("***" if value else "") if name in _SECRET else value
        for name, value in values.items()
        if name not in hidden
    }
