"""Segments (客户分群): rules over what is on file about a client, validated, compiled to one condition, always live."""

from clients.segments.catalogue import Context, SegmentField, fields_for, register
from clients.segments.kinds import Kind
from clients.segments.rules import Condition, Group, compiled, parse, rights_of

__all__ = [
    "Condition",
    "Context",
    "Group",
    "Kind",
    "SegmentField",
    "compiled",
    "fields_for",
    "parse",
    "register",
    "rights_of",
]
