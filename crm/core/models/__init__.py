"""Ground-floor rows. Everything that other apps use is imported from here."""

from crm.core.models.audit import AuditEntry, AuditSeal
from crm.core.models.base import Leased, LeasedQuerySet, PublicModel, Versioned
from crm.core.models.calendar import BusinessSegment, CalendarChange, CalendarDay
from crm.core.models.doors import Attachment, IdempotencyKey, SignInCounter
from crm.core.models.exporting import ExportRequest
from crm.core.models.importing import ImportBatch, ImportRow
from crm.core.models.jobs import Heartbeat, JobRun
from crm.core.models.looks import LookCount
from crm.core.models.organisation import Branch, Company, Delegation, Department, Region, Role, User
from crm.core.models.outbound import Outbound
from crm.core.models.policy import Policy, PolicyKey

__all__ = [
    "Attachment",
    "AuditEntry",
    "AuditSeal",
    "Branch",
    "BusinessSegment",
    "CalendarChange",
    "CalendarDay",
    "Company",
    "Delegation",
    "Department",
    "ExportRequest",
    "Heartbeat",
    "IdempotencyKey",
    "ImportBatch",
    "ImportRow",
    "JobRun",
    "Leased",
    "LeasedQuerySet",
    "LookCount",
    "Outbound",
    "Policy",
    "PolicyKey",
    "PublicModel",
    "Region",
    "Role",
    "SignInCounter",
    "User",
    "Versioned",
]
