"""What care refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, FourEyes, InvalidInput


class NotIndependent(DomainError):
    """Whoever solicits or serves clients does not make follow-up calls (regulation.md §2)."""

    code = "not_independent"
    status = 403
    message = _("Whoever serves or solicits clients does not make follow-up calls.")


class CallTaken(DomainError):
    code = "call_taken"
    message = _("A colleague is already making this call.")


class CallNotOpen(DomainError):
    code = "call_not_open"
    message = _("This call is no longer open.")


class NotToday(DomainError):
    """After nobody answered the next attempt is on another day."""

    code = "not_today"
    message = _("The next attempt is on another day.")


class NoContactWanted(DomainError):
    code = "do_not_contact"
    message = _("This client does not want to be contacted.")


class AnswersMissing(InvalidInput):
    code = "answers_missing"
    message = _("All questions of the script need an answer.")


class NotTheClient(InvalidInput):
    """What somebody else says is no answer of the client: the attempt is noted and the client called on another day."""

    code = "not_the_client"
    message = _(
        "Only the client can answer the questions. Note the attempt as “somebody else answered” and call again another day."
    )


class TooFewAttempts(DomainError):
    """A call counts as unable only after all attempts and a letter."""

    code = "too_few_attempts"
    message = _("There were too few attempts on different days, or nobody has written to the client.")


class FindingClosed(DomainError):
    code = "finding_closed"
    message = _("This finding has already been concluded.")


class NeedsWanted(DomainError):
    """Once for each finding."""

    code = "needs_wanted"
    message = _("The client's needs were wanted again because of this finding before.")


class NobodyToInvite(DomainError):
    """A round begins with somebody to ask."""

    code = "nobody_to_invite"
    message = _("Nobody of this segment can be written to now.")


class OwnRequest(FourEyes):
    code = "own_request"


class OwnSurvey(FourEyes):
    """Whoever handled or decided a complaint does not hand out the survey about it."""

    code = "own_survey"
    message = _("A colleague who had no part in this complaint has to hand the link out.")


class SurveyClosed(DomainError):
    """The link has been used or has run out."""

    code = "survey_closed"
    status = 410
    message = _("This link has been used or has run out. Thank you all the same.")
