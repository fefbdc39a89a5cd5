"""How well the branch knows its clients, as last computed, and what is to be asked."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clients.asked_again import in_words
from clients.models.client import Client
from clients.quality import QualityItem
from clients.querysets.quality import ClientQualityQuerySet, QuestionToAskQuerySet
from crm.core.fields import CodesField
from crm.core.models import PublicModel


class ClientQuality(models.Model):
    """The scores of one client (资料质量), in whole per cent, and the items that are wanting.

    Computed by ``clients.services.quality`` and by nothing else: right after a change, and every night, since facts age.
    """

    client = models.OneToOneField(
        Client, models.CASCADE, primary_key=True, related_name="quality", verbose_name=_("client")
    )
    score = models.PositiveSmallIntegerField(_("score"))
    completeness = models.PositiveSmallIntegerField(_("complete"))
    verification = models.PositiveSmallIntegerField(_("verified"))
    freshness = models.PositiveSmallIntegerField(_("fresh"))
    missing = CodesField(_("missing"), choices=QualityItem.choices)
    unverified = CodesField(_("not verified"), choices=QualityItem.choices)
    stale = CodesField(_("out of date"), choices=QualityItem.choices)
    refused = CodesField(_("refused to provide"), choices=QualityItem.choices)
    #: Missing points times digits of the assets: the order of the work list.
    pressing = models.PositiveIntegerField(default=0)
    scored_on = models.DateField(_("as of"))
    #: The version of the client that was weighed; another one there means that the scores are old.
    client_version = models.PositiveIntegerField()

    objects: ClassVar[Any] = ClientQualityQuerySet.as_manager()

    class Meta:
        verbose_name = _("quality of client data")
        verbose_name_plural = _("quality of client data")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="quality_is_in_per_cent",
                condition=Q(score__lte=100, completeness__lte=100, verification__lte=100, freshness__lte=100),
            )
        ]
        indexes = [
            models.Index(fields=["score", "client"], name="quality_score"),
            models.Index(fields=["-pressing", "-client"], name="quality_pressing"),
            models.Index(fields=["scored_on"], name="quality_scored_on"),
        ]

    def __str__(self) -> str:
        return f"{self.score}%"


class QuestionToAsk(PublicModel):
    """An item that somebody wants asked when the client is next spoken with; closed once it is on file.

    With reasons it is asked again although it may be on file, and stays open until it was asked since.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="questions_to_ask", verbose_name=_("client"))
    item = models.CharField(_("item"), max_length=24, choices=QualityItem.choices)
    asked_for_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_for_at = models.DateTimeField()
    #: Why it is asked again, in words that whoever serves the client may read; see ``clients.asked_again``.
    reasons = models.JSONField(_("reason"), default=list, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = QuestionToAskQuerySet.as_manager()

    class Meta:
        verbose_name = _("question to ask")
        verbose_name_plural = _("questions to ask")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["client", "item"], condition=Q(closed_at=None), name="one_open_question_per_item"
            )
        ]
        indexes = [models.Index(fields=["client"], condition=Q(closed_at=None), name="question_open")]

    def __str__(self) -> str:
        return self.item

    @property
    def words(self) -> str:
        """What is to be asked, and why again where it was wanted again."""
        if not self.reasons:
            return str(self.get_item_display())
        return gettext("%(item)s to be asked again, because of: %(why)s") % {
            "item": self.get_item_display(),
            "why": gettext("; ").join(map(in_words, self.reasons)),
        }
