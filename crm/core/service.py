"""Signed changes: every change that has an actor, a state, a second row or a message goes through a service.

``@service("complaint.close")`` opens the transaction, demands an actor and keeps book of whether the service left an audit
entry; the suite fails for a registered service that never ran or left none. The outermost service tries again after a
deadlock or a serialisation failure, since its transaction then left nothing behind.
"""

from __future__ import annotations

import functools
import inspect
import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction

from crm.core.faults import fault

Function = TypeVar("Function", bound=Callable[..., Any])

#: PostgreSQL: serialisation failure and deadlock. The whole transaction may safely run again.
_RETRY_CODES = {"40001", "40P01"}
_TRIES = 3


@dataclass
class ServiceBook:
    """What became of one registered service in this process."""

    name: str
    function: Callable[..., Any]
    ran: int = 0
    audited: int = 0


#: Every registered service by name.
SERVICES: dict[str, ServiceBook] = {}

_open: ContextVar[tuple[ServiceBook, ...]] = ContextVar("crm_open_services", default=())


class ActorMissing(TypeError):
    """A service was called without an actor."""


def service(name: str) -> Callable[[Function], Function]:
    """Register a keyword-only function as the service ``name`` ("<subject>.<verb>")."""

    def register(function: Function) -> Function:
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
        named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
        if any(kind not in named for kind in kinds):
            raise TypeError(f"{name}: a service takes keyword arguments only.")
        if name in SERVICES:
            raise TypeError(f"{name}: registered twice.")
        book = SERVICES[name] = ServiceBook(name, function)

        @functools.wraps(function)
        def signed(**arguments: Any) -> Any:
            if arguments.get("actor") is None:
                raise ActorMissing(f"{name} needs an actor.")
            token = _open.set((*_open.get(), book))
            try:
                result = _run(lambda: function(**arguments))
            finally:
                _open.reset(token)
            book.ran += 1
            return result

        signed.service_name = name  # type: ignore[attr-defined]  # read by tests and the API schema
        return signed  # type: ignore[return-value]  # same signature, checked by the wraps above

    return register


def note_audit() -> None:
    """Called by the audit trail: every open service has now signed."""
    for book in _open.get():
        book.audited += 1


def _run(change: Callable[[], Any]) -> Any:
    outermost = not connection.in_atomic_block
    for attempt in range(1, _TRIES + 1):
        try:
            with transaction.atomic():
                result = change()
        except OperationalError as broken:
            code = getattr(broken.__cause__, "pgcode", None)
            if not outermost or attempt == _TRIES or code not in _RETRY_CODES:
                raise
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  spreads retries, no secret
        else:
            if outermost:
                fault("service.committed")
            return result
    raise AssertionError("unreachable")
