"""REST resources of clients."""

from rest_framework.routers import BaseRouter

from clients.api.accounts import AccountViewSet
from clients.api.aml import AmlGradeViewSet
from clients.api.appointments import AppointmentViewSet
from clients.api.bulk import BulkEditViewSet
from clients.api.consents import ConsentViewSet, DataPurposeViewSet, PrivacyNoticeViewSet
from clients.api.contacts import ContactViewSet
from clients.api.erasures import ErasureViewSet
from clients.api.exports import ExportViewSet
from clients.api.holdings import HoldingViewSet
from clients.api.investors import InvestorClassificationViewSet
from clients.api.lines import LineMarkViewSet
from clients.api.merges import DuplicateViewSet, MergeViewSet
from clients.api.needs import NeedsViewSet
from clients.api.next_dates import NextDateViewSet
from clients.api.permissions import TradingPermissionViewSet
from clients.api.privacy import DataRequestViewSet, LegalHoldViewSet
from clients.api.profile import PROFILE_RESOURCES
from clients.api.quality import QualityViewSet
from clients.api.reminders import DocumentReminderViewSet
from clients.api.saved_views import SavedViewViewSet
from clients.api.segments import SegmentViewSet
from clients.api.tags import ClientTagViewSet, TagViewSet
from clients.api.views import AssetViewSet, ClientViewSet


def register(router: BaseRouter) -> None:
    """Add the resources of this app to the router of the product."""
    router.register("clients", ClientViewSet, basename="clients")
    router.register("assets", AssetViewSet, basename="assets")
    router.register("holdings", HoldingViewSet, basename="holdings")
    router.register("contacts", ContactViewSet, basename="contacts")
    router.register("appointments", AppointmentViewSet, basename="appointments")
    router.register("accounts", AccountViewSet, basename="accounts")
    router.register("data-requests", DataRequestViewSet, basename="data-requests")
    router.register("legal-holds", LegalHoldViewSet, basename="legal-holds")
    router.register("aml-grades", AmlGradeViewSet, basename="aml-grades")
    router.register("consents", ConsentViewSet, basename="consents")
    router.register("data-purposes", DataPurposeViewSet, basename="data-purposes")
    router.register("privacy-notices", PrivacyNoticeViewSet, basename="privacy-notices")
    router.register("erasures", ErasureViewSet, basename="erasures")
    router.register("next-dates", NextDateViewSet, basename="next-dates")
    router.register("business-lines", LineMarkViewSet, basename="business-lines")
    router.register("quality-scores", QualityViewSet, basename="quality-scores")
    router.register("needs-interviews", NeedsViewSet, basename="needs-interviews")
    router.register("trading-permissions", TradingPermissionViewSet, basename="trading-permissions")
    router.register("tags", TagViewSet, basename="tags")
    router.register("bulk-edits", BulkEditViewSet, basename="bulk-edits")
    router.register("client-tags", ClientTagViewSet, basename="client-tags")
    router.register("investor-classifications", InvestorClassificationViewSet, basename="investor-classifications")
    for name, viewset in PROFILE_RESOURCES.items():
        router.register(name, viewset, basename=name)
    router.register("document-reminders", DocumentReminderViewSet, basename="document-reminders")
    router.register("exports", ExportViewSet, basename="exports")
    router.register("segments", SegmentViewSet, basename="segments")
    router.register("saved-views", SavedViewViewSet, basename="saved-views")
    router.register("duplicates", DuplicateViewSet, basename="duplicates")
    router.register("client-merges", MergeViewSet, basename="client-merges")
