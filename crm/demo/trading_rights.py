"""What the demo's clients may trade: old permissions as the counter system had them, and some opened or asked for these weeks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, time, timedelta

from clients.models import Client, TradingPermission
from clients.querysets.precheck import prechecks
from clients.services import approve_exemption, ask_exemption, open_permission, record_test
from crm.core.clocks import at_local
from crm.core.models import Branch, User
from crm.core.public_ids import new_public_id
from crm.demo.staffing import Crew
from crm.roles import FRONT_DESK, MANAGER

#: Permission → (of a hundred clients so many have it, the lowest grade of theirs).
_OLD = {
    "chinext": (58, "C3"),
    "star": (24, "C4"),
    "hk_connect": (14, "C4"),
    "bse": (9, "C4"),
    "convertible": (38, "C3"),
    "risk_warning": (8, "C4"),
    "option": (3, "C4"),
}
#: In each branch so many are opened by the rules in these weeks, and so many with an exemption.
_NEW, _EXEMPTIONS = 6, 4
_TESTED = ("knowledge", "disclosure")


def grant_permissions(*, crew: Crew, today: date, seed: int) -> None:
    """Old permissions of both branches, and new ones through the services."""
    for branch in crew.branches:
        maker = random.Random(f"{seed}:permissions:{branch.code}")
        desk = crew.of(branch, FRONT_DESK)[0]
        clients = list(Client.objects.served().filter(branch=branch).select_related("branch").order_by("external_id"))
        credit = set(Client.objects.filter(branch=branch, accounts__kind="credit").values_list("pk", flat=True))
        rows = [row for client in clients for row in _old(client, client.pk in credit, maker, desk, today)]
        TradingPermission.objects.bulk_create(rows, batch_size=1000)
        _new(branch, clients, crew, today)


def _old(client: Client, on_margin: bool, maker: random.Random, desk: User, today: date) -> Iterator[TradingPermission]:
    """Permissions of years ago; whoever has a credit account may trade on margin."""
    wanted = [
        code
        for code, (share, lowest) in _OLD.items()
        if maker.randrange(100) < share and client.risk_grade >= lowest and client.kind == Client.Kind.PERSON
    ]
    since = client.opened_on
    last = today - timedelta(days=90)
    if since is None or since >= last:
        return
    for code in [*wanted, *(["margin"] if on_margin else [])]:
        opened = since + timedelta(days=maker.randrange((last - since).days))
        yield TradingPermission(
            public_id=new_public_id(),
            client=client,
            code=code,
            state=TradingPermission.State.OPEN,
            opened_on=opened,
            opened_by=desk,
            asked_at=at_local(opened, time(10, 0)),
        )


def _new(branch: Branch, clients: list[Client], crew: Crew, today: date) -> None:
    """The counter opens what the rules allow, and asks for exemptions; the manager has approved half of them."""
    desk, manager = crew.of(branch, FRONT_DESK)[0], crew.of(branch, MANAGER)[0]
    rich = sorted(clients, key=lambda client: (-client.total_assets, client.external_id))
    done = asked = 0
    for place, client in enumerate(rich[:60]):
        now = at_local(today - timedelta(days=1 + place % 20), time(14, 30))
        if done < _NEW and client.risk_is_valid(today) and client.risk_grade >= "C4":
            done += _open_next(client, desk, now.date(), today)
        elif asked < _EXEMPTIONS and client.risk_grade == "C3":
            waiting = _ask_next(client, desk, today, asked)
            if waiting and asked % 2 == 0:
                approve_exemption(
                    permission=waiting, actor=manager, now=at_local(today, time(8, 50)), note="材料已核实，同意。"
                )
            asked += waiting is not None


def _open_next(client: Client, desk: User, day: date, today: date) -> int:
    """Sign and test for the first market that is still shut, and open it if the rules allow. Returns 1 if they did."""
    now = at_local(today, time(8, 40))
    held = set(TradingPermission.objects.live().filter(client=client).values_list("code", flat=True))
    code = next((c for c in ("star", "hk_connect", "chinext", "bse") if c not in held), "")
    if not code:
        return 0
    for kind in _TESTED:
        record_test(
            client=client,
            code=code,
            kind=kind,
            done_on=min(day, today),
            score=90 if kind == "knowledge" else None,
            reference="柜台档案",
            actor=desk,
            now=now,
        )
    (check,) = prechecks(client, today, (code,))
    if not check.passes:
        return 0
    open_permission(client=client, code=code, actor=desk, now=now)
    return 1


def _ask_next(client: Client, desk: User, today: date, place: int) -> TradingPermission | None:
    held = set(TradingPermission.objects.live().filter(client=client).values_list("code", flat=True))
    code = next((c for c in ("hk_connect", "star", "bse") if c not in held), "")
    if not code:
        return None
    kind, reason = (
        ("elsewhere", "客户在其他证券公司已开通同类权限，已提供权限截图及对账单。"),
        ("assets_elsewhere", "客户在其他券商资产合计超过门槛，已提供20个交易日日均资产证明。"),
    )[place % 2]
    return ask_exemption(
        client=client, code=code, exemption=kind, reason=reason, actor=desk, now=at_local(today, time(8, 45))
    )
