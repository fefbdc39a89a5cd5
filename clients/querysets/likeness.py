"""Which clients look like one person: same document, same phone and name, or a similar name and the same date of birth.

Of documents and phones all count, not only the one in the client's own columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, Q

from clients.pinyin import bare_name, to_pinyin
from clients.querysets import numbers
from crm.core.crypto import blind_indexes

if TYPE_CHECKING:
    from crm.core.models import Branch, Company

#: How surely each reason speaks of one person, of 100. Two characters of which one differs say less than three.
SCORES = {"document": 100, "phone_name": 90, "name_birthday": 70}
_ONE_APART = 50
#: More clients than this with one phone or one birthday are no people: a placeholder (1900-01-01, the branch's own phone).
_CROWD = 40
_PAGE = 500


@dataclass(frozen=True)
class Facts:
    """What is known of somebody who may be on file; all in the form in which it is stored, "" and None where it is not known."""

    name: str = ""
    phone: str = ""
    id_number: str = ""
    birth_date: date | None = None

    @property
    def are_enough(self) -> bool:
        """Whether any rule can be asked at all."""
        return bool(self.id_number or (self.phone and self.name) or (self.birth_date and self.name))


def similar_names(one: str, other: str) -> bool:
    """Same pinyin, or one character apart at the same length; a single character is like itself only."""
    a, b = bare_name(one), bare_name(other)
    if not a or not b:
        return False
    return a == b or to_pinyin(a).full == to_pinyin(b).full or _one_apart(a, b)


def _one_apart(a: str, b: str) -> bool:
    return len(a) == len(b) > 1 and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def alike(facts: Facts, company: Company | None, *, but: int | None = None) -> list[tuple[int, list[str]]]:
    """Clients of the company who look like ``facts``: (key, reasons). The same questions, whoever is found."""
    from clients.models import Client

    documents = set(blind_indexes(facts.id_number)) if facts.id_number else set()
    phones = set(blind_indexes(facts.phone)) if facts.phone and facts.name else set()
    by_document, by_phone = (_all_of(held) for held in numbers.sharing(documents, phones))
    asked = Q(pk__in=by_document | by_phone)
    if documents:
        asked |= Q(id_index__in=documents)
    if phones:
        asked |= Q(phone_index__in=phones)
    if facts.birth_date and facts.name:
        asked |= Q(birth_date=facts.birth_date)
    rows = Client.objects.filter(asked, branch__company=company, merged_into=None).exclude(pk__in=[but or 0])
    found = []
    columns = ("pk", "name", "id_index", "phone_index", "birth_date")
    for pk, name, document, phone, born in rows.order_by("pk").values_list(*columns)[:_PAGE]:
        reasons = []
        if document in documents or pk in by_document:
            reasons.append("document")
        same_phone = phone in phones or pk in by_phone
        if same_phone and bare_name(name) == bare_name(facts.name) != "":
            reasons.append("phone_name")
        if facts.birth_date and born == facts.birth_date and similar_names(name, facts.name):
            reasons.append("name_birthday")
        if reasons:
            found.append((pk, reasons))
    return found


def _all_of(held: dict[str, set[int]]) -> set[int]:
    return set().union(*held.values())


class Suspicion(NamedTuple):
    """Two clients, the older first, why they look like one, and how surely."""

    first: int
    second: int
    reasons: tuple[str, ...]
    score: int


def suspicions(branch: Branch) -> list[Suspicion]:
    """Every pair of the branch that looks like one client, the surest first; five statements for any number of clients."""
    found: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for pair in _sharing(branch, "id_index", numbers.further_documents(branch)):
        found[pair]["document"] = SCORES["document"]
    for pair in _sharing(branch, "phone_index", numbers.further_phones(branch), same_name=True):
        found[pair]["phone_name"] = SCORES["phone_name"]
    for pair, score in _born_together(branch):
        found[pair]["name_birthday"] = score
    pairs = [Suspicion(*pair, tuple(sorted(reasons)), max(reasons.values())) for pair, reasons in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.score, -len(pair.reasons), pair.first, pair.second))


def _there(branch: Branch) -> Any:
    from clients.models import Client

    return Client.objects.filter(branch=branch, merged_into=None)


def _sharing(branch: Branch, column: str, further: Any, *, same_name: bool = False) -> Iterator[tuple[int, int]]:
    """Pairs that share a digest, in the client's own ``column`` or among the ``further`` ones."""
    rows = _there(branch).exclude(**{column: ""})
    if same_name:
        rows, further = rows.exclude(name=""), further.exclude(client__name="")
    several = rows.order_by().values(column).annotate(n=Count("pk")).filter(n__gt=1).values(column)
    own = rows.filter(Q(**{f"{column}__in": several}) | Q(**{f"{column}__in": further.values("digest")}))
    groups: dict[tuple[str, str], set[int]] = defaultdict(set)
    for pk, digest, name in (
        *own.values_list("pk", column, "name"),
        *further.values_list("client_id", "digest", "client__name"),
    ):
        groups[digest, name if same_name else ""].add(pk)
    yield from _pairs(groups.values())


def _pairs(groups: Iterable[set[int]]) -> Iterator[tuple[int, int]]:
    for keys in groups:
        if len(keys) <= _CROWD:
            yield from combinations(sorted(keys), 2)


def _born_together(branch: Branch) -> Iterator[tuple[tuple[int, int], int]]:
    """Pairs with one date of birth and similar names, with their score."""
    rows = _there(branch).exclude(birth_date=None).exclude(name="")
    several = rows.order_by().values("birth_date").annotate(n=Count("pk")).filter(n__gt=1).values("birth_date")
    groups: dict[date, list[tuple[int, str, str]]] = defaultdict(list)
    for pk, name, spoken, born in (
        rows.filter(birth_date__in=several).order_by("pk").values_list("pk", "name", "pinyin", "birth_date")
    ):
        groups[born].append((pk, bare_name(name), spoken))
    for people in groups.values():
        if len(people) > _CROWD:
            continue
        for (first, name, spoken), (second, other, heard) in combinations(people, 2):
            if name == other or (spoken and spoken == heard):
                yield (first, second), SCORES["name_birthday"]
            elif _one_apart(name, other):
                yield (first, second), _ONE_APART
