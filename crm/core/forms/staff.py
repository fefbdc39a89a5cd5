"""Adding, moving, closing and letting in members of staff."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm
from crm.core.models import Branch, Department, Role, User
from crm.core.services.staff import Place


class PersonField(forms.ModelChoiceField):
    """A colleague, named by his public id and shown with his staff number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=User.objects.none(), to_field_name="public_id", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.staff_number})"


class DepartmentField(forms.ModelChoiceField):
    """A department, shown with its branch."""

    def label_from_instance(self, obj: Any) -> str:
        place = obj.branch.name if obj.branch else _("Head office")
        return f"{place} · {obj.name}"


class StaffForm(CommandForm):
    """What the house knows about somebody. ``staff_number`` is asked only of a new one."""

    staff_number = forms.RegexField(
        regex=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,19}$",
        label=_("Staff number"),
        help_text=_("Letters and digits. It is the name to sign in with and never changes."),
    )
    name = forms.CharField(label=_("Name"), max_length=60)
    email = forms.EmailField(label=_("E-mail"), required=False)
    joined_on = forms.DateField(label=_("Joined on"), required=False)
    branch = forms.ModelChoiceField(
        queryset=Branch.objects.none(),
        to_field_name="public_id",
        label=_("Branch"),
        required=False,
        empty_label=_("Head office"),
    )
    department = DepartmentField(
        queryset=Department.objects.none(), to_field_name="public_id", label=_("Department"), required=False
    )
    manager = PersonField(label=_("Manager"), required=False)
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Changing roles or the branch ends all sessions and devices of the person."),
    )

    def __init__(self, *args: Any, actor: User, person: User | None = None, **kwargs: Any) -> None:
        if person is not None:
            kwargs["initial"] = {**_known(person), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self._choices("branch", Branch.objects.nameable_by(actor).open().order_by("code"), person)
        self._choices(
            "department", Department.objects.visible_to(actor).select_related("branch").order_by("code"), person
        )
        self._choices("manager", User.objects.visible_to(actor).active().order_by("name"), person)
        roles: Any = self.fields["roles"]
        roles.choices = [(role.key, str(role)) for role in Role.objects.order_by("pk")]
        if person is not None:
            del self.fields["staff_number"]
            if person.pk == actor.pk:
                roles.disabled = True
                roles.help_text = _("Nobody changes his own roles.")

    def _choices(self, name: str, rows: Any, person: User | None) -> None:
        field: Any = self.fields[name]
        held = getattr(person, f"{name}_id", None) if person else None
        # A closed branch or a manager who has left stays choosable for whoever is there already.
        field.queryset = rows | type(rows)(rows.model).filter(pk=held) if held and name != "department" else rows

    @property
    def place(self) -> Place:
        said = self.cleaned_data
        return Place(said["branch"], said["department"], said["manager"], frozenset(said["roles"]))

    @property
    def facts(self) -> dict[str, Any]:
        """The plain fields for the service."""
        names = ("staff_number", "name", "email", "joined_on")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def _known(person: User) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        "joined_on": person.joined_on,
        "branch": person.branch.public_id if person.branch else None,
        "department": person.department.public_id if person.department else None,
        "manager": person.manager.public_id if person.manager else None,
        "roles": sorted(person.role_keys),
        "version": person.version,
    }


class ReasonForm(CommandForm):
    """A change of somebody's access, with the reason for the trail."""

    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=2)


class DisableForm(ReasonForm):
    left_on = forms.DateField(label=_("Left on"), required=False, help_text=_("Empty if the person comes back."))


class ResetForm(ReasonForm):
    remove_second_factor = forms.BooleanField(
        label=_("The phone with the second factor is lost: remove it"), required=False
    )
