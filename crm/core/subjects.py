"""Whom the trail speaks of: the app that knows clients tells how one is found and what he is called.

The ground floor knows a client only by the public id that stands in an entry; words for it come from the right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crm.core.models import User


@dataclass(frozen=True)
class Subject:
    """One client as ``user`` may see him."""

    ref: str
    number: str
    name: str
    branch: str
    url: str

    def __str__(self) -> str:
        return f"{self.name} {self.number}" if self.number not in self.name else self.name


@dataclass(frozen=True)
class Book:
    """Both ways of asking: ``find`` by number, name or public id; ``called`` by the public ids of entries."""

    find: Callable[[User, str], list[Subject]]
    called: Callable[[User, Iterable[str]], dict[str, Subject]]


_books: list[Book] = []


def keep_book(book: Book) -> None:
    """Registered once, by the app that knows clients."""
    _books.append(book)


def find_subjects(user: User, text: str) -> list[Subject]:
    """Who is meant by ``text``, among those whom ``user`` may see."""
    return [subject for book in _books for subject in book.find(user, text)]


def subjects_called(user: User, refs: Iterable[str]) -> dict[str, Subject]:
    """By public id, those of ``refs`` whom ``user`` may see."""
    wanted = {ref for ref in refs if ref}
    return {ref: one for book in _books for ref, one in book.called(user, wanted).items()} if wanted else {}
