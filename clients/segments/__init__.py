"""Segments (客户分群): rules over what is on file about a client, validated, compiled to one condition, always live."""

from clients.segments.catalogue import Context, SegmentField, fields_for, register
from clients.segments.kinds import Kind
from clients.segments.rules import Condition, Group, compiled, parse, refuse_secret, rights_of, secret_of

__all__ = [
    "Condition",
    "Context",
    "Group",
    "Kind",
    "SegmentField",
    "compiled",
    "fields_for",
    "parse",
    "refuse_secret",
    "register",
    "rights_of",
    "secret_of",
]
