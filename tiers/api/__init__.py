"""REST resources of tiers."""

from rest_framework.routers import BaseRouter

from tiers.api.cadences import CadenceViewSet
from tiers.api.commission import ClientRateViewSet, RateCardViewSet
from tiers.api.evaluations import EvaluationViewSet
from tiers.api.fees import FeeQuoteViewSet
from tiers.api.leaks import AppliedRateViewSet, RateLeakViewSet
from tiers.api.market_events import MarketEventViewSet
from tiers.api.overrides import TierOverrideViewSet
from tiers.api.places import ServiceDayViewSet
from tiers.api.plan_steps import PlanStepViewSet
from tiers.api.plans import PlanViewSet
from tiers.api.promises import BookingViewSet, PromiseViewSet
from tiers.api.publications import PublicationViewSet
from tiers.api.services import EntitlementViewSet, PreferenceViewSet, ServiceViewSet
from tiers.api.simulations import SimulationViewSet
from tiers.api.views import ProgrammeViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
    router.register("tiers", ProgrammeViewSet, basename="tiers")
    router.register("tier-overrides", TierOverrideViewSet, basename="tier-overrides")
    router.register("tier-simulations", SimulationViewSet, basename="tier-simulations")
    router.register("evaluations", EvaluationViewSet, basename="evaluations")
    router.register("rate-cards", RateCardViewSet, basename="rate-cards")
    router.register("client-rates", ClientRateViewSet, basename="client-rates")
    router.register("fee-quotes", FeeQuoteViewSet, basename="fee-quotes")
    router.register("applied-rates", AppliedRateViewSet, basename="applied-rates")
    router.register("rate-leaks", RateLeakViewSet, basename="rate-leaks")
    router.register("services", ServiceViewSet, basename="services")
    router.register("entitlements", EntitlementViewSet, basename="entitlements")
    router.register("contact-cadences", CadenceViewSet, basename="contact-cadences")
    router.register("promises", PromiseViewSet, basename="promises")
    router.register("market-events", MarketEventViewSet, basename="market-events")
    router.register("bookings", BookingViewSet, basename="bookings")
    router.register("service-days", ServiceDayViewSet, basename="service-days")
    router.register("preference-segments", PreferenceViewSet, basename="preference-segments")
    router.register("service-plans", PlanViewSet, basename="service-plans")
    router.register("plan-steps", PlanStepViewSet, basename="plan-steps")
    router.register("publications", PublicationViewSet, basename="publications")
