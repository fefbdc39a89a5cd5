"""Rows of a profile over REST. Sealed values go in in full and come out masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from clients import services
from clients.api.client_reveal import RevealRow
from clients.api.profile_shapes import (
    DocumentChange,
    DocumentCreate,
    DocumentRead,
    HouseholdFound,
    HouseholdPlace,
    HouseholdRead,
    NeedChange,
    NeedCreate,
    NeedRead,
    PersonChange,
    PersonCreate,
    PersonRead,
    PointChange,
    PointCreate,
    PointRead,
    RelationChange,
    RelationCreate,
    RelationRead,
    RowRead,
)
from clients.filters import rows_of_client
from clients.models import (
    ContactPerson,
    ContactPoint,
    FinancingNeed,
    Household,
    HouseholdMember,
    IdentityDocument,
    Relation,
)
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.trail import ListOnTrail
from crm.core.api.writes import Commands, etag, seen_version

ID = "[0-9A-Z]{26}"


class RowViewSet(ListOnTrail, Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """Rows of clients whom the caller may see, the newest first; what was taken off is gone from here."""

    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "partial_update": "versioned", "remove": "once+versioned"}
    trail = "profile_row.view"
    model: Any
    create_shape: type[Strict]
    change_shape: type[Strict]
    #: Names of the services; looked up on the module, whose functions are no methods.
    add_service: str
    change_service: str

    def get_queryset(self) -> QuerySet[Any]:
        return (
            self.model.objects.visible_to(self.request.user)
            .present()
            .select_related("client__branch", "client__advisor")
        )

    def get_permissions(self) -> list[Any]:
        if self.action == "remove":
            asked: type[BasePermission] = may(f"clients.change_{self.model._meta.model_name}")
            return [asked()]
        return list(super().get_permissions())

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One row with its version as ETag."""
        row = self.get_object()
        audit.record_read(self._actor, self.trail, row, client=row.client)
        return self._shown(row.public_id)

    def create(self, request: Request) -> Response:
        """Put a row on file."""
        said = self._said(self.create_shape)
        client = said.pop("client")
        add: Callable[..., Any] = getattr(services, self.add_service)
        return self.once(
            lambda: add(client=client, values=said, actor=request.user, now=timezone.now()),
            self._shown,
        )

    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Change a row."""
        row = self.get_object()
        version = seen_version(request)
        said = self._said(self.change_shape)
        change: Callable[..., Any] = getattr(services, self.change_service)
        changed = change(row=row, values=said, actor=request.user, now=timezone.now(), version=version)
        return self._shown(changed.public_id)

    @extend_schema(request=None, responses={201: None})
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Take a row off; it stays on file."""
        version = seen_version(request)
        rows: Any = self.model.objects.visible_to(request.user).select_related("client__branch")
        row = get_object_or_404(rows, public_id=id)
        own: Any = request.user
        return self.once(
            lambda: services.remove_row(row=row, actor=own, now=timezone.now(), version=version),
            lambda public_id: Response({"id": public_id}),
        )


def _resource(
    rows_model: Any, read: type[RowRead], create: type[Strict], change: type[Strict], name: str, *hidden: str
) -> type[RowViewSet]:
    """The resource of one kind of rows; ``hidden`` names what comes out masked and may be revealed."""
    mixins_of_kind: tuple[type, ...] = (RevealRow, RowViewSet) if hidden else (RowViewSet,)

    @extend_schema_view(
        create=extend_schema(request=create, responses={201: read}),
        partial_update=extend_schema(request=change, responses={200: read}, filters=False),
        retrieve=extend_schema(responses={200: read}, filters=False),
    )
    class Rows(*mixins_of_kind):  # type: ignore[misc]  # with or without sealed values
        __doc__ = RowViewSet.__doc__
        sealed = hidden
        writes = {**RowViewSet.writes, **({"reveal": "once"} if hidden else {})}
        queryset = rows_model.objects.none()
        model = rows_model
        serializer_class = read
        filterset_class = rows_of_client(rows_model)
        create_shape = create
        change_shape = change
        add_service = f"add_{name}"
        change_service = f"change_{name}"

    Rows.__name__ = f"{rows_model.__name__}ViewSet"
    return Rows


class HouseholdViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[Household]):
    """Households with at least one member whom the caller may see."""

    queryset = Household.objects.none()
    serializer_class = HouseholdRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "join": "once+versioned", "leave": "once+versioned"}

    def get_queryset(self) -> QuerySet[Household]:
        return Household.objects.visible_to(self.request.user).prefetch_related("members__client")

    def get_permissions(self) -> list[Any]:
        if self.action in ("join", "leave"):
            return [may("clients.change_household")()]
        return list(super().get_permissions())

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Whose members may be shown is asked for the page as a whole."""
        rows = args[0] if args else []
        context = {**self.get_serializer_context(), "households": rows if kwargs.get("many") else [rows]}
        return self.get_serializer_class()(*args, **{**kwargs, "context": context})

    @extend_schema(responses={200: HouseholdRead}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One household."""
        row = self.get_object()
        own: Any = request.user
        audit.record_read(own, "profile_row.view", row)
        return Response(self.get_serializer(row).data, headers={"ETag": etag(row)})

    @extend_schema(request=HouseholdFound, responses={201: HouseholdRead})
    def create(self, request: Request) -> Response:
        """Found a household."""
        said = self._said(HouseholdFound)
        return self._once(lambda terms: services.found_household(**said, **terms))

    @extend_schema(request=HouseholdPlace, responses={201: HouseholdRead})
    @action(detail=True, methods=["post"])
    def join(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Bring one more client into a household."""
        row, version, said = self.get_object(), seen_version(request), self._said(HouseholdPlace)
        return self._once(
            lambda terms: services.join_household(household=row, version=version, **said, **terms).household
        )

    @extend_schema(request=HouseholdPlace, responses={201: None})
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Take a client out of his household; one that nobody is left in goes."""
        rows: Any = Household.objects.all()
        version, said, own = seen_version(request), self._said(HouseholdPlace), self.request.user
        now: Any = timezone.now()

        def make() -> Any:
            row = get_object_or_404(rows.visible_to(own), public_id=id)
            get_object_or_404(HouseholdMember.objects.filter(household=row), client=said["client"])
            services.leave_household(client=said["client"], actor=own, now=now, version=version)
            return row

        return self.once(make, lambda public_id: Response({"id": public_id}))

    def _once(self, make: Any) -> Response:
        terms = {"actor": self._actor, "now": timezone.now()}
        return self.once(lambda: make(terms), self._shown)

    def _shown(self, public_id: str) -> Response:
        """Through the serializer above, which asks whose members may be shown."""
        row = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(self.get_serializer(row).data, headers={"ETag": etag(row)})


#: Name under /api/v1/ → resource.
PROFILE_RESOURCES: dict[str, Any] = {
    "documents": _resource(IdentityDocument, DocumentRead, DocumentCreate, DocumentChange, "document", "number"),
    "contact-points": _resource(ContactPoint, PointRead, PointCreate, PointChange, "contact_point", "value"),
    "contact-persons": _resource(
        ContactPerson, PersonRead, PersonCreate, PersonChange, "contact_person", "phone", "email"
    ),
    "financing-needs": _resource(FinancingNeed, NeedRead, NeedCreate, NeedChange, "financing_need"),
    "relations": _resource(Relation, RelationRead, RelationCreate, RelationChange, "relation"),
    "households": HouseholdViewSet,
}
