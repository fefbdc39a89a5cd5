"""What a caller says about a call, and what others say about a call that was not possible."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from care.models import CallAnswer, CallAttempt, FollowUpCall
from crm.core.forms.commands import CommandForm

_TRIES = [choice for choice in CallAttempt.Outcome.choices if choice[0] != CallAttempt.Outcome.REACHED]


class AnswersForm(CommandForm):
    """The questions of the call's own script, each answered by yes or no, with room for the client's words."""

    def __init__(self, *args: Any, call: FollowUpCall, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(call.programme.questions.filter(version=call.script_version))
        for question in self.questions:
            self.fields[question.code] = forms.ChoiceField(
                label=str(question),
                choices=CallAnswer.Answer.choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Answer yes or no.")},
            )
            self.fields[self._note_of(question.code)] = forms.CharField(
                label=_("In the client's words"), required=False, max_length=400
            )
        self.fields["summary"] = forms.CharField(
            label=_("Summary of the call"), required=False, max_length=4000, widget=forms.Textarea
        )

    @staticmethod
    def _note_of(code: str) -> str:
        return f"note_{code}"

    def rows(self) -> list[dict[str, Any]]:
        """Question, field of the answer and field of the note, in the order of the script."""
        return [
            {"question": question, "answer": self[question.code], "note": self[self._note_of(question.code)]}
            for question in self.questions
        ]

    @property
    def command(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "answers": {question.code: said[question.code] for question in self.questions},
            "notes": {question.code: said[self._note_of(question.code)] for question in self.questions},
            "summary": said["summary"],
        }


class AttemptForm(CommandForm):
    """A try that did not lead to the questions."""

    outcome = forms.ChoiceField(label=_("Result of the attempt"), choices=_TRIES, widget=forms.RadioSelect)
    note = forms.CharField(label=_("Note"), required=False, max_length=400)


class TakeForm(CommandForm):
    """Nothing but the wish; the form's own token makes a second click the same."""


class UnableForm(CommandForm):
    """Why the call is not possible."""

    reason = forms.CharField(label=_("Why it was not possible"), max_length=300, widget=forms.Textarea, initial="")


class RefuseForm(CommandForm):
    """Why the call is to be tried once more."""

    reason = forms.CharField(label=_("What is to be tried"), max_length=300, widget=forms.Textarea)


class ConclusionForm(CommandForm):
    """What came of a finding."""

    conclusion = forms.CharField(label=_("Conclusion"), max_length=4000, widget=forms.Textarea)


class AskNeedsForm(CommandForm):
    """Why the client's needs are to be asked again."""

    reason = forms.CharField(
        label=_("What whoever serves the client is to read"),
        max_length=160,
        widget=forms.Textarea,
        help_text=_("He reads these words and the day of the call, never the answer itself."),
    )
