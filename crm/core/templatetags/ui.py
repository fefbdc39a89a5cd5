"""What every page is built with: icons, badges, sortable heads, query strings, form fields, small drawings.

Markup that needs more than a line lives in templates/components/; /styleguide/ shows each piece in every state.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BaseForm, BoundField
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.html import conditional_escape, format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from crm.core import drawings
from crm.core.browsers import browser_words
from crm.core.controls import Chip, chips_of, control
from crm.core.countdown import ClockState, clock_state_of
from crm.core.rail import Rail
from crm.core.templatetags.amounts import DASH, exact

register = template.Library()
logger = logging.getLogger(__name__)

TONE_ICONS = {
    "neutral": "circle",
    "info": "info-circle",
    "success": "circle-check",
    "warning": "alert-triangle",
    "danger": "alert-octagon",
    "accent": "circle-dot",
}
LEVEL_TONES = {"debug": "neutral", "info": "info", "success": "success", "warning": "warning", "error": "danger"}

# The letter that follows g. Keys are those of the navigation; a key without a letter is reached by the palette.
GO_LETTERS = {
    "day": "d",
    "clients": "c",
    "tiers": "t",
    "commission": "m",
    "matching": "a",
    "services": "s",
    "care": "v",
    "complaints": "p",
    "appraisal": "k",
    "branch": "b",
    "imports": "i",
    "staff": "u",
    "audit": "x",
    "settings": "e",
}


@lru_cache(maxsize=1)
def icon_names() -> frozenset[str]:
    """The icons in the sprite."""
    listed = Path(settings.BASE_DIR) / "static" / "vendor" / "tabler-icons" / "icons.txt"
    return frozenset(listed.read_text("utf-8").split()) if listed.exists() else frozenset()


@register.simple_tag
def icon(name: str, label: str = "", cls: str = "") -> SafeString:
    """One icon of the sprite. Without a label it is decoration and hidden from readers of the page."""
    return _drawn_icon(str(name), str(label), str(cls))


@lru_cache(maxsize=1024)
def _drawn_icon(name: str, label: str, cls: str) -> SafeString:
    """Fifty to a page, and mostly the same; the words are in somebody's language already."""
    known = icon_names()
    if known and name not in known:
        logger.warning("icon is not in the sprite", extra={"icon": name})
        name = "circle-dashed"
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"></use></svg>',  # its size is the style sheet's: forty of them to a page
        f"icon {cls}".strip(),
        drawings.described(label),
        static("vendor/tabler-icons/sprite.svg"),
        name,
    )


@register.simple_tag
def qr_code(text: str, label: str) -> SafeString:
    """An address for the camera of a phone."""
    return drawings.qr_code(text, label)


@register.simple_tag
def badge(label: str, tone: str = "neutral", icon: str | None = None, title: str = "") -> SafeString:
    """A state: word, icon and colour together, so that none of the three has to be told apart alone."""
    tone = tone if tone in TONE_ICONS else "neutral"
    name = TONE_ICONS[tone] if icon is None else icon
    return format_html(
        '<span class="state state-{}"{}>{}<span>{}</span></span>',
        tone,
        format_html(' title="{}"', title) if title else "",
        _icon(name) if name else "",
        label,
    )


_icon = icon  # `badge` has a parameter of the same name


@register.simple_tag
def tier_badge(
    label: str, slot: int | str | None = None, colour: str = "", url: str = "", emblem: str = ""
) -> SafeString:
    """A client tier in its programme's colour: a slot of the palette, or a colour painted as an SVG attribute."""
    dot = format_html(
        '<svg class="tier-dot {}" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">'
        '<circle cx="5" cy="5" r="5"{}></circle></svg>',
        drawings.paint({"slot": slot or 1}) if not colour else "",
        format_html(' fill="{}"', colour) if colour else "",
    )
    if emblem:
        dot = format_html("{}{}", dot, _icon(emblem))
    if url:
        return format_html(
            '<a class="tier" href="{}" title="{}">{}<span>{}</span></a>',
            url,
            gettext("Why this tier"),
            dot,
            label or DASH,
        )
    return format_html('<span class="tier">{}<span>{}</span></span>', dot, label or DASH)


@lru_cache(maxsize=256)
def tier_mark(label: str, slot: int) -> SafeString:
    """A client tier in a long list: as ``tier_badge``, with a fifth of its markup."""
    return format_html('<span class="tier {}">{}</span>', drawings.paint({"slot": slot}), label)


@register.simple_tag
def risk_badge(grade: str, days_left: int | None = None, label: str = "", warn_days: int = 0) -> SafeString:
    """A risk grade (C1 to C5) with what is left of its validity; a warning in its last ``warn_days``, danger once it is over."""
    if not grade:
        return badge(gettext("No assessment"), "warning", "scale")
    words = f"{grade} {label}".strip()
    if days_left is None:
        return badge(words, "neutral", "scale")
    if days_left < 0:
        return badge(gettext("%(grade)s expired") % {"grade": words}, "danger", "scale")
    text = gettext("%(grade)s · %(days)d days left") % {"grade": words, "days": days_left}
    return badge(text, "warning" if days_left <= warn_days else "neutral", "scale")


@register.simple_tag(takes_context=True)
def qs_replace(context: Context, **changes: object) -> str:
    """The query string of this page with some parameters changed; ``None`` or an empty text takes one away."""
    return replaced(context.get("request"), changes)


def replaced(request: HttpRequest | None, changes: Mapping[str, object]) -> str:
    """See :func:`qs_replace`; for Python callers."""
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def th(
    context: Context, label: str, sort: str = "", align: str = "", cls: str = "", target: str = "#list"
) -> SafeString:
    """A head cell; with ``sort`` it carries the link that sorts by it. Figures sort from the largest first."""
    classes = " ".join(part for part in (cls, "num" if align == "end" else "") if part)
    attributes = format_html(' class="{}"', classes) if classes else ""
    if not sort:
        return format_html('<th scope="col"{}>{}</th>', attributes, label)
    request = context.get("request")
    current = request.GET.get("sort", "") if request is not None else ""
    first, second = (f"-{sort}", sort) if align == "end" else (sort, f"-{sort}")
    url = replaced(request, {"sort": second if current == first else first, "cursor": None, "page": None})
    state = {sort: "ascending", f"-{sort}": "descending"}.get(current, "")
    return format_html(
        '<th scope="col"{}{}><a class="sort" id="sort-{}" href="{}" hx-get="{}" hx-target="{}" hx-push-url="true">'
        "{}{}</a></th>",
        attributes,
        format_html(' aria-sort="{}"', state) if state else "",
        sort,
        url,
        url,
        target,
        label,
        icon({"ascending": "chevron-up", "descending": "chevron-down"}.get(state, "selector")),
    )


@register.filter
def go_letter(key: object) -> str:
    """The letter that, after g, goes to this entry of the navigation."""
    return GO_LETTERS.get(str(key).replace("-", "_"), "")


@register.filter
def dash(value: object) -> object:
    """An em dash where there is nothing to show; nought is something."""
    return DASH if value is None or value == "" else value


@register.filter
def yes_no(answer: bool | None) -> str:
    """A yes, a no, or that nobody said."""
    return gettext("not said") if answer is None else gettext("yes") if answer else gettext("no")


register.filter(browser_words)


@register.filter
def cell_text(cell: object) -> object:
    """What a table cell says: its ``text``, or the value itself; an em dash for nothing."""
    return dash(cell.get("text") if isinstance(cell, Mapping) else cell)


@register.filter
def tone_of(message: Message) -> str:
    """The tone of a message of ``django.contrib.messages``."""
    return LEVEL_TONES.get(message.level_tag, "info")


@register.filter
def undo_url(message: Message) -> str:
    """Where the Undo button of a message posts to: ``extra_tags="undo:/path/"``; local paths only."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith("undo:/") and not tag.startswith("undo://"):
            return tag.removeprefix("undo:")
    return ""


#: Parts of the shell by template, language and state of the rail.
_parts: dict[Any, SafeString] = {}
_MOST_PARTS = 512


@register.simple_tag(takes_context=True)
def shell_part(context: Context, template_name: str) -> SafeString:
    """A part of the shell that looks the same on many pages, drawn once for each language and state of the rail.

    It knows ``nav_items`` and nothing else: whatever differs from one person or request to the next has no place in it.
    """
    items = context.get("nav_items") or Rail()
    key = (template_name, get_language(), get_script_prefix(), items.state)
    drawn = _parts.get(key)
    if drawn is None:
        drawn = render_to_string(template_name, {"nav_items": items})
        if len(_parts) >= _MOST_PARTS:
            _parts.clear()
        if not settings.DEBUG:
            _parts[key] = drawn
    return drawn


@register.simple_tag
def field(bound: BoundField, cls: str = "") -> SafeString:
    """One form field with label, help and errors beside it."""
    return render_to_string("components/_field.html", {"field": bound, "cls": cls})


@register.simple_tag
def field_control(bound: BoundField) -> SafeString:
    """Only the input of a field, in the look of the product."""
    return control(bound)


@register.filter
def control_kind(bound: BoundField) -> str:
    """``check``, ``options`` or ``plain``: how label and input stand to each other."""
    kind = getattr(bound.field.widget, "input_type", "")
    if kind == "checkbox" and not hasattr(bound.field.widget, "choices"):
        return "check"
    return "options" if bound.use_fieldset and kind in {"radio", "checkbox"} else "plain"


@register.simple_tag(takes_context=True)
def filter_chips(context: Context, filterset: Any) -> list[Chip]:
    """What the list is narrowed by: each entry has label, text, name and the address without it."""
    request = context.get("request")
    return chips_of(getattr(filterset, "form", filterset), request.GET if request is not None else QueryDict())


@register.filter
def is_primary(bound: BoundField, names: str) -> bool:
    """Whether a filter field stands in the bar itself. ``names`` is a comma list; an empty one shows the first four."""
    if names:
        return bound.name in {name.strip() for name in names.split(",")}
    return bound.name in list(bound.form.fields)[:4]


@register.filter
def folded(form: BaseForm, names: str) -> list[BoundField]:
    """The filter fields that do not stand in the bar itself."""
    return [bound for bound in form.visible_fields() if not is_primary(bound, names)]


@register.simple_tag
def sparkline(values: Iterable[object], label: str = "") -> SafeString:
    """A line through the values."""
    return drawings.draw_sparkline(values or (), label=label)


@register.simple_tag
def bar(value: object, maximum: object, tone: str = "accent", label: str = "") -> SafeString:
    """How much of a maximum is used."""
    return drawings.draw_bar(value, maximum, tone=tone, label=label)


@register.simple_tag
def stacked_bar(parts: Sequence[Mapping[str, Any]], label: str = "") -> SafeString:
    """Parts of one whole side by side."""
    return drawings.draw_stacked_bar(parts, label=label)


@register.filter
def paint(part: Mapping[str, Any]) -> str:
    """The colour class of a legend entry or a chart series: its ``slot`` or its ``tone``."""
    return drawings.paint(part)


@register.simple_tag
def clock_state(
    due: date | datetime | None,
    now: datetime | None = None,
    done: date | datetime | None = None,
    paused: bool = False,
    warn_minutes: int = 480,
) -> ClockState:
    """What a clock says: tone, icon, one word and the time that is left or over."""
    return clock_state_of(due, now, done=done, paused=bool(paused), warn_minutes=int(warn_minutes or 480))


@register.filter
def as_json(value: object) -> SafeString:
    """A value of ours as JSON inside a script file that a view renders; `<`, `>` and `&` are escaped."""
    text = json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder)
    return SafeString(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@register.simple_tag
def usual_reasons() -> list[str]:
    """Why private values are looked at day after day; each is one press beside the field for any other reason."""
    return [
        gettext("Calling the client"),
        gettext("Checking who it is"),
        gettext("Business the client came for"),
        gettext("Sending papers"),
    ]


@register.simple_tag
def chart_data(spec: Mapping[str, Any], name: str) -> SafeString:
    """The figures for the script that draws, as JSON in an element with the id ``<name>-data``."""
    return json_script(spec, f"{name}-data")


@register.simple_tag
def chart_table(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a chart as a table: ``head`` (names of the series) and ``body`` (the markup of its rows).

    Joined here and not in the template: a quarter has sixty rows, and they stand behind every curve.
    """
    series, unit = list(spec.get("series", [])), spec.get("unit", "")
    rows = []
    for place, label in enumerate(spec.get("categories", [])):
        figures = (item["data"][place] if place < len(item["data"]) else None for item in series)
        cells = "".join(f'<td class="num">{chart_figure(each, unit)}</td>' for each in figures)
        rows.append(f'<tr><th scope="row" class="text-nowrap">{conditional_escape(label)}</th>{cells}</tr>')
    return {"head": [item.get("name", "") for item in series], "body": mark_safe("".join(rows))}  # noqa: S308  # labels are escaped, a figure is digits and signs


def chart_figure(value: object, unit: str) -> str:
    """One figure in the table behind a chart, exact and with its unit."""
    found = drawings.number(value)
    if found is None:
        return DASH
    if unit == "yuan":
        return exact(found)
    text = f"{found.normalize():,f}"
    return f"{text}%" if unit == "percent" else text
