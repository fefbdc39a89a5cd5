"""Field types that hold money, rates and secrets the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.lookups import Lookup
from django.utils.translation import gettext_lazy as _

from crm.core.crypto import seal, unseal

#: The one rounding rule of the house: half away from zero, per line, before any sum.
ROUNDING = ROUND_HALF_UP
CENT = Decimal("0.01")
#: One hundred trillion yuan: far above any book, far below what a bigint of fen can hold.
LARGEST_YUAN = Decimal("99999999999999.99")


def money(value: Decimal | int | str) -> Decimal:
    """Yuan with exactly two places, rounded half up. Raises ``InvalidOperation`` for what is not a finite number."""
    amount = Decimal(value)
    if not amount.is_finite():
        raise InvalidOperation(f"not a finite amount: {value!r}")
    return amount.quantize(CENT, rounding=ROUNDING)


def to_fen(value: Decimal | int | str) -> int:
    """Yuan → fen (1 yuan = 100 fen), rounded half up."""
    return int(money(value) * 100)


def from_fen(fen: int | Decimal) -> Decimal:
    """Fen → yuan with two places."""
    return (Decimal(int(fen)) / 100).quantize(CENT)


class MoneyField(models.BigIntegerField):
    """An amount in yuan: ``Decimal`` in Python, bigint fen in both engines.

    Sums and comparisons in SQL run on integers, so SQLite and PostgreSQL agree to the fen; raw SQL sees fen.
    """

    description = _("Amount in yuan")
    _pyi_private_set_type: Decimal | int | str | Combinable  # type: ignore[assignment]  # what the stubs call a column's Python side
    _pyi_private_get_type: Decimal  # type: ignore[assignment]  # as above

    def from_db_value(self, value: int | Decimal | None, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else from_fen(value)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        if isinstance(value, float):
            raise TypeError("Money never comes from a float.")
        try:
            amount = money(value)
        except (InvalidOperation, ValueError, TypeError):
            raise ValidationError(_("Enter an amount in yuan."), code="invalid") from None
        if abs(amount) > LARGEST_YUAN:
            raise ValidationError(_("This amount is too large."), code="too_large")
        return amount

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        amount = self.to_python(value)
        return None if amount is None else to_fen(amount)

    @property
    def validators(self) -> list[Any]:
        own: list[Any] = self._validators  # type: ignore[attr-defined]  # the stub leaves Django's list out
        return [MinValueValidator(-LARGEST_YUAN), MaxValueValidator(LARGEST_YUAN), *own]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return models.Field.formfield(
            self, **{"form_class": forms.DecimalField, "max_digits": 16, "decimal_places": 2, **kwargs}
        )

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


#: Fund shares have up to four places; a bigint of ten-thousandths holds nine hundred trillion of them.
QUANTUM = Decimal("0.0001")
LARGEST_QUANTITY = Decimal("99999999999999.9999")


def to_units(value: Decimal | int | str) -> int:
    """Shares → ten-thousandths of a share, rounded half up."""
    return int((Decimal(value) / QUANTUM).quantize(Decimal(1), rounding=ROUNDING))


class QuantityField(models.BigIntegerField):
    """A number of shares or units of funds: ``Decimal`` with four places in Python, bigint of ten-thousandths in both engines.

    SQLite keeps a decimal column as a float, which loses places above a trillion; an integer loses none.
    """

    description = _("Number of shares")
    _pyi_private_set_type: Decimal | int | str | Combinable  # type: ignore[assignment]  # as MoneyField
    _pyi_private_get_type: Decimal  # type: ignore[assignment]  # as above

    def from_db_value(self, value: int | Decimal | None, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else (Decimal(int(value)) * QUANTUM).quantize(QUANTUM)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        if isinstance(value, float):
            raise TypeError("A number of shares never comes from a float.")
        try:
            number = Decimal(value)
            fits = number.is_finite() and number == number.quantize(QUANTUM) and abs(number) <= LARGEST_QUANTITY
        except (InvalidOperation, ValueError, TypeError):
            fits = False
        if not fits:
            raise ValidationError(_("Enter a number of shares with at most four decimal places."), code="invalid")
        return number.quantize(QUANTUM)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        number = self.to_python(value)
        return None if number is None else to_units(number)

    @property
    def validators(self) -> list[Any]:
        own: list[Any] = self._validators  # type: ignore[attr-defined]  # the stub leaves Django's list out
        return [MinValueValidator(-LARGEST_QUANTITY), MaxValueValidator(LARGEST_QUANTITY), *own]

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return models.Field.formfield(
            self, **{"form_class": forms.DecimalField, "max_digits": 18, "decimal_places": 4, **kwargs}
        )

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


class RateField(models.DecimalField):
    """A rate as a plain fraction with six places: 0.000250 is 0.25 ‰."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 9)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(*args, **kwargs)


class _Secret:
    """Reads the sealed text of a row and opens it with the row's own identity."""

    def __init__(self, field: EncryptedField) -> None:
        self.field = field

    def __get__(self, row: models.Model | None, owner: type[models.Model] | None = None) -> Any:
        if row is None:
            return self
        name = self.field.attname
        if name not in row.__dict__:
            row.refresh_from_db(fields=[name])
        held = row.__dict__[name]
        if isinstance(held, SealedText):
            held = row.__dict__[name] = unseal(str(held), self.field.aad(row))
        return held

    def __set__(self, row: models.Model, value: Any) -> None:
        row.__dict__[self.field.attname] = value


class SealedText(str):
    """Text as it lies in the database; opened only when somebody reads the attribute."""

    __slots__ = ()


class EncryptedField(models.TextField):
    """Text kept under AES-256-GCM, bound to its model, field and public id, so a copied value opens nowhere else.

    Cannot be searched: put a blind index beside it (``crm.core.crypto.blind_index``). ``QuerySet.update()`` is refused,
    since an update has no row whose identity could be sealed in; set-based writers call ``seal()`` with ``aad_for``.
    """

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Secret(self))

    def aad_for(self, public_id: str) -> str:
        """What the value is bound to."""
        return f"{self.model._meta.label_lower}:{self.attname}:{public_id}"

    def aad(self, row: models.Model) -> str:
        return self.aad_for(getattr(row, "public_id"))  # noqa: B009  the attribute is not on models.Model

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return SealedText(value) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        held = model_instance.__dict__.get(self.attname)
        if not held or isinstance(held, SealedText):
            return held
        return SealedText(seal(str(held), self.aad(model_instance)))

    def get_prep_value(self, value: Any) -> Any:
        if not value or isinstance(value, SealedText) or hasattr(value, "resolve_expression"):
            return value if value is None or hasattr(value, "resolve_expression") else str(value)
        raise TypeError(f"{self.name} is encrypted: save the row, or seal the value before a set-based write.")


class CodesField(models.TextField):
    """Several code words in one column: a list in Python, ``" a b "`` in the database.

    Ask with ``field__has="a"``: both engines then look for the word between blanks. Order is that of the choices handed in.
    """

    description = _("Code words")
    _pyi_private_set_type: Iterable[str]  # type: ignore[assignment]  # what the stubs call a column's Python side
    _pyi_private_get_type: list[str]  # type: ignore[assignment]  # as above

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", list)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> list[str]:
        return (value or "").split()

    def to_python(self, value: Any) -> list[str]:
        found = value.split() if isinstance(value, str) else [str(word) for word in value or ()]
        known = [str(code) for code, _label in self.flatchoices] if self.choices else sorted(set(found))
        if unknown := sorted(set(found) - set(known)):
            raise ValidationError(_("This word is not known: %(word)s."), code="invalid", params={"word": unknown[0]})
        return [word for word in known if word in found]

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """``to_python`` has looked at each word; Django would look for the whole list among the choices."""
        if not value and not self.blank:
            raise ValidationError(self.error_messages["blank"], code="blank")

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        words = self.to_python(value)
        return f" {' '.join(words)} " if words else ""

    def value_to_string(self, obj: models.Model) -> str:
        held: Any = self.value_from_object(obj)
        return " ".join(held)


@CodesField.register_lookup
class HasCode(Lookup):
    """Rows whose list holds the code word."""

    lookup_name = "has"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        held, params = self.process_lhs(compiler, connection)
        function = "strpos" if connection.vendor == "postgresql" else "instr"
        return f"{function}({held}, %s) > 0", [*params, f" {self.rhs} "]
