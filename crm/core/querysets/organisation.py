"""Places and people, cut to what a member of staff may see."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Count, Q

if TYPE_CHECKING:
    from crm.core.models import Branch, Delegation, Department, Region, User


class RegionQuerySet(models.QuerySet["Region"]):
    def visible_to(self, user: User) -> RegionQuerySet:
        """The regions of the own company: how the house is built is no secret inside it."""
        if not user.is_authenticated or not user.scope.company_id:
            return self.none()
        return self.filter(company_id=user.scope.company_id)


class BranchQuerySet(models.QuerySet["Branch"]):
    def visible_to(self, user: User) -> BranchQuerySet:
        """Company roles see every branch of their company, branch roles their own with its outlets, others their own.

        These are the branches whose business may be seen and done: what an administrator looks after does not widen them.
        """
        from crm.core.access import branch_q

        if not user.is_authenticated:
            return self.none()
        own = Q(pk=user.scope.branch_id) if user.scope.branch_id else Q(pk__in=[])
        return self.filter(branch_q(user, path="") | own)

    def nameable_by(self, user: User) -> BranchQuerySet:
        """Branches that may be named in staff, settings and policies: administrators name every one of their company."""
        from crm.core.access import branch_q

        return self.filter(branch_q(user, path="", staff_too=True))

    def open(self) -> BranchQuerySet:
        return self.filter(is_open=True)

    def for_tree(self) -> BranchQuerySet:
        """By code, with region, the branch it belongs to, and ``people``: how many work there."""
        working = Q(staff__is_active=True, staff__is_system=False)
        return self.select_related("region", "parent").annotate(people=Count("staff", filter=working)).order_by("code")


class DepartmentQuerySet(models.QuerySet["Department"]):
    def visible_to(self, user: User) -> DepartmentQuerySet:
        """Departments of the head office are known to all of the company; those of a branch to whoever sees the branch."""
        from crm.core.access import branch_q

        if not user.is_authenticated or not user.scope.company_id:
            return self.none()
        return self.filter(branch_q(user, staff_too=True) | Q(branch=None, company_id=user.scope.company_id))


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """Colleagues: the whole company for company roles and administrators, the own branch for others."""
        from crm.core.access import branch_q

        if not user.is_authenticated:
            return self.none()
        people = self.filter(is_system=False)
        if user.scope.sees_company or user.scope.manages_staff:
            return people.filter(Q(company_id=user.scope.company_id))
        return people.filter(branch_q(user, reach_of_book=True))

    def active(self) -> UserQuerySet:
        return self.filter(is_active=True, is_system=False)

    def with_role(self, *keys: str) -> UserQuerySet:
        """Those who hold at least one of the roles."""
        from crm.core.models import Role

        groups = Role.objects.filter(key__in=keys).values("group_id")
        holders = self.model.groups.through.objects.filter(group_id__in=groups).values("user_id")
        return self.filter(pk__in=holders)

    def of_branch(self, branch: Any) -> UserQuerySet:
        return self.filter(branch=branch)

    def for_list(self) -> UserQuerySet:
        """With everything a list of people shows: place, manager and roles, in a fixed number of queries."""
        return self.select_related("branch", "department", "manager").prefetch_related("groups__role")


_PeopleManager = models.Manager.from_queryset(UserQuerySet)


class UserManager(BaseUserManager["User"], _PeopleManager["User"]):
    """Creates staff; everything else is the query set's."""

    def create_user(self, staff_number: str, name: str, password: str | None = None, **fields: Any) -> User:
        user: User = self.model(staff_number=staff_number, name=name, **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, staff_number: str, name: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(staff_number, name, password, is_staff=True, is_superuser=True, **fields)


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def visible_to(self, user: User) -> DelegationQuerySet:
        """Own delegations; managers and administrators those of the people they see."""
        from crm.core.models import User as Staff

        if not user.is_authenticated:
            return self.none()
        mine = Q(absent=user) | Q(deputy=user)
        if user.has_perm("core.change_user") or user.has_role("branch_manager"):
            return self.filter(mine | Q(absent__in=Staff.objects.visible_to(user)))
        return self.filter(mine)

    def of_person(self, person: Any) -> DelegationQuerySet:
        """Given or taken by one member of staff."""
        return self.filter(Q(absent=person) | Q(deputy=person))

    def since(self, day: date) -> DelegationQuerySet:
        """Those that hold on ``day`` or will later, the next one first."""
        return self.filter(last_day__gte=day, revoked_at=None).order_by("first_day", "pk")

    def on(self, day: date) -> DelegationQuerySet:
        """Delegations that hold on ``day``."""
        return self.filter(first_day__lte=day, last_day__gte=day, revoked_at=None)
