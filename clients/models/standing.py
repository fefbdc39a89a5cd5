"""What the branch may still do with a client's data."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DataStanding(models.Model):
    """Restricted: stored and nothing else (PIPL Art. 47). Erased: only that he was there is left."""

    restricted_on = models.DateField(_("restricted since"), null=True, blank=True)
    restriction_reason = models.CharField(_("reason of the restriction"), max_length=300, blank=True)
    erased_on = models.DateField(_("erased on"), null=True, blank=True)

    class Meta:
        abstract = True


STANDING_CONSTRAINTS = [
    models.CheckConstraint(
        name="client_restricted_with_reason",
        condition=Q(restricted_on=None, restriction_reason="")
        | (Q(restricted_on__isnull=False) & ~Q(restriction_reason="")),
        violation_error_message=_("Say why the client's data are restricted."),
    ),
    models.CheckConstraint(
        name="client_erased_is_restricted", condition=Q(erased_on=None) | Q(restricted_on__isnull=False)
    ),
]
STANDING_INDEXES = [
    models.Index(fields=["restricted_on"], name="client_restricted", condition=Q(restricted_on__isnull=False)),
    models.Index(fields=["closed_on"], name="client_closed_on", condition=Q(closed_on__isnull=False)),
]
