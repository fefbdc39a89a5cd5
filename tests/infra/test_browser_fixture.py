"""What counts as a fault of a page in the tests of the browser."""

from __future__ import annotations

from tests.plugins.browser import faults_among

AFTER, OFF = "htmx:afterRequest, [object HTMLDivElement]", "htmx:sendAbort, [object HTMLDivElement]"


def test_a_request_that_was_called_off_is_no_fault():
    assert faults_among([AFTER, OFF, AFTER, OFF]) == []


def test_one_that_failed_is_and_so_is_everything_else():
    failed = ["htmx:afterRequest, [object]", "htmx:sendError, [object]", "TypeError: x is undefined"]

    assert faults_among([*failed, AFTER, OFF, OFF]) == [*failed, OFF]
