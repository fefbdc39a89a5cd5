"""Which lines of the business a client uses: from his accounts, his permissions, what he holds, and what somebody marked.

The page and the filter ask the same rules; a test holds them against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from clients.models import Client

#: What the codes of the exchanges begin with, the longest first where one begins like another.
_CODES: dict[str, tuple[str, ...]] = {
    "stock": ("60", "68", "90", "00", "30", "200", "43", "83", "87", "88", "92"),
    "bond": ("01", "10", "11", "12", "13", "14", "204"),
    "fund": ("15", "16", "18", "50", "51", "52", "53", "56", "58"),
}
#: Lines that holding a security of their kind means.
_HELD = (*_CODES, "derivatives", "wealth")
#: Kinds of account that mean a line by themselves.
_ACCOUNTS = {"fund": ("fund",), "derivatives": ("option",), "margin": ("credit",), "stock": ("sh_a", "sz_a", "bse")}

#: What an institution wants to raise means this line.
_CORPORATE = "corporate"
#: Permissions that mean a line by themselves.
_PERMISSIONS = {"derivatives": ("option",), "margin": ("margin",), "bond": ("convertible",)}


@dataclass
class LineUse:
    """One business line of a client with the reasons why it counts; empty reasons: he does not use it."""

    line: str
    label: str
    why: list[str] = field(default_factory=list)
    mark: Any = None

    @property
    def is_used(self) -> bool:
        return bool(self.why or self.mark)


def kind_of_security(code: str) -> str:
    """The line to which a security code of the exchanges belongs; "" if its first digits say nothing."""
    found = [(len(lead), line) for line, leads in _CODES.items() for lead in leads if code.startswith(lead)]
    return max(found)[1] if found else ""


def lines_of(client: Client) -> list[LineUse]:
    """Every line in its order, with what tells that this client uses it."""
    from clients.models import Account, BusinessLine, BusinessLineMark, FinancingNeed, Holding, TradingPermission

    uses = {line.value: LineUse(line.value, str(line.label)) for line in BusinessLine}
    kinds = dict(Account.Kind.choices)
    held = set(Account.objects.live().filter(client=client).values_list("kind", flat=True))
    for line, wanted in _ACCOUNTS.items():
        uses[line].why += [str(kinds[kind]) for kind in wanted if kind in held]
    opened = TradingPermission.objects.in_force().filter(client=client)
    may = {row.code: str(row.get_code_display()) for row in opened}
    for line, wanted in _PERMISSIONS.items():
        uses[line].why += [_("permission %(name)s") % {"name": may[code]} for code in wanted if code in may]
    counts: dict[str, int] = {}
    for code, told in Holding.objects.newest_of(client).values_list("security_code", "security_kind"):
        line = told or kind_of_security(code)
        if line in uses:
            counts[line] = counts.get(line, 0) + 1
    for line, count in counts.items():
        uses[line].why.append(
            ngettext("holds %(count)d security", "holds %(count)d securities", count) % {"count": count}
        )
    for need in FinancingNeed.objects.present().filter(client=client).order_by("pk"):
        uses[BusinessLine.CORPORATE].why.append(_("wants to raise: %(kind)s") % {"kind": need.get_kind_display()})
    for mark in BusinessLineMark.objects.filter(client=client).select_related("marked_by"):
        uses[mark.line].mark = mark
    return list(uses.values())


def uses_line(line: str) -> Q:
    """Clients who use a business line: the same rules as ``lines_of``, as a condition on clients."""
    from clients.models import Account, BusinessLineMark, FinancingNeed, Holding, TradingPermission

    # One set of clients and not a condition of several parts: those would be tried on every client of the branch.
    sources: list[Any] = [BusinessLineMark.objects.filter(line=line)]
    if kinds := _ACCOUNTS.get(line):
        sources.append(Account.objects.live().filter(kind__in=kinds))
    if codes := _PERMISSIONS.get(line):
        sources.append(TradingPermission.objects.in_force().filter(code__in=codes))
    if line == _CORPORATE:
        sources.append(FinancingNeed.objects.present())
    first, *others = (rows.order_by().values("client_id") for rows in sources)
    found = Q(pk__in=first.union(*others, all=True) if others else first)
    if line not in _HELD:
        return found
    told = Q(security_kind=line)
    if line in _CODES:
        told |= Q(security_kind="") & _codes_q(line)
    # Each client's newest day by its index: asked of each holding instead, years of a book would be read.
    newest = Holding.objects.filter(client=OuterRef(OuterRef("pk"))).order_by("-day").values("day")[:1]
    return found | Q(Exists(Holding.objects.filter(told, client=OuterRef("pk"), day=Subquery(newest))))


def _codes_q(line: str) -> Q:
    wanted = Q()
    for lead in _CODES[line]:
        begins = Q(security_code__startswith=lead)
        # Where a longer beginning of another line goes first, it is taken out: 204001 is a repo, 200011 a B share.
        for other, leads in _CODES.items():
            for longer in leads:
                if other != line and len(longer) > len(lead) and longer.startswith(lead):
                    begins &= ~Q(security_code__startswith=longer)
        wanted |= begins
    return wanted


__all__ = ["LineUse", "kind_of_security", "lines_of", "uses_line"]
