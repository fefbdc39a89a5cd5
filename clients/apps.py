from typing import Any

from django.apps import AppConfig
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "client.create": _("Client taken in"),
    "client.change": _("Client changed"),
    "client.plan_bulk_edit": _("Change of many clients looked at beforehand"),
    "client.bulk_edit": _("Many clients changed"),
    "client.undo_bulk_edit": _("Change of many clients taken back"),
    "client.stop_bulk_edit": _("Change of many clients stopped"),
    "client.confirm_facts": _("Facts of a client confirmed"),
    "client.grade_stages": _("Stages of clients computed"),
    "client.set_stage": _("Stage of a client set by hand"),
    "client.end_stage": _("Stage set by hand ended"),
    "document.add": _("Identity document put on file"),
    "document.change": _("Identity document changed"),
    "document.remind": _("Reminders of documents that run out"),
    "document.settle_reminder": _("Reminder of a document settled"),
    "contact_point.add": _("Contact point put on file"),
    "contact_point.change": _("Contact point changed"),
    "contact_person.add": _("Contact person put on file"),
    "contact_person.change": _("Contact person changed"),
    "financing_need.add": _("Financing need put on file"),
    "financing_need.change": _("Financing need changed"),
    "relation.add": _("Relation put on file"),
    "relation.change": _("Relation changed"),
    "profile_row.remove": _("Entry of the profile taken off"),
    "profile_row.view": _("Looked at entries of a profile"),
    "household.found": _("Household founded"),
    "household.join": _("Client joined a household"),
    "household.leave": _("Client left a household"),
    "client.restrict": _("Client restricted to storage"),
    "client.end_restriction": _("Restriction of a client ended"),
    "legal_hold.set": _("Legal hold set"),
    "legal_hold.lift": _("Legal hold lifted"),
    "data_request.receive": _("Data-subject request taken down"),
    "data_request.ask_proof": _("Proof of identity asked"),
    "data_request.check_identity": _("Identity checked"),
    "data_request.take": _("Data-subject request taken on"),
    "data_request.propose": _("Answer to a data-subject request proposed"),
    "data_request.approve": _("Answer to a data-subject request approved"),
    "data_request.send_back": _("Answer to a data-subject request sent back"),
    "data_request.file": _("File of a client's data taken out"),
    "data_request.view": _("Looked at a data-subject request"),
    "consent.record": _("Basis of personal data recorded"),
    "consent.view": _("Looked at a client's bases of personal data"),
    "purpose.create": _("Purpose of personal data added"),
    "purpose.change": _("Purpose of personal data changed"),
    "notice.write": _("Privacy notice written"),
    "notice.change": _("Privacy notice changed before it held"),
    "aml.grade": _("Money-laundering grade entered"),
    "aml.view": _("Looked at money-laundering grades"),
    "suspicion.raise": _("Suspicion of money laundering raised"),
    "suspicion.lift": _("Suspicion of money laundering lifted"),
    "suspicion.view": _("Looked at suspicions of money laundering"),
    "erasure.propose": _("Erasure proposed"),
    "erasure.approve": _("Erasure approved"),
    "erasure.reject": _("Erasure rejected"),
    "erasure.carry_out": _("Client's data erased"),
    "erasure.replay": _("Erasure repeated after a restore"),
    "client.verify_facts": _("Facts of a client verified"),
    "client.ask_needs_again": _("Needs wanted again"),
    "client.ask_next": _("Items to be asked noted"),
    "client.view": _("Looked at a client"),
    "client.ask_merge": _("Merge of clients asked for"),
    "client.merge": _("Clients merged"),
    "client.reject_merge": _("Merge of clients rejected"),
    "client.undo_merge": _("Merge of clients undone"),
    "client.gather_strays": _("Rows of merged clients gathered"),
    "client.find_duplicates": _("Suspected duplicates found"),
    "client.dismiss_duplicate": _("Suspected duplicate dismissed"),
    "client.ask_duplicates": _("Asked whether a client is on file"),
    "client.assess_risk": _("Risk grade entered"),
    "client.assign_advisor": _("Advisor assigned"),
    "client.set_do_not_contact": _("Do-not-contact changed"),
    "client.export": _("Clients exported"),
    "contact.export": _("Contacts exported"),
    "asset.export": _("Daily assets exported"),
    "contact.log": _("Contact logged"),
    "contact.log_batch": _("Contacts of a phone logged"),
    "contact.correct": _("Contact corrected"),
    "contact.attach": _("Files attached to a contact"),
    "contact.put_off": _("Next contact put off"),
    "contact.take_back_put_off": _("Next contact put back"),
    "appointment.book": _("Appointment booked"),
    "appointment.move": _("Appointment moved"),
    "appointment.cancel": _("Appointment cancelled"),
    "contact.view": _("Looked at contacts"),
    "asset.view": _("Looked at daily assets"),
    "holding.view": _("Looked at holdings"),
    "assets.put": _("Assets brought in"),
    "holdings.put": _("Holdings brought in"),
    "permission.record_test": _("Entry test recorded"),
    "permission.open": _("Trading permission opened"),
    "permission.ask_exemption": _("Exemption asked for"),
    "permission.approve_exemption": _("Exemption approved"),
    "permission.refuse_exemption": _("Exemption refused"),
    "permission.close": _("Trading permission closed"),
    "permission.view": _("Looked at trading permissions"),
    "investor.apply": _("Application for an investor class"),
    "investor.attach_proof": _("Proof of an investor class attached"),
    "investor.approve": _("Investor class approved"),
    "investor.refuse": _("Investor class refused"),
    "investor.withdraw": _("Application for an investor class withdrawn"),
    "investor.end": _("Investor class ended"),
    "investor.view": _("Looked at investor classes"),
    "account.open": _("Account put on file"),
    "account.change": _("Account changed"),
    "account.set_margin": _("Collateral entered"),
    "account.view": _("Looked at accounts"),
    "business_line.mark": _("Business line marked"),
    "business_line.unmark": _("Mark of a business line taken back"),
    "needs.record": _("Needs written down"),
    "needs.link": _("Needs linked to a contact"),
    "needs.view": _("Looked at needs"),
    "tag.create": _("Tag added to the catalogue"),
    "tag.change": _("Tag of the catalogue changed"),
    "tag.set": _("Tag set or taken away"),
    "tag.undo": _("Change of tags taken back"),
    "tags.compute": _("Behaviour tags computed"),
    "segment.create": _("Segment made"),
    "segment.change": _("Segment changed"),
    "segment.delete": _("Segment given up"),
    "segment.view": _("Looked at the members of a segment"),
    "view.create": _("View of the list kept"),
    "view.delete": _("View of the list given up"),
    "view.pin": _("Segment or view pinned"),
}


def _still_served(branch: Any) -> int:
    from clients.models import Client

    return Client.objects.filter(branch=branch).served().count()


def _bring_in() -> None:
    """The kinds of files, and what the house works out about their rows by itself."""
    from clients import importing as kinds
    from clients.models import ClientQuality, ClientTag, DuplicatePair
    from crm.core.importing import own_work, register

    for target in (
        kinds.ClientTarget,
        kinds.AssetTarget,
        kinds.HoldingTarget,
        kinds.ContactTarget,
        kinds.AccountTarget,
        kinds.MarginTarget,
        kinds.IndexLevelTarget,
    ):
        register(target())
    own_work(ClientQuality)
    own_work(ClientTag, Q(set_by=None))
    own_work(DuplicatePair, Q(state=DuplicatePair.State.OPEN))


def _guard() -> None:
    """Whose files may be opened, and what the trail keeps secret."""
    from clients.models import AmlGrade, ConsentRecord, ContactLog, InvestorClassification, SuspicionFlag
    from crm.core import attachments, audit

    def open_with(model: Any, right: str) -> None:
        @attachments.guard(model)
        def of_visible_clients(user: Any) -> Any:
            return model.objects.visible_to(user) if user.has_perm(right) else model.objects.none()

    open_with(InvestorClassification, "clients.view_investorclassification")
    open_with(ContactLog, "clients.view_contactlog")
    open_with(ConsentRecord, "clients.view_consentrecord")
    # 反洗钱法 Art. 7, 35: nobody reads in the trail what he may not know.
    audit.keep_secret(AmlGrade, right="clients.view_amlgrade")
    audit.keep_secret(SuspicionFlag, right="clients.view_suspicionflag")


class ClientsConfig(AppConfig):
    name = "clients"
    label = "clients"
    verbose_name = _("Clients")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients import (
            columns,
            tasks,  # noqa: F401  registers the job and the sweep
        )
        from clients.models import PermissionCode
        from clients.quality import QualityItem
        from clients.querysets.scope import TEAM_SQL
        from clients.registry import bind
        from clients.segments import facts
        from clients.services.export import EXPORTS
        from clients.services.merge_settle import own_rows
        from clients.subjects import called, find
        from crm.core.audit_words import add_words
        from crm.core.exporting import register as lets_out
        from crm.core.figures_on_page import add_parts
        from crm.core.querysets.standing import add_keys
        from crm.core.services.organisation import keeps_branch_open
        from crm.core.subjects import Book, keep_book

        keep_book(Book(find, called))
        for kind in EXPORTS.values():
            lets_out(kind)
        _bring_in()
        bind(*own_rows())
        add_keys("team", TEAM_SQL)
        add_words(_ACTIONS)

        _guard()
        add_parts(dict(QualityItem.choices))
        add_parts(dict(PermissionCode.choices))

        facts.register_own()
        columns.register_own()
        keeps_branch_open("clients", _("%(count)d clients are still served there; a branch with clients stays open."))(
            _still_served
        )
