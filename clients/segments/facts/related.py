"""What there may be several of: further documents, contact points, contact persons, financing needs, related persons, the
household."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.segments.catalogue import Compile, Context, SegmentField
from clients.segments.compare import compare, rows
from clients.segments.facts.fields import DOCUMENT, INSTITUTION, PEOPLE, REACH, of
from clients.segments.kinds import HAPPENED, HAS, ON_FILE, Kind
from clients.segments.people import by_somebody, staff


def fields() -> list[SegmentField]:
    return [*_documents(), *_points(), *_persons(), *_financing(), *_relations(), *_household()]


def _documents() -> list[SegmentField]:
    """Beside the primary one, which stands in the client's own columns."""
    from clients.models import IdentityDocument
    from clients.models.profile import DocumentKind

    right = ("clients.view_identitydocument",)

    def further(_context: Context) -> Any:
        return IdentityDocument.objects.present().filter(is_primary=False)

    def present(_context: Context) -> Any:
        return IdentityDocument.objects.present()

    def long_term(_context: Context) -> Any:
        return further(_context).filter(is_long_term=True)

    kinds, until = rows(Kind.CODES, further, "kind", each=True), rows(Kind.DAY, further, "valid_until")
    lasting, issuer = rows(Kind.FLAG, long_term, "pk"), rows(Kind.TEXT, present, "issued_by")
    choices = of(DocumentKind.choices)
    return [
        SegmentField("documents", _("Further documents"), DOCUMENT, Kind.CODES, kinds, choices, rights=right),
        SegmentField("documents_until", _("Further document valid until"), DOCUMENT, Kind.DAY, until, rights=right),
        SegmentField(
            "documents_lasting", _("Further document valid long-term"), DOCUMENT, Kind.FLAG, lasting, rights=right
        ),
        SegmentField("documents_issuer", _("Document issued by"), DOCUMENT, Kind.TEXT, issuer, rights=right),
    ]


def _points() -> list[SegmentField]:
    from clients.models import ContactPoint

    right, kinds = ("clients.view_contactpoint",), of(ContactPoint.Kind.choices)

    def present(_context: Context) -> Any:
        return ContactPoint.objects.present()

    def marked(key: str, label: Any, **mark: bool) -> SegmentField:
        asked = rows(Kind.CODES, lambda _context: ContactPoint.objects.present().filter(**mark), "kind", each=True)
        return SegmentField(key, label, REACH, Kind.CODES, asked, kinds, rights=right)

    verified, label = rows(Kind.DAY, present, "verified_on"), rows(Kind.TEXT, present, "label")
    return [
        SegmentField("points", _("Contact points"), REACH, Kind.CODES, _has_point, kinds, rights=right, only=HAS),
        marked("points_preferred", _("Preferred contact points"), is_preferred=True),
        marked("points_forbidden", _("Contact points that must not be used"), is_forbidden=True),
        SegmentField(
            "points_verified", _("Contact point verified"), REACH, Kind.DAY, verified, rights=right, only=HAPPENED
        ),
        SegmentField("points_label", _("Label of a contact point"), REACH, Kind.TEXT, label, rights=right),
    ]


def _has_point(op: str, value: list[str], _context: Context) -> Q:
    """As the page shows them: phone, e-mail and address may stand in the client's own columns alone."""
    from clients.models import ContactPoint

    def one(kind: str) -> Q:
        there = Q(Exists(ContactPoint.objects.present().filter(client=OuterRef("pk"), kind=kind)))
        return there | Q(**{f"{kind}__gt": ""}) if kind in ("phone", "email", "address") else there

    return _joined(op, [one(kind) for kind in value])


def _joined(op: str, parts: list[Q]) -> Q:
    found = parts[0]
    for part in parts[1:]:
        found = found & part if op == "all" else found | part
    return found


def _persons() -> list[SegmentField]:
    from clients.models import ContactPerson

    right = ("clients.view_contactperson",)

    def present(_context: Context) -> Any:
        return ContactPerson.objects.present()

    def decides(_context: Context) -> Any:
        return ContactPerson.objects.present().filter(is_decision_maker=True)

    def field(key: str, label: Any, kind: Kind, path: str, only: tuple[str, ...] = ()) -> SegmentField:
        return SegmentField(key, label, INSTITUTION, kind, rows(kind, present, path), rights=right, only=only)

    return [
        field("person_name", _("Name of a contact person"), Kind.TEXT, "name"),
        field("person_position", _("Position of a contact person"), Kind.TEXT, "position"),
        field("person_birthday", _("Birthday of a contact person"), Kind.BIRTHDAY, "birth_date"),
        field("person_phone", _("Phone of a contact person"), Kind.TEXT, "phone", ON_FILE),
        field("person_email", _("E-mail of a contact person"), Kind.TEXT, "email", ON_FILE),
        field("person_note", _("Note on a contact person"), Kind.TEXT, "note"),
        SegmentField(
            "person_decides",
            _("Contact person who decides"),
            INSTITUTION,
            Kind.FLAG,
            rows(Kind.FLAG, decides, "pk"),
            rights=right,
        ),
    ]


def _financing() -> list[SegmentField]:
    from clients.models import FinancingNeed

    right = ("clients.view_financingneed",)

    def present(_context: Context) -> Any:
        return FinancingNeed.objects.present()

    def open_(_context: Context) -> Any:
        return FinancingNeed.objects.present().filter(status__in=["open", "followed"])

    kinds, states = of(FinancingNeed.Kind.choices), of(FinancingNeed.Status.choices)

    def field(key: str, label: Any, kind: Kind, asked: Compile, **more: Any) -> SegmentField:
        return SegmentField(key, label, INSTITUTION, kind, asked, rights=right, **more)

    return [
        field(
            "financing", _("Open financing need"), Kind.CODES, rows(Kind.CODES, open_, "kind", each=True), choices=kinds
        ),
        field("financing_expected", _("Financing expected on"), Kind.DAY, rows(Kind.DAY, open_, "expected_on")),
        field(
            "financing_amount",
            _("Amount of an open financing need"),
            Kind.MONEY,
            rows(Kind.MONEY, open_, "amount"),
            unit=_("yuan"),
        ),
        field(
            "financing_state",
            _("State of a financing need"),
            Kind.CODES,
            rows(Kind.CODES, present, "status", each=True),
            choices=states,
        ),
        field(
            "financing_handed_to", _("Financing need handed on to"), Kind.TEXT, rows(Kind.TEXT, present, "handed_to")
        ),
        field(
            "financing_handed_on",
            _("Financing need handed on"),
            Kind.DAY,
            rows(Kind.DAY, present, "handed_on"),
            only=HAPPENED,
        ),
        field("financing_note", _("Note on a financing need"), Kind.TEXT, rows(Kind.TEXT, present, "note")),
        field(
            "financing_by",
            _("Financing need put on file by"),
            Kind.ROWS,
            by_somebody(present, "recorded_by"),
            choices=staff,
        ),
    ]


# -- persons -----------------------------------------------------------------------------------------------------------


def _relations() -> list[SegmentField]:
    from clients.models import Relation

    right, kinds = ("clients.view_relation",), of(Relation.Kind.choices)

    def field(key: str, label: Any, kind: Kind, asked: Compile, **more: Any) -> SegmentField:
        return SegmentField(key, label, PEOPLE, kind, asked, rights=right, **more)

    return [
        field("relation", _("Relation"), Kind.CODES, _is_related, choices=kinds),
        field("relation_client", _("Related person is a client"), Kind.FLAG, _of_clients),
        field(
            "relation_name", _("Name of a related person outside"), Kind.TEXT, _of_relation(Kind.TEXT, "outsider_name")
        ),
        field("mandate_until", _("Mandate until"), Kind.DAY, _of_relation(Kind.DAY, "mandate_until")),
        field("relation_note", _("Note on a relation"), Kind.TEXT, _of_relation(Kind.TEXT, "note")),
    ]


def _seen(context: Context) -> Any:
    """Relations that stand, with a person outside or with a client whom the reader sees: the page tells no others."""
    from clients.models import Client, Relation

    clients = Client.objects.visible_to(context.user)
    both = Q(Exists(clients.filter(pk=OuterRef("other")))) & Q(Exists(clients.filter(pk=OuterRef("client"))))
    return Relation.objects.present().filter(Q(other=None) | both)


def _either(found: Any) -> Q:
    """Clients on either side of these relations, as one set for each side: relations are few, clients many."""
    return Q(pk__in=found.values("client_id")) | Q(pk__in=found.filter(other__isnull=False).values("other_id"))


def _is_related(op: str, value: list[str] | None, context: Context) -> Q:
    """By what the other is to the client, from whichever side it was written down."""
    from clients.models import Relation

    seen = _seen(context)
    if value is None:
        return _either(seen)

    def one(kind: str) -> Q:
        turned = [other for other, inverse in Relation.INVERSE.items() if inverse == kind]
        told = seen.filter(other__isnull=False, kind__in=turned)
        return Q(pk__in=seen.filter(kind=kind).values("client_id")) | Q(pk__in=told.values("other_id"))

    return _joined(op, [one(kind) for kind in value])


def _of_clients(_op: str, _value: Any, context: Context) -> Q:
    return _either(_seen(context).filter(other__isnull=False))


def _of_relation(kind: Kind, path: str) -> Compile:
    return lambda op, value, context: _either(_seen(context).filter(compare(kind, path, op, value, context)))


# -- the household -----------------------------------------------------------------------------------------------------


def _household() -> list[SegmentField]:
    from clients.models import HouseholdMember

    right = ("clients.view_household",)

    def places(_context: Context) -> Any:
        return HouseholdMember.objects.all()

    name, since = rows(Kind.TEXT, places, "household__name"), rows(Kind.DAY, places, "since")
    return [
        SegmentField("household", _("In a household"), PEOPLE, Kind.FLAG, rows(Kind.FLAG, places, "pk"), rights=right),
        SegmentField("household_name", _("Name of the household"), PEOPLE, Kind.TEXT, name, rights=right),
        SegmentField("household_since", _("In the household since"), PEOPLE, Kind.DAY, since, rights=right),
        SegmentField(
            "household_assets",
            pgettext_lazy("sum", "Assets of the household"),
            PEOPLE,
            Kind.MONEY,
            _together,
            rights=right,
            unit=_("yuan"),
        ),
    ]


def _together(op: str, value: Any, context: Context) -> Q:
    """What the members have together whom the reader sees, as the page adds it up."""
    from clients.models import HouseholdMember

    places = HouseholdMember.objects.all()
    if op != "filled":
        seen = HouseholdMember.objects.visible_to(context.user).order_by().values("household")
        sums = seen.annotate(total=Sum("client__total_assets"))
        places = places.filter(
            household__in=sums.filter(compare(Kind.MONEY, "total", op, value, context)).values("household")
        )
    return Q(pk__in=places.values("client_id"))
