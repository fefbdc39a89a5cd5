"""What else a client is known by: further documents and phones, accounts, and who speaks for an institution.

Each question is one statement over all of them and answers with keys of clients; a list and no sub-query, for only so can
PostgreSQL combine it with the indexes of the clients themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, F, Q, Value

from clients.identity import normalise_name, simplified

if TYPE_CHECKING:
    from crm.core.models import Branch

#: By what a row beside the client names him.
ACCOUNT, DOCUMENT, PHONE, PERSON = "account", "document", "phone", "person"
#: So many rows at most are looked at for what somebody typed.
_MOST = 2000
#: A single character names too many.
_SHORTEST_NAME = 2


def ending_in(tail: str) -> dict[str, list[int]]:
    """Kind of number → keys of the clients with a number of that kind that ends so."""
    return _found(
        _accounts(number_tail=tail.upper()),
        _documents(number_tail=tail.upper()),
        _phones(value_tail=tail),
        _persons(phone_tail=tail),
    )


def numbered(*, accounts: list[str], documents: list[str], phones: list[str]) -> dict[str, list[int]]:
    """Kind of number → keys of the clients who have one of these whole numbers, given as digests."""
    return _found(
        *([_accounts(number_index__in=accounts)] if accounts else []),
        *([_documents(number_index__in=documents)] if documents else []),
        *([_phones(value_index__in=phones), _persons(phone_index__in=phones)] if phones else []),
    )


def spoken_for_by(typed: str) -> list[int]:
    """Keys of the institutions for whom somebody speaks whose name is ``typed`` or begins so."""
    from clients.models import ContactPerson
    from clients.querysets.search import begins_with

    forms = {form for form in (normalise_name(typed), simplified(normalise_name(typed))) if len(form) >= _SHORTEST_NAME}
    if not forms:
        return []
    named = Q()
    for form in forms:
        named |= begins_with("name", form)
    return list(ContactPerson.objects.present().filter(named).values_list("client_id", flat=True)[:_MOST])


def sharing(documents: Collection[str], phones: Collection[str]) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Digest → keys of the clients with that further document, and of those with that further phone; one statement."""
    held: tuple[dict[str, set[int]], dict[str, set[int]]] = (defaultdict(set), defaultdict(set))
    # No digest is empty text: both halves are always asked, so that every answer costs the same.
    rows = _documents(number_index__in=list(documents) or [""], digest=True).union(
        _phones(value_index__in=list(phones) or [""], digest=True), all=True
    )
    for client, kind, digest in rows:
        if digest:
            held[kind == PHONE][digest].add(client)
    return held


def further_documents(branch: Branch) -> Any:
    """Documents of the branch's clients beside their own column, each with its ``digest``."""
    from clients.models import IdentityDocument

    return _beside(IdentityDocument, "number_index", branch)


def further_phones(branch: Branch) -> Any:
    """Phones of the branch's clients beside their own column, each with its ``digest``."""
    from clients.models import ContactPoint

    return _beside(ContactPoint, "value_index", branch).filter(kind=ContactPoint.Kind.PHONE)


def _beside(model: Any, digest: str, branch: Branch) -> Any:
    rows = model.objects.present().filter(client__branch=branch, client__merged_into=None, is_primary=False)
    return rows.exclude(**{digest: ""}).annotate(digest=F(digest))


def _rows(rows: Any, kind: str, digest: str) -> Any:
    named: dict[str, Any] = {"by": Value(kind, output_field=CharField())}
    columns = ["client_id", "by"]
    if digest:
        named["digest"] = F(digest)
        columns.append("digest")
    return rows.order_by().annotate(**named).values_list(*columns)


def _accounts(**asked: Any) -> Any:
    from clients.models import Account

    return _rows(Account.objects.filter(**asked), ACCOUNT, "")


def _documents(*, digest: bool = False, **asked: Any) -> Any:
    from clients.models import IdentityDocument

    return _rows(IdentityDocument.objects.present().filter(**asked), DOCUMENT, "number_index" if digest else "")


def _phones(*, digest: bool = False, **asked: Any) -> Any:
    from clients.models import ContactPoint

    rows = ContactPoint.objects.present().filter(kind=ContactPoint.Kind.PHONE, **asked)
    return _rows(rows, PHONE, "value_index" if digest else "")


def _persons(**asked: Any) -> Any:
    from clients.models import ContactPerson

    return _rows(ContactPerson.objects.present().filter(**asked), PERSON, "")


def _found(*sets: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    rows: Iterable[tuple[int, str]] = sets[0].union(*sets[1:])[:_MOST] if sets else ()
    for client, kind in rows:
        found.setdefault(kind, []).append(client)
    return found
