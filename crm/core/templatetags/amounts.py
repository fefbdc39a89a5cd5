"""Amounts, rates and days as a branch reads them.

Amounts are Decimal yuan, rates are fractions (0.0003 is 0.3‰). Everything is rounded half up, once, for
showing only.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from crm.core.drawings import number

register = template.Library()

DASH = "—"
CENT = Decimal("0.01")
CHINESE_UNITS = ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万"))
ENGLISH_UNITS = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))


def rounded(value: Decimal, step: Decimal = CENT) -> Decimal:
    """Round half up to ``step``; a negative nought becomes nought."""
    found = value.quantize(step, rounding=ROUND_HALF_UP)
    return found or abs(found)


def reads_chinese() -> bool:
    """Whether the reader's language counts in 万 and 亿."""
    return (get_language() or "").lower().startswith("zh")


def exact(value: Decimal, sign: str = "") -> str:
    """Two decimals, grouped by thousands."""
    return f"{rounded(value):{sign},.2f}"


def short(value: Decimal, sign: str = "") -> str:
    """Two decimals with the unit of the reader's language: 123.46万, 1.23M.

    The unit is chosen after rounding, so that 9,999.996 reads 1.00万 and not 10,000.00.
    """
    amount = rounded(value)
    for unit, letter in CHINESE_UNITS if reads_chinese() else ENGLISH_UNITS:
        if abs(amount) >= unit:
            return f"{rounded(amount / unit):{sign},.2f}{letter}"
    return f"{amount:{sign},.2f}"


def trimmed(value: Decimal, least: int) -> str:
    """At most four decimals, no idle noughts, at least ``least`` decimals."""
    text = f"{rounded(value, Decimal('0.0001')):,.4f}"
    whole, decimals = text.split(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


@register.filter
def yuan(value: object) -> str:
    """1234567.8 → 1,234,567.80; an em dash for a missing amount."""
    amount = number(value)
    return DASH if amount is None else exact(amount)


@register.filter
def wan(value: object) -> str:
    """123.46万 or 1.23M, with the exact amount in the title attribute."""
    amount = number(value)
    if amount is None:
        return DASH
    return format_html('<span class="amount" title="{}">{}</span>', exact(amount), short(amount))


@register.filter
def sign_class(value: object) -> str:
    """``up``, ``down`` or ``flat``: which of them is red, the reader's setting decides in CSS."""
    amount = number(value)
    if not amount:
        return "flat"
    return "up" if amount > 0 else "down"


@register.filter
def signed(value: object) -> str:
    """+1,234.00 or -1,234.00, coloured as a market movement."""
    amount = number(value)
    if amount is None:
        return DASH
    return format_html('<span class="amount {}">{}</span>', sign_class(amount), exact(amount, "+" if amount else ""))


@register.filter
def signed_wan(value: object) -> str:
    """Like :func:`signed` with the short unit; the exact amount is in the title."""
    amount = number(value)
    if amount is None:
        return DASH
    sign = "+" if amount else ""
    return format_html(
        '<span class="amount {}" title="{}">{}</span>', sign_class(amount), exact(amount, sign), short(amount, sign)
    )


@register.filter
def permille(value: object) -> str:
    """The rate 0.0003 → 0.30‰."""
    rate = number(value)
    return DASH if rate is None else f"{trimmed(rate * 1000, 2)}‰"


@register.filter
def per_ten_thousand(value: object) -> str:
    """The rate 0.00025 → 万分之2.5, as branches speak; in English 2.5 bp (one basis point is one in ten thousand)."""
    rate = number(value)
    if rate is None:
        return DASH
    text = trimmed(rate * 10_000, 0)
    return f"万分之{text}" if reads_chinese() else f"{text} bp"


@register.filter
def percent(value: object, places: int = 2) -> str:
    """The share 0.125 → 12.50%."""
    rate = number(value)
    return DASH if rate is None else f"{rounded(rate * 100, Decimal(1).scaleb(-int(places))):,}%"


@register.filter
def grouped(value: object) -> str:
    """A count with thousands separators: 12,345."""
    count = number(value)
    return DASH if count is None else f"{rounded(count, Decimal(1)):,}"


@register.filter
def counted(value: object) -> object:
    """A value of a tile: a whole number with thousands separators, anything else as it is, a dash for nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return grouped(value)
    return DASH if value in (None, "") else value


@register.filter
def shares(value: object) -> str:
    """A number of shares with as many places as it has, four at most: 1,200 and 1,234.5678."""
    count = number(value)
    return DASH if count is None else trimmed(count, 0)


@register.filter
def played(seconds: object) -> str:
    """How long something lasted: 0:07, 12:05, 1:02:03."""
    count = number(seconds)
    if count is None:
        return DASH
    minutes, rest = divmod(int(count), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def due_in(due: date | datetime | None, today: date | datetime | str = "") -> str:
    """How far a due day is away: due today, due in 3 days, overdue by 2 days."""
    days = days_between(today, due) if due else None
    if days is None:
        return DASH
    if days == 0:
        return gettext("due today")
    if days == 1:
        return gettext("due tomorrow")
    if days > 0:
        return ngettext("due in %(days)d day", "due in %(days)d days", days) % {"days": days}
    return ngettext("overdue by %(days)d day", "overdue by %(days)d days", -days) % {"days": -days}


@register.filter
def next_in(day: date | datetime | None, today: date | datetime | str = "") -> str:
    """How far a day that was agreed on is away: today, tomorrow, in 3 days; overdue once it has passed."""
    days = days_between(today, day) if day else None
    if days is None or days < 0:
        return due_in(day, today)
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


@register.filter
def ago(day: date | datetime | None, today: date | datetime | str = "") -> str:
    """How long ago a day was: today, yesterday, 3 days ago; a day to come reads as in 3 days."""
    days = days_between(day, today) if day else None
    if days is None:
        return DASH
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("yesterday")
    if days > 0:
        return ngettext("%(days)d day ago", "%(days)d days ago", days) % {"days": days}
    return ngettext("in %(days)d day", "in %(days)d days", -days) % {"days": -days}


def days_between(first: date | datetime | str | None, second: date | datetime | str | None) -> int | None:
    """Natural days from the first to the second, both as local days; the present day stands in for an empty text."""
    days = []
    for moment in (first, second):
        if moment is None:
            return None
        if moment == "":
            moment = timezone.localdate()
        if isinstance(moment, datetime):
            moment = timezone.localdate(moment) if timezone.is_aware(moment) else moment.date()
        if not isinstance(moment, date):
            return None
        days.append(moment)
    return (days[1] - days[0]).days


@register.filter
def rise(value: object) -> SafeString:
    """A percentage change with its sign and market colour: 0.0312 → +3.12%."""
    rate = number(value)
    if rate is None:
        return SafeString(DASH)
    return format_html('<span class="{}">{}%</span>', sign_class(rate), f"{rounded(rate * 100):+,.2f}")
