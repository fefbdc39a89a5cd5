"""Who reaches which rows, and the one table of roles made real.

Rights say *what* a role may do and are Django permissions; reach says *to which rows*. Both come from ``crm/roles/`` at the
roof through ``sync_roles``. Everything fails closed: no login, no branch, no role – no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import transaction
from django.db.models import Q

if TYPE_CHECKING:
    from crm.core.models import User


class Reach(StrEnum):
    """How far a role sees (contracts: who sees what)."""

    COMPANY = "company"
    BRANCH = "branch"
    BOOK = "book"
    INTRODUCED = "introduced"
    STAFF = "staff"


#: A set of rows that is empty in every database.
NOTHING = Q(pk__in=[])


@dataclass(frozen=True)
class Scope:
    """The reach of one member of staff today."""

    user_id: int | None
    company_id: int | None = None
    branch_id: int | None = None
    branch_ids: frozenset[int] = frozenset()
    reaches: frozenset[Reach] = frozenset()
    #: Own id first, then those for whom he is deputy today.
    acting_ids: tuple[int, ...] = ()

    @classmethod
    def of(cls, user: User) -> Scope:
        if not user.is_authenticated or not user.is_active:
            return cls(user_id=None)
        standing = user.standing
        return cls(
            user_id=user.pk,
            company_id=user.company_id,
            branch_id=user.branch_id,
            branch_ids=standing.outlets | ({user.branch_id} if user.branch_id else frozenset()),
            reaches=frozenset(Reach(role.reach) for role in standing.roles),
            acting_ids=(user.pk, *standing.absent),
        )

    @property
    def sees_company(self) -> bool:
        return Reach.COMPANY in self.reaches and self.company_id is not None

    @property
    def sees_branch(self) -> bool:
        return Reach.BRANCH in self.reaches and bool(self.branch_ids)

    @property
    def sees_book_only(self) -> bool:
        """Whether his clients are all he sees: lists then begin with what is his."""
        return bool(self.reaches) and not (self.sees_branch or self.sees_company)

    def keeps(self, company_id: int, branch_id: int | None = None) -> bool:
        """Whether what belongs to a company as a whole, or to one of its branches, is his to change.

        The company's own is changed by those who see the company, a branch's also by those of the branch.
        """
        return self.company_id == company_id and (self.sees_company or branch_id in self.branch_ids)

    @property
    def manages_staff(self) -> bool:
        return Reach.STAFF in self.reaches and self.company_id is not None


def branch_q(
    user: User | AnonymousUser, path: str = "branch", *, staff_too: bool = False, reach_of_book: bool = False
) -> Q:
    """Rows that belong to a branch: the company's for company roles, the own branch's for branch roles, else none.

    ``path`` leads from the row to its branch ("" when the row is the branch). ``staff_too`` opens the company's rows to
    administrators as well; ``reach_of_book`` opens the own branch's to roles that otherwise see only their book.
    """
    if not user.is_authenticated:
        return NOTHING
    scope: Scope = user.scope
    lead = f"{path}__" if path else ""
    if scope.sees_company or (staff_too and scope.manages_staff):
        return Q(**{f"{lead}company_id": scope.company_id})
    if scope.sees_branch or (reach_of_book and scope.reaches and scope.branch_ids):
        key = f"{path}_id__in" if path and "__" not in path else f"{lead}pk__in"
        return Q(**{key: scope.branch_ids})
    if staff_too and scope.branch_id:
        return Q(**{f"{lead}pk": scope.branch_id})
    return NOTHING


@dataclass(frozen=True)
class RoleRow:
    """One line of the table of roles."""

    key: str
    name_en: str
    name_zh: str
    reach: Reach
    rights: frozenset[str] = field(default_factory=frozenset)
    needs_second_factor: bool = False


class UnknownRight(LookupError):
    """The table names a right that no model declares."""


@transaction.atomic
def sync_roles(table: Iterable[RoleRow]) -> None:
    """Make groups, roles and their rights equal to ``table``; runs after each migration and twice without effect."""
    from crm.core.models import Role

    known: Mapping[str, Permission] = {
        f"{right.content_type.app_label}.{right.codename}": right
        for right in Permission.objects.select_related("content_type")
    }
    for row in table:
        missing = sorted(row.rights - known.keys())
        if missing:
            raise UnknownRight(f"{row.key}: {', '.join(missing)}")
        group, _made = Group.objects.get_or_create(name=row.key)
        group.permissions.set([known[right] for right in row.rights])
        Role.objects.update_or_create(
            key=row.key,
            defaults={
                "group": group,
                "name_en": row.name_en,
                "name_zh": row.name_zh,
                "reach": row.reach.value,
                "needs_second_factor": row.needs_second_factor,
            },
        )


def system_user() -> User:
    """The actor of sweeps and jobs; cannot sign in."""
    from crm.core.models import User

    user, _made = User.objects.get_or_create(
        is_system=True, defaults={"staff_number": "system", "name": "System", "is_active": False}
    )
    return user
