"""Trying bounds before they bite: the figures of a branch's clients, laid out once and asked at each move."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core.fields import MoneyField
from crm.core.models import Branch, JobRun, PublicModel
from tiers.models.commission import Product
from tiers.models.programme import Programme
from tiers.querysets.simulation import SimulatedClientQuerySet, SimulatedTurnoverQuerySet, SimulationQuerySet


class Simulation(PublicModel):
    """The sheet on which the bounds of one edition are tried for one branch (等级试算); laid out anew, it stays one row."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="+", verbose_name=_("branch"))
    programme = models.ForeignKey(Programme, models.CASCADE, related_name="+", verbose_name=_("programme"))
    day = models.DateField(_("as of"))
    window_days = models.PositiveSmallIntegerField(_("window in natural days"))
    clients = models.PositiveIntegerField(_("clients"), default=0)
    no_data = models.PositiveIntegerField(_("without assets in the window"), default=0)
    #: Members of staff who serve these clients: what they are asked for more is divided among them.
    advisors = models.PositiveIntegerField(default=0)
    #: The histogram: [left edge in fen or null, clients] from the left to the right.
    bars = models.JSONField(default=list)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("laid out by")
    )
    made_at = models.DateTimeField(_("laid out at"))
    #: Nothing is laid out yet: there are no figures to try bounds on.
    waits = models.BooleanField(default=False)
    #: The long work that lays it out, or did so last; None for a book that was small enough to be done at once.
    job = models.ForeignKey("core.JobRun", models.SET_NULL, null=True, blank=True, related_name="+")

    objects: ClassVar[Any] = SimulationQuerySet.as_manager()

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["branch", "programme"], name="one_simulation_per_branch_and_edition")
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.day}"

    @property
    def state(self) -> str:
        """ "computing" while figures are being laid out, "failed" where that ended without any, else "ready"."""
        run: JobRun | None = self.job
        if run is not None and not run.ended:
            return "computing"
        return "failed" if self.waits else "ready"

    @property
    def is_behind(self) -> bool:
        """It was to be laid out anew and was not: its figures are those of before."""
        run: JobRun | None = self.job
        return run is not None and run.ended and run.state != JobRun.State.DONE and self.made_at < run.created_at


class SimulatedClient(models.Model):
    """One client of the sheet: whole fen of his average, and what the rules that are not tried give him anyway."""

    simulation = models.ForeignKey(Simulation, models.CASCADE, related_name="rows", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    #: The average rounded down to the fen: it reaches a bound exactly when the average does.
    average = MoneyField(_("average assets"))
    base_rank = models.PositiveSmallIntegerField()
    #: In shares: what the file of applied rates says, else all that is on file less what it says of other products.
    turnover = MoneyField(_("turnover of twelve months"), default=0)
    #: A rate of his own for shares holds, so that a tier alters nothing.
    has_own_rate = models.BooleanField(default=False)

    objects: ClassVar[Any] = SimulatedClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client in a simulation")
        verbose_name_plural = _("clients in simulations")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["simulation", "client"], name="client_once_per_simulation")]
        indexes = [models.Index(fields=["simulation", "-average", "-id"], name="simulation_by_average")]

    def __str__(self) -> str:
        return str(self.client_id)


class SimulatedTurnover(models.Model):
    """What one client of the sheet, without his name, turned over in a product other than shares, by the files of applied rates.

    Only of clients without a rate of their own for it: to the others a tier alters nothing.
    """

    simulation = models.ForeignKey(Simulation, models.CASCADE, related_name="turnovers", db_index=False)
    product = models.CharField(_("product"), max_length=12, choices=Product.choices)
    average = MoneyField(_("average assets"))
    base_rank = models.PositiveSmallIntegerField()
    turnover = MoneyField(_("turnover of twelve months"))

    objects: ClassVar[Any] = SimulatedTurnoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("turnover in a simulation")
        verbose_name_plural = _("turnovers in simulations")
        default_permissions = ()
        indexes = [models.Index(fields=["simulation", "average"], name="simulated_turnover_by_average")]

    def __str__(self) -> str:
        return f"{self.simulation_id} {self.product}"
