"""The list of clients and its export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from clients.filters import ClientFilter
from clients.forms import ExportForm
from clients.models import Client, Tag
from clients.querysets.scope import sees_names, shown_name
from clients.querysets.search import FoundBy
from clients.services import export
from clients.views.rows import actor, today
from crm.core.clocks import local_date
from crm.core.csv_out import cell, csv_answer
from crm.core.errors import DomainError
from crm.core.keyset import capped_count, page_of
from crm.core.models import User
from crm.core.views.lists import PAGE_SIZE, Listed, part


@require_safe
@permission_required("clients.view_client", raise_exception=True)
def client_list(request: HttpRequest) -> HttpResponse:
    """Clients, the largest first, searched ones by how well they fit; the ids of a page from an index, then their rows."""
    found = _found(request)
    rows, order = _ordered(found, request.GET.get("sort", ""), actor(request))
    cursor = request.GET.get("cursor", "")
    page = page_of(rows, order, cursor=cursor, size=PAGE_SIZE)
    clients = Client.objects.for_list([row.pk for row in page.rows], hits=found.hits)
    day = today()
    for client in clients:
        client.found_in_words = FoundBy(client.found_by).label if found.hits else ""
        client.shown_name = shown_name(client, request.user)
        client.days_left = client.risk_days_left(day)
    context = {
        "filter": found,
        "page": Listed(clients, page.next, page.previous, "" if cursor else _count(found.qs)),
        "today": day,
        "settable": Tag.objects.settable_by(actor(request)),
        "export_url": f"{reverse('clients:export')}?{request.GET.urlencode()}",
    }
    return render(request, part(request, "clients/list.html", "clients/_table.html"), context)


def _ordered(found: ClientFilter, sort: str, user: User) -> tuple[Any, tuple[str, ...]]:
    """Rows that carry what their order needs: the order asked for, else that of the hits."""
    rows: Any = found.qs
    if sort or found.hits is None:
        return rows.in_order(sort, user)  # type: ignore[no-any-return]
    ranked, order = rows.ranked(found.hits, user)
    return ranked.only("pk", "total_assets"), order


def _count(rows: Any) -> str:
    count, more = capped_count(rows)
    text = number_format(count, force_grouping=True) + ("+" if more else "")
    return ngettext("%(count)s client", "%(count)s clients", count) % {"count": text}


def _found(request: HttpRequest) -> ClientFilter:
    return ClientFilter(request.GET, Client.objects.visible_to(actor(request)), request=request)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("clients.export_client", raise_exception=True)
def client_export(request: HttpRequest) -> HttpResponseBase:
    """The clients that the list shows, as CSV or XLSX: asked with a reason, on the trail before the first byte leaves."""
    found, form, status = _found(request), ExportForm(request.POST or None), 200
    if request.method == "POST":
        if form.is_valid():
            said, now = form.cleaned_data, timezone.now()
            try:
                clients = export.export_clients(
                    actor=actor(request),
                    rows=found.qs,
                    narrowed_by=request.GET.urlencode(),
                    reason=said["reason"],
                    now=now,
                )
            except DomainError as refusal:
                form.add_error(None, str(refusal.message))
                status = refusal.status
            else:
                return _file(request, clients, said["form"], said["reason"], now)
        else:
            status = 400
    context = {
        "form": form,
        "filter": found,
        "crumbs": [{"label": _("Clients"), "url": reverse("clients:list")}],
        "back_url": f"{reverse('clients:list')}?{request.GET.urlencode()}",
        "count_text": _count(found.qs),
    }
    return render(request, "clients/export.html", context, status=status)


def _file(request: HttpRequest, clients: list[Client], form: str, reason: str, now: datetime) -> HttpResponseBase:
    mark = export.watermark(actor(request), reason, now)
    lines = [export.head(), *export.lines(clients, full_names=sees_names(actor(request)))]
    name = f"clients-{local_date(now):%Y%m%d}"
    return _xlsx(f"{name}.xlsx", mark, lines) if form == "xlsx" else csv_answer(f"{name}.csv", [mark], lines)


def _xlsx(name: str, mark: str, lines: Iterable[Sequence[Any]]) -> HttpResponse:
    """Every cell is written as text or number, never as a formula."""
    import xlsxwriter

    held = BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, mark, book.add_format({"bold": True, "font_color": "#8a1f11"}))
    sheet.set_footer(f"&L{mark[:200].replace('&', '&&')}")
    money = book.add_format({"num_format": "#,##0.00"})
    for at, line in enumerate(lines, start=1):
        for column, value in enumerate(line):
            if column == _MONEY_COLUMN and at > 1:
                sheet.write_number(at, column, float(value), money)  # a spreadsheet knows no other number
            else:
                sheet.write_string(at, column, cell(value))
    sheet.freeze_panes(2, 0)
    sheet.set_column(0, _MONEY_COLUMN + 5, 16)
    book.close()
    answer = HttpResponse(
        held.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store, private"
    return answer


#: Where the assets stand in a line of the export.
_MONEY_COLUMN = 9
