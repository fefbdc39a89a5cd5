"""The columns of a file on the screen: looked at, changed, kept under a name, downloaded, and the mappings that are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.importing import TARGETS, ImportTarget, target_of, vault
from crm.core.importing.csvfile import DELIMITERS
from crm.core.importing.editor import (
    COUNTRIES,
    EMPTY,
    SAME,
    VALUE,
    Look,
    date_forms,
    judged,
    look,
    mapping_from,
    table_of,
    units,
)
from crm.core.importing.guess import READS_ALL, guess
from crm.core.importing.mapping import ROW_NUMBER, Mapping
from crm.core.importing.table import FileOptions
from crm.core.importing.targets import may_bring
from crm.core.importing.text import ENCODINGS
from crm.core.importing.toml_out import to_toml
from crm.core.models import ImportBatch
from crm.core.models.importing import ImportMapping
from crm.core.services.import_drafts import check_draft, drop_mapping, rename_mapping
from crm.core.services.importing import keep_mapping, limits_for
from crm.core.views.commands import at_once, form_page
from crm.core.views.lists import part
from crm.core.views.places import actor_of

#: Encodings that the page offers; the mapping file knows more names for them.
_ENCODINGS = ("auto", "utf-8", "gb18030", "utf-16", "big5", "latin-1", "windows-1252")


@dataclass(slots=True)
class _Desk:
    """One look at one file: what was said about it, what it shows, what is wrong."""

    batch: ImportBatch
    target: ImportTarget
    mapping: Mapping
    seen: Look
    #: Public id of the kept mapping that the page began with, "" for the batch's own.
    base: str = ""
    refusal: str = ""
    code: int = 200


@form_page
@permission_required("core.change_importbatch", raise_exception=True)
def import_mapping(request: HttpRequest, public_id: str) -> HttpResponse:
    """Which column is which field: guessed, changed here, read anew while it is changed, kept, and sent to the check."""
    batch = _draft(request, public_id)
    if batch.state != ImportBatch.State.DRAFT:
        return redirect("core:import_detail", batch.public_id)
    desk = _desk(request, batch)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    if do in ("check", "save", "toml") and not desk.refusal:
        try:
            answer = _carry_out(request, desk, do)
        except DomainError as refusal:
            desk.refusal, desk.code = str(refusal.message), refusal.status
        else:
            if answer is not None:
                return answer
    whole, piece = "core/imports/mapping.html", "core/imports/_mapping.html"
    return render(request, part(request, whole, piece), _context(request, desk), status=desk.code)


def _carry_out(request: HttpRequest, desk: _Desk, do: str) -> HttpResponse | None:
    actor = actor_of(request)
    if do == "check":
        check_draft(actor=actor, batch=desk.batch, mapping=desk.mapping)
        return redirect("core:import_detail", desk.batch.public_id)
    settled = judged(
        desk.mapping,
        desk.target.fields,
        row_key_field=desk.target.row_key_field,
        assumed=[desk.target.date_field] if desk.target.date_field else [],
    )
    if do == "toml":
        return _toml(settled, desk.batch.kind)
    name = request.POST.get("keep_as", "").strip()
    if not name:
        desk.refusal, desk.code = _("A mapping needs a name."), 400
        return None
    keep_mapping(actor=actor, branch=desk.batch.branch, kind=desk.batch.kind, name=name, mapping=settled)
    messages.success(request, _("The mapping is kept as “%(name)s”.") % {"name": name})
    return None


def _desk(request: HttpRequest, batch: ImportBatch) -> _Desk:
    """What the page means and what the file shows under it; a file that does not open that way is shown as it does."""
    target, raw = target_of(batch.kind), vault.fetch(batch)
    limits = limits_for(batch.branch, local_date(timezone.now()))
    chosen, base = request.POST.get("saved", ""), request.POST.get("base", "")
    loading = chosen and chosen != base and request.POST.get("do") in ("load", "read")
    base = chosen if loading else base
    kept = _base(request, batch, base)
    mapping, refusal, headers = kept, "", request.POST.getlist("h")
    posted = request.method == "POST" and not loading
    if posted:
        mapping = mapping_from(request.POST.dict(), headers, target.fields, kept)
    try:
        seen = look(raw, mapping.file, limits)
    except DomainError as wrong:
        refusal = str(wrong.message)
        try:
            seen = look(raw, FileOptions(), limits)
        except DomainError:
            seen = look(raw, FileOptions(encoding=READS_ALL), limits)
    if posted and headers and seen.headers != headers and not set(mapping.columns.values()) & set(seen.headers):
        found = guess(seen.headers, target.fields, row_key_field=target.row_key_field)
        mapping = replace(mapping, columns=found.columns, key=found.key, values={}, formats={}, skip_when={})
    return _Desk(batch, target, mapping, seen, base, refusal)


def _base(request: HttpRequest, batch: ImportBatch, base: str) -> Mapping:
    """What the page began with: the batch's mapping, or a kept one that was chosen."""
    kept = _mappings(request, batch).filter(public_id=base).first() if base else None
    return Mapping.from_dict(kept.body if kept is not None else batch.mapping)


def _context(request: HttpRequest, desk: _Desk) -> dict[str, Any]:
    shown = table_of(desk.mapping, desk.seen, desk.target.fields)
    return {
        "batch": desk.batch,
        "table": shown,
        "mapping": desk.mapping,
        "seen": desk.seen,
        "fields": [
            {"name": f.name, "label": str(f.label or f.name), "required": f.required} for f in desk.target.fields
        ],
        "refusal": desk.refusal,
        "base": desk.base,
        "saved": list(_mappings(request, desk.batch)),
        "keep_as": request.POST.get("keep_as", ""),
        "encodings": [name for name in _ENCODINGS if name in ENCODINGS],
        "delimiters": [("auto", _("recognised by itself")), *zip(DELIMITERS, (", ", "; ", _("tab"), "|"), strict=True)],
        "date_forms": date_forms(),
        "units": units(),
        "countries": COUNTRIES,
        "key": _key_kind(desk.mapping),
        "row_key_label": _row_key_label(desk.target),
        "same": SAME,
        "empty": EMPTY,
        "value": VALUE,
    }


def _key_kind(mapping: Mapping) -> str:
    return ROW_NUMBER if mapping.key == ROW_NUMBER else ("columns" if mapping.key else "")


def _row_key_label(target: ImportTarget) -> str:
    found = next((one for one in target.fields if one.name == target.row_key_field), None)
    return str(found.label) if found else ""


# -- kept mappings -----------------------------------------------------------------------------------------------------


@require_safe
@permission_required("core.add_importbatch", raise_exception=True)
def mapping_list(request: HttpRequest) -> HttpResponse:
    """The mappings that the branches of the user keep."""
    kept: QuerySet[Any] = (
        ImportMapping.objects.visible_to(actor_of(request))
        .select_related("branch")
        .order_by("kind", "name", "pk")[:500]
    )
    for one in kept:
        one.kind_label = str(TARGETS[one.kind].label) if one.kind in TARGETS else one.kind
    return render(request, "core/imports/mappings.html", {"mappings": kept})


@require_POST
@permission_required("core.add_importbatch", raise_exception=True)
def mapping_rename(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a kept mapping another name."""
    kept, name, actor = _kept(request, public_id), request.POST.get("name", ""), actor_of(request)
    return at_once(
        request,
        do=lambda seen: rename_mapping(actor=actor, kept=kept, name=name, version=seen),
        back=reverse("core:import_mappings"),
        said=_("Saved."),
    )


@require_POST
@permission_required("core.add_importbatch", raise_exception=True)
def mapping_delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep a mapping no longer."""
    kept, actor = _kept(request, public_id), actor_of(request)
    return at_once(
        request,
        do=lambda seen: drop_mapping(actor=actor, kept=kept, version=seen),
        back=reverse("core:import_mappings"),
        said=_("The mapping is deleted."),
    )


@require_safe
@permission_required("core.add_importbatch", raise_exception=True)
def mapping_toml(request: HttpRequest, public_id: str) -> HttpResponse:
    """A kept mapping as the file that the command takes."""
    kept = _kept(request, public_id)
    return _toml(Mapping.from_dict(kept.body), kept.kind)


def _toml(mapping: Mapping, kind: str) -> HttpResponse:
    answer = HttpResponse(to_toml(mapping), content_type="application/toml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{kind}.toml"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _kept(request: HttpRequest, public_id: str) -> ImportMapping:
    found: ImportMapping = get_object_or_404(ImportMapping.objects.visible_to(actor_of(request)), public_id=public_id)
    _refuse_without_right(request, found.kind)
    return found


def _mappings(request: HttpRequest, batch: ImportBatch) -> Any:
    return ImportMapping.objects.visible_to(actor_of(request)).filter(kind=batch.kind, branch=batch.branch)


def _draft(request: HttpRequest, public_id: str) -> ImportBatch:
    rows = ImportBatch.objects.visible_to(actor_of(request)).select_related("branch", "actor", "job")
    batch: ImportBatch = get_object_or_404(rows, public_id=public_id)
    _refuse_without_right(request, batch.kind)
    batch.kind_label = str(TARGETS[batch.kind].label)  # type: ignore[attr-defined]  # for the template
    return batch


def _refuse_without_right(request: HttpRequest, kind: str) -> None:
    if not may_bring(actor_of(request), kind):
        raise PermissionDenied
