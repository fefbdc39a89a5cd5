"""The questions of a needs interview (需求访谈): what is asked, in which order, and what may be answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _


class Goal(models.TextChoices):
    PRESERVE = "preserve", _("Keep the value")
    INCOME = "income", _("Regular income")
    GROWTH = "growth", _("Steady growth")
    HIGH_GROWTH = "high_growth", _("High growth")
    IDLE_CASH = "idle_cash", _("Put idle money to use")
    PENSION = "pension", _("Old age")
    EDUCATION = "education", _("Education of children")
    IPO = "ipo", _("Subscribe to new shares")
    HEDGE = "hedge", _("Hedge")
    FINANCING = "financing", _("Raise finance")


class Horizon(models.TextChoices):
    SHORT = "short", _("Under 1 year")
    MEDIUM = "medium", _("1 to 3 years")
    LONG = "long", _("3 to 5 years")
    VERY_LONG = "very_long", _("Over 5 years")
    OPEN = "open", _("No fixed term")


class Product(models.TextChoices):
    SHARE = "share", _("Shares")
    FUND = "fund", _("Mutual funds")
    ETF = "etf", _("ETFs")
    BOND = "bond", _("Bonds")
    REPO = "repo", _("Reverse repos")
    WEALTH = "wealth", _("Wealth products and income certificates")
    PRIVATE_FUND = "private_fund", _("Private funds")
    MARGIN = "margin", _("Margin trading")
    OPTION = "option", _("Options")
    STOCK_CONNECT = "stock_connect", _("Hong Kong shares")
    ADVISORY = "advisory", _("Investment advice")


class Sector(models.TextChoices):
    BANK = "bank", _("Banks")
    FINANCE = "finance", _("Brokers and insurers")
    SEMICONDUCTOR = "semiconductor", _("Semiconductors")
    SOFTWARE = "software", _("Computers and AI")
    TELECOM = "telecom", _("Telecommunications")
    NEW_ENERGY = "new_energy", _("New energy")
    PHARMA = "pharma", _("Medicine")
    FOOD = "food", _("Food and drink")
    APPLIANCE = "appliance", _("Home appliances")
    AUTO = "auto", _("Cars")
    DEFENCE = "defence", _("Defence")
    RESOURCE = "resource", _("Coal and metals")
    CHEMISTRY = "chemistry", _("Chemistry")
    PROPERTY = "property", _("Real estate and construction")
    UTILITY = "utility", _("Utilities")
    TRANSPORT = "transport", _("Transport")
    MEDIA = "media", pgettext_lazy("industry", "Media")
    FARMING = "farming", _("Agriculture")


class Style(models.TextChoices):
    LONG_TERM = "long_term", _("Buy and hold")
    SWING = "swing", _("Swings of weeks")
    SHORT_TERM = "short_term", _("Swings of days")
    INTRADAY = "intraday", _("Within the day")
    QUANT = "quant", _("By programme")
    ADVISED = "advised", _("Follows advice")


class Voice(models.TextChoices):
    """How the client wants to be spoken to; the codes are those of ``Channel``."""

    PHONE = "phone", pgettext_lazy("channel", "Phone")
    WECHAT = "wechat", _("WeChat")
    VISIT = "visit", _("Visit")
    COUNTER = "counter", _("Counter")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    VIDEO = "video", _("Video")


class Hour(models.TextChoices):
    EARLY = "early", _("Before the opening")
    MORNING = "morning", _("Morning session")
    NOON = "noon", _("Midday")
    AFTERNOON = "afternoon", _("Afternoon session")
    AFTER_CLOSE = "after_close", _("After the close")
    EVENING = "evening", _("Evening")
    WEEKEND = "weekend", _("Weekend")


class Service(models.TextChoices):
    MARKET_NEWS = "market_news", _("Market news")
    RESEARCH = "research", _("Research reports")
    HOLDINGS_CHECK = "holdings_check", _("Check of holdings")
    PORTFOLIO = "portfolio", _("Investment plan")
    IPO_REMINDER = "ipo_reminder", _("Reminder of new shares")
    RISK_ALERT = "risk_alert", _("Risk alerts")
    EVENTS = "events", _("Lectures and events")
    EDUCATION = "education", _("Investor education")
    TERMINAL = "terminal", _("Better market data")
    FEE = "fee", _("Lower commission")
    QUIET = "quiet", _("Be left in peace")


class Restriction(models.TextChoices):
    NO_MARGIN = "no_margin", _("No borrowed money")
    NO_DERIVATIVES = "no_derivatives", _("No derivatives")
    NO_ST = "no_st", _("No shares under special treatment")
    NO_LOCKUP = "no_lockup", _("Money must stay available")
    EMPLOYER = "employer", _("Bound by the employer's rules")
    INSIDER = "insider", _("Insider of a listed company")
    SINGLE_LIMIT = "single_limit", _("Limit for a single security")
    ETHICAL = "ethical", _("Certain industries excluded")


class AnswerKind(StrEnum):
    MANY = "many"
    ONE = "one"
    MONEY = "money"
    PERCENT = "percent"
    TEXT = "text"


@dataclass(frozen=True)
class Question:
    """One question; ``key`` is the column of the interview."""

    key: str
    label: Any
    kind: AnswerKind
    choices: type[models.TextChoices] | None = None
    hint: Any = ""

    @property
    def empty(self) -> Any:
        """What stands in the column while nothing has been answered."""
        return {AnswerKind.MANY: [], AnswerKind.ONE: "", AnswerKind.TEXT: ""}.get(self.kind)

    def plain(self, value: Any) -> Any:
        """``value``, with every kind of nothing as the one that is stored; nought is an answer."""
        return self.empty if value in (None, "", []) else value

    def in_words(self, value: Any) -> str:
        """An answer as people say it, "" for none."""
        if value in (None, "", []):
            return ""
        if self.choices is not None:
            words = {str(code): str(label) for code, label in self.choices.choices}
            codes: Iterable[str] = value if isinstance(value, list) else [value]
            return gettext(", ").join(words.get(code, code) for code in codes)
        if self.kind is AnswerKind.MONEY:
            return gettext("%(amount)s yuan") % {"amount": number_format(Decimal(value), force_grouping=True)}
        if self.kind is AnswerKind.PERCENT:
            return f"{Decimal(value).normalize():f}%"
        return str(value)


QUESTIONS: tuple[Question, ...] = (
    Question("goals", _("Investment goals"), AnswerKind.MANY, Goal),
    Question("horizon", _("Horizon"), AnswerKind.ONE, Horizon),
    Question("capital", _("Capital to invest (yuan)"), AnswerKind.MONEY),
    Question("expected_return", _("Expected return a year (%)"), AnswerKind.PERCENT),
    Question(
        "loss_tolerance",
        _("Loss the client can bear (%)"),
        AnswerKind.PERCENT,
        hint=_("How far the whole may fall before he would sell."),
    ),
    Question("products", _("Products wanted"), AnswerKind.MANY, Product),
    Question("sectors", pgettext_lazy("needs", "Sectors"), AnswerKind.MANY, Sector),
    Question("style", _("Trading style"), AnswerKind.ONE, Style),
    Question("channel", _("Preferred channel"), AnswerKind.ONE, Voice),
    Question("hours", _("Good times to call"), AnswerKind.MANY, Hour),
    Question("services", _("Service wishes"), AnswerKind.MANY, Service),
    Question("restrictions", _("Restrictions"), AnswerKind.MANY, Restriction),
    Question("remarks", _("Remarks"), AnswerKind.TEXT),
)
BY_KEY: dict[str, Question] = {question.key: question for question in QUESTIONS}


class QuestionKey(models.TextChoices):
    """The questions as codes, for the list of those that a client would not answer."""

    GOALS = "goals"
    HORIZON = "horizon"
    CAPITAL = "capital"
    EXPECTED_RETURN = "expected_return"
    LOSS_TOLERANCE = "loss_tolerance"
    PRODUCTS = "products"
    SECTORS = "sectors"
    STYLE = "style"
    CHANNEL = "channel"
    HOURS = "hours"
    SERVICES = "services"
    RESTRICTIONS = "restrictions"
    REMARKS = "remarks"
