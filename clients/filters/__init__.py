"""One filter of clients and one of each kind of their rows, for pages and REST alike. Rows come already cut by ``visible_to``."""

from clients.filters.client import ClientFilter
from clients.filters.contacts import AppointmentFilter, ContactFeedFilter, ContactFilter
from clients.filters.data import (
    AmlFilter,
    ConsentFilter,
    DataRequestFilter,
    ErasureFilter,
    LegalHoldFilter,
    NoticeFilter,
    QualityFilter,
)
from clients.filters.facts import (
    AccountFilter,
    ClassificationFilter,
    ClientTagFilter,
    NeedsFilter,
    PermissionFilter,
    TagFilter,
    rows_of_client,
)

__all__ = [
    "AccountFilter",
    "AmlFilter",
    "AppointmentFilter",
    "ClassificationFilter",
    "ClientFilter",
    "ClientTagFilter",
    "ConsentFilter",
    "ContactFeedFilter",
    "ContactFilter",
    "DataRequestFilter",
    "ErasureFilter",
    "LegalHoldFilter",
    "NeedsFilter",
    "NoticeFilter",
    "PermissionFilter",
    "QualityFilter",
    "TagFilter",
    "rows_of_client",
]
