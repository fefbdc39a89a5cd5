"""What the handling of complaints refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, FourEyes, InvalidInput


class StepNotPossible(DomainError):
    """The state table has no such step from here."""

    code = "step_not_possible"
    message = _("This step is not possible in the present state.")


class Recused(DomainError):
    """Somebody would handle a complaint about himself or about his superior."""

    code = "recused"
    status = 403
    message = _("Nobody handles a complaint about himself or about his superior.")


class FactsMissing(InvalidInput):
    """A step lacks a fact that it must put on record."""

    code = "facts_missing"
    message = _("Something that this step must put on record is missing.")


class OwnProposal(FourEyes):
    """The one who wrote the opinion may not approve it."""

    code = "own_proposal"
    message = _("Nobody approves his own opinion or extension.")


class LimitImposed(DomainError):
    """Our own extension would move a date that is not ours."""

    code = "limit_imposed"
    message = _("The body that handed the complaint on has set the date; only that body moves it.")


class ExtensionTooLong(InvalidInput):
    code = "extension_too_long"
    message = _("A complaint is extended once, and by no more days than the rules allow.")
