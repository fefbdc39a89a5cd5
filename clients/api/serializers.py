"""What the API tells about clients, and what it takes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clients.models import Channel, Client, DailyAsset, DocumentKind, Holding, SecurityKind
from clients.provenance import Source
from clients.querysets.scope import shown_name
from clients.segments.catalogue import sees_fact
from crm.core.api.serializers import MaskedField, Person, PublicIdField, Strict, YuanField


class _Named(serializers.Serializer[Any]):
    """The name as the caller may see it."""

    name = serializers.SerializerMethodField()

    def get_name(self, row: Any) -> str:
        return shown_name(row, self.context["request"].user)


class ClientRow(_Named):
    """A client in a list: what sorts and narrows it, without the sealed values. Money is yuan as a string."""

    id = serializers.CharField(source="public_id")
    external_id = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    phone_tail = serializers.CharField(help_text="The last four digits.")
    risk_grade = serializers.CharField(help_text="Empty without an assessment.")
    risk_valid_until = serializers.DateField(allow_null=True)
    do_not_contact = serializers.BooleanField()
    investor_class = serializers.CharField(help_text="ordinary, A, B or C.")
    investor_class_until = serializers.DateField(allow_null=True)
    total_assets = YuanField()
    assets_on = serializers.DateField(allow_null=True)
    last_contact_at = serializers.DateTimeField(allow_null=True)
    next_contact_on = serializers.DateField(allow_null=True)
    advisor = Person(allow_null=True)
    found_by = serializers.CharField(default="", help_text="With q: by what the client was found (number, name, …).")


class ProfileFacts(serializers.Serializer[Client]):
    """Facts of the profile; ``origins`` names source, day and refusal of every fact that has one. Money is yuan as a string."""

    nationality = serializers.CharField()
    tax_residency = serializers.CharField()
    employer = serializers.CharField()
    income_source = serializers.CharField()
    annual_income = YuanField(allow_null=True)
    outside_assets = YuanField(allow_null=True)
    debts = YuanField(allow_null=True)
    investing_since = serializers.DateField(allow_null=True)
    integrity_note = serializers.CharField()
    controller = serializers.CharField()
    beneficiary = serializers.CharField()
    is_listed = serializers.BooleanField(allow_null=True)
    stock_code = serializers.CharField()
    industry = serializers.CharField()
    own_funds = YuanField(allow_null=True)
    legal_representative = serializers.CharField()
    id_kind = serializers.CharField()
    id_valid_until = serializers.DateField(allow_null=True)
    id_is_long_term = serializers.BooleanField()
    forbidden_channels = serializers.SerializerMethodField()
    quiet_from = serializers.TimeField(allow_null=True)
    quiet_until = serializers.TimeField(allow_null=True)
    avoid_topics = serializers.CharField(help_text="What nobody should bring up with the client.")
    origins = serializers.JSONField(source="provenance", help_text="Under * stands what holds for all other facts.")

    def get_forbidden_channels(self, client: Client) -> list[str]:
        return sorted(client.forbidden)


_KEPT_HELP = "Null for who sees names masked, or not the profile."


class ClientRead(ClientRow):
    """One client; private values are masked, revealing them is a page's business."""

    #: Facts that stand here for those alone who may ask for them in segments, and the field that asks where it is another.
    KEPT: ClassVar[dict[str, str]] = {
        **{name: name for name in ("city", "sex", "birth_date", "occupation", "education", "marital_status")},
        **{name: name for name in ("stage", "stage_since")},
        "age_on_file": "age",
    }

    branch = serializers.CharField(source="branch.code")
    phone = MaskedField("phone")
    id_number = MaskedField("id_number")
    email = MaskedField("email")
    address = MaskedField("address")
    city = serializers.CharField(allow_null=True, help_text=_KEPT_HELP)
    sex = serializers.CharField(allow_null=True, help_text=_KEPT_HELP)
    birth_date = serializers.DateField(allow_null=True)
    age_on_file = serializers.IntegerField(allow_null=True)
    occupation = serializers.CharField(allow_null=True, help_text=_KEPT_HELP)
    education = serializers.CharField(allow_null=True, help_text=_KEPT_HELP)
    marital_status = serializers.CharField(allow_null=True, help_text=_KEPT_HELP)
    opened_on = serializers.DateField(allow_null=True)
    closed_on = serializers.DateField(allow_null=True)
    preferred_channel = serializers.CharField()
    do_not_contact_reason = serializers.CharField()
    is_lowest_risk = serializers.BooleanField()
    stage = serializers.CharField(
        allow_null=True, help_text="Empty until the first night; null for who may not see the profile."
    )
    stage_since = serializers.DateField(allow_null=True)
    profile = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    def to_representation(self, client: Client) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(client)
        user = self.context["request"].user
        return told | {name: None for name, key in self.KEPT.items() if not sees_fact(user, key)}

    @extend_schema_field(ProfileFacts(allow_null=True))
    def get_profile(self, client: Client) -> Any:
        """The facts of the profile with their sources, for those who may see the whole of it."""
        user = self.context["request"].user
        return ProfileFacts(client).data if user.has_perm("clients.view_profile") else None


class ClientFacts(Strict):
    """Facts of a client that may be said. Private values come in full and never go out again."""

    name = serializers.CharField(max_length=80, allow_blank=True, required=False)
    kind = serializers.ChoiceField(choices=Client.Kind.choices, required=False)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False)
    id_number = serializers.CharField(max_length=40, allow_blank=True, required=False)
    email = serializers.CharField(max_length=120, allow_blank=True, required=False)
    address = serializers.CharField(max_length=200, allow_blank=True, required=False)
    city = serializers.CharField(max_length=40, allow_blank=True, required=False)
    sex = serializers.ChoiceField(choices=Client.Sex.choices, required=False)
    birth_date = serializers.DateField(allow_null=True, required=False)
    occupation = serializers.CharField(max_length=60, allow_blank=True, required=False)
    education = serializers.CharField(max_length=30, allow_blank=True, required=False)
    marital_status = serializers.CharField(max_length=20, allow_blank=True, required=False)
    opened_on = serializers.DateField(allow_null=True, required=False)
    preferred_channel = serializers.ChoiceField(choices=Channel.choices, allow_blank=True, required=False)
    nationality = serializers.CharField(max_length=40, allow_blank=True, required=False)
    tax_residency = serializers.CharField(max_length=40, allow_blank=True, required=False)
    employer = serializers.CharField(max_length=80, allow_blank=True, required=False)
    income_source = serializers.CharField(max_length=60, allow_blank=True, required=False)
    annual_income = YuanField(allow_null=True, required=False)
    outside_assets = YuanField(allow_null=True, required=False)
    debts = YuanField(allow_null=True, required=False)
    investing_since = serializers.DateField(allow_null=True, required=False, help_text="The month counts.")
    integrity_note = serializers.CharField(max_length=300, allow_blank=True, required=False)
    controller = serializers.CharField(max_length=80, allow_blank=True, required=False)
    beneficiary = serializers.CharField(max_length=80, allow_blank=True, required=False)
    is_listed = serializers.BooleanField(allow_null=True, required=False)
    stock_code = serializers.CharField(max_length=12, allow_blank=True, required=False)
    industry = serializers.CharField(max_length=60, allow_blank=True, required=False)
    own_funds = YuanField(allow_null=True, required=False)
    legal_representative = serializers.CharField(max_length=80, allow_blank=True, required=False)
    id_kind = serializers.ChoiceField(choices=DocumentKind.choices, allow_blank=True, required=False)
    id_valid_until = serializers.DateField(allow_null=True, required=False)
    id_is_long_term = serializers.BooleanField(required=False)
    forbidden_channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), required=False, max_length=10
    )
    quiet_from = serializers.TimeField(allow_null=True, required=False)
    quiet_until = serializers.TimeField(allow_null=True, required=False)
    avoid_topics = serializers.CharField(max_length=200, allow_blank=True, required=False)
    introduced_by_client = PublicIdField(model=Client, allow_null=True, required=False)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=Source.choices, required=False, help_text="Who says so; staff if missing."
    )


class SameDocumentReason(serializers.CharField):
    """Why a client has a document that another client of the company has."""

    def __init__(self) -> None:
        super().__init__(
            max_length=200,
            required=False,
            allow_blank=True,
            help_text="Why, where the company has a client with the same identity document (else 409 document_on_file).",
        )


class ClientCreate(ClientFacts):
    """A new client of the caller's branch."""

    same_document_reason = SameDocumentReason()
    external_id = serializers.CharField(
        max_length=40, help_text="The client number; it never changes. Letters, digits and - _ . / only."
    )


class ClientChange(ClientFacts):
    """What is to be different; a name left out stays as it is.

    A new ``id_number`` that says another sex or date of birth than is on file is refused unless those are sent with it.
    """

    same_document_reason = SameDocumentReason()
    status = serializers.ChoiceField(choices=Client.Status.choices, required=False)
    closed_on = serializers.DateField(allow_null=True, required=False)
    as_of = serializers.DateField(required=False, help_text="The day as of which the facts hold; today if missing.")
    refused = serializers.DictField(
        child=serializers.BooleanField(),
        required=False,
        help_text="Fact, or kind of rows (documents, contact_points, contact_persons, financing_needs, relations: such, or "
        "further ones) → whether the client refuses to give it.",
    )


class AssetRead(serializers.Serializer[DailyAsset]):
    """One day of one client; yuan as strings. What he paid in commission is the commission desk's business."""

    day = serializers.DateField()
    net_assets = YuanField()
    market_value = YuanField()
    cash = YuanField()
    margin_debt = YuanField()
    inflow = YuanField()
    outflow = YuanField()
    turnover = YuanField()


class HoldingRead(serializers.Serializer[Holding]):
    """One security of one client at the close of a day; money in yuan and quantities as strings, weights as fractions."""

    day = serializers.DateField()
    security_code = serializers.CharField()
    security_name = serializers.CharField()
    kind = serializers.ChoiceField(choices=SecurityKind.choices, help_text="As the file says, else by the code.")
    quantity = serializers.DecimalField(max_digits=18, decimal_places=4, help_text="Funds have up to four places.")
    market_value = YuanField()
    cost = YuanField(allow_null=True)
    gain = YuanField(allow_null=True)
    weight = serializers.DecimalField(
        max_digits=7,
        decimal_places=6,
        rounding=ROUND_HALF_UP,
        allow_null=True,
        help_text="Share of the market value of all that the client held that day.",
    )


class ClientName(_Named):
    """A client inside another answer."""

    id = serializers.CharField(source="public_id")
