"""Forms of advisory: they check the shape; the services hold the rules."""

from advisory.forms.advisor import AdvisorForm
from advisory.forms.agreement import CancelForm, EndForm, SignForm
from advisory.forms.matching import BY_MATCHING, DecisionForm, HandOverForm, MatchingForm
from advisory.forms.review import AnswerForm, CorrectForm, OpenForm, RecordForm

__all__ = [
    "BY_MATCHING",
    "AdvisorForm",
    "AnswerForm",
    "CancelForm",
    "CorrectForm",
    "DecisionForm",
    "EndForm",
    "HandOverForm",
    "MatchingForm",
    "OpenForm",
    "RecordForm",
    "SignForm",
]
