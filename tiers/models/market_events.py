"""What happened in the market and what it asks of whoever serves clients."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.fields import CodesField
from crm.core.models import PublicModel, Versioned
from tiers.models.services import ServiceItem
from tiers.querysets.market_events import MarketEventQuerySet


class MarketEvent(PublicModel, Versioned):
    """Something that happened in the market (市场事件), for which a branch speaks with some of its clients by a day.

    The audience is a rule over clients, tiers, or both; asked again it finds who has come in since. Each client is owed one
    promise of the service for one event, however often it is asked.
    """

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=60)
    day = models.DateField(_("day of the event"))
    ask = models.CharField(_("what clients are told or asked"), max_length=400)
    item = models.ForeignKey(
        ServiceItem, models.PROTECT, related_name="market_events", verbose_name=pgettext_lazy("catalogue", "service")
    )
    #: Codes of the tiers; every tier where none is named.
    tier_codes = CodesField(_("client tiers"))
    #: The rule of a kept segment as it stood, with its name; None where tiers alone say who is meant.
    rule = models.JSONField(_("rule"), null=True, blank=True)
    segment_name = models.CharField(_("segment"), max_length=40, blank=True)
    due_on = models.DateField(_("to be done by"))
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("called out by")
    )
    called_at = models.DateTimeField(_("called out at"))
    #: When the audience was asked last.
    asked_at = models.DateTimeField(_("asked last at"))

    objects: ClassVar[Any] = MarketEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("market event")
        verbose_name_plural = _("market events")
        default_permissions = ("add",)
        constraints = [
            models.UniqueConstraint(fields=["branch", "name", "day", "item"], name="market_event_called_once"),
            models.CheckConstraint(
                name="market_event_says_for_whom",
                condition=Q(rule__isnull=False) | ~Q(tier_codes=""),
                violation_error_message=_("Say for whom: a segment, tiers, or both."),
            ),
        ]
        indexes = [models.Index(fields=["branch", "-called_at"], name="market_event_newest")]

    def __str__(self) -> str:
        return self.name
