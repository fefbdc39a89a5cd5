"""Small figures drawn on the server as SVG: sparkline, bar, stacked bar.

Attributes and classes only, never a style: the content security policy forbids inline styles. Coordinates are shares of
a fixed box, so the arithmetic is on ratios of Decimals and no amount is ever rounded through a float.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

TONES = ("neutral", "info", "success", "warning", "danger", "accent")
SLOTS = range(1, 9)  # the tier palette of app.css has eight colours


def number(value: object) -> Decimal | None:
    """The value as Decimal; ``None`` for what is missing or no number."""
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def qr_code(text: str, label: str) -> SafeString:
    """A square for the camera of a phone that reads ``text``; four modules of quiet around it, dark on light in every theme."""
    import qrcode  # only pages that show one pay for it

    code = qrcode.QRCode(border=4)
    code.add_data(text)
    rows = code.get_matrix()
    size = len(rows)
    dots = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" width="220" height="220" role="img" aria-label="{}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%" fill="#fff"/><path d="{}" fill="#000"/></svg>',
        size,
        size,
        label,
        dots,
    )


def paint(part: Mapping[str, Any]) -> str:
    """The class that colours a part: ``slot`` of the tier palette or a ``tone``."""
    slot = part.get("slot")
    if slot:
        return f"tier-{(int(slot) - 1) % len(SLOTS) + 1}"
    tone = part.get("tone") or "accent"
    return f"tone-{tone}" if tone in TONES else "tone-accent"


def share(value: Decimal, whole: Decimal, *, width: int = 100) -> Decimal:
    """``value`` as a part of ``width``, kept inside the box."""
    if whole <= 0:
        return Decimal(0)
    return max(Decimal(0), min(Decimal(width), (value / whole * width).quantize(Decimal("0.01"))))


def draw_sparkline(values: Iterable[object], *, label: str = "") -> SafeString:
    """A line through the values, left to right, scaled between their lowest and highest."""
    found = [item for item in (number(value) for value in values) if item is not None]
    if len(found) < 2:
        return SafeString("")
    low, high = min(found), max(found)
    step = Decimal(100) / (len(found) - 1)
    points = " ".join(
        f"{(step * place).quantize(Decimal('0.1'))},{22 - share(item - low, high - low, width=20)}"
        for place, item in enumerate(found)
    )
    return format_html(
        '<svg class="spark-line" viewBox="0 0 100 24" preserveAspectRatio="none" {}>'
        '<polyline points="{}" vector-effect="non-scaling-stroke"></polyline></svg>',
        described(label),
        points,
    )


def draw_bar(value: object, maximum: object, *, tone: str = "accent", label: str = "") -> SafeString:
    """A horizontal bar: how much of the maximum is used."""
    width = share(number(value) or Decimal(0), number(maximum) or Decimal(0))
    return format_html(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" {}>'
        '<rect class="bar-rest" width="100" height="6"></rect>'
        '<rect class="bar-part {}" width="{}" height="6"></rect></svg>',
        described(label),
        paint({"tone": tone}),
        width,
    )


def draw_stacked_bar(parts: Sequence[Mapping[str, Any]], *, label: str = "") -> SafeString:
    """Parts of one whole side by side; each part has ``value``, ``label`` and ``slot`` or ``tone``."""
    values = [max(number(part.get("value")) or Decimal(0), Decimal(0)) for part in parts]
    whole = sum(values, Decimal(0))
    pieces, left = [], Decimal(0)
    for part, value in zip(parts, values, strict=True):
        width = share(value, whole)
        pieces.append((paint(part), left, width, f"{part.get('label', '')} {part.get('value', '')}".strip()))
        left += width
    text = label or " · ".join(piece[3] for piece in pieces)
    return format_html(
        '<svg class="bar bar-stacked" viewBox="0 0 100 6" preserveAspectRatio="none" {}>'
        '<rect class="bar-rest" width="100" height="6"></rect>{}</svg>',
        described(text),
        format_html_join("", '<rect class="bar-part {}" x="{}" width="{}" height="6"><title>{}</title></rect>', pieces),
    )


def described(label: str) -> SafeString:
    """The attributes by which a reader of the page hears the figure, or that hide it where the text says the same."""
    if not label:
        return SafeString('aria-hidden="true"')
    return format_html('role="img" aria-label="{}"', label)
