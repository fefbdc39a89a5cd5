"""The conditions of a trading permission against one client: each met, not met or not known, with what was found.

The rules are the figures ``permission.<code>`` (regulation.md §1.9). Facts of the client are asked once for all rules: the
pre-check of every permission costs as many statements as that of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clients.conditions import Condition, Outcome, facts
from clients.months import add_months, months_between
from crm.core.clocks import Calendar
from crm.core.fields import money
from crm.core.policies import Figure, Figures, figures

if TYPE_CHECKING:
    from clients.models import Client, TradingPermission

#: No rule looks further back, in trading days; the calendar is asked for so many natural days.
LONGEST_WINDOW = 250
_BACK = 400
_NONE = "none"
#: Conditions about means and plans, which the rules ask of persons only.
_OF_PERSONS = frozenset({"average", "experience", "horizon"})
#: Horizons of needs interviews, the shortest first; somebody without a fixed term meets each.
_HORIZONS = ("short", "medium", "long", "very_long")
_OPEN = "open"
_GRADES = ("C1", "C2", "C3", "C4", "C5")


@dataclass(frozen=True)
class Rule:
    """The conditions of one permission, as figure ``permission.<code>`` has them; 0 and "none" ask for nothing."""

    window: int
    minimum: Decimal
    months: int
    grade: str
    assessment_months: int
    pass_mark: int
    tests: tuple[str, ...]
    one_of: tuple[str, ...]
    instead: tuple[str, ...]
    exempt_by: tuple[str, ...]

    @classmethod
    def of(cls, figure: Figure) -> Rule:
        table = figure.value

        def words(name: str) -> tuple[str, ...]:
            return tuple(word for word in table[name] if word != _NONE)

        grade = str(table["min_grade"]).upper()
        return cls(
            window=min(int(table["window_days"]), LONGEST_WINDOW),
            minimum=Decimal(str(table["min_average"])),
            months=int(table["min_months"]),
            # A grade that nobody knows must not open what it was meant to guard.
            grade="" if grade == _NONE.upper() else grade if grade in _GRADES else _GRADES[-1],
            assessment_months=int(table["assessment_months"]),
            pass_mark=int(table["pass_mark"]),
            tests=words("tests"),
            one_of=words("one_of"),
            instead=words("instead_of_experience"),
            exempt_by=words("exempt_by"),
        )


@dataclass(frozen=True)
class PreCheck:
    """What one rule says about one client on one day."""

    code: str
    label: str
    figure: Figure | None
    conditions: tuple[Condition, ...]
    #: The live permission of this kind, if there is one.
    held: TradingPermission | None
    #: He has to come to the counter because of his age.
    at_counter: int | None

    @property
    def passes(self) -> bool:
        return self.figure is not None and all(condition.holds for condition in self.conditions)

    @property
    def missing(self) -> list[Condition]:
        return [condition for condition in self.conditions if not condition.holds]

    def stored(self) -> list[dict[str, Any]]:
        return [condition.stored() for condition in self.conditions]


def precheck(client: Client, code: str, day: date) -> PreCheck:
    """The conditions of one permission."""
    return prechecks(client, day, (code,))[0]


def prechecks(client: Client, day: date, codes: tuple[str, ...] = ()) -> list[PreCheck]:
    """The conditions of several permissions (all, if none is named), in the order of the house."""
    from clients.models import PermissionCode

    known = figures(day, client.branch)
    file = _File(client, day, known)
    found = []
    for code in codes or tuple(PermissionCode.values):
        figure = known.figure(f"permission.{code}") if f"permission.{code}" in known.keys() else None  # noqa: SIM118  figures are no dictionary
        conditions = tuple(_conditions(Rule.of(figure), file, code)) if figure else ()
        found.append(
            PreCheck(
                code, str(PermissionCode(code).label), figure, conditions, file.live.get(code), file.at_counter(known)
            )
        )
    return found


class _File:
    """What is on file about a client, each piece asked once and only if a rule wants it."""

    def __init__(self, client: Client, day: date, known: Figures) -> None:
        from clients.models import EntryTest, TradingPermission

        self.client, self.day = client, day
        present = client.needs_interviews.filter(is_present=True).values_list("horizon", "answered_on", "refused")
        #: What the client last said of his horizon, when, and whether he would not say.
        self.needs = present.first()
        self.live = {row.code: row for row in TradingPermission.objects.live().filter(client=client)}
        self.tests = EntryTest.objects.newest_of(client)
        self._known = known
        self._assets: dict[date, int] | None = None
        self._calendar: Calendar | None = None
        self._first_trade: tuple[date | None] | None = None
        self._assessed: tuple[date | None] | None = None

    def horizon_for(self, code: str) -> str:
        """The shortest horizon that the house asks for (R43); "none" asks for nothing."""
        table = self._known.raw("suitability.horizons") if "suitability.horizons" in self._known.keys() else {}  # noqa: SIM118  figures are no dictionary
        return str(table.get(code, _NONE))

    def held(self, code: str) -> TradingPermission | None:
        found = self.live.get(code)
        return found if found is not None and found.state == "open" else None

    def window(self, length: int) -> list[date]:
        """The ``length`` trading days before today, oldest first."""
        if self._calendar is None:
            self._calendar = Calendar.around(self.day, _BACK)
        return [self._calendar.add_trading_days(self.day, -back) for back in range(length, 0, -1)]

    def sums(self, days: list[date]) -> tuple[int, int]:
        """Net assets in fen over those of ``days`` that are on file, and how many they are."""
        from clients.querysets.averages import net_assets_on

        longest = self.window(max(len(days), self._longest()))
        if self._assets is None:
            self._assets = net_assets_on(client_id=self.client.pk, days=longest)
        held = [self._assets[day] for day in days if day in self._assets]
        return sum(held), len(held)

    def _longest(self) -> int:
        """The longest window of all rules, so that one statement serves them all."""
        rules = [self._known.figure(key) for key in list(self._known.keys()) if key.startswith("permission.")]
        return max((Rule.of(rule).window for rule in rules), default=0)

    def first_trade(self) -> date | None:
        from clients.models import Account

        if self._first_trade is None:
            self._first_trade = (Account.objects.first_trade_of(self.client),)
        return self._first_trade[0]

    def assessed_on(self) -> date | None:
        if self._assessed is None:
            newest = self.client.risk_assessments.order_by("-assessed_on", "-pk").values_list("assessed_on", flat=True)
            self._assessed = (newest.first(),)
        return self._assessed[0]

    def at_counter(self, known: Figures) -> int | None:
        """The client's age if he is so old that permissions are opened at the counter."""
        age = self.client.age(self.day)
        return age if age is not None and age >= known.integer("suitability.elder_age_counter") else None


def _conditions(rule: Rule, file: _File, code: str) -> list[Condition]:
    found = [_status(file)]
    if rule.window and rule.minimum:
        found.append(_average(rule, file))
    if rule.months:
        found.append(_experience(rule, file, code))
    if rule.grade:
        found.append(_grade(rule, file))
    if rule.assessment_months:
        found.append(_assessment(rule, file))
    found += [_test(kind, rule, file, code) for kind in rule.tests]
    if rule.one_of:
        found.append(_one_of(rule, file, code))
    if (wanted := file.horizon_for(code)) in _HORIZONS:
        found.append(_horizon(wanted, file))
    return [_let_off(condition, rule, file) for condition in found]


def _let_off(condition: Condition, rule: Rule, file: _File) -> Condition:
    """Assets and experience are not asked of institutions, nor of those who hold a permission that implies them."""
    if condition.key not in _OF_PERSONS or condition.outcome == Outcome.MET:
        return condition
    if file.client.kind != "person":
        return Condition(condition.key, Outcome.WAIVED, facts(institution=True))
    for code in rule.exempt_by:
        held = file.held(code)
        if held is not None:
            return Condition(condition.key, Outcome.WAIVED, facts(held=code, since=held.opened_on))
    return condition


def _status(file: _File) -> Condition:
    served = file.client.status in ("active", "dormant")
    return Condition("status", Outcome.MET if served else Outcome.NOT_MET, facts(status=str(file.client.status)))


def _average(rule: Rule, file: _File) -> Condition:
    """The average over the days of the window that are on file; a gap that could turn the answer makes it unknown.

    With every missing day counted as nothing, enough is enough; with the days on file alone, too little is too little only
    once all are there.
    """
    days = file.window(rule.window)
    total, count = file.sums(days)
    average = money(Decimal(total) / 100 / count) if count else Decimal()
    needed = int(rule.minimum * 100)
    if total >= needed * rule.window:
        outcome = Outcome.MET
    elif count == rule.window:
        outcome = Outcome.NOT_MET
    else:
        outcome = Outcome.UNKNOWN
    return Condition(
        "average",
        outcome,
        facts(average=average, minimum=rule.minimum, days=count, window=rule.window, first=days[0], last=days[-1]),
    )


def _experience(rule: Rule, file: _File, code: str) -> Condition:
    since = file.first_trade()
    held = months_between(since, file.day) if since else None
    instead = next((kind for kind in rule.instead if (code, kind) in file.tests), "")
    if instead or (held is not None and held >= rule.months):
        outcome = Outcome.MET
    else:
        outcome = Outcome.UNKNOWN if held is None else Outcome.NOT_MET
    return Condition("experience", outcome, facts(since=since, months=held, minimum=rule.months, instead=instead))


def _grade(rule: Rule, file: _File) -> Condition:
    client = file.client
    found = facts(grade=client.risk_grade, minimum=rule.grade, valid_until=client.risk_valid_until)
    if not client.risk_grade:
        return Condition("grade", Outcome.UNKNOWN, found)
    if client.is_lowest_risk:
        return Condition("grade", Outcome.NOT_MET, {**found, "lowest": True})
    if not client.risk_is_valid(file.day):
        return Condition("grade", Outcome.NOT_MET, {**found, "expired": True})
    enough = client.risk_grade >= rule.grade
    return Condition("grade", Outcome.MET if enough else Outcome.NOT_MET, found)


def _assessment(rule: Rule, file: _File) -> Condition:
    assessed = file.assessed_on()
    found = facts(assessed_on=assessed, maximum=rule.assessment_months)
    if assessed is None:
        return Condition("assessment", Outcome.UNKNOWN, found)
    fresh = add_months(assessed, rule.assessment_months) >= file.day
    return Condition("assessment", Outcome.MET if fresh else Outcome.NOT_MET, found)


def _test(kind: str, rule: Rule, file: _File, code: str) -> Condition:
    newest = file.tests.get((code, kind))
    if newest is None:
        return Condition(f"test_{kind}", Outcome.UNKNOWN, facts(pass_mark=rule.pass_mark))
    passed = newest.score is None or newest.score >= rule.pass_mark
    found = facts(done_on=newest.done_on, score=newest.score, pass_mark=rule.pass_mark)
    return Condition(f"test_{kind}", Outcome.MET if passed else Outcome.NOT_MET, found)


def _horizon(wanted: str, file: _File) -> Condition:
    """What the client said in his needs interview against what the market needs: money that he wants back sooner is not
    for shares that may find no buyer. A client without a fixed term can wait."""
    said, answered, refused = file.needs or ("", {}, [])
    found = facts(horizon=said, minimum=wanted, asked_on=answered.get("horizon"))
    if "horizon" in refused:
        return Condition("horizon", Outcome.UNKNOWN, {**found, "refused": True})
    if not said:
        return Condition("horizon", Outcome.UNKNOWN, found)
    enough = said == _OPEN or _HORIZONS.index(said) >= _HORIZONS.index(wanted)
    return Condition("horizon", Outcome.MET if enough else Outcome.NOT_MET, found)


def _one_of(rule: Rule, file: _File, code: str) -> Condition:
    held = next((name for name in rule.one_of if file.held(name) or (code, name) in file.tests), "")
    found = facts(wanted=list(rule.one_of), held=held)
    return Condition("one_of", Outcome.MET if held else Outcome.UNKNOWN, found)
