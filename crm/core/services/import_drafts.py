"""Files whose columns are still being looked at, and mappings that a branch keeps."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.core import audit
from crm.core.errors import BranchClosed, DomainError, InvalidInput
from crm.core.importing import engine, vault
from crm.core.importing.editor import judged
from crm.core.importing.mapping import Mapping
from crm.core.importing.problems import WrongImportState
from crm.core.importing.targets import target_of
from crm.core.models import Branch, ImportBatch, JobRun, User
from crm.core.models.importing import ImportMapping
from crm.core.service import service
from crm.core.services.import_work import start_check
from crm.core.versions import lock

State = ImportBatch.State


class NameTaken(DomainError):
    """Another mapping of this kind has the name already."""

    code = "mapping_name_taken"
    message = gettext_lazy("The branch keeps another mapping under this name.")


@service("import.open")
def open_draft(
    *,
    actor: User,
    kind: str,
    branch: Branch,
    file_name: str,
    raw: bytes,
    mapping: Mapping,
    day: date | None = None,
    dry_run: bool = False,
) -> ImportBatch:
    """Take a file in whose columns somebody will look at before it is checked. Raises ``BranchClosed``."""
    if not branch.is_open:
        raise BranchClosed
    target_of(kind)
    batch: ImportBatch = ImportBatch.objects.create(
        kind=kind,
        branch=branch,
        state=State.DRAFT,
        file_name=file_name[:200],
        sha256=engine.digest(raw),
        mapping=mapping.as_dict(),
        options={"date": day.isoformat() if day else None, "dry_run": dry_run},
        actor=actor,
    )
    vault.keep(batch, raw)
    audit.record(actor, "import.open", batch, after={"kind": kind, "sha256": batch.sha256, "dry_run": dry_run})
    return batch


@service("import.settle_mapping")
def check_draft(*, actor: User, batch: ImportBatch, mapping: Mapping) -> JobRun:
    """The columns are understood: let a worker check the file. Raises ``MappingRefused`` or ``WrongImportState``."""
    target = target_of(batch.kind)
    assumed = [target.date_field] if target.date_field and batch.options.get("date") else []
    settled = judged(mapping, target.fields, row_key_field=target.row_key_field, assumed=assumed)
    moved = ImportBatch.objects.filter(pk=batch.pk, state=State.DRAFT).update(
        state=State.STAGED, mapping=settled.as_dict()
    )
    if not moved:
        raise WrongImportState
    batch.refresh_from_db()
    audit.record(actor, "import.settle_mapping", batch, after={"fields": sorted(settled.given(target.fields))})
    return start_check(actor=actor, batch=batch)


@service("import.rename_mapping")
def rename_mapping(*, actor: User, kept: ImportMapping, name: str, version: int | None = None) -> ImportMapping:
    """Give a kept mapping another name. Raises ``InvalidInput``, ``NameTaken`` and ``StaleEdit``."""
    kept = lock(ImportMapping.objects.all(), pk=kept.pk, version=version)
    name = " ".join(name.split())[:80]
    if not name:
        raise InvalidInput(fields={"name": _("A mapping needs a name.")})
    before = kept.name
    kept.name = name
    try:
        with transaction.atomic():
            kept.save(update_fields=["name"])
    except IntegrityError:
        raise NameTaken from None
    audit.record(actor, "import.rename_mapping", kept, before={"name": before}, after={"name": name})
    return kept


@service("import.drop_mapping")
def drop_mapping(*, actor: User, kept: ImportMapping, version: int | None = None) -> None:
    """Keep a mapping no longer; the trail keeps what it said, batches keep their own copy. Raises ``StaleEdit``."""
    kept = lock(ImportMapping.objects.all(), pk=kept.pk, version=version)
    audit.record(
        actor, "import.drop_mapping", kept, before={"kind": kept.kind, "name": kept.name, "mapping": kept.body}
    )
    kept.delete()
