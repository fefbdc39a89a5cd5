"""Refusals about who a client is: number, documents, ways to reach him, relations, household, stage."""

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


class ReminderSettled(DomainError):
    """Somebody has said already what was done, or the document was renewed meanwhile."""

    code = "reminder_settled"
    message = _("This reminder has been settled already.")


class NothingToVerify(InvalidInput):
    """Only a fact that is on file can be verified."""

    code = "nothing_to_verify"
    message = _("Only what is on file can be verified.")
