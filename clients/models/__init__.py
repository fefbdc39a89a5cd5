"""Who the client is, what he holds, what was said."""

from clients.models.accounts import Account, BusinessLine, BusinessLineMark, MarginDay, MarginLevel
from clients.models.assets import BranchDay, DailyAsset, Holding
from clients.models.client import AdvisorAssignment, Channel, Client, ClientTeamMember, RiskAssessment, RiskGrade
from clients.models.contact import ContactLog
from clients.models.needs import NeedsInterview
from clients.models.permissions import EntryTest, Exemption, PermissionCode, TradingPermission
from clients.models.profile import DocumentKind, Stage

__all__ = [
    "Account",
    "AdvisorAssignment",
    "BranchDay",
    "BusinessLine",
    "BusinessLineMark",
    "Channel",
    "Client",
    "ClientTeamMember",
    "ContactLog",
    "DailyAsset",
    "DocumentKind",
    "EntryTest",
    "Exemption",
    "Holding",
    "MarginDay",
    "MarginLevel",
    "NeedsInterview",
    "PermissionCode",
    "RiskAssessment",
    "RiskGrade",
    "Stage",
    "TradingPermission",
]
