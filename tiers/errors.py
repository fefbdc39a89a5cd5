"""Refusals about tiers and commission."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import AlreadyDecided, DomainError, InvalidInput


class NoProgramme(DomainError):
    """No programme is in force at the branch on the day."""

    code = "no_tier_programme"
    message = _("No tier programme is in force for this branch on this day.")


class UnknownMeasure(DomainError):
    """A figure asks for a way of measuring that the evaluation does not know."""

    code = "unknown_tier_measure"
    message = _("A figure of the tiers names a way of measuring that the evaluation does not know.")


class LaterDayEvaluated(DomainError):
    """History is written forwards: a later day has been evaluated by the same programme."""

    code = "later_day_evaluated"
    message = _("A later day has already been evaluated.")


class BadProgramme(InvalidInput):
    """The tiers of a programme do not make a ladder."""

    code = "bad_tier_programme"


class EditionInForce(DomainError):
    """An edition in force, or one that was, is never edited."""

    code = "programme_edition_in_force"
    message = _("This edition is not a draft any more. Make a new edition.")


class NotSubmitted(DomainError):
    """Only what was handed in can be put in force or sent back."""

    code = "programme_not_submitted"
    message = _("This edition is not waiting for approval.")


class NoTierYet(DomainError):
    """A client who was never graded has no tier to be changed by hand."""

    code = "client_not_graded"
    message = _("This client has no tier yet: no evaluation has found assets on file.")


class OverrideNotAllowed(InvalidInput):
    """A tier by hand that is none, or a last day out of reach."""

    code = "tier_by_hand_not_allowed"


class OverrideWaiting(DomainError):
    """One request for a client waits at a time."""

    code = "tier_by_hand_waiting"
    message = _("A request for this client is already waiting.")


class OverrideDecided(AlreadyDecided):
    code = "tier_by_hand_decided"


class OverrideExpired(DomainError):
    """The time for a decision is over, or the last day asked for."""

    code = "tier_by_hand_expired"
    message = _("The time for this request is over. It has to be asked for again.")


class OverrideLimit(DomainError):
    """A step or a time beyond what the role may approve."""

    code = "tier_by_hand_beyond_limit"
    status = 403


class OverrideNotInForce(DomainError):
    code = "tier_by_hand_not_in_force"
    message = _("Only a tier by hand that is in force can be ended.")


class RateNotAllowed(InvalidInput):
    """A rate above the legal cap, below the fees that are passed through, or a fee below the legal one."""

    code = "rate_not_allowed"


class LaterRateStands(DomainError):
    """Rates follow one another in time: a row with this or a later first day is there."""

    code = "later_rate_stands"
    message = _("A rate that starts on this day or later is already there.")


class RateWaiting(DomainError):
    """One proposal for a client and product waits at a time."""

    code = "rate_already_proposed"
    message = _("A proposal for this client and product is already waiting.")


class RateDecided(AlreadyDecided):
    code = "rate_already_decided"


class RateNotInForce(DomainError):
    code = "rate_not_in_force"
    message = _("Only an approved rate can be ended.")


class FeesUnknown(InvalidInput):
    """A trade whose fees the figures do not hold: another product, exchange or day."""

    code = "fees_unknown"


class ProposalExpired(DomainError):
    """The time for a decision or for the client's answer is over."""

    code = "rate_proposal_expired"
    message = _("The time for this proposal is over. Make a new one.")


class NeedsHouse(DomainError):
    """A rate far below the card or below the cost line needs compliance or the head office as one of two."""

    code = "rate_needs_head_office"
    message = _("One of the two approvals has to come from compliance or the head office.")


class NotOffered(DomainError):
    code = "rate_not_offered"
    message = _("This rate is not waiting for the client's answer.")


class TooManyLeaks(DomainError):
    """More rows than one person takes out alone."""

    code = "export_too_large"
    message = _("These are more rows than may leave without approval. Narrow the list.")


class NothingToTry(DomainError):
    """A programme whose tiers all ask for more than average assets."""

    code = "nothing_to_simulate"
    message = _("No tier of this programme asks for average assets alone, so there is no bound to try.")


class NotLaidOut(DomainError):
    """The figures of a simulation are not there yet."""

    code = "simulation_not_laid_out"
    message = _("The figures of this simulation are not laid out yet.")


class ServiceEnded(DomainError):
    code = "service_ended"
    message = _("This service has ended or is about to end.")


class ServiceCodeTaken(DomainError):
    """The company or the branch has a service of this code already."""

    code = "service_code_taken"
    message = _("This code is taken.")


class PreferenceNameTaken(DomainError):
    """The company or the branch has a preference segment of this name already."""

    code = "preference_name_taken"
    message = _("There is a preference segment of this name already.")


class ServiceOfBranch(DomainError):
    """Only the company's services can be made a branch's own, and once."""

    code = "service_is_the_branchs"
    message = _("The branch has this service as its own already.")


class LaterEntitlementStands(DomainError):
    """Entitlements follow one another in time."""

    code = "later_entitlement_stands"
    message = _("A row that starts on this day or later is already there.")


class PromiseSettled(DomainError):
    """Only what is owed can be kept, waived or put off."""

    code = "promise_settled"
    message = _("This promise is not open any more.")


class NotEntitled(DomainError):
    """The client's tier, grade or state gives no claim to the service."""

    code = "not_entitled"
    message = _("The client is not entitled to this service.")


class QuotaUsed(DomainError):
    """The client has had the service as often as his tier may have it in the period."""

    code = "service_quota_used"
    message = _("The client has used what the tier may have in this period.")


class DayFull(DomainError):
    """Every place of the day is taken."""

    code = "service_day_full"
    message = _("Every place of this day is taken.")


class DayKnown(DomainError):
    """Somebody has said how many places the day has, or has taken one."""

    code = "service_day_known"
    message = _("The places of this day are set already. Change them there.")


class BookingSettled(DomainError):
    code = "booking_settled"
    message = _("This booking is not open any more.")


class RoundCalled(DomainError):
    """The same event for the same service: whoever came in since is asked from there."""

    code = "market_event_called"
    message = _("This market event was called out before. Ask once more there.")


class RoundOver(DomainError):
    """The day by which it was to be done has passed, or the branch no longer offers the service."""

    code = "market_event_over"
    message = _("The day by which this was to be done is over, or the branch no longer offers the service.")


class PublicationOut(DomainError):
    """What has left cannot be worded anew."""

    code = "publication_out"
    message = _("This has been sent out or withdrawn. Its words stay as they are.")


class PublicationOver(DomainError):
    """It is withdrawn, or today is none of its days."""

    code = "publication_over"
    message = _("This is withdrawn, or it does not hold today. Nothing is sent.")


class NobodyReached(DomainError):
    """Nobody of its preference segments may be written to or called."""

    code = "publication_reaches_nobody"
    message = _("This reaches nobody now. Look at why clients are left out.")


class NotToBeTold(DomainError):
    """Somebody has told the client already, or he is not to be told any more."""

    code = "publication_not_to_be_told"
    message = _("This client is not to be told of it any more.")


class NotAgreed(DomainError):
    """Papers lie with what the client was offered or has agreed to."""

    code = "client_rate_not_agreed"
    message = _("A paper belongs to a rate that the client was offered or has agreed to.")


class PlanSettled(DomainError):
    """Only what is drawn up is agreed, and only what is agreed is confirmed or ended."""

    code = "service_plan_settled"
    message = _("The state of this service plan does not allow it.")


class StepSettled(DomainError):
    """What became of this occurrence of the step is noted, or the step was dropped."""

    code = "plan_step_settled"
    message = _("What became of this step is noted already.")


class StepNotYours(DomainError):
    """Somebody else sees to the step."""

    code = "plan_step_of_somebody_else"
    status = 403
    message = _(
        "Only who sees to this step or serves the client, a deputy of theirs or the head of the branch may note this."
    )


class NeedsUnchanged(DomainError):
    """A plan is confirmed once the client has said something else than it rests on."""

    code = "needs_unchanged"
    message = _("The client's needs have not changed since; there is nothing to confirm.")
