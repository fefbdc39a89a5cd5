"""Who belongs to whom: related persons and households."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.models.profile_rows import ClientRow
from clients.querysets.profile_rows import HouseholdMemberQuerySet, HouseholdQuerySet, RelationQuerySet
from crm.core.models import PublicModel, Versioned


class Relation(ClientRow):
    """What somebody is to the client: another client, or a person outside who is only named (关联人)."""

    class Kind(models.TextChoices):
        SPOUSE = "spouse", _("Spouse")
        PARENT = "parent", _("Parent")
        CHILD = "child", _("Child")
        SIBLING = "sibling", _("Brother or sister")
        GUARDIAN = "guardian", _("Guardian")
        WARD = "ward", _("Ward")
        AGENT = "agent", pgettext_lazy("relation", "Agent with a mandate")
        PRINCIPAL = "principal", pgettext_lazy("relation", "Has given a mandate")
        EMPLOYER = "employer", pgettext_lazy("relation", "Employer")
        EMPLOYEE = "employee", pgettext_lazy("relation", "Employee")
        CONTROLLER = "controller", pgettext_lazy("relation", "Controls")
        CONTROLLED = "controlled", pgettext_lazy("relation", "Is controlled")
        OTHER = "other", pgettext_lazy("relation", "Other")

    #: What the client is to the other, when the other is so to the client.
    INVERSE: ClassVar[dict[str, str]] = {
        "spouse": "spouse",
        "parent": "child",
        "child": "parent",
        "sibling": "sibling",
        "guardian": "ward",
        "ward": "guardian",
        "agent": "principal",
        "principal": "agent",
        "employer": "employee",
        "employee": "employer",
        "controller": "controlled",
        "controlled": "controller",
        "other": "other",
    }

    refused_as = "relations"

    kind = models.CharField(_("relation"), max_length=12, choices=Kind.choices)
    other = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="relations_from", verbose_name=_("other client")
    )
    outsider_name = models.CharField(_("name of somebody outside"), max_length=80, blank=True)
    mandate_until = models.DateField(_("mandate until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects: ClassVar[Any] = RelationQuerySet.as_manager()

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        default_permissions = ("view", "add", "change")
        constraints = [
            *ClientRow.Meta.constraints,
            models.CheckConstraint(
                name="relation_names_one_person",
                condition=Q(other=None) & ~Q(outsider_name="") | Q(other__isnull=False, outsider_name=""),
                violation_error_message=_("Name either another client or somebody outside."),
            ),
            models.CheckConstraint(
                name="relation_is_with_somebody_else",
                condition=Q(other=None) | ~Q(other=F("client")),
                violation_error_message=_("Nobody is related to himself."),
            ),
            models.UniqueConstraint(
                fields=["client", "other", "kind"],
                condition=Q(removed_at=None, other__isnull=False),
                name="relation_once_per_pair",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def kind_for(self, client: Client) -> str:
        """What the other one is to ``client``, who stands on either side."""
        return self.kind_for_key(client.pk)

    def kind_for_key(self, client_id: int) -> str:
        return self.kind if self.client_id == client_id else self.INVERSE[self.kind]


class Household(PublicModel, Versioned):
    """Clients who keep house together: their assets are looked at as one (家庭)."""

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    name = models.CharField(_("name of the household"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")
        default_permissions = ("view", "add", "change")

    def __str__(self) -> str:
        return self.name


class HouseholdMember(models.Model):
    """A client in a household; he is in one at a time."""

    household = models.ForeignKey(Household, models.CASCADE, related_name="members")
    client = models.OneToOneField(Client, models.PROTECT, related_name="household_place", verbose_name=_("client"))
    since = models.DateField(_("since"))

    objects: ClassVar[Any] = HouseholdMemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a household")
        verbose_name_plural = _("members of a household")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.client_id)
