"""REST resources of complaints."""

from rest_framework.routers import BaseRouter

from complaints.api.views import ComplaintViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
    router.register("complaints", ComplaintViewSet, basename="complaint")
