"""What the API tells about programmes, tiers and proofs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.core.api.serializers import Person, YuanField
from tiers.models import Product, Programme, RateBasis, Tier, TierChange
from tiers.querysets.commission import EffectiveRate


class TierRead(serializers.ModelSerializer[Tier]):
    """A tier; ``lower_bound`` is inclusive and null for the lowest, and where a ``rule`` says what it asks for."""

    id = serializers.CharField(source="public_id", read_only=True)
    lower_bound = YuanField(read_only=True, allow_null=True)
    rule = serializers.DictField(read_only=True)
    rule_institution = serializers.DictField(read_only=True)

    class Meta:
        model = Tier
        fields = [
            "id", "code", "name_en", "name_zh", "rank", "lower_bound", "palette", "emblem", "text_en", "text_zh", "rule",
            "rule_institution",
        ]  # fmt: skip


class FloorRead(serializers.Serializer[Any]):
    """Clients for so many months stand at least in this tier."""

    months = serializers.IntegerField()
    tier = serializers.CharField(help_text="Code of the tier.")


class ProgrammeRead(serializers.ModelSerializer[Programme]):
    """One edition of a programme with its tiers from the lowest to the highest."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True, allow_null=True, default=None)
    tiers = TierRead(many=True, read_only=True)
    age_floors = FloorRead(many=True, read_only=True)
    drafted_by = Person(read_only=True, allow_null=True)
    approved_by = Person(read_only=True, allow_null=True)

    class Meta:
        model = Programme
        fields = [
            "id",
            "code",
            "name_en",
            "name_zh",
            "edition",
            "branch",
            "effective_from",
            "state",
            "window_days",
            "down_after",
            "grace_months",
            "age_floors",
            "note",
            "drafted_by",
            "approved_by",
            "approved_at",
            "decision_note",
            "version",
            "tiers",
        ]


class TierChangeRead(serializers.ModelSerializer[TierChange]):
    """One step with its proof; the average is for reading, the decision compared ``total`` with bound × days."""

    id = serializers.CharField(source="public_id", read_only=True)
    old = TierRead(read_only=True, allow_null=True)
    new = TierRead(read_only=True)
    total = YuanField(read_only=True)
    average = YuanField(read_only=True)
    bound = YuanField(read_only=True, allow_null=True)
    next_bound = YuanField(read_only=True, allow_null=True)

    class Meta:
        model = TierChange
        fields = ["id", "day", "reason", "old", "new", "total", "days", "average", "bound", "next_bound"]


class CheckRead(serializers.Serializer[Any]):
    """One line of a rule with the client's own figure; a line that heads a group has a ``match`` and no amounts.

    ``holds`` and the client's amounts are null where they rest on what he pays and the caller may not see that.
    """

    words = serializers.CharField()
    depth = serializers.IntegerField()
    match = serializers.CharField()
    holds = serializers.BooleanField(allow_null=True)
    value = YuanField(allow_null=True)
    at_least = YuanField(allow_null=True)
    missing = YuanField(allow_null=True)


class ProofRead(serializers.Serializer[Any]):
    """Sum ÷ days on file = average, and what it lacks to the next tier."""

    day = serializers.DateField()
    window_days = serializers.IntegerField()
    total = YuanField()
    days = serializers.IntegerField()
    average = YuanField(allow_null=True)
    reached = TierRead(allow_null=True)
    next = TierRead(allow_null=True)
    missing = YuanField(allow_null=True)
    next_checks = CheckRead(many=True, help_text="What the next tier asks for, and what is missing.")
    floor = TierRead(allow_null=True, help_text="The tier that long standing gives in place of a lower one.")
    grace_until = serializers.DateField(allow_null=True, help_text="A new client does not fall before this day.")


class RateOfTodayRead(serializers.Serializer[Any]):
    """What a product costs the client today; ``own`` is the rate agreed with him, null where the card holds."""

    product = serializers.ChoiceField(choices=Product.choices)
    rate = serializers.DecimalField(max_digits=8, decimal_places=6)
    basis = serializers.ChoiceField(choices=RateBasis.choices)
    min_fee = YuanField()
    own = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_own(self, rate: EffectiveRate) -> str | None:
        return str(rate.row.public_id) if rate.is_own else None


class ClientTierRead(serializers.Serializer[Any]):
    """Where a client stands; ``tier`` is null before the first evaluation."""

    id = serializers.SerializerMethodField(help_text="Public id of the client.")
    programme = serializers.CharField(source="proof.state.programme.code", default=None, allow_null=True)
    tier = TierRead(source="proof.state.tier", default=None, allow_null=True)
    since = serializers.DateField(source="proof.state.since", default=None, allow_null=True)
    below_since = serializers.DateField(source="proof.state.below_since", default=None, allow_null=True)
    proof = ProofRead()
    rates = RateOfTodayRead(
        many=True, allow_null=True, help_text="Rates of today; null for who may not see what the client pays."
    )
    history = TierChangeRead(many=True)

    @extend_schema_field(serializers.CharField())
    def get_id(self, found: dict[str, Any]) -> str:
        return str(found["client"].public_id)
