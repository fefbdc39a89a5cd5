"""How well the demo branches know their clients: sources and days of facts, refusals, and what somebody has verified."""

from __future__ import annotations

import random
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client, QuestionToAsk
from clients.provenance import Source, entry, for_all, verified
from clients.services import score_clients
from crm.core.batches import batches
from crm.core.clocks import at_local
from crm.core.importing import bulk

_EMPLOYERS = ("浦江精密仪器有限公司", "市第一人民医院", "临港物流有限公司", "自由职业", "东海软件股份有限公司", "退休")
_SOURCES = ("工资薪金", "经营所得", "投资收益", "退休金")
_INDUSTRIES = ("制造业", "批发零售", "信息技术", "建筑业", "医药")
_REFUSED = ("annual_income", "outside_assets", "debts", "email", "marital_status")
#: Columns that are filled here where nobody has filled them before, and how often in a hundred.
_LIKELY = {
    "nationality": 85,
    "tax_residency": 70,
    "income_source": 60,
    "annual_income": 45,
    "outside_assets": 30,
    "employer": 55,
    "investing_since": 60,
    "id_valid_until": 75,
}
_FIRM = {"industry": 80, "legal_representative": 60, "own_funds": 50, "tax_residency": 70, "id_valid_until": 60}
_WRITTEN = ("provenance", "is_listed", *dict.fromkeys((*_LIKELY, *_FIRM)))


def know_clients(*, seed: int, today: date) -> int:
    """Write what is known and weigh it; returns how many clients were weighed."""
    maker = random.Random(f"{seed}:known")
    rows = list(
        Client.objects.order_by("branch__code", "external_id").only(
            "pk", "kind", "phone_tail", "id_tail", "opened_on", "advisor_id", "status", "birth_date", *_WRITTEN
        )
    )
    for row in rows:
        _tell(row, maker, today)
    cells = ((row.pk, *(bulk.ready(Client, name, getattr(row, name)) for name in _WRITTEN)) for row in rows)
    bulk.update(Client, ("id",), _WRITTEN, cells)
    done = sum(score_clients(chunk, today) for chunk in batches(row.pk for row in rows))
    _ask(rows, maker, today)
    return done


def _tell(row: Client, maker: random.Random, today: date) -> None:
    opened = row.opened_on or today - timedelta(days=700)
    known_on = opened + timedelta(days=maker.randrange(max(1, (today - opened).days)))
    firm = row.kind == Client.Kind.INSTITUTION
    for name, likely in (_FIRM if firm else _LIKELY).items():
        if maker.randrange(100) < likely and getattr(row, name) in (None, ""):
            setattr(row, name, _value(name, row, maker, today))
    if firm and row.is_listed is None and maker.randrange(3):
        row.is_listed = False
    held: dict[str, Any] = row.provenance or for_all(Source.IMPORT, known_on)
    if maker.randrange(3) == 0:
        name = maker.choice(_REFUSED)
        if getattr(row, name) in (None, ""):
            held = {**held, name: entry(Source.CLIENT, known_on, refused=True)}
    checked = [name for name, tail in (("id_number", row.id_tail), ("phone", row.phone_tail)) if tail]
    checked = [name for name in checked if maker.randrange(100) < 65]
    if checked:
        how = "document" if "id_number" in checked else "call"
        held = verified(held, checked, how=how, on=known_on, by="")
    row.provenance = held


def _value(name: str, row: Client, maker: random.Random, today: date) -> Any:
    if name in ("nationality", "tax_residency"):
        return "中国"
    if name in ("annual_income", "outside_assets", "own_funds"):
        scale = 100 if name == "own_funds" else 1
        return Decimal(maker.randrange(5, 120) * 10_000 * scale)
    if name == "id_valid_until":
        return today + timedelta(days=maker.randrange(-120, 3650))
    if name == "investing_since":
        return (row.opened_on or today) - timedelta(days=maker.randrange(0, 3000))
    words = {"employer": _EMPLOYERS, "income_source": _SOURCES, "industry": _INDUSTRIES}
    return maker.choice(words.get(name, ("陈建国", "李卫东", "周敏")))


def _ask(rows: list[Client], maker: random.Random, today: date) -> None:
    """A few gaps that somebody wants asked."""
    chosen = [row for row in rows if row.advisor_id and row.status == "active"]
    moment = at_local(today - timedelta(days=1), time(15, 20))
    QuestionToAsk.objects.bulk_create(
        [
            QuestionToAsk(  # type: ignore[misc]  # the chosen ones have an advisor
                client_id=row.pk, item="annual_income", asked_for_by_id=row.advisor_id, asked_for_at=moment
            )
            for row in maker.sample(chosen, min(len(chosen), max(4, len(chosen) // 40)))
            if row.annual_income is None and "annual_income" not in row.provenance
        ]
    )
