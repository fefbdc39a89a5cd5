"""Serializer pieces that all apps use."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.core.fields import LARGEST_YUAN, money
from crm.core.masking import MASKS
from crm.core.writing import REFUSAL, is_writing


class Strict(serializers.Serializer[Any]):
    """A serializer for commands: a name it does not know is an error, not a shrug."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name: [_("This field is not known.")] for name in unknown})
            # JSON was looked at by its parser; a form (multipart) comes here as it was sent.
            wrong = [name for name, value in data.items() if isinstance(value, str) and not is_writing(value)]
            if wrong:
                raise serializers.ValidationError({name: [REFUSAL] for name in wrong})
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "example": "1234.50"})
class YuanField(serializers.Field[Decimal, Any, str, Any]):
    """Money as a string in yuan with two places; never a float."""

    default_error_messages = {"invalid": _("Send an amount in yuan as a string, such as “1234.50”.")}

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            amount = Decimal(data)
        except InvalidOperation:
            self.fail("invalid")
        if not amount.is_finite() or abs(amount) > LARGEST_YUAN or amount != money(amount):
            self.fail("invalid")
        return amount

    def to_representation(self, value: Decimal) -> str:
        return str(money(value))


@extend_schema_field({"type": "string", "pattern": "^[0-9A-Z]{26}$"})
class PublicIdField(serializers.RelatedField[Any, Any, str]):
    """A row named by its public id, looked up only among what the caller may see: a foreign one is as good as none.

    ``needs``: the columns to read, where the service locks and reads the row itself.
    """

    default_error_messages = {"missing": _("There is no such thing here.")}

    def __init__(self, **kwargs: Any) -> None:
        self.model = kwargs.pop("model", None)
        self.needs: tuple[str, ...] = kwargs.pop("needs", ())
        if self.model is not None and not kwargs.get("read_only"):
            kwargs["queryset"] = self.model._default_manager.none()
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        user = self.context["request"].user
        rows: QuerySet[Any] = self.model._default_manager.visible_to(user)
        return rows

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("missing")
        rows = self.get_queryset().filter(public_id=data)
        found = (rows.only(*self.needs) if self.needs else rows).first()
        return found if found is not None else self.fail("missing")

    def to_representation(self, value: Any) -> str:
        return str(value.public_id)

    def use_pk_only_optimization(self) -> bool:
        return False


class MaskedField(serializers.CharField):
    """A private value as those see it who have not asked to reveal it."""

    def __init__(self, mask: str, **kwargs: Any) -> None:
        self.mask = MASKS[mask]
        kwargs["read_only"] = True
        super().__init__(**kwargs)

    def to_representation(self, value: Any) -> str:
        return self.mask(str(value or ""))


class Person(serializers.Serializer[Any]):
    """A member of staff inside another answer."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField(source="staff_number")
    name = serializers.CharField()
