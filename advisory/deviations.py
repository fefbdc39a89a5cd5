"""Where what a client holds deviates from what he said he wants and from his risk grade. Pure; rows in, findings out.

Each finding carries its own figure and the bound it is held against, so that what was said on a day can be read later in any
language, whatever the figures are by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clients.models import SecurityKind
from clients.months import add_months
from clients.questions import Goal, Horizon, Product, Restriction
from clients.suitability import is_professional
from crm.core.fields import ROUNDING

if TYPE_CHECKING:
    from clients.models import Client, NeedsInterview
    from clients.portfolio import Portfolio

#: What of the wanted products each kind of security is; other securities are none of them.
_PRODUCTS: dict[str, frozenset[str]] = {
    SecurityKind.STOCK: frozenset({Product.SHARE, Product.STOCK_CONNECT, Product.MARGIN}),
    SecurityKind.BOND: frozenset({Product.BOND, Product.REPO}),
    SecurityKind.FUND: frozenset({Product.FUND, Product.ETF}),
    SecurityKind.DERIVATIVES: frozenset({Product.OPTION}),
    SecurityKind.WEALTH: frozenset({Product.WEALTH, Product.PRIVATE_FUND}),
}
#: Kinds that may lose as much as shares do.
_RISKY = (SecurityKind.STOCK, SecurityKind.DERIVATIVES)
#: Months after which a horizon is over: the upper end of what its words say; the open ones never are.
_HORIZON_MONTHS = {Horizon.SHORT: 12, Horizon.MEDIUM: 36, Horizon.LONG: 60}
#: Goals to which a share of shares is bound; where several are wanted the widest holds.
_CAREFUL = (Goal.PRESERVE, Goal.INCOME)
_TENTH = Decimal("0.001")
_WARNED = re.compile(r"S?\*?ST(?![A-Z])", re.ASCII)


@dataclass(frozen=True)
class Deviation:
    """One finding: what (``code``), about what (``subject``), the figure and the bound as text, and a name to say it with."""

    code: str
    subject: str = ""
    figure: str = ""
    bound: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """The same thing found again has the same key, whatever its figure is by then."""
        return f"{self.code}:{self.subject}"

    @property
    def words(self) -> str:
        """The finding in the reader's language, with its figure."""
        return str(_WORDS[self.code](self)) if self.code in _WORDS else self.code

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def read(rows: Iterable[Mapping[str, str]]) -> list[Deviation]:
    """Findings as they were put on file."""
    return [Deviation(**row) for row in rows]


@dataclass(frozen=True)
class Bounds:
    """The house's figures: ``review.concentration_share`` and ``review.equity_bounds`` by risk grade and goal, as shares."""

    concentration: Decimal
    equity: Mapping[str, Decimal]


def deviations(
    held: Portfolio, client: Client, needs: NeedsInterview | None, bounds: Bounds, today: date
) -> list[Deviation]:
    """Everything that deviates, what concerns the risk grade first; a professional investor needs none and is bound by none."""
    grade = "" if (professional := is_professional(client, today)) else client.risk_grade
    found = [] if professional else of_grade(grade, client.risk_valid_until, today)
    found += _equity(held, grade, needs, bounds)
    if (top := held.largest) is not None and top.weight is not None and top.weight > bounds.concentration:
        found.append(concentration(top.holding.security_code, top.holding.security_name, top.weight, bounds))
    if needs is None:
        return [*found, Deviation("needs_missing")]
    found += of_loss(held.gain_rate, needs.loss_tolerance)
    found += of_horizon(needs.horizon, needs.day_of("horizon"), today)
    return [*found, *_unwanted(held, needs), *_restricted(held, needs)]


def not_compared(needs: NeedsInterview | None) -> list[str]:
    """Questions that he answered and that nothing on file can be held against: a security tells its kind, never its sector."""
    return ["sectors"] if needs is not None and needs.sectors else []


def concentration(code: str, name: str, share: Decimal, bounds: Bounds) -> Deviation:
    """So much hangs on one security."""
    return Deviation("concentration", code, _plain(share), _plain(bounds.concentration), name)


def of_loss(gain_rate: Decimal | None, tolerance: Decimal | None) -> list[Deviation]:
    """A loss on what the holdings have cost beyond what the client said he can bear (per cent)."""
    if gain_rate is None or tolerance is None or -gain_rate * 100 <= tolerance:
        return []
    return [Deviation("loss", "", _plain(-gain_rate), _plain(tolerance / 100))]


def of_grade(grade: str, valid_until: date | None, today: date) -> list[Deviation]:
    """The risk grade is missing, or has run out."""
    if not grade:
        return [Deviation("grade_missing")]
    if valid_until is None or valid_until < today:
        day = valid_until.isoformat() if valid_until else ""
        return [Deviation("grade_expired", day, day, "", grade)]
    return []


def of_horizon(horizon: str, said_on: date | None, today: date) -> list[Deviation]:
    """The time for which the client wanted to invest is over."""
    months = _HORIZON_MONTHS.get(Horizon(horizon)) if horizon else None
    if months is None or said_on is None or (over := add_months(said_on, months)) > today:
        return []
    return [Deviation("horizon", over.isoformat(), over.isoformat(), said_on.isoformat(), horizon)]


def grade_changed(old: str, new: str) -> Deviation:
    """Another risk grade than at the last review."""
    return Deviation("grade_changed", new, new, old)


def shorter_period(since: date, months: int, before: int | None) -> Deviation:
    """By tier or agreement a review is due more often than when the last one was recorded, if there was a period then."""
    return Deviation("shorter_period", since.isoformat(), str(months), str(before or ""))


def _equity(held: Portfolio, risk_grade: str, needs: NeedsInterview | None, bounds: Bounds) -> list[Deviation]:
    """More in shares and derivatives than the risk grade, or the most daring of the goals, leaves room for."""
    share = sum((weights for kind, weights in _weights(held).items() if kind in _RISKY), Decimal(0))
    found = []
    grade = bounds.equity.get(risk_grade)
    if grade is not None and share > grade:
        found.append(Deviation("equity_grade", risk_grade, _plain(share), _plain(grade)))
    goals = needs.goals if needs else []
    if goals and set(goals) <= set(_CAREFUL):
        widest = max(goals, key=lambda goal: bounds.equity[goal])
        if share > bounds.equity[widest]:
            found.append(Deviation("equity_goal", widest, _plain(share), _plain(bounds.equity[widest])))
    return found


def _unwanted(held: Portfolio, needs: NeedsInterview) -> list[Deviation]:
    """Kinds of securities that are none of the products he wants; nothing where he named none."""
    if not needs.products:
        return []
    return [
        Deviation("product", kind, _plain(share))
        for kind, share in _weights(held).items()
        if kind in _PRODUCTS and _PRODUCTS[SecurityKind(kind)].isdisjoint(needs.products)
    ]


def _restricted(held: Portfolio, needs: NeedsInterview) -> list[Deviation]:
    """Securities that he excluded."""
    rows = [position.holding for position in held.positions]
    found = []
    for code, hit in ((Restriction.NO_DERIVATIVES, is_derivative), (Restriction.NO_ST, is_under_warning)):
        if code in needs.restrictions:
            found += [
                Deviation("restriction", f"{code}/{row.security_code}", "", "", row.security_name)
                for row in rows
                if hit(row.kind, row.security_name)
            ]
    return found


def is_derivative(kind: str, _name: str) -> bool:
    return kind == SecurityKind.DERIVATIVES


def is_under_warning(_kind: str, name: str) -> bool:
    """Shares under special treatment (风险警示) bear it in their names: ST, *ST, SST."""
    return _WARNED.match(name.upper()) is not None


def _weights(held: Portfolio) -> dict[str, Decimal]:
    """Weight by kind of security, in the order of the holdings."""
    found: dict[str, Decimal] = {}
    for position in held.positions:
        if position.weight is not None:
            found[position.holding.kind] = found.get(position.holding.kind, Decimal(0)) + position.weight
    return found


def _plain(share: Decimal) -> str:
    return str(share.quantize(_TENTH, rounding=ROUNDING))


def _percent(share: str) -> str:
    return f"{(Decimal(share) * 100).normalize():f}%"


def _label(choices: Any, code: str) -> str:
    return str(dict(choices.choices).get(code, code))


def _period(found: Deviation) -> str:
    said = {"day": found.subject, "before": found.bound, "months": found.figure}
    if found.bound:
        return _("Since %(day)s a review is due every %(months)s months; before that it was every %(before)s") % said
    return _("Since %(day)s a review is due every %(months)s months") % said


_WORDS: dict[str, Any] = {
    "concentration": lambda d: (
        _("%(name)s is %(share)s of the holdings; the bound is %(bound)s")
        % {"name": d.name, "share": _percent(d.figure), "bound": _percent(d.bound)}
    ),
    "loss": lambda d: (
        _("Loss of %(loss)s on the cost; the client can bear %(bound)s")
        % {"loss": _percent(d.figure), "bound": _percent(d.bound)}
    ),
    "grade_missing": lambda d: _("No risk grade is on file"),
    "grade_expired": lambda d: _("Risk grade %(grade)s ran out on %(day)s") % {"grade": d.name, "day": d.figure or "—"},
    "grade_changed": lambda d: (
        _("Risk grade is now %(new)s, at the last review it was %(old)s") % {"new": d.figure, "old": d.bound}
    ),
    "horizon": lambda d: (
        _("The horizon named on %(said)s (%(horizon)s) was over on %(day)s")
        % {"said": d.bound, "horizon": _label(Horizon, d.name), "day": d.figure}
    ),
    "equity_grade": lambda d: (
        _("%(share)s in shares and derivatives; for risk grade %(grade)s the bound is %(bound)s")
        % {"share": _percent(d.figure), "grade": d.subject, "bound": _percent(d.bound)}
    ),
    "equity_goal": lambda d: (
        _("%(share)s in shares and derivatives; for the goal “%(goal)s” the bound is %(bound)s")
        % {"share": _percent(d.figure), "goal": _label(Goal, d.subject), "bound": _percent(d.bound)}
    ),
    "product": lambda d: (
        _("%(kind)s are %(share)s of the holdings and not among the products wanted")
        % {"kind": _label(SecurityKind, d.subject), "share": _percent(d.figure)}
    ),
    "restriction": lambda d: (
        _("%(name)s is held against the restriction “%(restriction)s”")
        % {"name": d.name, "restriction": _label(Restriction, d.subject.partition("/")[0])}
    ),
    "shorter_period": _period,
    "needs_missing": lambda d: _("What the client wants has never been asked"),
}


def fresh_among(found: Sequence[Deviation], known: Iterable[Mapping[str, str]]) -> list[Deviation]:
    """Those that were not found before."""
    seen = {one.key for one in read(known)}
    return [one for one in found if one.key not in seen]
