"""Data-subject requests and legal holds over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import DataRequestFilter, LegalHoldFilter
from clients.models import Client, DataRequest, LegalHold
from clients.services import data_requests as services
from clients.services.standing import lift_hold, set_hold
from clients.services.told import take_file
from clients.views.client_file import file_answer
from crm.core import audit
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Commands, etag, seen_version


class DataRequestRead(serializers.Serializer[DataRequest]):
    """One request with its clock."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    kind = serializers.CharField()
    channel = serializers.CharField()
    received_on = serializers.DateField()
    state = serializers.CharField()
    due_on = serializers.DateField()
    paused_on = serializers.DateField(allow_null=True)
    identity = serializers.CharField()
    owner = Person(allow_null=True)
    details = serializers.CharField()
    grants = serializers.BooleanField(allow_null=True)
    answer = serializers.CharField()
    outcome = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class DataRequestCreate(Strict):
    client = PublicIdField(model=Client)
    kind = serializers.ChoiceField(choices=DataRequest.Kind.choices)
    channel = serializers.ChoiceField(choices=DataRequest.Channel.choices)
    received_on = serializers.DateField()
    details = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class IdentityBody(Strict):
    identity = serializers.ChoiceField(choices=DataRequest.Identity.choices)


class AnswerBody(Strict):
    grants = serializers.BooleanField()
    answer = serializers.CharField(max_length=2000)


class WhyBody(Strict):
    reason = serializers.CharField(max_length=300)


class NothingBody(Strict):
    """Nothing to say but that it is done."""


class FileBody(Strict):
    """To read (html), for programs (json) or as a table (xlsx), and what it is taken out for."""

    form = serializers.ChoiceField(choices=[("html", "html"), ("json", "json"), ("xlsx", "xlsx")])
    reason = serializers.CharField(min_length=4, max_length=200)


class DataRequestViewSet(
    Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[DataRequest]
):
    """Requests of clients about their own data (PIPL Art. 45–47), by the day of the answer."""

    queryset = DataRequest.objects.none()
    serializer_class = DataRequestRead
    filterset_class = DataRequestFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("due_on", "pk")
    writes = {
        "create": "once",
        "ask_proof": "once+versioned",
        "check_identity": "once+versioned",
        "take": "once+versioned",
        "propose": "once+versioned",
        "approve": "once+versioned",
        "send_back": "once+versioned",
        "file": "once",
    }

    def get_queryset(self) -> QuerySet[DataRequest]:
        return DataRequest.objects.visible_to(self.request.user).for_list()

    @extend_schema(responses={200: DataRequestRead})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One request; the look is on the trail."""
        row, own = self.get_object(), request.user
        audit.record_read(own, "data_request.view", row, client=row.client)  # type: ignore[arg-type]  # signed in
        return Response(self.get_serializer(row).data, headers={"ETag": etag(row)})

    @extend_schema(request=DataRequestCreate, responses={201: DataRequestRead})
    def create(self, request: Request) -> Response:
        """Take a request down."""
        said, own = self._said(DataRequestCreate), self._own()
        return self.once(lambda: services.receive_request(actor=own, now=timezone.now(), **said), self._shown)

    @extend_schema(request=NothingBody, responses={201: DataRequestRead}, filters=False)
    @action(detail=True, methods=["post"], url_path="ask-proof", permission_classes=[may("clients.change_datarequest")])
    def ask_proof(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """The client has to prove who he is; the clock stands still."""
        return self._step(services.ask_for_proof, NothingBody, timed=True)

    @extend_schema(request=IdentityBody, responses={201: DataRequestRead}, filters=False)
    @action(
        detail=True, methods=["post"], url_path="check-identity", permission_classes=[may("clients.change_datarequest")]
    )
    def check_identity(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Note how it was made sure that the client himself asks."""
        return self._step(services.check_identity, IdentityBody, timed=True)

    @extend_schema(request=NothingBody, responses={201: DataRequestRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_datarequest")])
    def take(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Take the request on."""
        return self._step(services.take_request, NothingBody)

    @extend_schema(request=AnswerBody, responses={201: DataRequestRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_datarequest")])
    def propose(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Lay an answer before a second person."""
        return self._step(services.propose_answer, AnswerBody)

    @extend_schema(request=NothingBody, responses={201: DataRequestRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.approve_datarequest")])
    def approve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Let the answer go out; what was granted happens."""
        return self._step(services.approve_answer, NothingBody, timed=True)

    @extend_schema(request=WhyBody, responses={201: DataRequestRead}, filters=False)
    @action(
        detail=True, methods=["post"], url_path="send-back", permission_classes=[may("clients.approve_datarequest")]
    )
    def send_back(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Ask for another answer."""
        return self._step(services.send_back, WhyBody)

    @extend_schema(request=FileBody, responses={(201, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_datarequest")])
    def file(self, request: Request, id: str) -> Any:  # noqa: A002  the contract calls it id
        """The file for the client with his own values in full; each time it is taken out stands in the trail."""
        row, said, own = self.get_object(), self._said(FileBody), self._own()
        taken: list[Any] = []

        def take() -> DataRequest:
            taken[:] = take_file(request=row, actor=own, now=timezone.now(), **said)
            return row

        def handed(_public_id: str) -> Any:
            if not taken:
                take()
            return file_answer(request, row, taken, said["form"], said["reason"])

        return self.once(take, handed)

    def _step(self, service: Any, body: type[Strict], *, timed: bool = False) -> Response:
        row, version, said, own = self.get_object(), seen_version(self.request), self._said(body), self._own()
        if timed:
            said["now"] = timezone.now()
        return self.once(lambda: service(request=row, actor=own, version=version, **said), self._shown)

    def _own(self) -> Any:
        return self.request.user


class LegalHoldRead(serializers.Serializer[LegalHold]):
    """One hold; lifted ones stay in the list."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    reason = serializers.CharField()
    set_by = Person()
    set_at = serializers.DateTimeField()
    lifted_by = Person(allow_null=True)
    lifted_at = serializers.DateTimeField(allow_null=True)
    lift_reason = serializers.CharField()
    version = serializers.IntegerField()


class LegalHoldCreate(Strict):
    client = PublicIdField(model=Client)
    reason = serializers.CharField(max_length=300)


class LegalHoldViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[LegalHold]):
    """Legal holds: nothing about the client is erased while one stands."""

    queryset = LegalHold.objects.none()
    serializer_class = LegalHoldRead
    filterset_class = LegalHoldFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-set_at", "-pk")
    writes = {"create": "once", "lift": "once+versioned"}

    def get_queryset(self) -> QuerySet[LegalHold]:
        return LegalHold.objects.visible_to(self.request.user).select_related("client", "set_by", "lifted_by")

    @extend_schema(responses={200: LegalHoldRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One hold."""
        return self._shown(kwargs["id"])

    @extend_schema(request=LegalHoldCreate, responses={201: LegalHoldRead})
    def create(self, request: Request) -> Response:
        """Put a client under a hold."""
        said: dict[str, Any] = self._said(LegalHoldCreate)
        own: Any = request.user
        return self.once(lambda: set_hold(actor=own, now=timezone.now(), **said), self._shown)

    @extend_schema(request=WhyBody, responses={201: LegalHoldRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.change_legalhold")])
    def lift(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Lift the hold with a reason."""
        row, version, said = self.get_object(), seen_version(request), self._said(WhyBody)
        own: Any = request.user
        return self.once(
            lambda: lift_hold(hold=row, actor=own, now=timezone.now(), version=version, **said), self._shown
        )
