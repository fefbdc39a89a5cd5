"""Tags on clients: computed from behaviour, or set by people from a catalogue."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.behaviour.definitions import Family, family_of, tag_label
from clients.models.client import Client
from clients.querysets.tags import (
    ClientTagQuerySet,
    IndexLevelQuerySet,
    TagChangeQuerySet,
    TagQuerySet,
    TagRunQuerySet,
)
from crm.core.fields import CodesField
from crm.core.models import PublicModel, Versioned


class Tag(PublicModel, Versioned):
    """A word that may stand on a client. A computed one belongs to nobody; a manual one to the company or to a branch.

    ``code`` names a computed tag (``turnover.high``) and is empty for manual ones; ``setters`` are the roles that may set a
    manual tag, everybody with the right when there are none.
    """

    code = models.CharField(max_length=40, blank=True, editable=False)
    name = models.CharField(_("name"), max_length=20, blank=True)
    meaning = models.CharField(_("meaning"), max_length=200, blank=True)
    palette = models.PositiveSmallIntegerField(
        _("colour"), default=1, choices=[(number, str(number)) for number in range(1, 9)]
    )
    company = models.ForeignKey("core.Company", models.PROTECT, null=True, blank=True, related_name="+")
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("tag", "owner"),
    )
    setters = CodesField(_("who may set it"))
    is_active = models.BooleanField(_("in use"), default=True)

    objects: ClassVar[Any] = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        default_permissions = ("view", "add", "change")
        permissions = [("set_tag", _("Can set tags on clients"))]
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="computed_tag_once"),
            models.UniqueConstraint(
                fields=["company", "branch", "name"],
                condition=Q(code="", branch__isnull=False),
                name="tag_name_once_per_branch",
                violation_error_message=_("The branch has a tag of this name."),
            ),
            models.UniqueConstraint(
                fields=["company", "name"],
                condition=Q(code="", branch=None),
                name="tag_name_once_per_company",
                violation_error_message=_("The company has a tag of this name."),
            ),
            models.CheckConstraint(
                name="manual_tag_has_name_owner_and_company",
                condition=(Q(code="") & ~Q(name="") & Q(owner__isnull=False, company__isnull=False))
                | (~Q(code="") & Q(name="", owner=None, company=None, branch=None)),
            ),
        ]

    def __str__(self) -> str:
        return tag_label(self.code) if self.code else self.name

    @property
    def family(self) -> Family | None:
        """The family of a computed tag."""
        return family_of(self.code) if self.code else None

    def may_be_set_by(self, role_keys: frozenset[str] | set[str]) -> bool:
        """Whether somebody with these roles may put the tag on a client or take it away."""
        return not self.code and (not self.setters or bool(set(self.setters) & set(role_keys)))


class ClientTag(models.Model):
    """A tag on a client. A computed one keeps the value it rests on, of which day, and by which definition.

    ``since`` is the day from which the client carries the tag; ``as_of`` the day on which the value was found to be what it is,
    so that a night on which nothing changes writes nothing.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="tags", verbose_name=_("client"))
    tag = models.ForeignKey(Tag, models.PROTECT, db_index=False, related_name="+", verbose_name=_("tag"))
    #: Family of a computed tag: a client carries at most one of each. Empty for manual tags.
    family = models.CharField(max_length=20, blank=True, editable=False)
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=2, null=True, blank=True)
    count = models.PositiveIntegerField(null=True, blank=True, editable=False)
    since = models.DateField(_("since"))
    as_of = models.DateField(_("as of"))
    definition = models.CharField(_("definition"), max_length=40, blank=True, editable=False)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("set by")
    )

    objects: ClassVar[Any] = ClientTagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag of a client")
        verbose_name_plural = _("tags of clients")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["client", "tag"], name="tag_once_per_client"),
            models.UniqueConstraint(
                fields=["client", "family"], condition=~Q(family=""), name="one_tag_of_a_family_per_client"
            ),
            models.CheckConstraint(
                name="computed_tag_has_value",
                condition=Q(family="", set_by__isnull=False) | (~Q(family="") & Q(value__isnull=False, set_by=None)),
            ),
            models.CheckConstraint(name="tag_value_not_before_tag", condition=Q(as_of__gte=F("since"))),
        ]
        indexes = [models.Index(fields=["tag", "client"], name="clients_by_tag")]

    def __str__(self) -> str:
        return str(self.tag_id)

    @property
    def value_in_words(self) -> str:
        """The value as people say it; empty for a manual tag."""
        found = family_of(self.tag.code) if self.family else None
        return found.value_text(self.value, self.count) if found and self.value is not None else ""


class TagChange(PublicModel):
    """One setting or taking away of a manual tag, for one client or for many: what an undo puts back, and the history."""

    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", verbose_name=_("tag"))
    is_set = models.BooleanField(_("set"))
    #: Public ids of the clients that really changed.
    clients = models.JSONField(_("clients"), default=list)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    objects: ClassVar[Any] = TagChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of tags")
        verbose_name_plural = _("changes of tags")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.tag_id} {self.at:%Y-%m-%d}"


class TagRun(models.Model):
    """One night's computation of the behaviour tags of a branch: by its row a day is known to be done."""

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+")
    day = models.DateField(_("day"))
    clients = models.PositiveIntegerField(_("clients"))
    written = models.PositiveIntegerField(_("changed"))
    at = models.DateTimeField(_("at"))

    objects: ClassVar[Any] = TagRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("computation of tags")
        verbose_name_plural = _("computations of tags")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["branch", "day"], name="tag_run_once_per_branch_and_day")]

    def __str__(self) -> str:
        return f"{self.branch_id} {self.day}"


class IndexLevel(PublicModel):
    """The close of a market index (指数收盘点位) on one day; the yardstick of returns."""

    #: The index against which returns are measured.
    CSI300 = "000300.SH"

    index_code = models.CharField(_("index code"), max_length=12)
    day = models.DateField(_("day"))
    level = models.DecimalField(pgettext_lazy("index", "close"), max_digits=12, decimal_places=4)

    objects: ClassVar[Any] = IndexLevelQuerySet.as_manager()

    class Meta:
        verbose_name = _("index level")
        verbose_name_plural = _("index levels")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["index_code", "day"], name="index_level_once_per_day"),
            models.CheckConstraint(name="index_level_positive", condition=Q(level__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.index_code} {self.day}"
