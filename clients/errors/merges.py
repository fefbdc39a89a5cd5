"""Refusals about two clients who are one person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


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
