"""REST resources of the ground floor."""

from __future__ import annotations

from rest_framework.routers import BaseRouter

from crm.core.api.delegations import DelegationViewSet
from crm.core.api.import_mappings import ImportMappingViewSet
from crm.core.api.imports import ImportViewSet
from crm.core.api.jobs import JobViewSet
from crm.core.api.policies import PolicyViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of the ground floor to the router of the product."""
    router.register("policies", PolicyViewSet, basename="policy")
    router.register("jobs", JobViewSet, basename="jobs")
    router.register("imports", ImportViewSet, basename="imports")
    router.register("import-mappings", ImportMappingViewSet, basename="import-mappings")
    router.register("delegations", DelegationViewSet, basename="delegations")
