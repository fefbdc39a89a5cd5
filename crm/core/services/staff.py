"""People of the house: who joins, moves, leaves, and how they get in again.

Four eyes: nobody changes his own roles, disables himself or hands himself a password. Whatever takes rights away ends all
sessions and tokens of the person in the same transaction, so the next request already obeys.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.access import Reach
from crm.core.clocks import local_date
from crm.core.errors import DomainError, FourEyes, InvalidInput
from crm.core.models import Branch, Department, Role, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.sessions import end_access
from crm.core.versions import lock

#: Letters and digits that nobody confuses when they are read out over a phone.
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"
_ADMINISTRATOR = "administrator"
#: Roles whose reach is a branch or a book: without a branch they would see nothing.
_BOUND_TO_BRANCH = {Reach.BRANCH.value, Reach.BOOK.value, Reach.INTRODUCED.value}


class OwnRoles(FourEyes):
    """Somebody wants to change his own roles."""

    code = "own_roles"
    message = _("Nobody changes his own roles. Ask another administrator.")


class OwnAccess(FourEyes):
    """Somebody wants to disable himself, or to hand himself a one-time password."""

    code = "own_access"
    message = _("You cannot do this to your own account. Ask another administrator.")


class LastAdministrator(DomainError):
    """The house would be left without anybody who can let people in."""

    code = "last_administrator"
    message = _("This is the last active administrator. Name another one first.")


class AlreadySo(DomainError):
    """The account is already enabled or disabled."""

    code = "already_so"
    message = _("The account is already in this state.")


class BadPlace(InvalidInput):
    """Branch, department, manager and roles do not fit together."""

    code = "bad_place"


@dataclass(frozen=True)
class Place:
    """Where somebody works and what he may do."""

    branch: Branch | None
    department: Department | None
    manager: User | None
    roles: frozenset[str]


@dataclass(frozen=True)
class HandedOut:
    """A person with the one-time password, which is shown once and kept nowhere."""

    person: User
    password: str

    @property
    def public_id(self) -> str:
        return self.person.public_id


def one_time_password() -> str:
    """Four groups of four: 79 bits, easy to read out."""
    return "-".join("".join(secrets.choice(_CLEAR) for _turn in range(4)) for _group in range(4))


@service("staff.add")
def add_staff(
    *,
    actor: User,
    staff_number: str,
    name: str,
    place: Place,
    now: datetime,
    email: str = "",
    joined_on: date | None = None,
) -> HandedOut:
    """A new member of staff with a one-time password.

    Raises ``BadPlace`` for a place that does not fit together and ``InvalidInput`` for a number that is taken.
    """
    _check_place(None, place, actor)
    number = staff_number.strip()
    if User.objects.filter(staff_number__iexact=number).exists():
        raise _number_taken()
    person = User(staff_number=number, name=name.strip(), email=email, company_id=actor.company_id, joined_on=joined_on)
    _put(person, place)
    password = _hand_password(person, now)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        raise _number_taken() from None
    _give_roles(person, place.roles)
    audit.record(actor, "staff.add", person, after={"number": number, **_facts(person, place)})
    return HandedOut(person, password)


@service("staff.change")
def change_staff(
    *,
    actor: User,
    person: User,
    name: str,
    email: str,
    place: Place,
    now: datetime,
    seen: int | None = None,
    joined_on: date | None = None,
) -> User:
    """Edit or move somebody, or change his roles. Moving and new roles end his sessions and tokens.

    Raises ``StaleEdit``, ``OwnRoles``, ``BadPlace``, ``LastAdministrator``.
    """
    row = lock(User.objects.filter(is_system=False), pk=person.pk, version=seen)
    held = _place_of(row)
    if row.pk == actor.pk and place.roles != held.roles:
        raise OwnRoles
    _check_place(row, place, actor)
    if _ADMINISTRATOR in held.roles - place.roles:
        _keep_an_administrator(without=row)
    before = {"joined_on": row.joined_on, **_facts(row, held)}
    row.name, row.email, row.joined_on = name.strip(), email, joined_on
    _put(row, place)
    after = {"joined_on": row.joined_on, **_facts(row, place)}
    changed = [key for key in after if before[key] != after[key]]
    if not changed:
        return row
    row.save_changed(["name", "email", "joined_on", "branch", "department", "manager", "company"])
    _give_roles(row, place.roles)
    if {"roles", "branch"} & set(changed):
        end_access(row, now)
    old, new = ({key: facts[key] for key in changed} for facts in (before, after))
    audit.record(actor, "staff.change", row, before=old, after=new)
    return row


@service("staff.disable")
def disable_staff(
    *, actor: User, person: User, now: datetime, reason: str, left_on: date | None = None, seen: int | None = None
) -> User:
    """Close an account at once. His clients stay in his book until somebody hands it over.

    Raises ``OwnAccess``, ``LastAdministrator``, ``AlreadySo``, ``StaleEdit``.
    """
    if person.pk == actor.pk:
        raise OwnAccess
    row = lock(User.objects.filter(is_system=False), pk=person.pk, version=seen)
    if not row.is_active:
        raise AlreadySo
    _keep_an_administrator(without=row)
    row.is_active, row.left_on = False, left_on
    row.save_changed(["is_active", "left_on"])
    end_access(row, now)
    audit.record(actor, "staff.disable", row, after={"is_active": False, "left_on": left_on}, reason=reason)
    return row


@service("staff.enable")
def enable_staff(*, actor: User, person: User, now: datetime, reason: str, seen: int | None = None) -> HandedOut:
    """Open a closed account again, with a one-time password: the old one may be known to others by now.

    Raises ``AlreadySo`` and ``StaleEdit``.
    """
    row = lock(User.objects.filter(is_system=False), pk=person.pk, version=seen)
    if row.is_active:
        raise AlreadySo
    row.is_active, row.left_on = True, None
    password = _hand_password(row, now)
    row.save_changed(["is_active", "left_on", "password", "must_change_password", "one_time_until"])
    end_access(row, now)
    audit.record(actor, "staff.enable", row, after={"is_active": True}, reason=reason)
    return HandedOut(row, password)


@service("staff.reset_password")
def reset_password(
    *, actor: User, person: User, now: datetime, reason: str, remove_second_factor: bool = False
) -> HandedOut:
    """A one-time password for somebody who is locked out; ends his sessions and tokens.

    The second factor stays unless ``remove_second_factor`` says that the phone is lost. Raises ``OwnAccess``, and
    ``AlreadySo`` for a closed account.
    """
    if person.pk == actor.pk:
        raise OwnAccess
    row = lock(User.objects.filter(is_system=False), pk=person.pk)
    if not row.is_active:
        raise AlreadySo(_("The account is disabled. Enable it instead; that also gives a one-time password."))
    password = _hand_password(row, now)
    row.save_changed(["password", "must_change_password", "one_time_until"])
    removed = _drop_second_factor(row) if remove_second_factor else False
    end_access(row, now)
    after = {"valid_until": row.one_time_until, "second_factor_removed": removed}
    audit.record(actor, "staff.reset_password", row, after=after, reason=reason)
    return HandedOut(row, password)


@service("staff.end_access")
def end_all_access(*, actor: User, person: User, now: datetime, reason: str) -> User:
    """End every session and token of somebody: a lost phone, a shared computer."""
    row = lock(User.objects.filter(is_system=False), pk=person.pk)
    ended = end_access(row, now)
    after = {"sessions": ended.sessions, "tokens": ended.tokens}
    audit.record(actor, "staff.end_access", row, after=after, reason=reason)
    return row


def _put(person: User, place: Place) -> None:
    person.branch, person.department, person.manager = place.branch, place.department, place.manager
    person.company_id = place.branch.company_id if place.branch else person.company_id


def _give_roles(person: User, roles: frozenset[str]) -> None:
    person.groups.set(Group.objects.filter(name__in=roles))
    for remembered in ("standing", "scope", "_perm_cache", "_group_perm_cache"):
        person.__dict__.pop(remembered, None)


# -- what must fit together --------------------------------------------------------------------------------------------


def _check_place(person: User | None, place: Place, actor: User) -> None:
    wrong: dict[str, Any] = {}
    if not place.roles:
        wrong["roles"] = _("Choose at least one role.")
    elif Role.objects.filter(key__in=place.roles).count() != len(place.roles):
        wrong["roles"] = _("There is no such role.")
    bound = Role.objects.filter(key__in=place.roles, reach__in=_BOUND_TO_BRANCH)
    if place.branch is None and bound.exists():
        wrong["branch"] = _("These roles work in a branch. Choose one.")
    if place.branch is not None and place.branch.company_id != actor.company_id:
        wrong["branch"] = _("This branch belongs to another company.")
    elif (
        place.branch is not None and not place.branch.is_open and place.branch.pk != getattr(person, "branch_id", None)
    ):
        wrong["branch"] = _("This branch is closed.")
    if place.department is not None and place.department.branch_id != (place.branch.pk if place.branch else None):
        wrong["department"] = _("This department belongs to another place.")
    if place.manager is not None:
        fault = _manager_fault(person, place.manager, actor)
        if fault:
            wrong["manager"] = fault
    if wrong:
        raise BadPlace(fields=wrong)


def _manager_fault(person: User | None, manager: User, actor: User) -> Any:
    if manager.company_id != actor.company_id or not manager.is_active:
        return _("This manager is not an active colleague.")
    above: User | None = manager
    for _step in range(20):  # a line of managers is short; a ring has no end
        if above is None or person is None:
            return None
        if above.pk == person.pk:
            return _("Nobody is above himself.")
        above = above.manager
    return _("Nobody is above himself.")


def _keep_an_administrator(*, without: User) -> None:
    """Locks all administrators, so that two of them cannot end each other at the same moment."""
    administrators = list(
        User.objects.active().with_role(_ADMINISTRATOR).order_by("pk").select_for_update().values_list("pk", flat=True)
    )
    if administrators == [without.pk]:
        raise LastAdministrator


def _number_taken() -> InvalidInput:
    return InvalidInput(fields={"staff_number": _("This staff number is taken.")})


def _place_of(person: User) -> Place:
    return Place(person.branch, person.department, person.manager, person.role_keys)


def _facts(person: User, place: Place) -> dict[str, Any]:
    """What the trail says about somebody: codes and numbers that stay readable, never a private value."""
    return {
        "name": person.name,
        "email": person.email,
        "branch": place.branch.code if place.branch else None,
        "department": place.department.code if place.department else None,
        "manager": place.manager.staff_number if place.manager else None,
        "roles": sorted(place.roles),
    }


def _hand_password(person: User, now: datetime) -> str:
    hours = figures(local_date(now), person.branch).integer("sign_in.one_time_hours")
    password = one_time_password()
    person.set_password(password)
    person.must_change_password = True
    person.one_time_until = now + timedelta(hours=hours)
    return password


def _drop_second_factor(person: User) -> bool:
    from allauth.mfa.models import Authenticator

    gone, _kinds = Authenticator.objects.filter(user=person).delete()
    return bool(gone)
