"""Refusals. A service raises one of these; one handler turns it into JSON, a form into a message beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """The trade says no. ``code`` is for programs, ``message`` for people, ``status`` for HTTP (409: wrong state)."""

    code = "refused"
    status = 409
    message: Any = _("This is not possible now.")

    def __init__(self, message: Any = None, *, fields: Mapping[str, Any] | None = None) -> None:
        if message is not None:
            self.message = message
        self.fields: dict[str, Any] = dict(fields or {})
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class MissingRight(DomainError):
    """The actor may not do this, whatever the row."""

    code = "missing_right"
    status = 403
    message = _("You do not have the right to do this.")


class StaleEdit(DomainError):
    """Somebody changed the row since it was read."""

    code = "stale_edit"
    status = 412
    message = _("This has been changed in the meantime. Look at the new version and try again.")


class VersionRequired(DomainError):
    """A change over the API must say which version it has seen."""

    code = "version_required"
    status = 428
    message = _("Send If-Match with the version that you have seen.")


class InvalidInput(DomainError):
    """Well-formed words, but a value that no rule allows; ``fields`` names it."""

    code = "invalid"
    status = 400
    message = _("Some values are not allowed.")


class FourEyes(DomainError):
    """Nobody approves his own request."""

    code = "four_eyes"
    status = 403
    message = _("Somebody else has to approve this.")


class BranchClosed(DomainError):
    """Nothing new is taken into a branch that has closed."""

    code = "branch_closed"
    message = _("This branch is closed.")


class AlreadyDecided(DomainError):
    code = "already_decided"
    message = _("This has already been decided.")


class BudgetSpent(DomainError):
    """A daily allowance (reveals, exports) is used up."""

    code = "budget_spent"
    status = 429
    message = _("Your allowance for today is used up.")
