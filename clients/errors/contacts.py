"""Refusals about what was said to clients, what they want, and when they are met."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


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
