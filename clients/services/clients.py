"""Changes to a client himself: taking him in, correcting facts, his risk grade, whose book he is in, whether he is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients import provenance
from clients.days import refuse_wrong_days
from clients.errors import ClientClosed, DocumentOnFile, NotAnAdvisor, NotRefusable, NumberTaken
from clients.identity import IdentityRefused, is_id_number, read_client_number, read_id_number
from clients.models import AdvisorAssignment, Client, RiskAssessment, RiskGrade
from clients.months import add_months
from clients.provenance import FACTS, REFUSABLE, REFUSABLE_ROWS, ROWS_OF_INSTITUTIONS, Source
from clients.services.identity_facts import cleaned, following, of_another_document, refuse_contradiction
from clients.services.primaries import renew, say_as_column, step_down
from clients.services.quality import rescore
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.crypto import blind_indexes
from crm.core.errors import BranchClosed, InvalidInput
from crm.core.masking import mask_email
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

#: What ``client.create`` and ``client.change`` take.
EDITABLE = FACTS | {"status", "introduced_by_client"}
#: What an emptied fact holds.
_EMPTY: dict[str, Any] = {f.attname: f.get_default() for f in Client._meta.concrete_fields if f.attname in REFUSABLE}
#: Roles that may have clients in their book.
BOOK_ROLES = frozenset({"advisor", "account_manager"})


@service("client.create")
def create_client(
    *,
    branch: Branch,
    external_id: str,
    values: Mapping[str, Any],
    actor: User,
    now: datetime,
    advisor: User | None = None,
    introducer: User | None = None,
    source: str = Source.STAFF,
    same_document_reason: str = "",
) -> Client:
    """Take a client in. Every fact given comes from ``source`` as of today.

    ``same_document_reason``: why he is taken in although the company has a client with the same identity document. Raises
    ``NumberTaken``, ``DocumentOnFile``, ``NotAnAdvisor``, ``BranchClosed``, and ``InvalidInput`` with the fields that are wrong.
    """
    if not branch.is_open:
        raise BranchClosed
    _refuse_unknown(values)
    kind, today = values.get("kind") or Client.Kind.PERSON, local_date(now)
    number, stored = _number(external_id), cleaned(dict(values), kind=kind, today=today)
    # The day is weighed as it was said: of ``investing_since`` only the month is kept.
    refuse_wrong_days({**stored, "investing_since": values.get("investing_since")}, today)
    if not stored.get("name"):
        raise InvalidInput(fields={"name": _("A client has a name.")})
    client = Client(branch=branch, external_id=number, introducer=introducer)
    client.provenance = provenance.for_all(source, today)
    _set(client, {**stored, **following({"name": "", **stored}, kind=kind)})
    if Client.objects.filter(branch=branch, external_id=client.external_id).exists():
        raise NumberTaken(fields={"external_id": NumberTaken.message})
    check(client)
    # Last of all, so that nobody who only asks goes away without having taken somebody in.
    why = _reason_for_document(client, same_document_reason)
    taken = NumberTaken(fields={"external_id": NumberTaken.message})
    with unless_taken(Client, "client_number_once_per_branch", refusal=taken):
        client.save()
    audit.record(actor, "client.create", client, after=_shown(stored), reason=why, client=client)
    rescore(client, now)
    if advisor is not None:
        assign_advisor(client=client, advisor=advisor, actor=actor, now=now, reason=_("First advisor"))
        client.refresh_from_db()
    return client


@service("client.change")
def change_client(
    *,
    client: Client,
    values: Mapping[str, Any],
    actor: User,
    now: datetime,
    version: int | None = None,
    source: str = Source.STAFF,
    as_of: date | None = None,
    refused: Mapping[str, bool] | None = None,
    same_document_reason: str = "",
) -> Client:
    """Correct facts of a client. Raises ``StaleEdit`` when somebody else was faster, ``InvalidInput`` for bad values.

    A new identity number that says another sex or date of birth than the client has is taken together with those it says, or
    not at all. One that the company has on file for another client needs ``same_document_reason``, else ``DocumentOnFile``.
    What changes comes from ``source`` as of ``as_of`` (today if missing). ``refused`` says of single facts that the client
    does not give them (True: the fact is emptied and counts as answered) or that he no longer refuses (False); of kinds of
    rows (``REFUSABLE_ROWS``) that he gives none, or no further ones.
    """
    _refuse_unknown(values)
    today = local_date(now)
    row: Client = lock(Client.objects.all(), pk=client.pk, version=version)
    marks = _marks(row, refused or {})
    emptied = {name: _EMPTY[name] for name, flag in marks.items() if flag and name in _EMPTY}
    kind = values.get("kind") or row.kind
    stored = cleaned({**values, **emptied}, kind=kind, today=today, id_kind=row.id_kind)
    if row.name and not stored.get("name", row.name):
        raise InvalidInput(fields={"name": _("A client who had a name keeps one.")})
    before, after = audit.changes(row, list(stored), stored)
    since = {"investing_since": values.get("investing_since")} if "investing_since" in after else {}
    _refuse_days(row, {**after, **since}, today)
    if not after and not marks:
        return row
    if after.get("id_number"):
        refuse_contradiction(row, values, stored)
    after |= of_another_document(after, values)
    words = {"name": row.name, **after} if "kind" in after else after
    made = following(words, kind=kind)
    on = _day_of_facts(as_of, today)
    row.provenance = provenance.stamped(row.provenance, after, source=source, on=on, refused=marks)
    _set(row, {**after, **made})
    check(row)
    why = _reason_for_document(row, same_document_reason) if "id_number" in after else ""
    row.save_changed([*after, *made, "provenance"])
    step_down([row.pk], after)
    renew([row.pk], after, source=str(source), as_of=on)
    said = {"source": str(source), "as_of": on, **({"refused": marks} if marks else {})}
    shown = {**_shown(after), **said}
    audit.record(actor, "client.change", row, before=_shown(before), after=shown, reason=why, client=row)
    rescore(row, now)
    return row


@service("client.confirm_facts")
def confirm_facts(
    *,
    client: Client,
    names: Collection[str],
    actor: User,
    now: datetime,
    source: str = Source.CLIENT,
    as_of: date | None = None,
    version: int | None = None,
) -> Client:
    """Note that facts were asked again and still hold as of ``as_of`` (today if missing); the values stay as they are.

    A refused fact stays refused: the client has refused it again.
    """
    if unknown := sorted(set(names) - provenance.FACTS):
        raise TypeError(f"not facts of a client: {', '.join(unknown)}")
    row: Client = lock(Client.objects.all(), pk=client.pk, version=version)
    on = _day_of_facts(as_of, local_date(now))
    known = provenance.refused_facts(row.provenance) & set(names)
    again = dict.fromkeys(sorted(known), True)
    row.provenance = provenance.stamped(row.provenance, names, source=source, on=on, refused=again, unchanged=True)
    row.save_changed(["provenance"])
    say_as_column(row, names)
    after = {"facts": sorted(names), "source": str(source), "as_of": on}
    audit.record(actor, "client.confirm_facts", row, after=after, client=row)
    rescore(row, now)
    return row


@service("client.assess_risk")
def assess_risk(
    *,
    client: Client,
    grade: str,
    assessed_on: date,
    basis: str,
    actor: User,
    now: datetime,
    is_lowest: bool = False,
    version: int | None = None,
) -> RiskAssessment:
    """Enter a risk grade found on ``assessed_on``; it is valid for ``suitability.assessment_valid_months``.

    The newest assessment is the client's grade; an older one entered late only joins the history. Raises ``ClientClosed``
    and ``StaleEdit``: whoever enters a grade has seen the one that it takes the place of.
    """
    if assessed_on > local_date(now):
        raise InvalidInput(fields={"assessed_on": _("An assessment cannot lie in the future.")})
    refuse_wrong_days({"assessed_on": assessed_on}, local_date(now))
    if is_lowest and grade != RiskGrade.C1:
        raise InvalidInput(fields={"is_lowest": _("Lowest risk capacity is possible with C1 only.")})
    row: Client = lock(Client.objects.select_related("branch"), pk=client.pk, version=version)
    if row.status == Client.Status.CLOSED:
        raise ClientClosed
    months = figures(assessed_on, row.branch).months("suitability.assessment_valid_months")
    found = RiskAssessment(
        client=row,
        grade=grade,
        is_lowest=is_lowest,
        assessed_on=assessed_on,
        valid_until=add_months(assessed_on, months),
        basis=basis,
        entered_by=actor,
    )
    check(found)
    found.save()
    newest = row.risk_assessments.order_by("-assessed_on", "-pk").first()
    if newest is not None and newest.pk == found.pk:
        row.risk_grade, row.is_lowest_risk, row.risk_valid_until = grade, is_lowest, found.valid_until
        row.save_changed(["risk_grade", "is_lowest_risk", "risk_valid_until"])
        rescore(row, now)
    after = {"grade": grade, "assessed_on": assessed_on, "valid_until": found.valid_until, "is_lowest": is_lowest}
    audit.record(actor, "client.assess_risk", found, after=after, reason=basis, client=row)
    return found


@service("client.assign_advisor")
def assign_advisor(
    *,
    client: Client,
    advisor: User | None,
    actor: User,
    now: datetime,
    reason: str,
    version: int | None = None,
) -> AdvisorAssignment | None:
    """Give a client into a colleague's book, or (None) out of anybody's; the history keeps who had him and when.

    Returns the present row of the history. Raises ``NotAnAdvisor`` and ``StaleEdit``.
    """
    row: Client = lock(Client.objects.all(), pk=client.pk, version=version)
    if advisor is not None:
        _refuse_no_advisor(advisor, row.branch_id)
    present: AdvisorAssignment | None = row.assignments.filter(until=None).first()
    if row.advisor_id == (advisor.pk if advisor else None):
        return present
    if present is not None:
        present.until = max(now, present.since)
        present.save(update_fields=["until"])
    made = None
    if advisor is not None:
        made = AdvisorAssignment.objects.create(
            client=row, advisor=advisor, since=now, reason=reason[:200], assigned_by=actor
        )
    before = {"advisor": row.advisor.staff_number if row.advisor else ""}
    row.advisor = advisor
    row.save_changed(["advisor"])
    after = {"advisor": advisor.staff_number if advisor else ""}
    audit.record(actor, "client.assign_advisor", row, before=before, after=after, reason=reason, client=row)
    return made


@service("client.set_do_not_contact")
def set_do_not_contact(
    *, client: Client, do_not_contact: bool, reason: str, actor: User, version: int | None = None
) -> Client:
    """Mark that a client must not be contacted by us (免打扰), or lift the mark; both need a reason."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why this client must not be contacted.")})
    row: Client = lock(Client.objects.all(), pk=client.pk, version=version)
    if row.do_not_contact == do_not_contact and row.do_not_contact_reason == (reason if do_not_contact else ""):
        return row
    before = {"do_not_contact": row.do_not_contact}
    row.do_not_contact = do_not_contact
    row.do_not_contact_reason = reason.strip()[:200] if do_not_contact else ""
    row.save_changed(["do_not_contact", "do_not_contact_reason"])
    after = {"do_not_contact": do_not_contact}
    audit.record(actor, "client.set_do_not_contact", row, before=before, after=after, reason=reason, client=row)
    return row


def _number(text: str) -> str:
    try:
        return read_client_number(text)
    except IdentityRefused as refusal:
        raise InvalidInput(fields={"external_id": refusal.message}) from None


def _reason_for_document(client: Client, said: str) -> str:
    """Why he has a document that another client of the company has; empty where nobody has it. Raises ``DocumentOnFile``."""
    if not client.id_number:
        return ""
    others = Client.objects.filter(branch__company=client.branch.company_id, merged_into=None).exclude(pk=client.pk)
    if not others.filter(id_index__in=blind_indexes(client.id_number)).exists():
        return ""
    if not said.strip():
        raise DocumentOnFile(fields={"same_document_reason": DocumentOnFile.message})
    return said.strip()[:200]


#: Days of a client that are weighed against each other.
_LIFE = ("birth_date", "opened_on", "closed_on")


def _refuse_days(row: Client, after: Mapping[str, Any], today: date) -> None:
    """What is changed has to be possible, beside what is on file; an odd day that stays as it is stops nobody."""
    beside = {name: getattr(row, name) for name in _LIFE} if after.keys() & set(_LIFE) else {}
    refuse_wrong_days({**beside, **after}, today)
    number = "" if "id_number" in after else str(row.id_number or "")
    if after.get("birth_date") and row.kind == Client.Kind.PERSON and number and is_id_number(number):
        born = read_id_number(number).birth_date
        if born != after["birth_date"]:
            text = _("The identity document on file says %(day)s.") % {"day": born.isoformat()}
            raise InvalidInput(fields={"birth_date": text})


def _refuse_no_advisor(advisor: User, branch_id: int) -> None:
    if not advisor.is_active or advisor.branch_id != branch_id or not (advisor.role_keys & BOOK_ROLES):
        raise NotAnAdvisor(fields={"advisor": NotAnAdvisor.message})


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    if unknown := sorted(set(values) - EDITABLE):
        raise TypeError(f"not for clients: {', '.join(unknown)}")


def _marks(row: Client, refused: Mapping[str, bool]) -> dict[str, bool]:
    """Those of ``refused`` that are news. Raises ``NotRefusable`` for a fact that nobody may leave open, and for one that
    nobody asks of such a client."""
    asked = REFUSABLE | REFUSABLE_ROWS - (ROWS_OF_INSTITUTIONS if row.kind == Client.Kind.PERSON else frozenset())
    if wrong := sorted(set(refused) - asked):
        raise NotRefusable(fields=dict.fromkeys(wrong, NotRefusable.message))
    known = provenance.refused_facts(row.provenance)
    return {name: flag for name, flag in refused.items() if flag != (name in known)}


def _day_of_facts(as_of: date | None, today: date) -> date:
    if as_of is not None and as_of > today:
        raise InvalidInput(fields={"as_of": _("Facts cannot be as of a day to come.")})
    refuse_wrong_days({"as_of": as_of}, today)
    return as_of or today


def _set(row: Client, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the audit trail; the trail itself hides phone, document and address."""
    shown: dict[str, Any] = {
        name: mask_email(str(value or "")) if name == "email" else value for name, value in values.items()
    }
    if introducer := shown.get("introduced_by_client"):
        shown["introduced_by_client"] = introducer.public_id
    return shown
