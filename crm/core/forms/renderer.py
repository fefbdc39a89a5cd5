"""Draws the widgets of Django that most fields are made of without a template for each attribute and option.

The same markup, character for character (a test compares them all); a filter with twenty advisors to choose from cost a
quarter of the list it stands above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

_INPUTS = frozenset(
    f"django/forms/widgets/{kind}.html"
    for kind in (
        "input",
        "text",
        "number",
        "email",
        "url",
        "password",
        "hidden",
        "date",
        "datetime",
        "time",
        "checkbox",
    )
)
_TEXTAREA = "django/forms/widgets/textarea.html"
_SELECT, _OPTION = "django/forms/widgets/select.html", "django/forms/widgets/select_option.html"


class Renderer(DjangoTemplates):
    """Whatever it cannot draw by itself goes to the templates."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> SafeString:
        if template_name in _INPUTS:
            return mark_safe(_input(context["widget"]))  # noqa: S308  # every value is escaped on the way
        if template_name == _TEXTAREA:
            return mark_safe(_textarea(context["widget"]))  # noqa: S308  # every value is escaped on the way
        if template_name == _SELECT and _is_plain(context["widget"]):
            return mark_safe(_select(context["widget"]))  # noqa: S308  # every value is escaped on the way
        return mark_safe(super().render(template_name, context, request))  # noqa: S308  # by Django's own templates


def _text(value: Any) -> str:
    """As ``{{ value|stringformat:'s' }}`` writes it."""
    return conditional_escape(value if isinstance(value, str) else str(value))


def _attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}" if value is True else f' {conditional_escape(name)}="{_text(value)}"'
        for name, value in attributes.items()
        if value is not False
    )


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{_text(widget["value"])}"'
    name = conditional_escape(widget["name"])
    return f'<input type="{conditional_escape(widget["type"])}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _textarea(widget: Mapping[str, Any]) -> str:
    held = conditional_escape(localize(widget["value"])) if widget["value"] else ""
    return f'<textarea name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>\n{held}</textarea>'


def _is_plain(widget: Mapping[str, Any]) -> bool:
    return all(option["template_name"] == _OPTION for _name, group, _at in widget["optgroups"] for option in group)


def _select(widget: Mapping[str, Any]) -> str:
    drawn = [f'<select name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>']
    for name, options, _at in widget["optgroups"]:
        if name:
            drawn.append(f'\n  <optgroup label="{conditional_escape(name)}">')
        drawn += (
            f'\n  <option value="{_text(option["value"])}"{_attributes(option["attrs"])}>'
            f"{conditional_escape(localize(option['label']))}</option>\n"
            for option in options
        )
        if name:
            drawn.append("\n  </optgroup>")
    return "".join([*drawn, "\n</select>"])
