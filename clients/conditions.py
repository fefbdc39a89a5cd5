"""A condition of a rule, what was found, and how that reads. What is kept as proof is language-free; words are made when read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clients.questions import Horizon


class Outcome(StrEnum):
    """Whether a condition holds. ``waived``: the rule itself lets this client off."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    WAIVED = "waived"


OUTCOME_WORDS: dict[str, str | Promise] = {
    Outcome.MET: gettext_lazy("met"),
    Outcome.NOT_MET: gettext_lazy("not met"),
    Outcome.UNKNOWN: gettext_lazy("not known"),
    Outcome.WAIVED: gettext_lazy("does not apply"),
}
TONES: dict[str, str] = {
    Outcome.MET: "success",
    Outcome.NOT_MET: "danger",
    Outcome.UNKNOWN: "warning",
    Outcome.WAIVED: "neutral",
}


@dataclass(frozen=True)
class Condition:
    """One condition with what was found: ``key`` names it, ``facts`` hold numbers and days as plain JSON."""

    key: str
    outcome: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.outcome in (Outcome.MET, Outcome.WAIVED)

    @property
    def word(self) -> str:
        return str(OUTCOME_WORDS[self.outcome])

    @property
    def tone(self) -> str:
        return TONES[self.outcome]

    @property
    def label(self) -> str:
        """What is asked."""
        return str(_LABELS.get(self.key, self.key))

    @property
    def why(self) -> str:
        """What was found, in words and numbers."""
        if self.outcome == Outcome.WAIVED:
            return _waived(self.facts)
        return _WHY[self.key](self.facts) if self.key in _WHY else ""

    def stored(self) -> dict[str, Any]:
        return {"key": self.key, "outcome": str(self.outcome), "facts": self.facts}


def read(rows: Any) -> list[Condition]:
    """Conditions as they were kept."""
    return [Condition(row["key"], row["outcome"], row.get("facts", {})) for row in rows or ()]


def plain(value: Any) -> Any:
    """A value as JSON keeps it: amounts and days as text."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value


def facts(**found: Any) -> dict[str, Any]:
    return {name: plain(value) for name, value in found.items()}


# -- the words ---------------------------------------------------------------------------------------------------------

_LABELS: dict[str, str | Promise] = {
    "status": gettext_lazy("Client is served"),
    "average": gettext_lazy("Average assets without margin loans"),
    "experience": gettext_lazy("Trading experience"),
    "grade": gettext_lazy("Risk grade"),
    "assessment": gettext_lazy("Age of the risk assessment"),
    "test_knowledge": gettext_lazy("Knowledge test"),
    "test_exchange": gettext_lazy("Exchange test"),
    "test_simulated": gettext_lazy("Simulated trading"),
    "test_disclosure": gettext_lazy("Risk disclosure signed"),
    "test_not_associate": gettext_lazy("No shareholder or associate of the firm"),
    "one_of": gettext_lazy("One of several"),
    "horizon": gettext_lazy("Investment horizon"),
    "licensed": gettext_lazy("Kind of institution"),
    "means": gettext_lazy("Assets or income"),
    "net_assets": gettext_lazy("Net assets at the last year-end"),
    "financial_assets": gettext_lazy("Financial assets"),
    "background": gettext_lazy("Experience or profession"),
    "years": gettext_lazy("Investing experience"),
}


def yuan(amount: Any) -> str:
    return _("%(amount)s yuan") % {"amount": number_format(Decimal(str(amount)), 2, force_grouping=True)}


def months(count: Any) -> str:
    return ngettext("%(count)d month", "%(count)d months", int(count)) % {"count": int(count)}


def _status(found: dict[str, Any]) -> str:
    from clients.models import Client

    return str(Client.Status(found["status"]).label)


def _average(found: dict[str, Any]) -> str:
    needed = yuan(found["minimum"])
    if not found["days"]:
        return _("No assets on file from %(first)s to %(last)s; %(needed)s needed.") % {
            "first": found["first"],
            "last": found["last"],
            "needed": needed,
        }
    said = {
        "average": yuan(found["average"]),
        "first": found["first"],
        "last": found["last"],
        "days": found["days"],
        "window": found["window"],
        "needed": needed,
    }
    if found["days"] < found["window"]:
        return (
            _(
                "%(average)s on average, but only %(days)d of the %(window)d trading days from %(first)s to %(last)s are "
                "on file; %(needed)s needed."
            )
            % said
        )
    return _("%(average)s on average of the %(window)d trading days %(first)s to %(last)s; %(needed)s needed.") % said


def _experience(found: dict[str, Any]) -> str:
    if not found.get("since"):
        return _("No account has a first trade on file; %(needed)s needed.") % {"needed": months(found["minimum"])}
    said = {"day": found["since"], "months": months(found["months"]), "needed": months(found["minimum"])}
    text = _("First trade on %(day)s: %(months)s; %(needed)s needed.") % said
    if found.get("instead"):
        text += " " + _("Recorded instead: %(what)s.") % {"what": test_word(found["instead"])}
    return text


def _grade(found: dict[str, Any]) -> str:
    if not found.get("grade"):
        return _("No risk grade on file; %(needed)s or higher needed.") % {"needed": found["minimum"]}
    said = {"grade": found["grade"], "needed": found["minimum"], "day": found.get("valid_until") or "—"}
    if found.get("lowest"):
        return _("%(grade)s with the lowest risk capacity; %(needed)s or higher needed.") % said
    if found.get("expired") and not found.get("valid_until"):
        return _("%(grade)s without a day until which it is valid; a valid %(needed)s or higher needed.") % said
    if found.get("expired"):
        return _("%(grade)s ran out on %(day)s; a valid %(needed)s or higher needed.") % said
    return _("%(grade)s, valid until %(day)s; %(needed)s or higher needed.") % said


def _assessment(found: dict[str, Any]) -> str:
    if not found.get("assessed_on"):
        return _("No assessment on file; not older than %(needed)s.") % {"needed": months(found["maximum"])}
    return _("Assessed on %(day)s; not older than %(needed)s.") % {
        "day": found["assessed_on"],
        "needed": months(found["maximum"]),
    }


def _test(found: dict[str, Any]) -> str:
    if not found.get("done_on"):
        return _("Not recorded yet.")
    if found.get("score") is None:
        return _("Recorded on %(day)s.") % {"day": found["done_on"]}
    return _("%(score)d points on %(day)s; %(needed)d needed.") % {
        "score": found["score"],
        "day": found["done_on"],
        "needed": found["pass_mark"],
    }


def _one_of(found: dict[str, Any]) -> str:
    wanted = " / ".join(_permission_or_test(name) for name in found["wanted"])
    if found.get("held"):
        return _("There is: %(what)s.") % {"what": _permission_or_test(found["held"])}
    return _("None of these is on file: %(what)s.") % {"what": wanted}


def _permission_or_test(name: str) -> str:
    from clients.models import PermissionCode

    return str(PermissionCode(name).label) if name in PermissionCode.values else test_word(name)


def test_word(kind: str) -> str:
    from clients.models import EntryTest

    return str(EntryTest.Kind(kind).label) if kind in EntryTest.Kind.values else kind


def _waived(found: dict[str, Any]) -> str:
    if found.get("held"):
        return _("Holds %(what)s since %(day)s.") % {
            "what": _permission_or_test(found["held"]),
            "day": found.get("since") or "—",
        }
    return _("Asked of persons only.")


def _licensed(found: dict[str, Any]) -> str:
    if not found["institution"]:
        return _("The client is a person.")
    return role_word(found["role"]) if found["role"] else _("Not stated.")


def role_word(role: str) -> str:
    from clients.models import InvestorRole

    return str(InvestorRole(role).label) if role in InvestorRole.values else role


def _enough(found: dict[str, Any]) -> str:
    needed = yuan(found["minimum"])
    if found["found"] is None:
        return _("Not stated; %(needed)s needed.") % {"needed": needed}
    said = {"found": yuan(found["found"]), "needed": needed}
    if found.get("complete") is False:
        return _("%(found)s with us, what lies elsewhere is not stated; %(needed)s needed.") % said
    return _("%(found)s; %(needed)s needed.") % said


def _means(found: dict[str, Any]) -> str:
    assets = _enough({"found": found["assets"], "minimum": found["need_assets"], "complete": found["complete"]})
    income = _enough({"found": found["income"], "minimum": found["need_income"]})
    return _("Financial assets: %(assets)s Or average income of three years: %(income)s") % {
        "assets": assets,
        "income": income,
    }


def _years(found: dict[str, Any]) -> str:
    needed = months(found["minimum"])
    if found["months"] is None:
        return _("Not known; %(needed)s needed.") % {"needed": needed}
    return _("%(months)s; %(needed)s needed.") % {"months": months(found["months"]), "needed": needed}


def _background(found: dict[str, Any]) -> str:
    return role_word(found["role"]) if found.get("role") else _years(found)


def _horizon(found: dict[str, Any]) -> str:
    wanted = _("needed: %(horizon)s") % {"horizon": Horizon(found["minimum"]).label}
    if found.get("refused"):
        told = _("The client would not say.")
    elif not found.get("horizon"):
        told = _("Nobody has asked the client yet.")
    else:
        said = {"horizon": Horizon(found["horizon"]).label, "day": found.get("asked_on") or ""}
        told = _("The client said: %(horizon)s (%(day)s).") % said
    return f"{told} {wanted}"


_WHY = {
    "status": _status,
    "average": _average,
    "experience": _experience,
    "grade": _grade,
    "assessment": _assessment,
    "one_of": _one_of,
    "horizon": _horizon,
    "licensed": _licensed,
    "net_assets": _enough,
    "financial_assets": _enough,
    "means": _means,
    "years": _years,
    "background": _background,
    **{name: _test for name in _LABELS if name.startswith("test_")},
}
