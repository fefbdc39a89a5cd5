"""Named sets of clients and of what belongs to them."""

from clients.querysets.scope import client_q, in_use_q

__all__ = ["client_q", "in_use_q"]
