"""Portfolio reviews over REST: the work list, one review with what is held and what deviates, and what is recorded."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from advisory.deviations import Deviation, not_compared
from advisory.filters import ReviewFilter
from advisory.models import PortfolioReview, ReviewAnswer, ReviewLine
from advisory.models.review import SEES_DECISIONS
from advisory.services import Line, Told, correct_review, note_answer, open_review, record_review
from advisory.services.review_look import look_at
from advisory.services.reviews import answers_of
from clients.models import Channel, Client, ContactLog
from crm.core.api.permissions import may
from crm.core.api.serializers import Person, PublicIdField, Strict, YuanField
from crm.core.api.writes import Commands, seen_version
from crm.core.clocks import local_date
from tiers.models import ProductRisk

_CHANGES = [may("advisory.view_portfolioreview", "advisory.change_portfolioreview")]


class DeviationRead(serializers.Serializer[Deviation]):
    """One finding: ``figure`` and ``bound`` are shares, days or grades as text; ``text`` says it in the caller's language."""

    code = serializers.CharField()
    subject = serializers.CharField()
    figure = serializers.CharField()
    bound = serializers.CharField()
    text = serializers.CharField(source="words")


class ReviewLineRead(serializers.ModelSerializer[ReviewLine]):
    """One line of a proposal as it was told: ``share`` in per cent of the holding, or ``amount`` in yuan."""

    amount = YuanField(allow_null=True, read_only=True)

    class Meta:
        model = ReviewLine
        fields = ["direction", "security_code", "security_name", "product_grade", "share", "amount", "reason"]


class ReviewAnswerRead(serializers.ModelSerializer[ReviewAnswer]):
    contact = serializers.CharField(source="contact.public_id", read_only=True)
    noted_by = Person(read_only=True)

    class Meta:
        model = ReviewAnswer
        fields = ["answer", "contact", "noted_by", "noted_at"]


class PictureRead(serializers.Serializer[Any]):
    """The holdings as they were looked at; money in yuan, shares as fractions, "" where nothing is known."""

    day = serializers.CharField(required=False)
    securities = serializers.IntegerField(required=False)
    market_value = serializers.CharField(required=False)
    gain = serializers.CharField(required=False)
    gain_rate = serializers.CharField(required=False)
    largest = serializers.CharField(required=False)
    largest_share = serializers.CharField(required=False)


class ReviewRead(serializers.ModelSerializer[PortfolioReview]):
    """A review; ``reasons`` brought it forward, ``corrects`` names the wording that it takes the place of.

    ``risk_grade`` and ``highest_risk`` are those of its day: the client's grade, and the risk of products up to which one might
    recommend. A professional investor has the second without the first. ``answer`` is "" for who may not see what clients decide.
    """

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    reasons = DeviationRead(many=True, read_only=True)
    done_by = Person(read_only=True, allow_null=True)
    answer = serializers.SerializerMethodField()
    agreement = serializers.CharField(source="agreement.number", read_only=True, allow_null=True, default=None)
    corrects = serializers.CharField(source="corrects.public_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = PortfolioReview
        fields = [
            "id", "client", "state", "due_on", "reasons", "closed_as", "done_on", "done_by", "outcome", "summary",
            "risk_grade", "highest_risk", "agreement", "answer", "next_on", "corrects", "correction_reason", "version",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=PortfolioReview.Answer.choices, allow_blank=True))
    def get_answer(self, row: PortfolioReview) -> str:
        return row.answer_for(self.context["request"].user)


class ReviewDetail(ReviewRead):
    """A review with its lines, answers and findings: those of today while it is due, else those that were recorded.

    ``not_compared``: what he wants and nothing on file can be held against, as long as it is due.
    """

    lines = ReviewLineRead(many=True, read_only=True)
    answers = serializers.SerializerMethodField()
    deviations = serializers.SerializerMethodField()
    picture = serializers.SerializerMethodField()
    not_compared = serializers.SerializerMethodField()

    class Meta(ReviewRead.Meta):
        fields = [*ReviewRead.Meta.fields, "lines", "answers", "deviations", "not_compared", "picture"]

    @extend_schema_field(ReviewAnswerRead(many=True))
    def get_answers(self, row: PortfolioReview) -> Any:
        found = list(answers_of(row))
        if not self.context["request"].user.has_perm(SEES_DECISIONS):
            for one in found:
                one.answer = ""
        return ReviewAnswerRead(found, many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_not_compared(self, row: PortfolioReview) -> Any:
        return not_compared(self._look(row).needs) if self._sees and row.state == row.State.DUE else []

    @extend_schema_field(DeviationRead(many=True))
    def get_deviations(self, row: PortfolioReview) -> Any:
        if not self._sees:
            return []
        found = self._look(row).deviations if row.state == row.State.DUE else row.deviations
        return [DeviationRead(one).data for one in found]

    @extend_schema_field(PictureRead)
    def get_picture(self, row: PortfolioReview) -> Any:
        if not self._sees:
            return {}
        return self._look(row).picture() if row.state == row.State.DUE else row.picture

    @property
    def _sees(self) -> bool:
        """What is held and wanted is told to whoever may see holdings and needs."""
        user = self.context["request"].user
        return bool(user.has_perms(("clients.view_holding", "clients.view_needsinterview")))

    def _look(self, row: PortfolioReview) -> Any:
        context: Any = self.context
        if "look" not in context:
            context["look"] = look_at(row.client, local_date(timezone.now()))
        return context["look"]


class SayLine(Strict):
    """One line: what is sold as a share of the holding (per cent) or an amount, what is bought as an amount with its grade."""

    direction = serializers.ChoiceField(choices=ReviewLine.Direction.choices)
    security_code = serializers.CharField(max_length=12)
    security_name = serializers.CharField(max_length=40)
    product_grade = serializers.ChoiceField(choices=ProductRisk.choices, required=False, default="")
    share = serializers.DecimalField(max_digits=4, decimal_places=1, required=False)
    amount = YuanField(required=False)
    reason = serializers.CharField(max_length=300)


class Wording(Strict):
    outcome = serializers.ChoiceField(choices=PortfolioReview.Outcome.choices)
    summary = serializers.CharField(max_length=2000)
    lines = serializers.ListField(child=SayLine(), required=False, max_length=30)


class Tells(Strict):
    """In which contact it was told: by ``channel`` with what was ``told`` (then logged), or in a ``contact`` on file."""

    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    told = serializers.CharField(max_length=4000, required=False)
    contact = PublicIdField(model=ContactLog, required=False)


class RecordReview(Wording, Tells):
    answer = serializers.ChoiceField(choices=PortfolioReview.Answer.choices, required=False)
    next_on = serializers.DateField()


class AnswerReview(Tells):
    answer = serializers.ChoiceField(choices=PortfolioReview.Answer.choices)


class CorrectReview(Wording):
    reason = serializers.CharField(max_length=200)


class OpenReview(Strict):
    """Review a client now, whatever the cycle says."""

    client = PublicIdField(model=Client)


_ANSWERS = {200: ReviewDetail, 201: ReviewDetail}


class ReviewViewSet(Commands, mixins.ListModelMixin, viewsets.GenericViewSet[PortfolioReview]):
    """Portfolio reviews of clients within the caller's reach, those due first at the top; closed and corrected ones too."""

    queryset = PortfolioReview.objects.none()
    serializer_class = ReviewRead
    filterset_class = ReviewFilter
    subject = "review"
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9A-Z]{26}"
    cursor_ordering = ("due_on", "pk")
    writes = {
        "create": "once", "record": "once+versioned", "answer": "once+versioned", "correct": "once+versioned",
    }  # fmt: skip

    def get_serializer_class(self) -> Any:
        return ReviewRead if self.action == "list" else ReviewDetail

    def get_permissions(self) -> list[Any]:
        if self.action == "create":
            return [each() for each in _CHANGES]
        return list(super().get_permissions())

    def get_queryset(self) -> QuerySet[PortfolioReview]:
        return PortfolioReview.objects.visible_to(self._actor).for_list().select_related("corrects")

    @extend_schema(responses={200: ReviewDetail}, filters=False)
    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  the contract calls it id
        """One review; its ETag is what a change sends back as If-Match."""
        return self._shown(id)

    @extend_schema(request=OpenReview, responses={201: ReviewDetail})
    def create(self, request: Request) -> Response:
        """Begin a review beside the cycle; the one that is due is drawn to today."""
        said = self._said(OpenReview)
        return self.once(lambda: open_review(actor=self._actor, now=timezone.now(), **said), self._shown)

    @extend_schema(request=RecordReview, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def record(self, request: Request, **_path: str) -> Response:
        """Record it as it was told. A proposal needs a licence, an agreement in force and a valid risk grade (409)."""
        return self._change(RecordReview, record_review)

    @extend_schema(request=AnswerReview, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def answer(self, request: Request, **_path: str) -> Response:
        """What the client says to a proposal after all."""
        return self._change(AnswerReview, note_answer)

    @extend_schema(request=CorrectReview, responses=_ANSWERS, filters=False)
    @action(detail=True, methods=["post"], permission_classes=_CHANGES)
    def correct(self, request: Request, **_path: str) -> Response:
        """Word it otherwise: a new row, the first wording stays."""
        return self._change(CorrectReview, correct_review)

    def _change(self, command: type[Strict], change: Any) -> Response:
        """As every change of a row, with lines and contact in the words of the services."""
        row, version, said = self._row(), seen_version(self.request), self._said(command)
        if "lines" in said:
            said["lines"] = [Line(**line) for line in said["lines"]]
        if issubclass(command, Tells):
            told = Told(said.pop("channel", ""), said.pop("told", ""), said.pop("contact", None))
            said["told"] = told
        who = {"actor": self._actor, "now": timezone.now(), "version": version}
        return self.once(lambda: change(review=row, **who, **said), self._shown)
