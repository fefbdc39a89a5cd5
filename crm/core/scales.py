"""Places on a scale of tens, for drawings: from a thousand to a hundred million, with room at either end."""

from __future__ import annotations

from decimal import Decimal

#: The box is 1,000 wide; what lies below or above the scale stands in a strip at its end.
WIDTH, STRIP = 1000, 40
LOW, HIGH = Decimal(1_000), Decimal(100_000_000)
_DECADES = HIGH.log10() - LOW.log10()


def place(amount: Decimal) -> Decimal:
    """Where an amount stands from the left; a tenth is as fine as eyes see."""
    if amount < LOW:
        return Decimal(STRIP) / 2
    if amount > HIGH:
        return WIDTH - Decimal(STRIP) / 2
    along = (amount.log10() - LOW.log10()) / _DECADES
    return (STRIP + along * (WIDTH - 2 * STRIP)).quantize(Decimal("0.1"))
