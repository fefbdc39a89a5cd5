"""Refusals about clients, their assets and what was said to them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


class NumberTaken(DomainError):
    """The branch has a client with this number already."""

    code = "client_number_taken"
    message = _("This client number is taken in the branch.")


class DocumentOnFile(DomainError):
    """The company has a client with this identity document; whose he is, and where, is not told."""

    code = "document_on_file"
    message = _(
        "A client with this identity document is on file in the company already. If this is meant all the same, say why."
    )
    #: Where no reason can be given.
    elsewhere = _(
        "A client with this identity document is on file in the company already. If this is meant all the same, enter it "
        "under “Edit client” and say why there."
    )


class ClientClosed(DomainError):
    """The client has left; facts about him no longer change."""

    code = "client_closed"
    message = _("This client has closed all accounts.")


class NotAnAdvisor(InvalidInput):
    """Only an active advisor or account manager of the branch can have clients in his book."""

    code = "not_an_advisor"
    message = _("Choose an active advisor or account manager of the client's branch.")


class NotRefusable(InvalidInput):
    """Without this fact the branch cannot serve the client at all, or it is the branch's own."""

    code = "not_refusable"
    message = _("This fact cannot be refused.")


class DocumentTaken(DomainError):
    """The client has this document already."""

    code = "document_taken"
    message = _("This document is on file already.")


class ContactPointTaken(DomainError):
    code = "contact_point_taken"
    message = _("This number or address is on file already.")


class TakenOff(DomainError):
    """The entry was taken off; it stays as it was."""

    code = "taken_off"
    message = _("This entry has been taken off already.")


class PrimaryStays(DomainError):
    """Search, import and checks look at the primary one, so another has to take its place first."""

    code = "primary_stays"
    message = _("Make another one primary first.")


class NotAnInstitution(DomainError):
    code = "not_an_institution"
    message = _("Only institutions have contact persons and financing needs.")


class RelationTaken(DomainError):
    code = "relation_taken"
    message = _("This relation is on file already.")


class OtherUnknown(InvalidInput):
    """No client with that number among those whom the actor may see."""

    code = "other_client_unknown"
    message = _("You have no client with this number.")


class InAHousehold(DomainError):
    code = "in_a_household"
    message = _("This client is in a household already.")


class NotAPerson(DomainError):
    """A household is of people; what an institution belongs to stands among its relations."""

    code = "not_a_person"
    message = _("An institution is in no household.")


class HouseholdGone(DomainError):
    code = "household_gone"
    message = _("Nobody is left in this household, so it is gone.")


class NotInAHousehold(DomainError):
    code = "not_in_a_household"
    message = _("This client is in no household.")


class StageNotSet(DomainError):
    code = "stage_not_set"
    message = _("No stage is set by hand.")


class ClientRestricted(DomainError):
    """PIPL Art. 47: while the law asks to keep the data, they are stored and nothing else."""

    code = "client_restricted"
    message = _("The data of this client are restricted to storage: no contact, no change.")


class ReminderSettled(DomainError):
    """Somebody has said already what was done, or the document was renewed meanwhile."""

    code = "reminder_settled"
    message = _("This reminder has been settled already.")


class NotRestricted(DomainError):
    code = "not_restricted"
    message = _("The data of this client are not restricted.")


class AlreadyHeld(DomainError):
    code = "already_held"
    message = _("This client is under a legal hold already.")


class NotHeld(DomainError):
    code = "not_held"
    message = _("This legal hold has been lifted already.")


class WrongStep(DomainError):
    """The request stands elsewhere on its way."""

    code = "wrong_step"
    message = _("The request is not at this step.")


class IdentityNotChecked(DomainError):
    code = "identity_not_checked"
    message = _("Check who asks before anything else.")


class NotErasable(DomainError):
    """Something stands against the erasure; the message names it."""

    code = "not_erasable"


class NothingToVerify(InvalidInput):
    """Only a fact that is on file can be verified."""

    code = "nothing_to_verify"
    message = _("Only what is on file can be verified.")


class AlreadyCorrected(DomainError):
    """A contact is corrected once; a further correction goes to the newer row."""

    code = "contact_already_corrected"
    message = _("This contact has been corrected already. Correct the newer entry instead.")


class ContactInFuture(InvalidInput):
    code = "contact_in_future"
    message = _("A contact cannot lie in the future.")


class NotBooked(DomainError):
    """The appointment has been held or cancelled, or is another client's."""

    code = "appointment_not_booked"
    message = _("This appointment is no longer open.")


class SlotTaken(DomainError):
    """The member of staff has another appointment at that time."""

    code = "appointment_slot_taken"
    message = _("There is another appointment at this time.")


class NoNextDate(DomainError):
    """Nobody has promised this client a next contact, or it has taken place."""

    code = "no_next_date"
    message = _("This client has no next contact date.")


class NothingAnswered(InvalidInput):
    """An interview in which nothing was said is no interview."""

    code = "nothing_answered"
    message = _("Answer at least one question, or note that it was refused.")
    #: Of a sheet that continues an earlier one: there the third way is open.
    unchanged = _("Nothing differs from the last interview. If everything was read out and stands, tick that below.")


class ContactOfAnother(InvalidInput):
    """The contact or interview that was named belongs to another client."""

    code = "of_another_client"
    message = _("This belongs to another client.")


class LaterDayComputed(DomainError):
    """Tags of a later day are there; an earlier one must not take their place."""

    code = "later_day_computed"
    message = _("The tags of a later day have been computed already.")


class TagNotYours(InvalidInput):
    """A tag is set by the roles that its owner has named, on clients of its branch, and never by hand where it is computed."""

    code = "tag_not_yours"
    message = _("You cannot set this tag on these clients.")


class TooManyClients(InvalidInput):
    code = "too_many_clients"
    message = _("These are too many clients at once. Narrow the list.")


class NobodyChosen(InvalidInput):
    code = "nobody_chosen"
    message = _("Choose at least one client.")


class PreviewTooOld(DomainError):
    """What was shown may no longer be so; look again."""

    code = "preview_too_old"
    message = _("This preview is too old. Choose the clients again.")


class NotCarriedOutYet(DomainError):
    """A job is still at it; what it has done can be taken back when it has ended."""

    code = "not_carried_out_yet"
    message = _("This is still being carried out. It can be taken back afterwards.")


class AlreadyUndone(DomainError):
    """An undo works once, and only for a while."""

    code = "already_undone"
    message = _("This can no longer be taken back.")


class InvalidRule(InvalidInput):
    """A rule of a segment that says nothing, too much, or something that does not exist for whoever wrote it."""

    code = "invalid_rule"
    message = _("This rule cannot be used.")


class NameTaken(InvalidInput):
    """Two segments or views of one owner cannot have one name."""

    code = "name_taken"
    message = _("You have one of this name already.")


class ForeignAssets(InvalidInput):
    """Rows of an asset file belong to clients of another branch."""

    code = "assets_of_other_branch"
    message = _("Some rows belong to clients of another branch.")


class DoubledAssets(InvalidInput):
    code = "assets_twice"
    message = _("The same client and day occur twice.")


class AccountTaken(DomainError):
    """Somebody has an account of this kind with this number; whose it is stays unsaid."""

    code = "account_number_taken"
    message = _("An account of this kind with this number is on file already.")


class AccountClosed(DomainError):
    code = "account_closed"
    message = _("This account is closed.")


class NoCreditAccount(InvalidInput):
    """Only a credit account has a collateral ratio."""

    code = "no_credit_account"
    message = _("Only a credit account has a collateral ratio.")


class PermissionHeld(DomainError):
    """The client has this permission already, or somebody has asked for it."""

    code = "permission_held"
    message = _("This permission is open already or waits for approval.")


class PermissionNotOpen(DomainError):
    code = "permission_not_open"
    message = _("This permission is not open.")


class PermissionDecided(DomainError):
    code = "permission_already_decided"
    message = _("This has already been decided.")


class ConditionsNotMet(DomainError):
    """A permission or class is not given while a condition is not met or not known; ``fields`` names each."""

    code = "conditions_not_met"
    message = _("Not all conditions are met.")


class NoRule(DomainError):
    """No rule for this permission is in force on the day."""

    code = "no_permission_rule"
    message = _("No rule for this permission is in force today.")


class ClassWaiting(DomainError):
    """One application at a time."""

    code = "classification_waits"
    message = _("An application of this client awaits its decision already.")


class ClassDecided(DomainError):
    code = "classification_already_decided"
    message = _("This has already been decided.")


class ClassNotInForce(DomainError):
    code = "classification_not_in_force"
    message = _("This class is not in force.")


class ProofMissing(DomainError):
    """Nobody becomes a professional investor without proof on file."""

    code = "proof_missing"
    message = _("The proof is not complete.")


class ClientMerged(DomainError):
    """This client was found to be another and is part of him now."""

    code = "client_merged"
    message = _("This client was merged into another one. Look there.")


class ClientMovedOn(DomainError):
    """Asked for by a number or id that belonged to somebody who was merged; ``fields`` names the one who stayed."""

    code = "client_merged"
    status = 410
    message = _("This client was merged into another one. Look there.")


class NotOneClient(InvalidInput):
    """Only two clients of one branch, both of them persons or both institutions, can be one."""

    code = "not_one_client"
    message = _("Only two persons, or two institutions, of the same branch can be merged.")


class MergeAddsAssets(DomainError):
    """Both have amounts of the same days; whether they are the same money is for a person to say."""

    code = "merge_adds_assets"
    message = _("Both have assets or holdings of the same days. Confirm that the amounts are to be added.")


class MergeMoved(DomainError):
    """Something about one of the two changed between asking and approving."""

    code = "merge_moved"
    status = 412
    message = _("One of the two clients was changed since the merge was asked for. Reject it and ask again.")


class AlreadyAsked(DomainError):
    code = "merge_already_asked"
    message = _("A merge of this client waits for approval already.")


class NotMerged(DomainError):
    code = "not_merged"
    message = _("This merge does not stand.")


class MergeContradicted(DomainError):
    """Undoing would overwrite what came later."""

    code = "merge_contradicted"
    message = _("Later changes stand in the way, so this merge cannot be undone.")


class ErasureUnderWay(DomainError):
    """Nobody is merged whose data are about to be erased."""

    code = "erasure_under_way"
    message = _("An erasure of one of the two is under way. Decide it first.")


class PurposeTellsOnly(DomainError):
    """A purpose that rests on the contract or a duty is told; of the others a consent is asked."""

    code = "answer_does_not_fit"
    message = _("This cannot be said on this basis.")


class NoNotice(DomainError):
    """Nobody can agree to what he was not told (PIPL Art. 14, 17)."""

    code = "no_notice"
    message = _("No notice about this purpose is in force on that day. Write one first.")


class NoticeChanged(DomainError):
    """The notice in force that day is another than the one that was shown."""

    code = "notice_changed"
    status = 412
    message = _("Another notice is in force on that day. Read it to the client and record it again.")


class NoticeInForce(DomainError):
    """What clients have agreed to is never rewritten."""

    code = "notice_in_force"
    message = _("A notice in force is never rewritten. Write a new one.")


class NothingToWithdraw(DomainError):
    """Only a consent that stands can be withdrawn."""

    code = "nothing_to_withdraw"
    message = _("No consent stands on that day. Record a refusal instead.")


class GradeOutOfOrder(InvalidInput):
    """Gradings follow each other by their days."""

    code = "grade_out_of_order"
    message = _("A later grading is on file.")


class AlreadyLifted(DomainError):
    code = "already_lifted"
    message = _("This has been lifted already.")
