"""Forms of tiers and of the commission desk: they check the shape; the services hold the rules."""

from tiers.forms.commission import ClientRateForm, DecisionForm, EndRateForm, FeeForm, RateCardForm
from tiers.forms.console import EvaluationForm, ProgrammeFileForm

__all__ = [
    "ClientRateForm",
    "DecisionForm",
    "EndRateForm",
    "EvaluationForm",
    "FeeForm",
    "ProgrammeFileForm",
    "RateCardForm",
]
