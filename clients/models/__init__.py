"""Who the client is, what he holds, what was said."""

from clients.models.accounts import Account, BusinessLine, BusinessLineMark, MarginDay, MarginLevel
from clients.models.aml import AmlGrade, SuspicionFlag
from clients.models.appointment import Appointment
from clients.models.assets import BranchDay, DailyAsset, Holding, SecurityKind
from clients.models.bulk import BulkEdit, BulkEditRow
from clients.models.client import (
    AdvisorAssignment,
    Channel,
    Client,
    ClientTeamMember,
    InvestorClass,
    RiskAssessment,
    RiskGrade,
)
from clients.models.consents import Basis, ConsentRecord, DataPurpose, PrivacyNotice
from clients.models.contact import ContactLog, NextDateMove
from clients.models.investors import InvestorClassification, InvestorRole
from clients.models.merge import DuplicatePair, LikeReason, MergeRecord
from clients.models.needs import NeedsInterview
from clients.models.permissions import EntryTest, Exemption, PermissionCode, TradingPermission
from clients.models.privacy import DataRequest, Erasure, LegalHold
from clients.models.profile import DocumentKind, Stage
from clients.models.profile_rows import ContactPerson, ContactPoint, FinancingNeed, IdentityDocument
from clients.models.quality import ClientQuality, QuestionToAsk
from clients.models.relations import Household, HouseholdMember, Relation
from clients.models.reminders import DocumentReminder
from clients.models.segments import SavedView, Segment, Share
from clients.models.stages import AssetMilestone, StageOverride
from clients.models.tags import ClientTag, IndexLevel, Tag, TagChange, TagRun

__all__ = [
    "Account",
    "AdvisorAssignment",
    "AmlGrade",
    "Appointment",
    "AssetMilestone",
    "Basis",
    "BranchDay",
    "BulkEdit",
    "BulkEditRow",
    "BusinessLine",
    "BusinessLineMark",
    "Channel",
    "Client",
    "ClientQuality",
    "ClientTag",
    "ClientTeamMember",
    "ConsentRecord",
    "ContactLog",
    "ContactPerson",
    "ContactPoint",
    "DailyAsset",
    "DataPurpose",
    "DataRequest",
    "DocumentKind",
    "DocumentReminder",
    "DuplicatePair",
    "EntryTest",
    "Erasure",
    "Exemption",
    "FinancingNeed",
    "Holding",
    "Household",
    "HouseholdMember",
    "IdentityDocument",
    "IndexLevel",
    "InvestorClass",
    "InvestorClassification",
    "InvestorRole",
    "LegalHold",
    "LikeReason",
    "MarginDay",
    "MarginLevel",
    "MergeRecord",
    "NeedsInterview",
    "NextDateMove",
    "PermissionCode",
    "PrivacyNotice",
    "QuestionToAsk",
    "Relation",
    "RiskAssessment",
    "RiskGrade",
    "SavedView",
    "SecurityKind",
    "Segment",
    "Share",
    "Stage",
    "StageOverride",
    "SuspicionFlag",
    "Tag",
    "TagChange",
    "TagRun",
    "TradingPermission",
]
