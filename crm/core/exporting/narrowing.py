"""What is kept of a filter beside the rows that it has chosen."""

from __future__ import annotations

from django.http import QueryDict

from crm.core.public_ids import is_public_id

#: Fields of filters in which people type whom they look for; a client who is erased must not live on in them.
_TYPED = frozenset({"q", "client"})
_HIDDEN = "***"


def without_words(query: str) -> str:
    """The query of a list without the words that somebody has typed to find people: a name outlives its client nowhere.

    Public ids stay, since they name nobody once the client is gone. ``q=王小明&status=active`` → ``q=***&status=active``.
    """
    asked = QueryDict(query, mutable=True)
    for name in _TYPED & set(asked):
        asked.setlist(name, [text if is_public_id(text) or not text else _HIDDEN for text in asked.getlist(name)])
    return asked.urlencode(safe="*")
