"""REST resources of advisory."""

from rest_framework.routers import BaseRouter

from advisory.api.advisors import AdvisorViewSet
from advisory.api.agreements import AgreementViewSet
from advisory.api.hand_overs import HandOverViewSet
from advisory.api.reviews import ReviewViewSet
from advisory.api.views import AssignmentViewSet, MatchingRunViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
    router.register("advisors", AdvisorViewSet, basename="advisors")
    router.register("matching-runs", MatchingRunViewSet, basename="matching-runs")
    router.register("assignments", AssignmentViewSet, basename="assignments")
    router.register("hand-overs", HandOverViewSet, basename="hand-overs")
    router.register("agreements", AgreementViewSet, basename="agreements")
    router.register("portfolio-reviews", ReviewViewSet, basename="portfolio-reviews")
