"""Pages by signed opaque cursor: never an offset, never a count of everything."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib import parse

from django.core import signing
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

_SALT = "crm.api.cursor"


class CursorPages(CursorPagination):
    """``{next, previous, results}``; ``page_size`` up to 200. A cursor that we have not signed is a 400."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-pk"
    offset_cutoff = 200

    def get_page_size(self, request: Request) -> int:
        wanted = request.query_params.get(self.page_size_query_param)
        if wanted is None:
            return self.page_size
        if not wanted.isascii() or not wanted.isdigit() or not 1 <= int(wanted[:9]) <= self.max_page_size:
            raise ValidationError({self.page_size_query_param: [_("A number from 1 to 200.")]})
        return int(wanted)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        ordering = getattr(view, "cursor_ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def encode_cursor(self, cursor: Cursor) -> str:
        link: str = super().encode_cursor(cursor)
        parts = parse.urlsplit(link)
        query = dict(parse.parse_qsl(parts.query, keep_blank_values=True))
        raw = query[self.cursor_query_param]
        query[self.cursor_query_param] = urlsafe_b64encode(signing.Signer(salt=_SALT).sign(raw).encode()).decode()
        return parse.urlunsplit(parts._replace(query=parse.urlencode(query)))

    def decode_cursor(self, request: Request) -> Cursor | None:
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None
        try:
            raw = signing.Signer(salt=_SALT).unsign(urlsafe_b64decode(given.encode()).decode())
        except (signing.BadSignature, ValueError):
            raise ValidationError({self.cursor_query_param: [_("This cursor is not one of ours.")]}) from None
        params = request._request.GET.copy()
        params[self.cursor_query_param] = raw
        request._request.GET = params  # type: ignore[assignment]  # DRF reads its own cursor from here
        try:
            return super().decode_cursor(request)  # type: ignore[no-any-return]
        finally:
            params[self.cursor_query_param] = given
