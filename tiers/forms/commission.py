"""Rates as branches speak of them: in ten-thousandths (万分之)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.attachments import KINDS
from crm.core.forms.commands import CommandForm
from tiers.models import ClientRate, Exchange, Product, RateBasis, Side
from tiers.services.commission import Price
from tiers.services.fees import CALCULABLE, Trade

_TEN_THOUSAND = Decimal(10_000)


class PriceForm(CommandForm):
    """The terms that cards and agreed rates share; ``rate`` is typed in ten-thousandths."""

    rate = forms.DecimalField(
        label=_("Rate in ten-thousandths"),
        max_digits=6,
        decimal_places=2,
        min_value=Decimal("0.01"),
        help_text=_("2.5 means 0.25 per mille."),
    )
    basis = forms.ChoiceField(label=pgettext_lazy("rate", "Basis"), choices=RateBasis.choices, initial=RateBasis.ALL_IN)
    min_fee = forms.DecimalField(
        label=_("Lowest fee per trade, yuan"), max_digits=8, decimal_places=2, min_value=0, initial=Decimal(5)
    )
    valid_from = forms.DateField(label=_("Valid from"), widget=forms.DateInput(attrs={"type": "date"}))

    def price(self, product: str) -> Price:
        """What was typed, as a plain fraction."""
        said = self.cleaned_data
        return Price(product, said["rate"] / _TEN_THOUSAND, said["basis"], said["min_fee"])


class FeeForm(CommandForm):
    """A trade and the price at which it is worked out."""

    product = forms.ChoiceField(label=_("Product"))
    exchange = forms.ChoiceField(label=_("Exchange"), choices=Exchange.choices)
    side = forms.ChoiceField(label=_("Side"), choices=Side.choices)
    amount = forms.DecimalField(
        label=_("Amount of the trade, yuan"), max_digits=14, decimal_places=2, min_value=Decimal("0.01")
    )
    day = forms.DateField(label=_("Day of the trade"), widget=forms.DateInput(attrs={"type": "date"}))
    rate = PriceForm.base_fields["rate"]
    basis = PriceForm.base_fields["basis"]
    min_fee = PriceForm.base_fields["min_fee"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].choices = [(one.value, one.label) for one in CALCULABLE]  # type: ignore[attr-defined]  # a choice

    def trade(self) -> Trade:
        said = self.cleaned_data
        return Trade(*(said[name] for name in ("product", "exchange", "side", "amount", "day")))

    def price(self) -> Price:
        said = self.cleaned_data
        return Price(said["product"], said["rate"] / _TEN_THOUSAND, said["basis"], said["min_fee"])


class RateCardForm(PriceForm):
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class ClientRateForm(PriceForm):
    product = forms.ChoiceField(label=_("Product"), choices=Product.choices)
    valid_to = forms.DateField(label=_("Valid until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    promised_turnover = forms.DecimalField(
        label=_("Turnover promised a year, yuan"),
        max_digits=16,
        decimal_places=2,
        min_value=Decimal("0.01"),
        required=False,
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    field_order = ["product", "rate", "basis", "min_fee", "valid_from", "valid_to", "promised_turnover", "reason"]


class DecisionForm(CommandForm):
    """Yes or no to a proposed rate; no needs a word."""

    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, note_required: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = note_required


class PaperField(forms.FileField):
    """A paper or picture, as attachments take them."""

    def __init__(self, **kwargs: Any) -> None:
        accepted = ",".join(f".{ending}" for ending in KINDS)
        super().__init__(widget=forms.FileInput(attrs={"accept": accepted}), **kwargs)


class AnswerForm(CommandForm):
    """The client's word on a rate offered to him: how he agreed, or nothing when he declines."""

    how = forms.ChoiceField(label=_("How the client agreed"), choices=ClientRate.Answer.choices)
    answered_on = forms.DateField(label=_("Answered on"), widget=forms.DateInput(attrs={"type": "date"}))
    paper = PaperField(label=_("Signed paper"), required=False)

    def __init__(self, *args: Any, agrees: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not agrees:
            del self.fields["how"], self.fields["paper"]


class PaperForm(CommandForm):
    """One more paper that lies with a rate."""

    file = PaperField(label=_("Signed paper"))


class RunRatesForm(CommandForm):
    """Which proposals of an evaluation are approved: each as "public id:version", as it was seen."""

    rates = forms.MultipleChoiceField(label=_("Rates"), error_messages={"required": _("Choose at least one rate.")})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One that has been decided since is no mistake of the form; the service says what became of it.
        self.fields["rates"].valid_value = lambda value: re.fullmatch(r"[0-9A-Z]{26}:[0-9]{1,9}", value) is not None  # type: ignore[attr-defined]  # a choice

    @property
    def chosen(self) -> list[tuple[str, int]]:
        told = (value.split(":") for value in self.cleaned_data["rates"])
        return [(public_id, int(version)) for public_id, version in told]


class EndRateForm(CommandForm):
    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("Reason"), max_length=200)
