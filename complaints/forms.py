"""Intake of a complaint, and a form for each step of the table. Shapes only; services hold the rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from complaints.models import Complaint
from complaints.querysets import self_and_superiors
from complaints.steps import Step
from crm.core.forms.commands import CommandForm
from crm.core.forms.staff import PersonField
from crm.core.models import Branch, User

_LONG = 8000


def _words(label: Any, *, rows: int = 4, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=_LONG,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class RegisterForm(CommandForm):
    """A complaint as it is told: who, how, about what, and what shall be done."""

    complainant_name = forms.CharField(label=_("Complainant"), max_length=80)
    complainant_phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    branch = forms.ModelChoiceField(Branch.objects.none(), label=_("Branch"), to_field_name="public_id")
    channel = forms.ChoiceField(label=_("How it came"), choices=Complaint.Channel.choices, initial="counter")
    received_at = forms.DateTimeField(
        label=_("Received"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    subject = forms.ChoiceField(label=_("Subject"), choices=Complaint.Subject.choices)
    product = forms.CharField(label=_("Product or service"), max_length=120, required=False)
    description = _words(_("What happened"), rows=6, help_text=_("In the complainant's own words."))
    wish = forms.CharField(label=_("What the complainant wants"), max_length=400, required=False)
    level = forms.ChoiceField(label=_("Level"), choices=Complaint.Level.choices, initial=Complaint.Level.ORDINARY)
    complained_of = PersonField(
        label=_("Complained of"),
        required=False,
        help_text=_("He and all below him will neither see nor handle this complaint."),
    )
    imposed_due_on = forms.DateField(
        label=_("Due date of the body that handed it on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Only for 12386, regulator, association and referrals: it takes the place of our own limit."),
    )
    is_group = forms.BooleanField(label=_("Several complainants"), required=False)
    is_urgent = forms.BooleanField(label=_("Urgent"), required=False)
    #: The browser keeps the chosen file in place when the form comes back with an error elsewhere.
    evidence = forms.FileField(
        label=_("File that came with it"),
        required=False,
        widget=forms.FileInput(attrs={"hx-preserve": "true"}),
        help_text=_("A letter, a picture or a recording, up to 20 MB. More can be added to the complaint afterwards."),
    )

    def __init__(self, *args: Any, actor: User, client: Client | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["received_at"].initial = timezone.localtime().replace(second=0, microsecond=0)
        branches = Branch.objects.visible_to(actor).open().order_by("code")
        if not branches.exists() and actor.branch_id:
            branches = Branch.objects.filter(pk=actor.branch_id)
        place: Any = self.fields["branch"]
        place.queryset = branches
        people: Any = self.fields["complained_of"]
        people.queryset = User.objects.visible_to(actor).active().order_by("name")
        people.empty_label = _("Nobody in particular")
        if client is not None:
            for name in ("complainant_name", "complainant_phone", "branch"):
                del self.fields[name]
        elif len(branches) == 1:
            place.initial, place.widget = branches[0].public_id, forms.HiddenInput()


class EvidenceForm(forms.Form):
    """One file."""

    file = forms.FileField(label=_("Document"))


def _yes_no(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda word: word == "yes",
        widget=forms.RadioSelect,
        empty_value=None,
    )


def _handlers(complaint: Complaint) -> Any:
    """Those who may be given the complaint: they hold the right, belong to the place or to the company, and are not recused."""
    holders = User.objects.active().filter(
        Q(groups__permissions__codename="handle_complaint", groups__permissions__content_type__app_label="complaints")
    )
    near = holders.filter(
        Q(branch_id=complaint.branch_id)
        | Q(branch=None, company_id=complaint.branch.company_id)
        | Q(groups__name="compliance", company_id=complaint.branch.company_id)
    ).distinct()
    about = complaint.complained_of_id
    if about is None:
        return near.order_by("name")
    free = [person.pk for person in near if about not in self_and_superiors(person)]
    return User.objects.filter(pk__in=free).order_by("name")


_FIELDS: dict[str, Callable[[], forms.Field]] = {
    "complained_of": lambda: PersonField(
        label=_("Complained of"), help_text=_("He and all below him will neither see nor handle this complaint.")
    ),
    "handler": lambda: PersonField(label=_("Handled by")),
    "level": lambda: forms.ChoiceField(label=_("Level"), choices=Complaint.Level.choices),
    "is_urgent": lambda: forms.BooleanField(label=_("Urgent"), required=False),
    "is_group": lambda: forms.BooleanField(label=_("Several complainants"), required=False),
    "transferred_to": lambda: forms.CharField(label=_("Transferred to"), max_length=120),
    "opinion": lambda: _words(_("Opinion"), rows=6, help_text=_("What was found, and what shall be done.")),
    "outcome": lambda: forms.ChoiceField(label=_("Outcome"), choices=[("", "—"), *Complaint.Outcome.choices]),
    "compensation": lambda: forms.DecimalField(
        label=_("Compensation (yuan)"), min_value=0, max_digits=14, decimal_places=2
    ),
    "is_reasonable": lambda: _yes_no(_("Is the complaint justified?")),
    "reply": lambda: _words(_("Reply"), rows=6, help_text=_("What the complainant was told, and how.")),
    "is_satisfied": lambda: _yes_no(_("Is the complainant satisfied?")),
    "imposed_due_on": lambda: forms.DateField(
        label=_("Due date of the body that handed it on"), widget=forms.DateInput(attrs={"type": "date"})
    ),
    "extension_days": lambda: forms.IntegerField(label=_("Days"), min_value=1, max_value=365),
    "note": lambda: _words(_("Note"), rows=3),
}


def label_of(fact: str) -> Any:
    """How a fact is called on the form of its step."""
    return _FIELDS[fact]().label if fact in _FIELDS else None


class StepForm(CommandForm):
    """What one step of the table puts on record."""

    def __init__(self, *args: Any, actor: User, step: Step, complaint: Complaint, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": complaint.version, **_known(step, complaint), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        for name in step.facts:
            field = _FIELDS[name]()
            if name not in step.needs:
                field.required = False
            self.fields[name] = field
        people: Any = self.fields.get("handler")
        if people is not None:
            people.queryset = _handlers(complaint)
        named: Any = self.fields.get("complained_of")
        if named is not None:
            named.queryset = User.objects.visible_to(actor).active().order_by("name")

    @property
    def facts(self) -> dict[str, Any]:
        """What was said; empty boxes say nothing."""
        return {name: value for name, value in self.command.items() if value not in (None, "")}


def _known(step: Step, complaint: Complaint) -> dict[str, Any]:
    """What the form begins with: the facts as they are, words always anew."""
    kept = ("level", "is_urgent", "is_group", "opinion", "outcome", "compensation")
    known = {name: getattr(complaint, name) for name in step.facts if name in kept}
    if "handler" in step.facts and complaint.handler is not None:
        known["handler"] = complaint.handler.public_id
    return known
