"""The one search box: part of a name, pinyin, initials, client number, last four of phone, document or account, or all of them.

Both engines answer alike; only the way differs. PostgreSQL asks its gram index, SQLite looks into the text of the branch.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.lookups import Lookup

from clients.identity import IdentityRefused, normalise_name, read_phone
from clients.pinyin import name_grams, pinyin_query, query_grams
from crm.core.crypto import blind_indexes

_HAN = re.compile("[\u3007\u3400-\u9fff\U00020000-\U0003ffff]")
_TAIL = re.compile(r"\d{3}[\dXx]", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9\- ]{5,23}", re.ASCII)
_LONG_NUMBER = re.compile(r"[\dXx+\- ]{8,24}", re.ASCII)
#: Whoever types more than this is not searching for a client.
LONGEST = 60


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
    """Clients whose name contains ``term``: blanks and middle dots do not count, Latin letters in either case."""
    grams = query_grams(term)
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
    if len(name_grams(term)) > 3:
        # Three characters or more: their pairs may stand apart (张伟 and 伟民), so the text itself decides.
        found &= Q(_InText(_Bare(F("name")), "".join(normalise_name(term).lower().split()).replace("·", "")))
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

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, params = self.process_lhs(compiler, connection)
        function = "strpos" if connection.vendor == "postgresql" else "instr"
        return f"{function}({lhs}, %s) > 0", [*params, self.rhs]


def begins_with(field: str, text: str) -> Q:
    """Rows whose lower-case ``field`` begins with ``text``, in a form that an index of either engine serves."""
    if connection.vendor == "postgresql":
        return Q(**{f"{field}__startswith": text})
    return Q(**{f"{field}__gte": text, f"{field}__lt": text + "\U0010ffff"})


def search_q(typed: str, *, names: bool = True) -> Q:
    """What the search box means by ``typed``; an empty box means everybody.

    Without ``names`` only the client number and last four digits are looked at: whoever sees names masked must not guess
    them sign by sign.
    """
    term = typed.strip()[:LONGEST]
    if not term:
        return Q()
    found = Q(external_id=term)
    if names and _HAN.search(term):
        return name_contains(term) | found
    if _TAIL.fullmatch(term):
        found |= Q(phone_tail=term) | Q(id_tail=term.upper())
    if not names:
        return found
    found |= _account(term)
    if _LONG_NUMBER.fullmatch(term):
        found |= _whole_number(term)
    if any(c.isalpha() for c in term):
        spoken = pinyin_query(term)
        if spoken.isascii() and spoken.isalnum():
            found |= begins_with("pinyin", spoken) | begins_with("initials", spoken)
        found |= name_contains(term)
    return found


def _account(term: str) -> Q:
    """Whose account this is: by the digest of the whole number, or by its last four signs."""
    from clients.models import Account

    ids: list[int] = []
    if _TAIL.fullmatch(term):
        ids = Account.objects.clients_with_tail(term)
    elif _ACCOUNT.fullmatch(term) and any(c.isdigit() for c in term):
        ids = Account.objects.clients_with_number(blind_indexes(re.sub(r"[\s\-]", "", term)))
    return Q(pk__in=ids) if ids else Q()


def _whole_number(term: str) -> Q:
    """A whole phone or document number is looked up by its digest: the number itself is nowhere to be searched."""
    bare = re.sub(r"[\s\-]", "", term).upper()
    found = Q(id_index__in=blind_indexes(bare))
    try:
        return found | Q(phone_index__in=blind_indexes(read_phone(term).e164))
    except IdentityRefused:
        return found


__all__ = ["begins_with", "name_contains", "search_q"]
