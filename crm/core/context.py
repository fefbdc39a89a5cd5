"""What a line of audit or log needs to know about the request it belongs to, without passing it through every call."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestFacts:
    """Facts of the request under way; empty outside of one."""

    request_id: str = ""
    address: str = ""
    #: "api" where a program asks.
    via: str = ""


_OUTSIDE = RequestFacts()
_facts: ContextVar[RequestFacts] = ContextVar("crm_request_facts", default=_OUTSIDE)


def request_facts() -> RequestFacts:
    return _facts.get()


def set_request_facts(facts: RequestFacts) -> object:
    """Remember ``facts`` for this thread; give the returned token to ``forget_request_facts``."""
    return _facts.set(facts)


def forget_request_facts(token: object) -> None:
    _facts.reset(token)  # type: ignore[arg-type]  # the token's type is private to contextvars
