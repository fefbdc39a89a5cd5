"""Refusals about matching, hand-over, advisors and agreements."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


class MatchingOutdated(DomainError):
    """Clients, advisors or capacities have changed since the run was computed."""

    code = "matching_outdated"
    message = _("Clients or advisors have changed since this matching was computed. Start a new one.")


class NotProposed(DomainError):
    """The run is still being computed, or has failed."""

    code = "matching_not_proposed"
    message = _("This matching has no proposal that could be decided.")


class BadWeights(InvalidInput):
    code = "matching_weights"
    message = _("The weights of the matching factors are not whole numbers of 0 or more with one above 0.")


class MayNotServe(InvalidInput):
    """No valid licence as investment advisor, on leave, or not taking clients (投顾暂行规定 Art. 7)."""

    code = "may_not_serve"
    message = _("Choose a colleague with a valid licence as investment advisor who is not on leave.")


class NotAnAdvisor(InvalidInput):
    """Only who has the role of an advisor gets the profile of one."""

    code = "not_an_advisor"
    message = _("This colleague does not have the role of an advisor.")


class NotEnoughPlaces(DomainError):
    """The clients do not fit into the capacity of those who should take them."""

    code = "not_enough_places"
    message = _("There are not enough places for these clients.")


class NothingToHandOver(InvalidInput):
    code = "nothing_to_hand_over"
    message = _("There are no clients to hand over.")


class NoLicence(DomainError):
    """Advice needs an advisor who is registered with a valid licence."""

    code = "no_licence"
    message = _("The client's advisor has no valid licence as investment advisor.")
    own = _("Only who has a valid licence as investment advisor may propose anything.")


class NoRiskGrade(DomainError):
    """Advice needs a client whose risk grade is known and has not run out."""

    code = "no_risk_grade"
    message = _("The client has no valid risk grade. Assess it first.")


class AgreementInForce(DomainError):
    code = "agreement_in_force"
    message = _("The client has an advisory agreement in force already.")


class AgreementNumberTaken(InvalidInput):
    code = "agreement_number_taken"
    message = _("This agreement number is taken.")


class CancelPeriodOver(DomainError):
    """The days in which the client may cancel have passed; the agreement can only be ended."""

    code = "cancel_period_over"
    message = _("The period for cancelling has passed. End the agreement instead.")


class AgreementEnded(DomainError):
    code = "agreement_ended"
    message = _("This agreement has ended already.")


class ProfileThere(DomainError):
    """A colleague has one profile; it is corrected, not entered again."""

    code = "profile_there"
    message = _("This colleague has a profile already.")


class NoAgreement(DomainError):
    """Proposals are advice, and advice needs an agreement in force (投顾暂行规定 Art. 11)."""

    code = "no_agreement"
    message = _("The client has no advisory agreement in force. Sign one before anything is proposed.")


class NotSuitable(DomainError):
    """A line of a proposal that must not be recommended to this client (适当性管理办法 Art. 22)."""

    code = "not_suitable"
    message = _("This must not be recommended to this client.")


class ReviewSettled(DomainError):
    code = "review_settled"
    message = _("This review has been recorded or closed already.")


class ReviewNotRecorded(DomainError):
    """Only what has been recorded can be corrected or answered."""

    code = "review_not_recorded"
    message = _("This review has not been recorded yet.")


class ReviewCorrected(DomainError):
    """A row is corrected once; who corrects again corrects the newer one."""

    code = "review_corrected"
    message = _("This review has been corrected already. Look at the newer wording.")


class NothingProposed(DomainError):
    code = "nothing_proposed"
    message = _("This review proposed nothing, so there is nothing to answer.")


class NotReviewed(DomainError):
    """Clients who left, are suspended or want no contact are not reviewed."""

    code = "not_reviewed"
    message = _("This client is not served, or wants no contact.")
