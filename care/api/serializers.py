"""What the API tells about calls and surveys, and what it takes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care.models import CallAnswer, CallAttempt, FollowUpCall, ScriptQuestion, SurveyInvitation
from crm.core.api.serializers import MaskedField, Person, Strict
from crm.core.api.writes import stamp


class FollowUpRead(serializers.ModelSerializer[FollowUpCall]):
    """A call that has to be made, without what was said."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    client_name = MaskedField("name", source="client.display_name")
    branch = serializers.CharField(source="client.branch.code", read_only=True)
    programme = serializers.CharField(source="programme.code", read_only=True)
    state = serializers.CharField(read_only=True)
    caller = Person(read_only=True, allow_null=True)

    class Meta:
        model = FollowUpCall
        fields = [
            "id", "client", "client_name", "branch", "programme", "reason", "state", "due_on", "not_before", "provisional",
            "caller", "attempts_made", "done_at", "version",
        ]  # fmt: skip


class QuestionRead(serializers.ModelSerializer[ScriptQuestion]):
    """A question of the script in the caller's language."""

    text = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = ScriptQuestion
        fields = ["code", "text"]


class AttemptRead(serializers.ModelSerializer[CallAttempt]):
    outcome = serializers.CharField(read_only=True)
    by = Person(source="caller", read_only=True)

    class Meta:
        model = CallAttempt
        fields = ["number", "at", "outcome", "by", "note"]


class AnswerRead(serializers.ModelSerializer[CallAnswer]):
    question = serializers.CharField(source="question.code", read_only=True)
    answer = serializers.CharField(read_only=True)

    class Meta:
        model = CallAnswer
        fields = ["question", "answer", "is_bad", "note"]


class FollowUpDetail(FollowUpRead):
    """A call with its script and what was said; null for those who only learn that the client is called."""

    greeting = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()
    summary = serializers.SerializerMethodField()
    unable_reason = serializers.SerializerMethodField()

    class Meta(FollowUpRead.Meta):
        fields = [
            *FollowUpRead.Meta.fields, "greeting", "questions", "attempts", "answers", "summary", "unable_reason",
        ]  # fmt: skip

    def _makes_calls(self) -> bool:
        return bool(self.context["request"].user.has_perm("care.make_followupcall"))

    def _hears(self, row: FollowUpCall) -> bool:
        return row.answers_open_to(self.context["request"].user)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_greeting(self, row: FollowUpCall) -> str | None:
        return row.programme.greeting.replace("{branch}", row.client.branch.name) if self._makes_calls() else None

    @extend_schema_field(QuestionRead(many=True, allow_null=True))
    def get_questions(self, row: FollowUpCall) -> Any:
        if not self._makes_calls():
            return None
        return QuestionRead(row.programme.questions.filter(version=row.script_version), many=True).data

    @extend_schema_field(AttemptRead(many=True, allow_null=True))
    def get_attempts(self, row: FollowUpCall) -> Any:
        shown = self._makes_calls() or self._hears(row)
        return AttemptRead(row.attempts.all(), many=True).data if shown else None

    @extend_schema_field(AnswerRead(many=True, allow_null=True))
    def get_answers(self, row: FollowUpCall) -> Any:
        return AnswerRead(row.answers.all(), many=True).data if self._hears(row) else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_summary(self, row: FollowUpCall) -> str | None:
        return row.summary if self._hears(row) else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_unable_reason(self, row: FollowUpCall) -> str | None:
        return row.unable_reason if self._makes_calls() or self._hears(row) else None


class TakeCall(Strict):
    """Nothing to say."""


class RecordAttempt(Strict):
    """A try that did not lead to the questions."""

    outcome = serializers.ChoiceField(
        choices=[choice for choice in CallAttempt.Outcome.choices if choice[0] != CallAttempt.Outcome.REACHED]
    )
    note = serializers.CharField(max_length=400, required=False, allow_blank=True)


class CompleteCall(Strict):
    """An answer to every question of the script, by its code."""

    answers = serializers.DictField(child=serializers.ChoiceField(choices=CallAnswer.Answer.choices))
    notes = serializers.DictField(child=serializers.CharField(max_length=400, allow_blank=True), required=False)
    summary = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class GiveReason(Strict):
    reason = serializers.CharField(max_length=300)


def survey_version(row: SurveyInvitation) -> int:
    """Moves when a new link is made, and when the survey is answered or runs out."""
    return stamp(row, "state", "token_hash")


class HandOutLink(Strict):
    """Nothing to say."""


class SurveyLink(serializers.Serializer[Any]):
    """A link, told once; null when the same request is sent again."""

    id = serializers.CharField()
    link = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField()


class SurveyRead(serializers.ModelSerializer[SurveyInvitation]):
    """A survey and its answer, if there is one. The link itself is on file nowhere."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True, allow_null=True, default=None)
    complaint = serializers.CharField(source="complaint.public_id", read_only=True, allow_null=True, default=None)
    round = serializers.CharField(source="round.public_id", read_only=True, allow_null=True, default=None)
    occasion = serializers.CharField(read_only=True)
    state = serializers.CharField(read_only=True)
    satisfaction = serializers.IntegerField(
        source="answer.satisfaction", read_only=True, allow_null=True, default=None, help_text="1 to 5"
    )
    recommendation = serializers.IntegerField(
        source="answer.recommendation", read_only=True, allow_null=True, default=None, help_text="0 to 10"
    )
    comment = serializers.CharField(source="answer.comment", read_only=True, allow_null=True, default=None)
    answered_at = serializers.DateTimeField(source="answer.answered_at", read_only=True, allow_null=True, default=None)
    version = serializers.SerializerMethodField()

    class Meta:
        model = SurveyInvitation
        fields = [
            "id", "branch", "client", "complaint", "round", "occasion", "state", "created_at", "expires_at", "satisfaction",
            "recommendation", "comment", "answered_at", "version",
        ]  # fmt: skip

    def get_version(self, row: SurveyInvitation) -> int:
        return survey_version(row)


class SurveyResults(serializers.Serializer[Any]):
    """Mean satisfaction (1 to 5) and net promoter score (−100 to 100); null without an answer."""

    asked = serializers.IntegerField()
    answered = serializers.IntegerField()
    satisfaction = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True)
    nps = serializers.IntegerField(allow_null=True)


class EffectGroup(serializers.Serializer[Any]):
    """Answers of one group: how the promises to its clients were kept (kept, missed, none), or the code of a tier."""

    group = serializers.CharField()
    name = serializers.CharField()
    answered = serializers.IntegerField()
    satisfaction = serializers.DecimalField(max_digits=3, decimal_places=2)
    nps = serializers.IntegerField()


class EffectOfService(serializers.Serializer[Any]):
    """Satisfaction since a day by promises kept and by tier; groups with fewer than ``least`` answers are left out."""

    since = serializers.DateField()
    least = serializers.IntegerField()
    promises = EffectGroup(many=True)
    tiers = EffectGroup(many=True)
