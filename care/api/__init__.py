"""REST resources of care."""

from rest_framework.routers import BaseRouter

from care.api.findings import FindingViewSet
from care.api.rounds import SurveyRoundViewSet
from care.api.views import FollowUpViewSet, SurveyViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
    router.register("follow-ups", FollowUpViewSet, basename="follow-up")
    router.register("findings", FindingViewSet, basename="finding")
    router.register("survey-rounds", SurveyRoundViewSet, basename="survey-round")
    router.register("surveys", SurveyViewSet, basename="survey")
