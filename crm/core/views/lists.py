"""What every long list on a page needs: one page of rows by keyset, the cursors to its neighbours, and a capped count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import ngettext

from crm.core.keyset import capped_count, capped_text, page_of

PAGE_SIZE = 50


@dataclass(frozen=True)
class Listed:
    """One page of a list, as ``components/_pager.html`` wants it."""

    rows: list[Any]
    next: str | None
    previous: str | None
    count_text: str

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def listed(request: HttpRequest, rows: QuerySet[Any], order: tuple[str, ...], *, size: int = PAGE_SIZE) -> Listed:
    """The page that the request's ``cursor`` names. ``order`` ends in a unique column."""
    page = page_of(rows, order, cursor=request.GET.get("cursor", ""), size=size)
    count, more = capped_count(rows)
    words = ngettext("%(count)s row", "%(count)s rows", count) % {"count": capped_text(count, more)}
    return Listed(page.rows, page.next, page.previous, words)


def part(request: HttpRequest, whole: str, fragment: str) -> str:
    """The fragment's template for htmx, the whole page's for everybody else (also when htmx restores its history)."""
    htmx: Any = getattr(request, "htmx", False)
    return fragment if htmx and not htmx.history_restore_request and not htmx.boosted else whole
