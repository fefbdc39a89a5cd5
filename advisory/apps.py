from typing import Any

from django.apps import AppConfig
from django.db.models import Max
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "advisor.change_profile": _("Changed an advisor's profile"),
    "agreement.cancel": _("Noted that a client cancelled an advisory agreement"),
    "agreement.end": _("Ended an advisory agreement"),
    "agreement.sign": _("Put an advisory agreement on file"),
    "handover.apply": _("Handed clients over"),
    "matching.approve": _("Approved a matching"),
    "matching.give_up": _("Gave a matching up"),
    "matching.propose": _("Proposed a matching"),
    "matching.reject": _("Rejected a matching"),
    "matching.start": _("Started a matching"),
    "review.answer": _("Noted what a client answered to a proposal"),
    "review.correct": _("Corrected a portfolio review"),
    "review.open": _("Wanted a portfolio reviewed"),
    "review.plan": _("Planned portfolio reviews"),
    "review.record": _("Recorded a portfolio review"),
}


class AdvisoryConfig(AppConfig):
    name = "advisory"
    label = "advisory"
    verbose_name = _("Advisory")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The tasks bring the job and a sweep, the services the sweep of reviews.
        from advisory import services, tasks  # noqa: F401  registers them
        from advisory.models import AdvisoryAgreement, PortfolioReview
        from advisory.segments import offer
        from advisory.services.merging import one_in_force, one_review_due
        from clients.models import SecurityKind
        from clients.questions import Goal
        from clients.registry import ClientBound, Moves, Stays, bind
        from clients.retention import keeps
        from crm.core.audit_words import add_words
        from crm.core.figures_on_page import add_parts
        from crm.core.modules import add_module

        add_module(
            "matching",
            routes=("advisory:matching", "api:matching-runs-"),
            about=("advisory.matchingrun",),
        )
        add_words(_ACTIONS)
        offer()

        add_parts({goal: Goal(goal).label for goal in (Goal.PRESERVE, Goal.INCOME)})
        add_parts({"agreement": _("advisory agreement"), "stock": SecurityKind.STOCK.label})
        add_parts({f"rank{rank}": format_lazy("{} {}", _("tier of rank"), rank) for rank in range(1, 9)})

        @keeps("advice")
        def newest_advice(client: Any) -> Any:
            signed = AdvisoryAgreement.objects.filter(client=client).aggregate(day=Max("signed_on"))["day"]
            reviewed = PortfolioReview.objects.filter(client=client).aggregate(day=Max("done_on"))["day"]
            return max((day for day in (signed, reviewed) if day), default=None)

        bind(
            ClientBound(
                "advisory.AdvisoryAgreement", on_merge=Moves({"one_advisory_agreement_in_force": one_in_force})
            ),
            ClientBound("advisory.PortfolioReview", on_merge=Moves({"one_review_due_per_client": one_review_due})),
            # Lines and answers go with their review.
            ClientBound("advisory.ReviewLine", "review__client", on_merge=Stays()),
            ClientBound("advisory.ReviewAnswer", "review__client", on_merge=Stays()),
            # A run is what was computed on a day: it stays as it is.
            ClientBound("advisory.MatchProposal", on_merge=Stays(), is_told=False),
        )
