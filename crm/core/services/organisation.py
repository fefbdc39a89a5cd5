"""The company and its places: regions, branches with their outlets, departments; and how a house begins.

Codes never change: files, commands and the trail name places by them. A place is closed, never deleted, because rows of many
years hang from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.errors import DomainError, InvalidInput, MissingRight, StaleEdit
from crm.core.models import Branch, Company, Department, Region, User
from crm.core.service import service
from crm.core.services.staff import HandedOut, Place, add_staff
from crm.core.versions import lock

_ADMINISTRATOR = "administrator"
#: What has a code of its own here.
Row = TypeVar("Row", Company, Region, Branch, Department)

#: For each kind of thing that keeps a branch open: how many of them a branch has.
StillThere = Callable[[Branch], int]
_keeps_open: dict[str, tuple[Any, StillThere]] = {}


class AlreadyFounded(DomainError):
    """The installation has its company."""

    code = "already_founded"
    message = _("There is a company already. Administrators add places and people in the browser.")


class StillInUse(DomainError):
    """A branch that is to be closed still has people, outlets or clients."""

    code = "still_in_use"


class BadPlaceFacts(InvalidInput):
    """The facts of a region, branch or department do not fit together."""

    code = "bad_place_facts"


@dataclass(frozen=True)
class BranchFacts:
    """What an administrator says about a branch, apart from its code."""

    name: str
    region: Region | None = None
    parent: Branch | None = None
    address: str = ""
    complaint_phone: str = ""


def keeps_branch_open(name: str, words: Any) -> Callable[[StillThere], StillThere]:
    """Register what must be gone before a branch is closed; ``words`` say what it is, with ``%(count)d``."""

    def register(rule: StillThere) -> StillThere:
        _keeps_open[name] = (words, rule)
        return rule

    return register


# -- the beginning -----------------------------------------------------------------------------------------------------


@service("organisation.found")
def found_company(*, actor: User, code: str, name: str, staff_number: str, staff_name: str, now: datetime) -> HandedOut:
    """The company of an empty installation and its first administrator, with a one-time password.

    Raises ``AlreadyFounded``. Places and people follow in the browser, by the hand of that administrator.
    """
    if Company.objects.exists():
        raise AlreadyFounded
    company = _make(Company(code=code.strip(), name=name.strip()))
    audit.record(actor, "organisation.found", company, after={"code": company.code, "name": company.name})
    actor.company_id = company.pk  # the house's own account adds into the new company; it is not saved
    place = Place(branch=None, department=None, manager=None, roles=frozenset({_ADMINISTRATOR}))
    return add_staff(actor=actor, staff_number=staff_number, name=staff_name, place=place, now=now)


# -- company and regions -----------------------------------------------------------------------------------------------


@service("company.change")
def change_company(*, actor: User, company: Company, name: str, seen: int | None = None) -> Company:
    """Give the company another name. Raises ``StaleEdit``."""
    row = lock(Company.objects.filter(pk=_company_id(actor)), pk=company.pk, version=seen)
    return _save(actor, "company.change", row, {"name": name.strip()})


@service("region.add")
def add_region(*, actor: User, code: str, name: str, parent: Region | None = None) -> Region:
    """A region of the actor's company. Raises ``InvalidInput`` for a code that is taken."""
    _check_company(actor, parent, "parent")
    row = _make(Region(company_id=_company_id(actor), code=code.strip(), name=name.strip(), parent=parent))
    audit.record(actor, "region.add", row, after={"code": row.code, **_shown({"name": row.name, "parent": parent})})
    return row


@service("region.change")
def change_region(
    *, actor: User, region: Region, name: str, parent: Region | None = None, seen: int | None = None
) -> Region:
    """Rename a region or hang it under another. Raises ``StaleEdit`` and ``BadPlaceFacts`` for a ring."""
    Company.objects.select_for_update().get(pk=_company_id(actor))  # two moves at once could close a ring
    row = lock(Region.objects.visible_to(actor), pk=region.pk, version=seen)
    _check_company(actor, parent, "parent")
    above: Region | None = parent
    while above is not None:
        if above.pk == row.pk:
            raise BadPlaceFacts(fields={"parent": _("A region cannot lie in itself.")})
        above = above.parent
    return _save(actor, "region.change", row, {"name": name.strip(), "parent": parent})


# -- branches ----------------------------------------------------------------------------------------------------------


@service("branch.add")
def add_branch(*, actor: User, code: str, facts: BranchFacts) -> Branch:
    """A branch of the actor's company, or an outlet under one. Raises ``BadPlaceFacts`` and ``InvalidInput``."""
    _check_branch(actor, None, facts)
    row = _make(Branch(company_id=_company_id(actor), code=code.strip(), **_columns(facts)))
    audit.record(actor, "branch.add", row, after={"code": row.code, **_shown(_columns(facts))})
    return row


@service("branch.change")
def change_branch(*, actor: User, branch: Branch, facts: BranchFacts, seen: int | None = None) -> Branch:
    """Edit a branch or hang it elsewhere. Raises ``StaleEdit`` and ``BadPlaceFacts``."""
    row = lock(Branch.objects.nameable_by(actor), pk=branch.pk, version=seen)
    _check_branch(actor, row, facts)
    return _save(actor, "branch.change", row, _columns(facts))


def what_keeps_open(branch: Branch) -> list[str]:
    """Why the branch cannot be closed now, one sentence each; empty when nothing is left in it."""
    return [str(words % {"count": count}) for words, rule in _keeps_open.values() if (count := rule(branch))]


@service("branch.close")
def close_branch(*, actor: User, branch: Branch, reason: str, seen: int | None = None) -> Branch:
    """Close a branch for good business: nobody is put there and nothing is brought in for it any more.

    Raises ``StillInUse`` while people, outlets or clients are left, and ``StaleEdit``.
    """
    row = lock(Branch.objects.nameable_by(actor), pk=branch.pk, version=seen)
    if not row.is_open:
        raise StaleEdit
    if left := what_keeps_open(row):
        raise StillInUse(" ".join(left))
    row.is_open = False
    row.save_changed(["is_open"])
    audit.record(actor, "branch.close", row, before={"is_open": True}, after={"is_open": False}, reason=reason)
    return row


@service("branch.reopen")
def reopen_branch(*, actor: User, branch: Branch, reason: str, seen: int | None = None) -> Branch:
    """Open a closed branch again. Raises ``StaleEdit`` and ``BadPlaceFacts`` under a closed branch."""
    row = lock(Branch.objects.nameable_by(actor), pk=branch.pk, version=seen)
    if row.is_open:
        raise StaleEdit
    if row.parent is not None and not row.parent.is_open:
        raise BadPlaceFacts(_("The branch it belongs to is closed."))
    row.is_open = True
    row.save_changed(["is_open"])
    audit.record(actor, "branch.reopen", row, before={"is_open": False}, after={"is_open": True}, reason=reason)
    return row


@keeps_branch_open("staff", _("%(count)d members of staff are still there: move or disable them first."))
def staff_still_there(branch: Branch) -> int:
    return User.objects.active().of_branch(branch).count()


@keeps_branch_open("outlets", _("%(count)d outlets still belong to it: close them or hang them elsewhere first."))
def outlets_still_there(branch: Branch) -> int:
    return Branch.objects.filter(parent=branch).open().count()


# -- departments -------------------------------------------------------------------------------------------------------


@service("department.add")
def add_department(*, actor: User, code: str, name: str, branch: Branch | None = None) -> Department:
    """A department of a branch, or of the head office. Raises ``InvalidInput`` for a code that is taken."""
    _check_company(actor, branch, "branch")
    row = _make(Department(company_id=_company_id(actor), branch=branch, code=code.strip(), name=name.strip()))
    audit.record(actor, "department.add", row, after={"code": row.code, **_shown({"name": row.name, "branch": branch})})
    return row


@service("department.change")
def change_department(*, actor: User, department: Department, name: str, seen: int | None = None) -> Department:
    """Rename a department; it stays in its branch, as its people do. Raises ``StaleEdit``."""
    row = lock(Department.objects.visible_to(actor), pk=department.pk, version=seen)
    return _save(actor, "department.change", row, {"name": name.strip()})


# -- what they share ---------------------------------------------------------------------------------------------------


def _columns(facts: BranchFacts) -> dict[str, Any]:
    return {
        "name": facts.name.strip(),
        "region": facts.region,
        "parent": facts.parent,
        "address": facts.address.strip(),
        "complaint_phone": facts.complaint_phone.strip(),
    }


def _company_id(actor: User) -> int:
    """Whoever belongs to no company builds nothing in one."""
    if actor.company_id is None:
        raise MissingRight
    return actor.company_id


def _check_company(actor: User, place: Any, field: str) -> None:
    if place is not None and place.company_id != actor.company_id:
        raise BadPlaceFacts(fields={field: _("This place belongs to another company.")})


def _check_branch(actor: User, row: Branch | None, facts: BranchFacts) -> None:
    _check_company(actor, facts.region, "region")
    _check_company(actor, facts.parent, "parent")
    parent = facts.parent
    if parent is None:
        return
    wrong = None
    if row is not None and parent.pk == row.pk:
        wrong = _("A branch cannot be its own outlet.")
    elif parent.parent_id is not None:
        wrong = _("This is an outlet itself; an outlet belongs to a branch.")
    elif row is not None and row.outlets.exists():
        wrong = _("This branch has outlets of its own; an outlet has none.")
    elif not parent.is_open and (row is None or row.parent_id != parent.pk):
        wrong = _("This branch is closed.")
    if wrong:
        raise BadPlaceFacts(fields={"parent": wrong})


def _make(row: Row) -> Row:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise InvalidInput(fields={"code": _("This code is taken.")}) from None
    return row


def _save(actor: User, action: str, row: Row, after: dict[str, Any]) -> Row:
    """Write what differs, with its trail; nothing where nothing does."""
    old, new = audit.changes(row, list(after), after)
    if not new:
        return row
    for name, value in new.items():
        setattr(row, name, value)
    row.save_changed(list(new))
    audit.record(actor, action, row, before=_shown(old), after=_shown(new))
    return row


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    """Places by their code. The address and phone of a branch are on its door and stay readable."""
    names = {"address": "postal_address"}
    shown = {names.get(name, name): value for name, value in values.items()}
    return {name: value.code if isinstance(value, models.Model) else value for name, value in shown.items()}  # type: ignore[attr-defined]  # those named here have a code
