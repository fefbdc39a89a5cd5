"""The catalogue of manual tags."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Tag
from crm.core.forms.commands import CommandForm
from crm.core.models import Role, User
from crm.core.templatetags.ui import tier_badge

PALETTE = [(number, str(number)) for number in range(1, 9)]


def _roles() -> list[tuple[str, str]]:
    """Roles that may be named as setters: those that may set tags at all."""
    holders = Role.objects.filter(group__permissions__codename="set_tag").distinct().order_by("key")
    return [(role.key, str(role)) for role in holders]


class TagForm(CommandForm):
    """A word for clients: what it means, its colour, for whom it is, and who may set it."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=20)
    meaning = forms.CharField(
        label=_("Meaning"), max_length=200, help_text=_("When a client gets this tag, so that everybody sets it alike.")
    )
    palette = forms.TypedChoiceField(
        label=_("Colour"), choices=PALETTE, coerce=int, initial=1, widget=forms.RadioSelect
    )
    scope = forms.ChoiceField(label=_("For"), choices=[])
    setters = forms.MultipleChoiceField(
        label=_("Who may set it"),
        choices=_roles,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nobody chosen: all of these."),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, tag: Tag | None = None, **kwargs: Any) -> None:
        if tag is not None:
            names = ("name", "meaning", "palette", "setters", "is_active", "version")
            kwargs["initial"] = {name: getattr(tag, name) for name in names}
        super().__init__(*args, **kwargs)
        palette: Any = self.fields["palette"]
        palette.choices = [(slot, tier_badge(str(label), slot=slot)) for slot, label in PALETTE]
        scope: Any = self.fields["scope"]
        scope.choices = [("branch", _("This branch"))] if user.branch_id else []
        if user.scope.sees_company:
            scope.choices = [*scope.choices, ("company", _("The whole company"))]
        if tag is not None:
            del self.fields["scope"]
        else:
            del self.fields["is_active"]

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.command.items() if name != "scope"}
