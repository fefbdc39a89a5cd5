"""Forms of tiers and of the commission desk: they check the shape; the services hold the rules."""

from tiers.forms.commission import (
    AnswerForm,
    ClientRateForm,
    DecisionForm,
    EndRateForm,
    FeeForm,
    RateCardForm,
    RunRatesForm,
)
from tiers.forms.console import EvaluationForm, ProgrammeFileForm

__all__ = [
    "AnswerForm",
    "ClientRateForm",
    "DecisionForm",
    "EndRateForm",
    "EvaluationForm",
    "FeeForm",
    "ProgrammeFileForm",
    "RateCardForm",
    "RunRatesForm",
]
