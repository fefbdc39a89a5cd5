"""The one search box: part of a name, pinyin, initials, client number, account number, last four of any phone, document or
account, and the name of who speaks for an institution.

Both engines answer alike; only the way differs. PostgreSQL asks its gram index, SQLite looks into the text of the branch.
What is masked is found by its last four signs or as a whole, never by a part: nobody can guess a number sign by sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models import Case, Exists, F, Func, IntegerField, OuterRef, Q, TextField, Value, When
from django.db.models.lookups import Lookup
from django.utils.translation import gettext_lazy as _

from clients.identity import IdentityRefused, clean, read_phone, simplified
from clients.pinyin import bare_name, pinyin_query, query_grams
from clients.querysets import numbers
from clients.querysets.scope import sees_names
from crm.core.crypto import blind_indexes

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from crm.core.models import User

_HAN = re.compile("[\u3007\u3400-\u9fff\U00020000-\U0003ffff]")
_TAIL = re.compile(r"\d{3}[\dXx]", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9\- ]{5,23}", re.ASCII)
_LONG_NUMBER = re.compile(r"[\dXx+\- ]{8,24}", re.ASCII)
#: Whoever types more than this is not searching for a client.
LONGEST = 60


class FoundBy(models.TextChoices):
    """By what a client was found; said beside each hit, so that a masked value need not be shown to explain it."""

    NUMBER = "number", _("Client number")
    PHONE = "phone", _("Whole phone number")
    DOCUMENT = "document", _("Whole document number")
    ACCOUNT = "account", _("Account number")
    NAME = "name", _("Name")
    PINYIN = "pinyin", _("Pinyin")
    INITIALS = "initials", _("Initials")
    PHONE_TAIL = "phone_tail", _("Last digits of the phone")
    DOCUMENT_TAIL = "document_tail", _("Last digits of the document")
    ACCOUNT_TAIL = "account_tail", _("Last digits of the account")
    PERSON = "person", _("Contact person")
    TAG = "tag", _("Tag")


#: From the best hit to the weakest; within a place the own book comes first, then the larger assets.
EXACT, BEGINS, INITIALS, TAILS, CONTAINS = range(5)


@dataclass(frozen=True)
class Way:
    """One way in which a term finds clients. ``better``: conditions under which a hit stands higher than ``place``."""

    by: FoundBy
    place: int
    q: Q
    better: tuple[tuple[int, Q], ...] = ()


class _Grams(Func):
    """The grams of a name as PostgreSQL's index holds them."""

    function = "string_to_array"
    output_field = TextField()


class _HasAll(Lookup):
    """``string_to_array(name_grams, ' ') @> ARRAY[…]``, written as the index was defined."""

    lookup_name = "has_all_grams"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} @> %s::text[]", [*params, self.rhs]


def name_contains(term: str) -> Q:
    """Clients whose name contains ``term``: blanks and middle dots do not count, Latin letters in either case.

    A term in traditional characters finds the simplified name as well, and the other way round.
    """
    text = bare_name(term)
    found = _contains(text)
    plain = simplified(text)
    return found if plain == text else found | _contains(plain)


def _contains(text: str) -> Q:
    grams = query_grams(text)
    if not grams:
        return Q(pk__in=[])
    if connection.vendor == "postgresql":
        array = _Grams(F("name_grams"), Value(" "))
        found = Q(_HasAll(array, grams))
    else:
        found = Q()
        for gram in grams:
            # Each gram stands between blanks, so that 张 does not find a pair that begins with it.
            found &= Q(_InText(_Padded(F("name_grams")), f" {gram} "))
    if len(text) > 2:
        # Three characters or more: their pairs may stand apart (张伟 and 伟民), so the text itself decides. Among the grams
        # so long a piece can only be part of the simplified form of the whole name.
        found &= Q(_InText(_Bare(F("name")), text)) | Q(_InText(F("name_grams"), text))
    return found


class _Padded(Func):
    template = "(' ' || %(expressions)s || ' ')"
    output_field = TextField()


class _Bare(Func):
    """A name without blanks and middle dots, in lower case."""

    template = "lower(replace(replace(%(expressions)s, ' ', ''), '·', ''))"
    output_field = TextField()


class _InText(Lookup):
    """Whether a text contains another, character by character; no pattern language."""

    lookup_name = "in_text"
    prepare_rhs = False
    found = "> 0"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        function = "strpos" if connection.vendor == "postgresql" else "instr"
        return f"{function}({lhs}, %s) {self.found}", [*params, self.rhs]


class _BeginsText(_InText):
    """Whether a text begins with another."""

    lookup_name = "begins_text"
    found = "= 1"


class _IsText(Lookup):
    """Whether a text is another, character by character."""

    lookup_name = "is_text"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = %s", [*params, self.rhs]


def begins_with(field: str, text: str) -> Q:
    """Rows whose lower-case ``field`` begins with ``text``, in a form that an index of either engine serves."""
    if connection.vendor == "postgresql":
        return Q(**{f"{field}__startswith": text})
    return Q(**{f"{field}__gte": text, f"{field}__lt": text + "\U0010ffff"})


def ways(typed: str, *, names: bool = True) -> list[Way]:
    """Every way in which ``typed`` may name a client, the surest first; none for an empty box.

    Without ``names`` only the client number and last four digits are looked at: whoever sees names masked must not guess
    them sign by sign.
    """
    term = clean(typed)[:LONGEST].strip()
    if not term:
        return []
    if names and (parts := _name_and_tail(term)):
        name, tails = parts
        both = Q()
        for one in tails:
            both &= _tails_q(one)
        return [Way(way.by, way.place, way.q & both, way.better) for way in _by_name(name)]
    found = [Way(FoundBy.NUMBER, EXACT, Q(external_id=term) | _merged_as(term))]
    if names:
        found += _by_whole_number(term)
    if _TAIL.fullmatch(term):
        found += _by_tail(term, beside=names)
    if names and any(c.isalpha() for c in term):
        found += _by_name(term)
        if ids := numbers.spoken_for_by(term):
            found.append(Way(FoundBy.PERSON, CONTAINS, Q(pk__in=ids)))
    return found


def _name_and_tail(term: str) -> tuple[str, list[str]] | None:
    """张三 8000: a name in Chinese and the last four digits of something."""
    words = term.split()
    tails = [word for word in words if _TAIL.fullmatch(word)]
    name = [word for word in words if _HAN.search(word)]
    return ("".join(name), tails) if name and tails and len(name) + len(tails) == len(words) else None


def _by_name(term: str) -> Iterator[Way]:
    """By characters; by pinyin and initials where the term has no Chinese character."""
    text = bare_name(term)
    if not _HAN.search(term):
        spoken = pinyin_query(term)
        if spoken.isascii() and spoken.isalnum():
            whole = ((EXACT, Q(pinyin=spoken)),)
            yield Way(FoundBy.PINYIN, BEGINS, begins_with("pinyin", spoken), whole)
            yield Way(FoundBy.INITIALS, INITIALS, begins_with("initials", spoken), ((BEGINS, Q(initials=spoken)),))
    bare = _Bare(F("name"))
    forms = dict.fromkeys((text, simplified(text)))
    exact, begins = Q(), Q()
    for form in forms:
        exact |= Q(_IsText(bare, form))
        begins |= Q(_BeginsText(bare, form))
    yield Way(FoundBy.NAME, CONTAINS, name_contains(term), ((EXACT, exact), (BEGINS, begins)))


def _tags(typed: str, user: User | AnonymousUser | None) -> list[int]:
    """Tags called so, for those who see tags; a word of digits is no tag."""
    from clients.models import Tag

    term = clean(typed)[:LONGEST]
    if user is None or not any(c.isalpha() for c in term) or not user.has_perm("clients.view_tag"):
        return []
    return Tag.objects.visible_to(user).in_use().named(term)


def _carrying(tags: list[int]) -> Q:
    from clients.models import ClientTag

    return Q(Exists(ClientTag.objects.filter(client=OuterRef("pk"), tag_id__in=tags)))


def _merged_as(number: str) -> Q:
    """Who goes on under another number since a merge; a list and no sub-query, so that PostgreSQL can combine indexes."""
    from clients.models import Client

    if " " in number or not any(c.isdigit() for c in number):
        return Q()
    rows = Client.objects.filter(external_id=number, merged_into__isnull=False)
    ids = list(rows.values_list("merged_into_id", flat=True)[:_MERGED])
    return Q(pk__in=ids) if ids else Q()


#: In so many branches at most a merged client's number is looked for.
_MERGED = 200


def _by_tail(term: str, *, beside: bool) -> Iterator[Way]:
    """``beside``: also by what stands in rows of its own, such as a second phone or an account."""
    ids = numbers.ending_in(term) if beside else {}
    yield Way(FoundBy.PHONE_TAIL, TAILS, Q(phone_tail=term) | _among(ids, numbers.PHONE))
    yield Way(FoundBy.DOCUMENT_TAIL, TAILS, Q(id_tail=term.upper()) | _among(ids, numbers.DOCUMENT))
    for by, kind in ((FoundBy.ACCOUNT_TAIL, numbers.ACCOUNT), (FoundBy.PERSON, numbers.PERSON)):
        if kind in ids:
            yield Way(by, TAILS, _among(ids, kind))


def _among(ids: dict[str, list[int]], kind: str) -> Q:
    return Q(pk__in=ids[kind]) if kind in ids else Q()


def _tails_q(term: str) -> Q:
    found = Q()
    for way in _by_tail(term, beside=True):
        found |= way.q
    return found


def _by_whole_number(term: str) -> Iterator[Way]:
    """A whole phone, document or account number is looked up by its digest: the number itself is nowhere to be searched."""
    bare = re.sub(r"[\s\-]", "", term).upper()
    asked: dict[str, list[str]] = {"accounts": [], "documents": [], "phones": []}
    if _LONG_NUMBER.fullmatch(term):
        asked["documents"] = blind_indexes(bare)
        with suppress(IdentityRefused):
            asked["phones"] = blind_indexes(read_phone(term).e164)
    if not _TAIL.fullmatch(term) and _ACCOUNT.fullmatch(term) and any(c.isdigit() for c in term):
        # Passports and permits have letters, as some accounts have.
        asked["accounts"] = asked["documents"] = blind_indexes(bare)
    ids = numbers.numbered(**asked)
    if asked["documents"]:
        yield Way(FoundBy.DOCUMENT, EXACT, Q(id_index__in=asked["documents"]) | _among(ids, numbers.DOCUMENT))
    if asked["phones"]:
        yield Way(FoundBy.PHONE, EXACT, Q(phone_index__in=asked["phones"]) | _among(ids, numbers.PHONE))
    for by, kind in ((FoundBy.ACCOUNT, numbers.ACCOUNT), (FoundBy.PERSON, numbers.PERSON)):
        if kind in ids:
            yield Way(by, EXACT, _among(ids, kind))


# -- how good a hit is -------------------------------------------------------------------------------------------------


class Hits:
    """What one term finds for one person: which rows, how well each fits, and by what it was found.

    Made once for a request: account numbers are looked up when it is made.
    """

    def __init__(self, typed: str, *, names: bool = True, tags: Iterable[int] = ()) -> None:
        self.ways = ways(typed, names=names)
        if tags := list(tags):
            self.ways.append(Way(FoundBy.TAG, CONTAINS, _carrying(tags)))

    @classmethod
    def of(cls, typed: str, user: User | AnonymousUser | None) -> Hits:
        """By name only for those who see names; nobody (None) sees none."""
        return cls(typed, names=user is not None and sees_names(user), tags=_tags(typed, user))

    @property
    def q(self) -> Q:
        """The rows found; all of them for an empty box."""
        found = Q()
        for way in self.ways:
            found |= way.q
        return found

    @property
    def place(self) -> Case:
        """The place of a row among the hits, 0 the best."""
        whens = (When(q, then=Value(place)) for place, _by, q in self._whens())
        return Case(*whens, default=Value(CONTAINS), output_field=IntegerField())

    @property
    def found_by(self) -> Case:
        """By what a row was found: the way that gives it its place."""
        whens = (When(q, then=Value(by.value)) for _place, by, q in self._whens())
        return Case(*whens, default=Value(""), output_field=models.CharField())

    def _whens(self) -> list[tuple[int, FoundBy, Q]]:
        whens = [(place, way.by, q) for way in self.ways for place, q in (*way.better, (way.place, way.q))]
        return sorted(whens, key=lambda when: when[0])


__all__ = ["FoundBy", "Hits", "begins_with", "name_contains"]
