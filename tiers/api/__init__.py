"""REST resources of tiers."""

from rest_framework.routers import BaseRouter

from tiers.api.views import ProgrammeViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
    router.register("tiers", ProgrammeViewSet, basename="tiers")
