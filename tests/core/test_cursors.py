"""Where a page begins, for an address: nobody but us reads it, nobody else makes one."""

from __future__ import annotations

import base64

import pytest

from crm.core.cursors import open_place, seal_place

PLACE = {"o": ["name", "pk"], "at": ["张三", 4711], "back": False}


def test_a_place_comes_back_and_its_words_tell_neither_name_nor_key() -> None:
    cursor = seal_place(PLACE, "list")

    assert open_place(cursor, "list") == PLACE
    read = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for told in (b"4711", b"name", "张三".encode(), b"\\u5f20"):
        assert told not in read


def test_the_same_place_gives_the_same_words_and_another_place_others() -> None:
    assert seal_place(PLACE, "list") == seal_place(dict(PLACE), "list")
    assert seal_place(PLACE, "list")[:16] != seal_place({**PLACE, "back": True}, "list")[:16]


def test_words_of_another_list_or_changed_or_made_up_open_nothing() -> None:
    cursor = seal_place(PLACE, "list")

    assert open_place(cursor, "timeline") is None
    for made_up in ("", "x", "é", "\x00", "A" * 200, cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB"), cursor[4:]):
        assert open_place(made_up, "list") is None


@pytest.mark.parametrize("known", [True, False])
def test_a_cursor_outlives_a_change_of_the_secret_while_the_old_one_is_kept(settings, known: bool) -> None:
    cursor = seal_place(PLACE, "list")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if known else []
    settings.SECRET_KEY = "another secret, long enough for a test of what is sealed"

    assert (open_place(cursor, "list") == PLACE) == known
