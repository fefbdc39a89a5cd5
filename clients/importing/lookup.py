"""Finding the client and the colleague that a row of a file names: one query for a chunk of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.errors import ClientRestricted
from clients.models import Client, MergeRecord
from crm.core.importing import ImportContext, ImportField, ImportStale, InputRow, Problem, Stage, StagedRow
from crm.core.importing.targets import CREATED, UPDATED
from crm.core.importing.touched import Touched
from crm.core.models import Branch, User

UNKNOWN_CLIENT = _("The branch has no client with this number.")
RESTRICTED_CLIENT = _(
    "The data of this client are restricted to storage: nothing of them may be changed. Take the row out of the file, or ask "
    "compliance."
)
UNKNOWN_STAFF = _("The company has no active member of staff with this number.")

CLIENT_FIELD = ImportField(
    "external_id",
    "code",
    _("client number"),
    required=True,
    max_length=40,
    headers=("客户号", "客户编号", "资金账号", "client", "client_id", "client number", "account", "uid"),
    help=_("The number under which the branch knows the client."),
)


#: What a spreadsheet does to a column of numbers that it has not been told is text.
ZEROS_LOST = _("Zeros are missing in front; a spreadsheet takes them away. Format the column as text.")


def lost_zeros(context: ImportContext, row: InputRow) -> Problem | None:
    """A new number that the branch has with zeros in front is no new client: he would stand there twice."""
    number = row.values["external_id"]
    if context.batch.mapping.get("key") or not (number.isascii() and number.isdigit()) or number.startswith("0"):
        return None
    return row.problem("external_id", "zeros_lost", str(ZEROS_LOST)) if number in _without_zeros(context) else None


def _without_zeros(context: ImportContext) -> set[str]:
    """What a spreadsheet leaves of the branch's client numbers that begin with zeros; looked up once a file."""
    if "clients.zeros" not in context.memo:
        found = Client.objects.filter(branch=context.branch, external_id__startswith="0")
        numbers = found.values_list("external_id", flat=True).iterator()
        context.memo["clients.zeros"] = {number.lstrip("0") for number in numbers if number.isdigit()}
    known: set[str] = context.memo["clients.zeros"]
    return known


def clients_by_number(context: ImportContext, rows: Iterable[InputRow]) -> dict[str, int]:
    """Client number → key, for the rows of one chunk; the number of a merged client leads to the one who stayed."""
    return by_number(context, {row.values["external_id"] for row in rows})


def by_number(context: ImportContext, numbers: Iterable[str]) -> dict[str, int]:
    """Client number → key of the client, or of the one into whom he was merged."""
    found = Client.objects.filter(branch=context.branch, external_id__in=set(numbers))
    return {number: merged or pk for number, pk, merged in found.values_list("external_id", "pk", "merged_into_id")}


def merged_numbers(context: ImportContext, rows: Iterable[InputRow]) -> set[str]:
    """Those client numbers of a chunk that belong to a merged client."""
    numbers = {row.values["external_id"] for row in rows}
    found = Client.objects.filter(branch=context.branch, external_id__in=numbers).exclude(merged_into=None)
    return set(found.values_list("external_id", flat=True))


def restricted_numbers(context: ImportContext, numbers: Iterable[str]) -> set[str]:
    """Those client numbers behind which data are restricted to storage: what ``Client.refuse_change`` says of one row."""
    shut = Q(restricted_on__isnull=False) | Q(merged_into__restricted_on__isnull=False)
    found = Client.objects.filter(shut, branch=context.branch, external_id__in=set(numbers))
    return set(found.values_list("external_id", flat=True))


def barred_rows(context: ImportContext, rows: list[InputRow], field: str) -> dict[int, Problem]:
    """The rows of a chunk that name a restricted client in ``field``; one statement."""
    named = {row.number: row.values[field] for row in rows if row.values.get(field)}
    shut = restricted_numbers(context, named.values()) if named else set()
    return {
        row.number: row.problem(field, "client_restricted", str(RESTRICTED_CLIENT))
        for row in rows
        if named.get(row.number) in shut
    }


class ForClients:
    """Mixin for kinds whose rows belong to clients.

    What was checked before a merge in the branch is not applied after it, and nobody whose data are restricted to storage
    is touched, neither by a row nor by its undo.
    """

    #: The field that names the client.
    client_field = "external_id"

    def barred(self, context: ImportContext, rows: list[InputRow]) -> dict[int, Problem]:
        return barred_rows(context, rows, self.client_field)

    def begin(self, context: ImportContext) -> None:
        super().begin(context)  # type: ignore[misc]  # a mixin before the kind of target
        await_merges(context)

    def apply(self, context: ImportContext, stage: Stage) -> None:
        refuse_after_merge(context)
        super().apply(context, stage)  # type: ignore[misc]  # as above

    def undo(self, context: ImportContext, stage: Stage) -> None:
        refuse_undo_of_restricted(context, stage, self.named_clients)
        super().undo(context, stage)  # type: ignore[misc]  # as above

    def named_clients(self, page: list[StagedRow]) -> dict[int, str]:
        """The client number of each staged row, by the row's number in the file."""
        return {row.number: row.key for row in page}


def await_merges(context: ImportContext) -> None:
    """Wait for a merge that is at work in the branch: what is read from here on knows of it."""
    with transaction.atomic():
        _lock(context)


def refuse_after_merge(context: ImportContext) -> None:
    """Raise ``ImportStale`` when clients of the branch were merged, restricted or erased, or a merge undone, since the file
    came.

    Takes the lock of the branch, which every merge and every erasure takes first: none begins before this import has ended.
    """
    _lock(context)
    shut = Client.objects.filter(branch=context.branch, restricted_on__isnull=False)
    if shut.filter(updated_at__gt=context.batch.created_at).exists():
        raise ImportStale
    settled = [MergeRecord.State.DONE, MergeRecord.State.UNDONE]
    since = MergeRecord.objects.filter(staying__branch=context.branch, updated_at__gt=context.batch.created_at)
    if since.filter(state__in=settled).exists():
        raise ImportStale


def refuse_undo_of_restricted(
    context: ImportContext, stage: Stage, named: Callable[[list[StagedRow]], dict[int, str]]
) -> None:
    """Raise ``ImportTouched`` when a row belongs to somebody whose data were restricted to storage since."""
    touched = Touched()
    for outcome in (CREATED, UPDATED):
        for page in stage.chunks(outcome):
            numbers = named(page)
            shut = restricted_numbers(context, numbers.values())
            for row in page if shut else ():
                if numbers.get(row.number) in shut:
                    touched.shut(row, str(ClientRestricted.message))
    touched.refuse()


def _lock(context: ImportContext) -> None:
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=context.branch.pk)


def staff_by_number(context: ImportContext, numbers: Iterable[Any]) -> dict[str, int]:
    """Staff number → key, within the company of the branch."""
    wanted = {str(number) for number in numbers if number}
    if not wanted:
        return {}
    found = User.objects.filter(company=context.branch.company_id, is_active=True, staff_number__in=wanted)
    return dict(found.values_list("staff_number", "pk"))


def unknown_client(row: InputRow) -> Problem:
    return row.problem("external_id", "unknown_client", str(UNKNOWN_CLIENT))
