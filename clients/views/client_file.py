"""The file that a client gets of his data: to read (HTML), for programs (JSON), as a table (XLSX); each with the watermark."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import DataRequest
from crm.core.clocks import local_date
from crm.core.csv_out import cell
from crm.core.services.exporting import watermark
from crm.core.views.places import actor_of

_KINDS = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file_answer(
    request: HttpRequest, row: DataRequest, sections: list[dict[str, Any]], form: str, reason: str
) -> HttpResponse:
    """The download; no cache keeps it."""
    now = timezone.now()
    mark = watermark(actor_of(request), reason, now)
    content = {"html": _html, "json": _json, "xlsx": _xlsx}[form](row, sections, mark)
    answer = HttpResponse(content, content_type=_KINDS[form])
    name = f"data-{row.client.public_id[-8:]}-{local_date(now):%Y%m%d}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store, private"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _html(row: DataRequest, sections: list[dict[str, Any]], mark: str) -> str:
    return render_to_string(
        "clients/client_file.html", {"sections": sections, "mark": mark, "name": row.client.display_name}
    )


def _json(_row: DataRequest, sections: list[dict[str, Any]], mark: str) -> str:
    held = [{"title": part["title"], "rows": [dict(line) for line in part["rows"]]} for part in sections]
    return json.dumps({"notice": mark, "sections": held}, ensure_ascii=False, indent=1)


def _xlsx(row: DataRequest, sections: list[dict[str, Any]], mark: str) -> bytes:
    import xlsxwriter

    held = BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": _("Data on file"), "comments": mark})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    sheet.write_string(0, 0, mark, bold)
    at = 2
    for part in sections:
        sheet.write_string(at, 0, part["title"], bold)
        at += 1
        for line in part["rows"]:
            for label, text in line:
                sheet.write_string(at, 0, label)
                sheet.write_string(at, 1, cell(text))
                at += 1
            at += 1
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 60)
    book.close()
    return held.getvalue()
