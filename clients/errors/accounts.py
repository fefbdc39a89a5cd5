"""Refusals about accounts, assets, and what a client may trade."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError, InvalidInput


class ForeignAssets(InvalidInput):
    """Rows of an asset file belong to clients of another branch."""

    code = "assets_of_other_branch"
    message = _("Some rows belong to clients of another branch.")


class DoubledAssets(InvalidInput):
    code = "assets_twice"
    message = _("The same client and day occur twice.")


class AccountTaken(DomainError):
    """Somebody has an account of this kind with this number; whose it is stays unsaid."""

    code = "account_number_taken"
    message = _("An account of this kind with this number is on file already.")


class AccountClosed(DomainError):
    code = "account_closed"
    message = _("This account is closed.")


class NoCreditAccount(InvalidInput):
    """Only a credit account has a collateral ratio."""

    code = "no_credit_account"
    message = _("Only a credit account has a collateral ratio.")


class PermissionHeld(DomainError):
    """The client has this permission already, or somebody has asked for it."""

    code = "permission_held"
    message = _("This permission is open already or waits for approval.")


class PermissionNotOpen(DomainError):
    code = "permission_not_open"
    message = _("This permission is not open.")


class PermissionDecided(DomainError):
    code = "permission_already_decided"
    message = _("This has already been decided.")


class ConditionsNotMet(DomainError):
    """A permission or class is not given while a condition is not met or not known; ``fields`` names each."""

    code = "conditions_not_met"
    message = _("Not all conditions are met.")


class NoRule(DomainError):
    """No rule for this permission is in force on the day."""

    code = "no_permission_rule"
    message = _("No rule for this permission is in force today.")


class ClassWaiting(DomainError):
    """One application at a time."""

    code = "classification_waits"
    message = _("An application of this client awaits its decision already.")


class ClassDecided(DomainError):
    code = "classification_already_decided"
    message = _("This has already been decided.")


class ClassNotInForce(DomainError):
    code = "classification_not_in_force"
    message = _("This class is not in force.")


class ProofMissing(DomainError):
    """Nobody becomes a professional investor without proof on file."""

    code = "proof_missing"
    message = _("The proof is not complete.")
