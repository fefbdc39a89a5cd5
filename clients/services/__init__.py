"""Every change to clients, their assets and what was said to them."""

from clients.services.accounts import change_account, mark_line, open_account, set_margin, unmark_line
from clients.services.aml import grade_client, lift_suspicion, raise_suspicion
from clients.services.appointments import book_appointment, cancel_appointment, move_appointment
from clients.services.asset_sql import AssetDay
from clients.services.assets import HoldingRow, put_asset_days, put_holdings
from clients.services.behaviour import compute_behaviour
from clients.services.bulk import apply_bulk_edit, plan_bulk_edit, undo_bulk_edit
from clients.services.bulk_work import carry_on_bulk_edit, stop_bulk_edit, take_up_bulk_edit
from clients.services.clients import (
    assess_risk,
    assign_advisor,
    change_client,
    confirm_facts,
    create_client,
    set_do_not_contact,
)
from clients.services.completing import complete_facts
from clients.services.consents import change_notice, change_purpose, create_purpose, record_consent, write_notice
from clients.services.contact_batch import BatchItem, BatchResult, log_contacts
from clients.services.contact_files import attach_to_contact
from clients.services.contacts import correct_contact, log_contact
from clients.services.document_reminders import remind_documents, settle_reminder
from clients.services.duplicates import ask_duplicates, dismiss_pair, find_duplicates
from clients.services.erasure import approve_erasure, carry_out, propose_erasure, reject_erasure
from clients.services.investors import (
    apply_for_class,
    approve_class,
    attach_proof,
    expire_classes,
    refuse_class,
    return_to_ordinary,
    withdraw_application,
)
from clients.services.merges import approve_merge, ask_merge, reject_merge, undo_merge
from clients.services.needs import link_needs, record_needs
from clients.services.next_dates import put_off_next_date, take_back_put_off
from clients.services.permissions import (
    approve_exemption,
    ask_exemption,
    close_permission,
    open_permission,
    record_test,
    refuse_exemption,
)
from clients.services.profile_rows import (
    add_contact_person,
    add_contact_point,
    add_document,
    add_financing_need,
    change_contact_person,
    change_contact_point,
    change_document,
    change_financing_need,
    remove_row,
)
from clients.services.quality import ask_needs_again, ask_next, rescore, score_clients, verify_facts
from clients.services.relations import (
    add_relation,
    change_relation,
    found_household,
    join_household,
    leave_household,
)
from clients.services.stages import (
    end_stage,
    grade_stages,
    set_stage,
)
from clients.services.tags import change_tag, create_tag, set_tag, undo_tags

__all__ = [
    "AssetDay",
    "BatchItem",
    "BatchResult",
    "HoldingRow",
    "add_contact_person",
    "add_contact_point",
    "add_document",
    "add_financing_need",
    "add_relation",
    "apply_bulk_edit",
    "apply_for_class",
    "approve_class",
    "approve_erasure",
    "approve_exemption",
    "approve_merge",
    "ask_duplicates",
    "ask_exemption",
    "ask_merge",
    "ask_needs_again",
    "ask_next",
    "assess_risk",
    "assign_advisor",
    "attach_proof",
    "attach_to_contact",
    "book_appointment",
    "cancel_appointment",
    "carry_on_bulk_edit",
    "carry_out",
    "change_account",
    "change_client",
    "change_contact_person",
    "change_contact_point",
    "change_document",
    "change_financing_need",
    "change_notice",
    "change_purpose",
    "change_relation",
    "change_tag",
    "close_permission",
    "complete_facts",
    "compute_behaviour",
    "confirm_facts",
    "correct_contact",
    "create_client",
    "create_purpose",
    "create_tag",
    "dismiss_pair",
    "end_stage",
    "expire_classes",
    "find_duplicates",
    "found_household",
    "grade_client",
    "grade_stages",
    "join_household",
    "leave_household",
    "lift_suspicion",
    "link_needs",
    "log_contact",
    "log_contacts",
    "mark_line",
    "move_appointment",
    "open_account",
    "open_permission",
    "plan_bulk_edit",
    "propose_erasure",
    "put_asset_days",
    "put_holdings",
    "put_off_next_date",
    "raise_suspicion",
    "record_consent",
    "record_needs",
    "record_test",
    "refuse_class",
    "refuse_exemption",
    "reject_erasure",
    "reject_merge",
    "remind_documents",
    "remove_row",
    "rescore",
    "return_to_ordinary",
    "score_clients",
    "set_do_not_contact",
    "set_margin",
    "set_stage",
    "set_tag",
    "settle_reminder",
    "stop_bulk_edit",
    "take_back_put_off",
    "take_up_bulk_edit",
    "undo_bulk_edit",
    "undo_merge",
    "undo_tags",
    "unmark_line",
    "verify_facts",
    "withdraw_application",
    "write_notice",
]
