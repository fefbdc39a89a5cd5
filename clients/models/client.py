"""Who the client is."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from clients.errors import ClientMerged, ClientRestricted
from clients.models.profile import PROFILE_CONSTRAINTS, PROFILE_INDEXES, Profile
from clients.models.standing import STANDING_CONSTRAINTS, STANDING_INDEXES, DataStanding
from clients.querysets.client import AdvisorAssignmentQuerySet, ClientQuerySet, RiskAssessmentQuerySet
from crm.core.clocks import local_date
from crm.core.fields import EncryptedField, MoneyField
from crm.core.masking import mask_name
from crm.core.models import PublicModel, Versioned


class RiskGrade(models.TextChoices):
    """Risk grades of ordinary investors (风险承受能力等级)."""

    C1 = "C1", _("C1 conservative")
    C2 = "C2", _("C2 rather conservative")
    C3 = "C3", _("C3 steady")
    C4 = "C4", _("C4 rather enterprising")
    C5 = "C5", _("C5 enterprising")


class InvestorClass(models.TextChoices):
    """Ordinary and professional investors (普通投资者, 专业投资者 A/B/C; 适当性管理办法 Art. 7–12)."""

    ORDINARY = "ordinary", _("Ordinary investor")
    A = "A", _("Professional investor A")
    B = "B", _("Professional investor B")
    C = "C", _("Professional investor C")


class Channel(models.TextChoices):
    """How client and branch talk to each other."""

    PHONE = "phone", pgettext_lazy("channel", "Phone")
    WECHAT = "wechat", _("WeChat")
    VISIT = "visit", _("Visit")
    COUNTER = "counter", _("Counter")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    VIDEO = "video", _("Video")
    UNKNOWN = "unknown", _("Not recorded")


#: Every list asks only for clients who were not merged into another; an index that says the same needs no look at the rows.
_THERE = Q(merged_into=None)
#: Everybody but compliance and its peers asks only for those whose data are not restricted to storage, besides.
_IN_WORK = Q(merged_into=None, restricted_on=None)


class Client(PublicModel, Versioned, DataStanding, Profile):
    """A person or institution that the branch serves.

    Private values are sealed; beside each lies what one may search by: a blind index for the whole value and its tail.
    ``total_assets`` repeats the newest daily row, so that lists sort without joining it.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        INSTITUTION = "institution", _("Institution")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        DORMANT = "dormant", _("Dormant")
        SUSPENDED = "suspended", _("Suspended")
        CLOSED = "closed", pgettext_lazy("client", "Closed")

    class Sex(models.TextChoices):
        MALE = "male", _("Male")
        FEMALE = "female", _("Female")
        UNKNOWN = "unknown", _("Not known")

    blind_index_columns: ClassVar[dict[str, str]] = {"phone_index": "phone", "id_index": "id_number"}

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="clients", verbose_name=_("branch"))
    external_id = models.CharField(_("client number"), max_length=40)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.PERSON)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    name = models.CharField(_("name"), max_length=80, blank=True)
    pinyin = models.CharField(max_length=160, blank=True, editable=False)
    initials = models.CharField(max_length=40, blank=True, editable=False)
    #: Single characters and pairs of the name, each between spaces: what a search for a part of a name looks in.
    name_grams = models.TextField(blank=True, editable=False)

    phone = EncryptedField(_("phone"), blank=True)
    phone_index = models.CharField(max_length=32, blank=True, editable=False)
    phone_tail = models.CharField(max_length=4, blank=True, editable=False)
    id_number = EncryptedField(_("identity document"), blank=True)
    id_index = models.CharField(max_length=32, blank=True, editable=False)
    id_tail = models.CharField(max_length=4, blank=True, editable=False)
    email = EncryptedField(_("e-mail"), blank=True)
    address = EncryptedField(_("address"), blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)

    sex = models.CharField(_("sex"), max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    age_on_file = models.PositiveSmallIntegerField(_("age on file"), null=True, blank=True)
    opened_on = models.DateField(_("client since"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    advisor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="book",
        verbose_name=_("served by"),
    )
    introducer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="introduced_clients",
        verbose_name=_("introduced by"),
    )

    risk_grade = models.CharField(_("risk grade"), max_length=2, choices=RiskGrade.choices, blank=True)
    is_lowest_risk = models.BooleanField(_("lowest risk capacity"), default=False)
    risk_valid_until = models.DateField(_("risk grade valid until"), null=True, blank=True)

    #: Repeats the classification in force, so that lists and checks need no join.
    investor_class = models.CharField(
        _("investor class"), max_length=8, choices=InvestorClass.choices, default=InvestorClass.ORDINARY, editable=False
    )
    investor_class_until = models.DateField(_("investor class valid until"), null=True, blank=True, editable=False)

    preferred_channel = models.CharField(_("preferred channel"), max_length=10, choices=Channel.choices, blank=True)
    do_not_contact = models.BooleanField(_("do not contact"), default=False)
    do_not_contact_reason = models.CharField(_("reason for no contact"), max_length=200, blank=True)

    #: The client into whom this one was merged; then the row only keeps its number and its history.
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="absorbed",
        verbose_name=_("merged into"),
    )

    total_assets = MoneyField(_("assets"), default=0)
    assets_on = models.DateField(_("assets as of"), null=True, blank=True)
    last_contact_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    next_contact_on = models.DateField(_("next contact"), null=True, blank=True)

    objects: ClassVar[Any] = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        permissions = [
            ("reveal_client", _("Can see private values of a client in full")),
            ("export_client", _("Can export clients")),
            ("assign_client", _("Can give a client to another member of staff")),
            ("restrict_client", _("Can restrict a client's data to storage")),
            ("view_looks", _("Can see who looked at a client")),
            ("verify_client", _("Can mark facts of a client as verified")),
            ("assess_client", _("Can enter a risk grade")),
            ("view_profile", _("Can see the whole profile of a client")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["branch", "external_id"], name="client_number_once_per_branch"),
            models.CheckConstraint(
                name="client_closed_iff_closed_on",
                condition=Q(status="closed", closed_on__isnull=False) | (~Q(status="closed") & Q(closed_on=None)),
                violation_error_message=_("A closed client needs the day of closing."),
            ),
            models.CheckConstraint(
                name="client_no_contact_needs_reason",
                condition=Q(do_not_contact=False) | ~Q(do_not_contact_reason=""),
                violation_error_message=_("Say why this client must not be contacted."),
            ),
            models.CheckConstraint(
                name="client_merged_is_closed",
                condition=Q(merged_into=None) | (Q(status="closed") & ~Q(merged_into=F("pk"))),
            ),
            *PROFILE_CONSTRAINTS,
            *STANDING_CONSTRAINTS,
        ]
        indexes = [
            # Counting a branch in work touches nothing but this (every look at the list counts up to ten thousand).
            models.Index(fields=["branch"], name="client_in_work", condition=_IN_WORK),
            # With what most conditions ask: the index alone answers them, and a row of the table costs ten times as much.
            models.Index(
                fields=["branch", "-total_assets", "-id", "status", "last_contact_at"],
                name="client_branch_assets",
                condition=_IN_WORK,
            ),
            models.Index(
                F("advisor"), F("total_assets").desc(), F("id").desc(), name="client_book_assets", condition=_THERE
            ),
            models.Index(F("total_assets").desc(), F("id").desc(), name="client_assets", condition=_THERE),
            models.Index(fields=["branch", "pinyin", "id"], name="client_branch_pinyin"),
            # What changed since a moment, the eldest change first: whoever keeps a copy asks for it, merged clients too.
            models.Index(fields=["updated_at", "id"], name="client_updated"),
            # Without a branch before them: for those who search the whole company.
            models.Index(fields=["external_id"], name="client_number"),
            models.Index(fields=["pinyin", "id"], name="client_pinyin"),
            models.Index(fields=["initials"], name="client_initials"),
            models.Index(fields=["phone_tail"], name="client_phone_tail"),
            models.Index(fields=["id_tail"], name="client_id_tail"),
            models.Index(fields=["phone_index"], name="client_phone_index"),
            models.Index(fields=["id_index"], name="client_id_index"),
            models.Index(fields=["birth_date"], name="client_birth_date", condition=Q(birth_date__isnull=False)),
            models.Index(fields=["introducer"], name="client_introducer", condition=Q(introducer__isnull=False)),
            models.Index(
                fields=["advisor", "next_contact_on"],
                name="client_next_contact",
                condition=Q(next_contact_on__isnull=False),
            ),
            models.Index(
                fields=["investor_class", "branch"],
                name="client_professional",
                condition=~Q(investor_class="ordinary"),
            ),
            *PROFILE_INDEXES,
            *STANDING_INDEXES,
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name; a client without one is called by his number."""
        return self.name or gettext("Client %(number)s") % {"number": self.external_id}

    @property
    def masked_name(self) -> str:
        """As a list shows him: masked, or by his number when there is no name."""
        return mask_name(self.name) if self.name else self.display_name

    def get_absolute_url(self) -> str:
        # Composed at the roof, which this app does not know; the address is a contract.
        return f"{reverse('clients:list')}{self.public_id}/"

    def tab_url(self, tab: str) -> str:
        """The client's page with one of its tabs open."""
        return f"{self.get_absolute_url()}?tab={tab}"

    def refuse_change(self) -> None:
        """Asked by ``lock``. Raises ``ClientMerged`` for who was merged into another, ``ClientRestricted`` where data are
        restricted to storage."""
        if self.merged_into_id is not None:
            raise ClientMerged
        if self.restricted_on is not None:
            raise ClientRestricted

    def age(self, today: date) -> int | None:
        """Whole years on ``today``, from the date of birth, else as it was handed in."""
        if self.birth_date is None:
            return self.age_on_file
        had_birthday = (today.month, today.day) >= (self.birth_date.month, self.birth_date.day)
        return today.year - self.birth_date.year - (not had_birthday)

    def risk_is_valid(self, today: date) -> bool:
        """Whether a risk grade is there and has not run out."""
        return bool(self.risk_grade and self.risk_valid_until and self.risk_valid_until >= today)

    def risk_days_left(self, today: date) -> int | None:
        """Days until the risk grade runs out, negative once it has; None without a date."""
        return (self.risk_valid_until - today).days if self.risk_valid_until else None


class ClientTeamMember(models.Model):
    """A colleague who serves a client beside the one in whose book the client is."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="team")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="team_clients")
    since = models.DateField()

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["client", "member"], name="team_member_once_per_client")]

    def __str__(self) -> str:
        return str(self.member_id)


class AdvisorAssignment(PublicModel):
    """Whose book the client was in, from when to when; the open row is the present one."""

    #: What the reason of a row from a file begins with; the public id of its batch follows.
    IMPORT_MARK = "import:"

    client = models.ForeignKey(Client, models.PROTECT, related_name="assignments")
    advisor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[Any] = AdvisorAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(until=None), name="one_present_advisor_per_client"),
            models.CheckConstraint(
                name="assignment_ends_after_it_begins", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]
        indexes = [models.Index(fields=["client", "-since"], name="assignment_history")]

    def __str__(self) -> str:
        return str(self.client_id)

    @property
    def reason_shown(self) -> str:
        """The reason in the reader's language where a file gave none; its day says more than the number of its batch."""
        if not self.reason.startswith(self.IMPORT_MARK):
            return self.reason
        return gettext("Import of %(day)s") % {"day": f"{local_date(self.since):%Y-%m-%d}"}


class RiskAssessment(PublicModel):
    """One assessment of how much risk a client can bear; entered by hand until the questionnaire arrives. Never edited."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="risk_assessments")
    grade = models.CharField(_("risk grade"), max_length=2, choices=RiskGrade.choices)
    is_lowest = models.BooleanField(_("lowest risk capacity"), default=False)
    assessed_on = models.DateField(_("assessed on"))
    valid_until = models.DateField(_("valid until"))
    basis = models.CharField(_("basis"), max_length=200)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = RiskAssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("risk assessment")
        verbose_name_plural = _("risk assessments")
        default_permissions = ("view", "add")
        constraints = [
            models.CheckConstraint(
                name="risk_assessment_ends_after_it_begins", condition=Q(valid_until__gt=F("assessed_on"))
            ),
            models.CheckConstraint(
                name="lowest_risk_capacity_is_c1",
                condition=Q(is_lowest=False) | Q(grade="C1"),
                violation_error_message=_("Lowest risk capacity is possible with C1 only."),
            ),
        ]
        indexes = [models.Index(fields=["client", "-assessed_on"], name="risk_history")]

    def __str__(self) -> str:
        return f"{self.grade} {self.assessed_on}"
