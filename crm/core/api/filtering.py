"""Filters of lists over REST."""

from __future__ import annotations

from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request


class FiltersInUse(DjangoFilterBackend):
    """The filter set of the view, with those filters alone that the query names.

    A filter set builds a form field for each of its filters, and some ask the database for their choices: for forty filters
    that costs more than finding the row which an address names.
    """

    def get_filterset(self, request: Request, queryset: Any, view: Any) -> Any:
        """None where the query narrows nothing."""
        chosen = self.get_filterset_class(view, queryset)
        if chosen is None:
            return None
        used = {
            name: one
            for name, one in chosen.base_filters.items()
            if one.extra.get("required") or any(_speaks_of(name, key) for key in request.query_params)
        }
        if not used:
            return None
        made = chosen.__new__(chosen)
        made.base_filters = used  # a filter set copies what stands here
        made.__init__(**self.get_filterset_kwargs(request, queryset, view))
        return made


def _speaks_of(name: str, key: str) -> bool:
    """Ranges come in two parts: ``at_after`` and ``at_before``."""
    return key == name or key.startswith(f"{name}_")
