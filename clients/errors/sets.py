"""Refusals about many clients at once: tags, segments and kept views, one change of many."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


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
