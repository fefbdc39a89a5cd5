"""Refusals about a client's rights in his data, holds and erasure, consent, and the secret grades."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


class ClientRestricted(DomainError):
    """PIPL Art. 47: while the law asks to keep the data, they are stored and nothing else."""

    code = "client_restricted"
    message = _("The data of this client are restricted to storage: no contact, no change.")


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
