"""Which days a file may speak of, whatever the hour in Shanghai."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from crm.core.services import importing
from tests.clients.conftest import Run


def counts(said: dict[str, int]) -> tuple[int, int, int, int, int]:
    return (said["created"], said["updated"], said["unchanged"], said["rejected"], said["status"])


@pytest.mark.parametrize("now", ["2026-11-28T18:45:00Z", "2026-11-29T02:00:00Z"])
@pytest.mark.parametrize(
    ("day", "code"), [("2026-11-29", ""), ("2026-11-30", "in_future"), ("1926-11-29", "too_early")]
)
def test_assets_and_holdings_are_of_days_up_to_today_in_shanghai_at_night_as_by_day(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: str, day: str, code: str
) -> None:
    monkeypatch.setattr(importing, "database_now", lambda: datetime.fromisoformat(now))
    clients, assets, holdings = (tmp_path / name for name in ("clients.csv", "assets.csv", "holdings.csv"))
    clients.write_text("id\n1\n", encoding="utf-8")
    assets.write_text(f"id,worth,day\n1,1200,{day}\n", encoding="utf-8")
    holdings.write_text(f"id,code,name,n,worth,day\n1,000001,平安银行,100,1200,{day}\n", encoding="utf-8")
    run("clients", clients, '[columns]\nexternal_id = "id"\n')
    of_assets = '[columns]\nexternal_id = "id"\nnet_assets = "worth"\nday = "day"\n'
    of_holdings = (
        '[columns]\nexternal_id = "id"\nsecurity_code = "code"\nsecurity_name = "name"\nquantity = "n"\n'
        'market_value = "worth"\nday = "day"\n'
    )

    for kind, file, mapping in (("assets", assets, of_assets), ("holdings", holdings, of_holdings)):
        assert counts(run(kind, file, mapping)) == ((0, 0, 0, 1, 1) if code else (1, 0, 0, 0, 0))
        if code:
            assert code in (tmp_path / "errors.csv").read_text(encoding="utf-8")
