"""What the API takes to draft, shape and decide about a programme."""

from __future__ import annotations

from django.core.validators import validate_slug
from rest_framework import serializers

from crm.core.api.serializers import PublicIdField, Strict, YuanField
from crm.core.models import Branch
from tiers.models import Emblem, Programme

_ID = "[0-9A-Z]{26}"


class StartDraft(Strict):
    """The same ``code`` again makes the next edition of a programme."""

    code = serializers.CharField(max_length=30, validators=[validate_slug])
    name_en = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=60)
    effective_from = serializers.DateField()
    note = serializers.CharField(max_length=400, allow_blank=True, default="")
    branch = PublicIdField(model=Branch, required=False)
    for_company = serializers.BooleanField(default=False)
    copy_of = PublicIdField(model=Programme, required=False, help_text="The edition whose tiers are copied.")


class FloorWords(Strict):
    """Clients for so many months stand at least in this tier."""

    months = serializers.IntegerField(min_value=1, max_value=600)
    tier = serializers.CharField(max_length=30, help_text="Code of the tier.")


class ChangeDraft(Strict):
    """Whatever is named is changed; null takes the figure of the house."""

    name_en = serializers.CharField(max_length=60, required=False)
    name_zh = serializers.CharField(max_length=60, required=False)
    effective_from = serializers.DateField(required=False)
    note = serializers.CharField(max_length=400, allow_blank=True, required=False)
    window_days = serializers.IntegerField(min_value=1, max_value=366, allow_null=True, required=False)
    down_after = serializers.IntegerField(min_value=1, max_value=24, allow_null=True, required=False)
    grace_months = serializers.IntegerField(min_value=0, max_value=36, required=False)
    age_floors = FloorWords(many=True, required=False)


class PutTier(Strict):
    """A tier with a ``bound`` on average assets or a ``rule`` (docs/api.md); without either it asks for nothing."""

    tier = serializers.RegexField(_ID, required=False, help_text="Public id; a new tier if missing.")
    code = serializers.CharField(max_length=30, validators=[validate_slug])
    name_en = serializers.CharField(max_length=40)
    name_zh = serializers.CharField(max_length=40)
    palette = serializers.IntegerField(min_value=1, max_value=8)
    emblem = serializers.ChoiceField(choices=Emblem.choices, allow_blank=True, default="")
    text_en = serializers.CharField(max_length=400, allow_blank=True, default="")
    text_zh = serializers.CharField(max_length=400, allow_blank=True, default="")
    bound = YuanField(allow_null=True, default=None)
    rule = serializers.DictField(default=dict)
    rule_institution = serializers.DictField(default=dict)


class OrderTier(Strict):
    tier = serializers.RegexField(_ID)
    verb = serializers.ChoiceField(choices=["up", "down", "out"])


class SubmitProgramme(Strict):
    """Takes nothing."""


class RetireProgramme(Strict):
    """Takes nothing."""


class ActivateProgramme(Strict):
    effective_from = serializers.DateField(required=False, help_text="Today or later; the draft's own day if missing.")
    note = serializers.CharField(max_length=200, allow_blank=True, default="")


class SendBack(Strict):
    note = serializers.CharField(max_length=200)
