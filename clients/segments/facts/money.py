"""What the client has with the branch."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from clients.segments.catalogue import SegmentField
from clients.segments.compare import window
from clients.segments.facts.fields import ASSETS, COUNTED, MONEY, plain
from clients.segments.kinds import Kind


def fields() -> list[SegmentField]:
    yuan = _("yuan")
    averages = (
        (30, _("Average assets over 30 days")),
        (90, _("Average assets over 90 days")),
        (365, _("Average assets over 365 days")),
    )
    turnover = ((30, _("Turnover in 30 days")), (365, _("Turnover in 365 days")))
    return [
        plain("assets", _("Assets"), ASSETS, Kind.MONEY, "total_assets", unit=yuan, only=COUNTED),
        plain("assets_on", _("Assets as of"), ASSETS, Kind.DAY),
        *(
            SegmentField(
                f"assets_avg_{days}", label, ASSETS, Kind.MONEY, window("net_assets", days), rights=(MONEY,), unit=yuan
            )
            for days, label in averages
        ),
        *(
            SegmentField(
                f"turnover_{days}", label, ASSETS, Kind.MONEY, window("turnover", days), rights=(MONEY,), unit=yuan
            )
            for days, label in turnover
        ),
    ]
