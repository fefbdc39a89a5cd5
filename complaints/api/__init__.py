"""REST resources of complaints."""

from rest_framework.routers import BaseRouter


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
