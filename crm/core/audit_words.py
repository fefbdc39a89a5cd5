"""What the actions of the audit trail are called. Each app adds the words of its own in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

_words: dict[str, Any] = {}


def add_words(words: Mapping[str, Any]) -> None:
    """Name actions; a lazy text each."""
    _words.update(words)


def action_in_words(action: str) -> str:
    """The name of an action; its code where nobody has named it."""
    return str(_words.get(action, action))


def actions_named(text: str) -> list[str]:
    """The actions whose name, in the reader's language, contains ``text``, and those whose code begins with it."""
    wanted = text.casefold()
    return [code for code, name in _words.items() if wanted in str(name).casefold() or code.startswith(wanted)]


def objects_named(text: str) -> list[str]:
    """The kinds of objects that bear this name in the reader's language, whole or in part."""
    wanted = text.casefold()
    return [
        model._meta.label_lower
        for model in apps.get_models()
        if wanted in str(model._meta.verbose_name).casefold() or model._meta.label_lower == wanted
    ]


def object_in_words(object_type: str) -> str:
    """The name of a kind of object; the word itself where it is no model of ours."""
    label, dot, name = object_type.partition(".")
    try:
        return str(apps.get_model(label, name)._meta.verbose_name) if dot else object_type
    except LookupError:
        return object_type


add_words(
    {
        "attachment.add": _("Attached a file"),
        "attachment.download": _("Opened an attachment"),
        "audit.export": _("Exported the audit trail"),
        "branch.add": _("Added a branch"),
        "branch.change": _("Changed a branch"),
        "branch.close": _("Closed a branch"),
        "branch.reopen": _("Opened a branch again"),
        "branch.set_business_hours": _("Set business hours"),
        "calendar.edit_day": _("Corrected a day of the calendar"),
        "calendar.import": _("Imported a calendar"),
        "calendar.seed": _("Brought the published calendar in"),
        "company.change": _("Renamed the company"),
        "delegation.grant": _("Granted a delegation"),
        "delegation.revoke": _("Ended a delegation"),
        "department.add": _("Added a department"),
        "department.change": _("Renamed a department"),
        "field.reveal": _("Looked at a private value"),
        "export.build": _("Made an approved export"),
        "export.decide": _("Decided about an export"),
        "export.fetch": _("Fetched an export"),
        "export.request": _("Asked for an export"),
        "export.trace": _("Asked whose file it is"),
        "import.apply": _("Applied an import"),
        "import.bring": _("Brought a file in"),
        "import.cancel": _("Gave an import up"),
        "import.open": _("Took a file in"),
        "import.settle_mapping": _("Settled the columns of an import"),
        "import.rename_mapping": _("Renamed a mapping"),
        "import.drop_mapping": _("Deleted a mapping"),
        "import.keep_mapping": _("Kept a mapping"),
        "import.undo": _("Took an import back"),
        "job.cancel": _("Stopped a job"),
        "job.start": _("Started a job"),
        "organisation.found": _("Founded the company"),
        "password.change": _("Chose a password"),
        "policy.seed": _("Brought figures in"),
        "policy.set": _("Set a policy figure"),
        "profile.change": _("Changed the profile"),
        "region.add": _("Added a region"),
        "region.change": _("Changed a region"),
        "session.open": _("Signed in"),
        "session.refused": _("Failed to sign in"),
        "staff.add": _("Added a member of staff"),
        "staff.change": _("Changed a member of staff"),
        "staff.disable": _("Disabled an account"),
        "staff.enable": _("Enabled an account"),
        "staff.end_access": _("Ended all sessions"),
        "staff.reset_password": _("Gave a one-time password"),
        "token.end": _("Signed a device out"),
        "token.end_all": _("Signed all devices out"),
        "token.issue": _("Signed in on a device"),
    }
)
