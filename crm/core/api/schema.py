"""What drf-spectacular cannot see by itself: the problem answers, the two headers, the right that each operation asks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from crm.core.api.serializers import Strict

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "fields"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": True},
    },
}
_MEANINGS = {
    "400": "Not well-formed, or a value that no rule allows",
    "401": "No valid token",
    "403": "The right is missing",
    "404": "No such thing among what the caller may see",
    "405": "No such method here",
    "406": "Only JSON is answered",
    "410": "It is no longer here; a merged client names the one into whom he was merged in `fields.merged_into`",
    "409": "The state does not allow it",
    "412": "The row has changed since it was read",
    "415": "Only JSON is taken",
    "422": "The Idempotency-Key was used for another request",
    "428": "If-Match is missing",
    "429": "Too many attempts",
}
_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="Up to 80 characters."
)
_IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description='The version seen, such as "3".'
)


def _add_replay(responses: dict[str, Any], kind: str) -> None:
    """What is made once answers 201, and 200 with the same row when its key comes again."""
    if "once" in kind and "201" in responses and "200" not in responses:
        responses["200"] = {**responses["201"], "description": "Made before under the same Idempotency-Key"}


class ContractSchema(AutoSchema):
    """Adds the house's contract to each operation. A view names its kind in ``writes``: action → "once" or "versioned"."""

    def get_override_parameters(self) -> list[Any]:
        kind = self._write_kind()
        extra = {"once": [_IDEMPOTENCY], "versioned": [_IF_MATCH], "once+versioned": [_IDEMPOTENCY, _IF_MATCH]}
        return [*super().get_override_parameters(), *extra.get(kind, [])]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            _add_replay(operation["responses"], self._write_kind())
            for status in self._refusals():
                operation["responses"].setdefault(
                    status,
                    {
                        "description": _MEANINGS[status],
                        "content": {"application/problem+json": {"schema": _PROBLEM}},
                    },
                )
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        described = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, Strict):
            described["additionalProperties"] = False
        return described

    def _write_kind(self) -> str:
        writes: dict[str, str] = getattr(self.view, "writes", {})
        return writes.get(getattr(self.view, "action", "") or "", "")

    def _gone(self) -> list[str]:
        """A view may say of which of its actions the row may be gone."""
        gone: Any = getattr(self.view, "gone", ())
        return ["410"] if getattr(self.view, "action", "") in gone else []

    def _refusals(self) -> list[str]:
        always = ["400", "401", "403", "404", "405", "406", *self._gone()]
        if self.method == "GET":
            return always
        kind = self._write_kind()
        return (
            [*always, "409", "415", "429"]
            + (["422"] if "once" in kind else [])
            + (["412", "428"] if "versioned" in kind else [])
        )
