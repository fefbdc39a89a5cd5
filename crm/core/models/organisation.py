"""The company, its places and its people."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, Group, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.core.models.base import PublicModel, Versioned
from crm.core.querysets.organisation import (
    BranchQuerySet,
    DelegationQuerySet,
    DepartmentQuerySet,
    RegionQuerySet,
    UserManager,
)
from crm.core.querysets.standing import Standing, standing_of

if TYPE_CHECKING:
    from crm.core.access import Scope


class Company(PublicModel, Versioned):
    """The securities firm."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")

    def __str__(self) -> str:
        return self.name


class Region(PublicModel, Versioned):
    """A part of the country under one head; regions may nest."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="regions", verbose_name=_("company"))
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=80)

    objects: ClassVar[Any] = RegionQuerySet.as_manager()

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="region_code_once_per_company")]

    def __str__(self) -> str:
        return self.name


class Branch(PublicModel, Versioned):
    """A securities branch (证券营业部). A light outlet hangs under the branch that answers for it."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="branches", verbose_name=_("company"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="branches")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="outlets")
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    address = models.CharField(_("address"), max_length=200, blank=True)
    complaint_phone = models.CharField(_("complaint phone"), max_length=30, blank=True)
    is_open = models.BooleanField(_("open"), default=True)

    objects: ClassVar[Any] = BranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        permissions = [("view_branchhome", _("Can see the home page of a branch"))]
        constraints = [
            models.CheckConstraint(name="branch_is_not_its_own_parent", condition=~Q(parent=F("pk")) | Q(parent=None))
        ]

    def __str__(self) -> str:
        return self.name


class Department(PublicModel, Versioned):
    """A department of a branch, or of the head office when it has no branch."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="departments", verbose_name=_("company"))
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="departments", verbose_name=_("branch")
    )
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=80)

    objects: ClassVar[Any] = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [
            models.UniqueConstraint(fields=["branch", "code"], name="department_code_once_per_branch"),
            models.UniqueConstraint(
                fields=["company", "code"], condition=Q(branch=None), name="department_code_once_at_head_office"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A role from the one table of roles, kept beside Django's group of the same key; its reach says which rows it opens."""

    key = models.CharField(_("role"), max_length=30, primary_key=True)
    group = models.OneToOneField(Group, models.CASCADE, related_name="role")
    name_en = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)
    reach = models.CharField(_("reach"), max_length=20)
    needs_second_factor = models.BooleanField(_("second factor"), default=False)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        from crm.core.language import in_language

        return in_language(en=self.name_en, zh=self.name_zh)


class User(PublicModel, Versioned, AbstractBaseUser, PermissionsMixin):
    """A member of staff. Carries no word of the trade: licences and capacity belong to the advisory app."""

    class MarketColours(models.TextChoices):
        RED_UP = "red-up", _("Red is up")
        GREEN_UP = "green-up", _("Green is up")

    staff_number = models.CharField(
        _("staff number"), max_length=20, unique=True, error_messages={"unique": _("This staff number is taken.")}
    )
    name = models.CharField(_("name"), max_length=60)
    email = models.EmailField(_("e-mail"), blank=True)
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name=_("branch")
    )
    company = models.ForeignKey(
        Company, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name=_("company")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name=_("department")
    )
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("manager")
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("reference-data desk"), default=False)
    is_system = models.BooleanField(default=False, editable=False)
    must_change_password = models.BooleanField(_("must choose a password"), default=False)
    one_time_until = models.DateTimeField(_("one-time password valid until"), null=True, blank=True, editable=False)
    credentials_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    market_colours = models.CharField(
        _("market colours"), max_length=10, choices=MarketColours.choices, default=MarketColours.RED_UP
    )
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "staff_number"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        permissions = [("reset_password", _("Can give a one-time password"))]
        constraints = [
            models.UniqueConstraint(fields=["is_system"], condition=Q(is_system=True), name="one_system_user")
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @cached_property
    def standing(self) -> Standing:
        """Roles, rights, outlets and who is absent: one statement for each loaded row, none where it came with it."""
        return standing_of(self.pk) if self.pk else Standing()

    @property
    def called(self) -> str:
        """The name as pages say it; what no person did was the system's doing, in the reader's language."""
        return gettext("System") if self.is_system else self.name

    @property
    def roles(self) -> list[Role]:
        return list(self.standing.roles)

    @property
    def rights(self) -> frozenset[str]:
        """What the roles allow, as "app.codename"."""
        return self.standing.rights

    @property
    def modules_off(self) -> tuple[str, ...]:
        """Parts of the product that are left out at the own branch, or everywhere for who sees the company; by name."""
        return self.standing.modules_off

    @property
    def role_keys(self) -> frozenset[str]:
        return frozenset(role.key for role in self.roles)

    def has_role(self, *keys: str) -> bool:
        return not self.role_keys.isdisjoint(keys)

    @cached_property
    def scope(self) -> Scope:
        """Which rows this member of staff may reach today."""
        from crm.core.access import Scope

        return Scope.of(self)


class Delegation(PublicModel):
    """For some days one member of staff stands in for another: he then reaches the other's book, not the other's rights."""

    absent = models.ForeignKey(User, models.PROTECT, related_name="delegations_given", verbose_name=_("absent"))
    deputy = models.ForeignKey(User, models.PROTECT, related_name="delegations_taken", verbose_name=_("deputy"))
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[Any] = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(
                name="delegation_ends_after_it_begins",
                condition=Q(last_day__gte=F("first_day")),
                violation_error_message=_("A delegation ends on or after its first day."),
            ),
            models.CheckConstraint(
                name="nobody_is_his_own_deputy",
                condition=~Q(absent=F("deputy")),
                violation_error_message=_("Nobody is his own deputy."),
            ),
        ]
