"""Tags over REST: what there is, who carries them, setting manual ones and taking that back."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.api.serializers import ClientName
from clients.filters import ClientTagFilter, TagFilter
from clients.models import Client, ClientTag, Tag, TagChange
from clients.services.tags import change_tag, create_tag, set_tag, undo_tags
from clients.views.rows import today
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.api.writes import Once, etag, seen_version
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.policies import figures

_MOST = 500


class TagRead(serializers.Serializer[Tag]):
    """A tag; ``definition`` says in words how a computed one comes about, ``meaning`` what its owner says of a manual one."""

    id = serializers.CharField(source="public_id")
    code = serializers.CharField(help_text="Empty for a tag that people set.")
    name = serializers.SerializerMethodField()
    family = serializers.SerializerMethodField()
    meaning = serializers.CharField()
    definition = serializers.SerializerMethodField()
    palette = serializers.IntegerField()
    branch = serializers.SerializerMethodField()
    owner = Person(allow_null=True)
    setters = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()

    def get_name(self, row: Tag) -> str:
        return str(row)

    def get_family(self, row: Tag) -> str:
        return row.family.key if row.family else ""

    def get_definition(self, row: Tag) -> str:
        return row.family.text(self.context["figures"]) if row.family else ""

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_branch(self, row: Tag) -> str | None:
        return row.branch.code if row.branch else None


class ClientTagRead(serializers.Serializer[ClientTag]):
    """A tag on a client; a computed one with its value, of which day, and by which version of the definition."""

    client = ClientName()
    tag = serializers.CharField(source="tag.public_id")
    code = serializers.CharField(source="tag.code")
    name = serializers.CharField(source="tag.__str__")
    family = serializers.CharField()
    value = serializers.DecimalField(max_digits=18, decimal_places=2)
    count = serializers.IntegerField()
    since = serializers.DateField()
    as_of = serializers.DateField()
    definition = serializers.CharField()


class TagWords(Strict):
    """What a tag that people set may say of itself; nobody among ``setters`` means everybody who may set tags."""

    name = serializers.CharField(max_length=20)
    meaning = serializers.CharField(max_length=200)
    palette = serializers.IntegerField(min_value=1, max_value=8, required=False)
    setters = serializers.ListField(child=serializers.CharField(max_length=30), required=False)


class TagCreate(TagWords):
    """A new tag of the caller's branch, or of the whole company."""

    company = serializers.BooleanField(default=False)


class TagCorrection(TagWords):
    """What is to be different; a name left out stays as it is."""

    name = serializers.CharField(max_length=20, required=False)
    meaning = serializers.CharField(max_length=200, required=False)
    is_active = serializers.BooleanField(required=False, help_text="False retires it; who carries it keeps it.")


class TagSet(Strict):
    """Clients to put the tag on, or (``on`` false) to take it from."""

    clients = serializers.ListField(child=serializers.CharField(max_length=26), min_length=1, max_length=_MOST)
    on = serializers.BooleanField(default=True)


class TagUndo(Strict):
    """The change to be taken back."""

    change = PublicIdField(model=TagChange)


class TagChangeRead(serializers.Serializer[TagChange]):
    """What a change did; ``clients`` are those who really changed."""

    id = serializers.CharField(source="public_id")
    tag = serializers.CharField(source="tag.public_id")
    on = serializers.BooleanField(source="is_set")
    clients = serializers.SerializerMethodField()
    undone_at = serializers.DateTimeField()

    def get_clients(self, row: TagChange) -> list[str]:
        return sorted(row.clients)


class TagViewSet(Once, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Tag]):
    """Computed tags, and those of the company and the branch."""

    queryset = Tag.objects.none()
    serializer_class = TagRead
    filterset_class = TagFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("code", "pk")
    writes = {"create": "once", "partial_update": "versioned", "set": "once", "undo": "once"}

    def get_serializer_context(self) -> dict[str, Any]:
        own: Any = self.request.user
        return {**super().get_serializer_context(), "figures": figures(today(), own.branch)}

    def get_queryset(self) -> QuerySet[Tag]:
        return Tag.objects.visible_to(self.request.user).select_related("branch", "owner")

    @extend_schema(responses={200: TagRead}, filters=False)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One tag."""
        return self._tag(kwargs["id"])

    @extend_schema(request=TagCreate, responses={201: TagRead})
    def create(self, request: Request) -> Response:
        """A new word for the clients of the branch or, for who sees the company, of all branches."""
        said, own = self._said(TagCreate), cast(User, request.user)
        company = said.pop("company")
        if (company and not own.scope.sees_company) or (not company and own.branch is None):
            raise InvalidInput(fields={"company": _("Choose for whom the tag is.")})
        place = None if company else own.branch
        return self.once(lambda: create_tag(values=said, branch=place, actor=own), self._tag)

    @extend_schema(request=TagCorrection, responses={200: TagRead}, filters=False)
    def partial_update(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """Rename, recolour or retire a tag of one's own."""
        own = cast(User, request.user)
        rows: Any = self.get_queryset()
        rows = rows.manual() if own.scope.sees_company else rows.manual().filter(owner=own)
        tag, version = get_object_or_404(rows, public_id=id), seen_version(request)
        change_tag(tag=tag, values=self._said(TagCorrection), actor=own, version=version)
        return self._tag(id)

    def _said(self, command: type[Strict]) -> dict[str, Any]:
        body = command(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def _tag(self, public_id: str) -> Response:
        row = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(TagRead(row, context=self.get_serializer_context()).data, headers={"ETag": etag(row)})

    @extend_schema(request=TagSet, responses={201: TagChangeRead}, filters=False)
    @action(detail=True, methods=["post"], permission_classes=[may("clients.set_tag")])
    def set(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls them so
        """Set a manual tag on up to 500 clients, or take it away; ids that the caller does not see count for nothing."""
        tag = self.get_object()
        body = TagSet(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        said, own = body.validated_data, self.request.user
        clients = Client.objects.visible_to(own).filter(public_id__in=said["clients"])
        return self.once(
            lambda: set_tag(tag=tag, clients=clients, is_set=said["on"], actor=own, now=timezone.now()),
            self._shown,
        )

    @extend_schema(request=TagUndo, responses={200: TagChangeRead}, filters=False)
    @action(detail=False, methods=["post"], permission_classes=[may("clients.set_tag")])
    def undo(self, request: Request) -> Response:
        """Take one of one's own changes back, within ten minutes."""
        body = TagUndo(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        own: Any = self.request.user
        return self.once(
            lambda: undo_tags(change=body.validated_data["change"], actor=own, now=timezone.now()), self._shown
        )

    def _shown(self, public_id: str) -> Response:
        rows = TagChange.objects.visible_to(self.request.user).select_related("tag")
        return Response(TagChangeRead(get_object_or_404(rows, public_id=public_id)).data)


class ClientTagViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ClientTag]):
    """Who carries which tag."""

    queryset = ClientTag.objects.none()
    #: The right is that of the catalogue: what stands on clients whom one sees is no secret of its own.
    permission_classes = [may("clients.view_tag")]
    serializer_class = ClientTagRead
    filterset_class = ClientTagFilter
    cursor_ordering = ("client_id", "pk")

    def get_queryset(self) -> QuerySet[ClientTag]:
        rows: Any = ClientTag.objects.visible_to(self.request.user)  # type: ignore[arg-type]  # signed in
        return rows.select_related("client", "tag")
