"""Regions, branches and departments, as an administrator names them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.forms.commands import CommandForm
from crm.core.models import Branch, Department, Region, User
from crm.core.services.organisation import BranchFacts


class NameForm(CommandForm):
    """The name of a place that is there already."""

    name = forms.CharField(label=pgettext_lazy("place", "Name"), max_length=80)


class PlaceForm(NameForm):
    """A new place. Its code is asked once and never changes."""

    code = forms.RegexField(
        regex=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,19}$",
        label=_("Code"),
        help_text=_("Letters and digits. Files and commands name the place by it; it never changes."),
    )
    field_order = ["code", "name"]

    def __init__(self, *args: Any, known: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known is not None:
            del self.fields["code"]


class RegionForm(PlaceForm):
    """A region, perhaps within another."""

    parent = forms.ModelChoiceField(
        queryset=Region.objects.none(), to_field_name="public_id", label=_("Within region"), required=False
    )

    def __init__(self, *args: Any, actor: User, known: Region | None = None, **kwargs: Any) -> None:
        super().__init__(*args, known=known, **kwargs)
        parent: Any = self.fields["parent"]
        parent.queryset = Region.objects.visible_to(actor).exclude(pk__in=[known.pk] if known else []).order_by("code")


class BranchForm(PlaceForm):
    """A branch or, under another one, a light outlet."""

    region = forms.ModelChoiceField(
        queryset=Region.objects.none(), to_field_name="public_id", label=_("Region"), required=False
    )
    parent = forms.ModelChoiceField(
        queryset=Branch.objects.none(),
        to_field_name="public_id",
        label=_("Outlet of"),
        required=False,
        help_text=_("Only for a light outlet: the branch that answers for it and sees its clients."),
    )
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    complaint_phone = forms.RegexField(
        regex=r"^[0-9+() -]{5,30}$", label=_("Complaint phone"), max_length=30, required=False
    )

    def __init__(self, *args: Any, actor: User, known: Branch | None = None, **kwargs: Any) -> None:
        super().__init__(*args, known=known, **kwargs)
        region, parent = (self.fields[name] for name in ("region", "parent"))
        region.queryset = Region.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]  # a choice of rows
        offered = Branch.objects.nameable_by(actor).filter(parent=None).exclude(pk__in=[known.pk] if known else [])
        held = [known.parent_id] if known and known.parent_id else []
        offered = offered.open() | offered.filter(pk__in=held)
        parent.queryset = offered.order_by("code")  # type: ignore[attr-defined]  # a choice of rows

    @property
    def facts(self) -> BranchFacts:
        return BranchFacts(**{name: value for name, value in self.command.items() if name != "code"})


class DepartmentForm(PlaceForm):
    """A department of a branch or of the head office; only its name changes later."""

    branch = forms.ModelChoiceField(
        queryset=Branch.objects.none(),
        to_field_name="public_id",
        label=_("Branch"),
        required=False,
        empty_label=_("Head office"),
    )

    def __init__(self, *args: Any, actor: User, known: Department | None = None, **kwargs: Any) -> None:
        super().__init__(*args, known=known, **kwargs)
        branch: Any = self.fields["branch"]
        branch.queryset = Branch.objects.nameable_by(actor).open().order_by("code")
        if known is not None:
            del self.fields["branch"]
