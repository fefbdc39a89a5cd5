"""Pages by signed opaque cursor: never an offset, never a count of everything."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from crm.core.keyset import Page, belongs_to, page_of
from crm.core.writing import whole_number


class CursorPages(CursorPagination):
    """``{next, previous, results}``; ``page_size`` up to 200. A cursor that we have not signed is a 400.

    The place is the values of all ordering columns, not an offset among rows that share the first one: a thousand calls due
    on one day are read to their end. A view with ``among()`` says of which rows its filters choose (``page_of``).
    """

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-pk"

    _asked: str
    _page: Page[Any]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        order = self.get_ordering(request, queryset, view)
        cursor = request.query_params.get(self.cursor_query_param)
        if cursor is not None and not belongs_to(cursor, order):
            raise ValidationError({self.cursor_query_param: [_("This cursor is not one of ours.")]})
        self._asked = request.build_absolute_uri()
        among = view.among() if hasattr(view, "among") else None
        self._page = page_of(queryset, order, cursor=cursor or "", size=self.get_page_size(request), among=among)
        return self._page.rows

    def get_page_size(self, request: Request) -> int:
        wanted = request.query_params.get(self.page_size_query_param)
        if wanted is None:
            return self.page_size
        size = whole_number(wanted)
        if size is None or not 1 <= size <= self.max_page_size:
            raise ValidationError({self.page_size_query_param: [_("A number from 1 to 200.")]})
        return size

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The two parameters with their bounds."""
        described = super().get_schema_operation_parameters(view)
        for parameter in described:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
            elif parameter["name"] == self.cursor_query_param:
                parameter["schema"] = {"type": "string", "minLength": 1}
        return described

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """The view's ``cursor_ordering``; the key ends it, so that no two rows share a place."""
        ordering = getattr(view, "cursor_ordering", self.ordering)
        order = (ordering,) if isinstance(ordering, str) else tuple(ordering)
        if order[-1].lstrip("-") == "pk":
            return order
        sign = "-" if order[-1].startswith("-") else ""
        key = queryset.model._meta.pk_fields
        if len(key) == 1:
            return (*order, f"{sign}pk")
        named = {name.lstrip("-") for name in order}
        return (*order, *(f"{sign}{part.attname}" for part in key if part.attname not in named))

    def get_next_link(self) -> str | None:
        return self._link(self._page.next)

    def get_previous_link(self) -> str | None:
        return self._link(self._page.previous)

    def _link(self, cursor: str | None) -> str | None:
        return replace_query_param(self._asked, self.cursor_query_param, cursor) if cursor else None
