"""Policy figures over REST."""

from rest_framework.routers import BaseRouter


def register(router: BaseRouter) -> None:
    """Add the resources of the ground floor to the router of the product."""
