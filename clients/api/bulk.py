"""Changing one field of many clients over REST: the preview, carrying it out, taking it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.filters.narrowed import narrowed
from clients.forms.bulk import FORMS
from clients.models import BulkEdit, BulkEditRow, Client
from clients.services.bulk import apply_bulk_edit, plan_bulk_edit, undo_bulk_edit
from clients.services.bulk_fields import FIELDS, field_of
from crm.core.api.permissions import may
from crm.core.api.serializers import Strict
from crm.core.api.writes import Commands
from crm.core.errors import InvalidInput, MissingRight

_MOST = 1_000
_KEYS = f"One of {', '.join(FIELDS)}"


class BulkEditRead(serializers.Serializer[BulkEdit]):
    """A change of many clients: ``draft`` is the preview, ``done`` and ``undone`` what became of it; meanwhile a job is at it."""

    id = serializers.CharField(source="public_id")
    state = serializers.ChoiceField(choices=BulkEdit.State.choices)
    field = serializers.CharField(help_text=_KEYS)
    filter = serializers.CharField(source="narrowed_by")
    unseen = serializers.IntegerField(help_text="Named clients that the caller does not see.")
    counts = serializers.SerializerMethodField()
    made_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    job = serializers.CharField(
        source="job.public_id", allow_null=True, default=None, help_text="The last long work on it: ``jobs/{id}``."
    )

    @extend_schema_field(
        serializers.ListField(child=serializers.DictField(), help_text="state, why (where one stays), count")
    )
    def get_counts(self, edit: BulkEdit) -> list[dict[str, Any]]:
        rows = BulkEditRow.objects.visible_to(self.context["request"].user).filter(edit=edit)
        return [{"state": state, "why": why, "count": count} for state, why, count in rows.counts()]


class BulkEditRowRead(serializers.Serializer[BulkEditRow]):
    """One client of it: what stands there and what it becomes, in words, or why he stays as he is."""

    client = serializers.CharField(source="client.public_id")
    state = serializers.ChoiceField(choices=BulkEditRow.State.choices)
    why = serializers.ChoiceField(choices=BulkEditRow.Why.choices, allow_blank=True)
    note = serializers.CharField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    def get_before(self, row: BulkEditRow) -> str:
        return FIELDS[row.edit.field].words(row.before, self.context["hidden"])

    def get_after(self, row: BulkEditRow) -> str:
        return FIELDS[row.edit.field].words(row.after, self.context["hidden"])


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "boolean"}]})
class Word(serializers.CharField):
    """A word of a form: writing, or true and false for what is switched on or off."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return data if isinstance(data, bool) else super().run_validation(data)


class PlanBulkEdit(Strict):
    """Which field becomes what (``said``: the words of the page's form), for ``clients`` by id or all that ``filter`` leaves."""

    field = serializers.CharField(max_length=20, help_text=_KEYS)
    said = serializers.DictField(
        child=Word(allow_blank=True, allow_null=True, max_length=500),
        help_text='Such as {"channel": "wechat"} or {"stage": "stable", "until": …, "reason": …}',
    )
    clients = serializers.ListField(child=serializers.CharField(max_length=26), required=False, max_length=_MOST)
    filter = serializers.CharField(max_length=2000, required=False, allow_blank=True, help_text="Such as risk=C3")


class BulkEditViewSet(Commands, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[BulkEdit]):
    """One's own changes of many clients, the newest first."""

    queryset = BulkEdit.objects.none()
    permission_classes = [may("clients.view_client", "clients.change_client")]
    serializer_class = BulkEditRead
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("-pk",)
    writes = {"create": "once", "apply": "once", "undo": "once"}

    def get_queryset(self) -> QuerySet[BulkEdit]:
        return BulkEdit.objects.visible_to(self._actor).select_related("actor__branch", "job")

    @extend_schema(request=PlanBulkEdit, responses={201: BulkEditRead})
    def create(self, request: Request) -> Response:
        """The preview: nothing of the clients changes. ``rows`` tells it client by client, ``apply`` carries it out."""
        said = self._said(PlanBulkEdit)
        if ("clients" in said) == ("filter" in said):
            raise InvalidInput(fields={"clients": "clients / filter"})
        if not self._actor.has_perm(field_of(said["field"]).right):
            raise MissingRight
        words = self._words(said["field"], said["said"])
        named = set(said.get("clients", ()))

        def make() -> BulkEdit:
            if "clients" in said:
                clients: Any = Client.objects.visible_to(self._actor).filter(public_id__in=named)
            else:
                clients = narrowed(said["filter"], self._actor, self.request)
            return plan_bulk_edit(
                field=said["field"],
                said=words,
                clients=clients,
                actor=self._actor,
                now=timezone.now(),
                narrowed_by=said.get("filter", ""),
                unseen=len(named) - clients.count() if named else 0,
            )

        return self.once(make, self._shown)

    @extend_schema(request=None, responses={201: BulkEditRead, 202: BulkEditRead})
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, **_path: str) -> Response:
        """Do what the preview says, client by client; who was changed after it stays as he is.

        202 where a job does it (``running``): ask at ``Location`` until it is ``done``.
        """
        row = self._row()
        return self._carried(lambda: apply_bulk_edit(edit=row, actor=self._actor, now=timezone.now()))

    @extend_schema(request=None, responses={201: BulkEditRead, 202: BulkEditRead})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, **_path: str) -> Response:
        """Put back what still stands; what was changed again since is kept.

        202 where a job does it (``undoing``): ask at ``Location`` until it is ``undone``.
        """
        row = self._row()
        return self._carried(lambda: undo_bulk_edit(edit=row, actor=self._actor, now=timezone.now()))

    @extend_schema(responses={200: BulkEditRowRead(many=True)}, filters=False)
    @action(detail=True, methods=["get"])
    def rows(self, request: Request, **_path: str) -> Response:
        """Every client of it whom the caller sees."""
        edit = self._row()
        rows: Any = BulkEditRow.objects.visible_to(self._actor).filter(edit=edit).select_related("client", "edit")
        page: Any = self.paginate_queryset(rows.order_by("pk"))
        values = (value for row in page for value in (row.before, row.after))
        told = {"hidden": FIELDS[edit.field].hidden(values, self._actor)}
        return self.get_paginated_response(BulkEditRowRead(page, many=True, context=told).data)

    def _carried(self, do: Callable[[], BulkEdit]) -> Response:
        answer = self.once(do, self._shown)
        if answer.data["state"] in BulkEdit.UNDER_WAY:
            answer.status_code = status.HTTP_202_ACCEPTED
            answer["Location"] = reverse("api:bulk-edits-detail", args=[answer.data["id"]])
        return answer

    def _words(self, field: str, said: dict[str, Any]) -> dict[str, Any]:
        """By the page's own form, so that both say the same and are refused alike."""
        typed = {name: ("1" if value else "0") if isinstance(value, bool) else value for name, value in said.items()}
        form = FORMS[field]({**typed, "form_token": "rest"}, user=self._actor)
        if strange := sorted(set(said) - set(form.fields)):
            raise InvalidInput(fields={"said": ", ".join(strange)})
        if not form.is_valid():
            raise InvalidInput(fields={name: " ".join(map(str, wrong)) for name, wrong in form.errors.items()})
        return form.said
