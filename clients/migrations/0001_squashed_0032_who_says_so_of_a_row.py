"""Clients, their books and everything known of them as of version 0.1, in one step."""

import datetime
from typing import Any
import crm.core.fields
import crm.core.public_ids
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.core.tables import CreateTogether


#: A GIN index over the grams serves one and two characters, where trigrams cannot (performance study); prefixes of pinyin
#: need the pattern operators in every locale but C. SQLite searches within the branch and needs none of them.
INDEXES = {
    "client_name_grams": "USING gin (string_to_array(name_grams, ' '))",
    "client_pinyin_prefix": "USING btree (pinyin text_pattern_ops)",
    "client_initials_prefix": "USING btree (initials text_pattern_ops)",
}


def create_indexes(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, definition in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON clients_client {definition}")


def drop_indexes(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    replaces = [
        ("clients", "0001_initial"),
        ("clients", "0002_branch_totals_and_name_search"),
        ("clients", "0003_company_wide_search"),
        ("clients", "0004_accounts_and_collateral"),
        ("clients", "0005_profile_facts"),
        ("clients", "0006_needs_interviews"),
        ("clients", "0007_trading_permissions"),
        ("clients", "0008_profile_rows"),
        ("clients", "0009_fractional_holdings"),
        ("clients", "0010_behaviour_and_manual_tags"),
        ("clients", "0011_investor_classes"),
        ("clients", "0012_quality_of_client_data"),
        ("clients", "0013_contact_details"),
        ("clients", "0014_contact_first_wordings"),
        ("clients", "0015_data_requests_and_holds"),
        ("clients", "0016_segments_and_views"),
        ("clients", "0017_merges_and_duplicates"),
        ("clients", "0018_document_reminders"),
        ("clients", "0019_a_branch_in_work_is_counted_by_index"),
        ("clients", "0020_a_narrowed_list_is_answered_by_index"),
        ("clients", "0021_what_changed_since_is_told_by_index"),
        ("clients", "0022_a_question_asked_again"),
        ("clients", "0023_reasons_of_a_question"),
        ("clients", "0024_fill_reasons_of_a_question"),
        ("clients", "0025_a_question_without_its_one_reason"),
        ("clients", "0026_further_numbers_are_found_by_index"),
        ("clients", "0027_the_basis_of_personal_data"),
        ("clients", "0028_one_change_of_many_clients"),
        ("clients", "0029_topics_to_avoid"),
        ("clients", "0030_money_laundering"),
        ("clients", "0031_a_purpose_has_its_code_once"),
        ("clients", "0032_who_says_so_of_a_row"),
    ]

    initial = True

    dependencies = [("core", "0010_messages_of_a_client"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        CreateTogether(
            [
                migrations.CreateModel(
                    name="Client",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("nationality", models.CharField(blank=True, max_length=40, verbose_name="nationality")),
                        ("tax_residency", models.CharField(blank=True, max_length=40, verbose_name="tax residency")),
                        ("occupation", models.CharField(blank=True, max_length=60, verbose_name="occupation")),
                        ("employer", models.CharField(blank=True, max_length=80, verbose_name="employer")),
                        ("education", models.CharField(blank=True, max_length=30, verbose_name="education")),
                        ("marital_status", models.CharField(blank=True, max_length=20, verbose_name="marital status")),
                        ("income_source", models.CharField(blank=True, max_length=60, verbose_name="source of income")),
                        (
                            "annual_income",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="yearly income"),
                        ),
                        (
                            "outside_assets",
                            crm.core.fields.MoneyField(
                                blank=True, null=True, verbose_name="financial assets elsewhere"
                            ),
                        ),
                        ("debts", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="debts")),
                        ("investing_since", models.DateField(blank=True, null=True, verbose_name="investing since")),
                        (
                            "integrity_note",
                            models.CharField(blank=True, max_length=300, verbose_name="integrity record"),
                        ),
                        ("controller", models.CharField(blank=True, max_length=80, verbose_name="actual controller")),
                        ("beneficiary", models.CharField(blank=True, max_length=80, verbose_name="beneficial owner")),
                        ("is_listed", models.BooleanField(blank=True, null=True, verbose_name="listed company")),
                        ("stock_code", models.CharField(blank=True, max_length=12, verbose_name="stock code")),
                        ("industry", models.CharField(blank=True, max_length=60, verbose_name="industry")),
                        (
                            "own_funds",
                            crm.core.fields.MoneyField(
                                blank=True, null=True, verbose_name="net assets of the institution"
                            ),
                        ),
                        (
                            "legal_representative",
                            models.CharField(blank=True, max_length=80, verbose_name="legal representative"),
                        ),
                        (
                            "id_kind",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("id_card", "Resident identity card"),
                                    ("passport", "Passport"),
                                    ("hmt_permit", "Residence permit for Hong Kong, Macao and Taiwan residents"),
                                    ("foreign_permit", "Foreigner's permanent residence card"),
                                    ("licence", "Business licence (unified social credit code)"),
                                    ("other", "Other document"),
                                ],
                                max_length=16,
                                verbose_name="kind of document",
                            ),
                        ),
                        (
                            "id_valid_until",
                            models.DateField(blank=True, null=True, verbose_name="document valid until"),
                        ),
                        (
                            "id_is_long_term",
                            models.BooleanField(default=False, verbose_name="document valid long-term"),
                        ),
                        (
                            "forbidden_channels",
                            models.CharField(blank=True, max_length=80, verbose_name="forbidden channels"),
                        ),
                        ("quiet_from", models.TimeField(blank=True, null=True, verbose_name="quiet from")),
                        ("quiet_until", models.TimeField(blank=True, null=True, verbose_name="quiet until")),
                        (
                            "stage",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("prospect", "Prospect"),
                                    ("new", "New"),
                                    ("growing", "Growing"),
                                    ("stable", "Stable"),
                                    ("at_risk", "At risk"),
                                    ("lost", "Lost"),
                                ],
                                max_length=10,
                                verbose_name="stage",
                            ),
                        ),
                        ("stage_since", models.DateField(blank=True, null=True, verbose_name="in this stage since")),
                        (
                            "provenance",
                            models.JSONField(
                                blank=True, default=dict, editable=False, verbose_name="source of the facts"
                            ),
                        ),
                        ("restricted_on", models.DateField(blank=True, null=True, verbose_name="restricted since")),
                        (
                            "restriction_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="reason of the restriction"),
                        ),
                        ("erased_on", models.DateField(blank=True, null=True, verbose_name="erased on")),
                        ("external_id", models.CharField(max_length=40, verbose_name="client number")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("person", "Person"), ("institution", "Institution")],
                                default="person",
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("active", "Active"),
                                    ("dormant", "Dormant"),
                                    ("suspended", "Suspended"),
                                    ("closed", "Closed"),
                                ],
                                default="active",
                                max_length=10,
                                verbose_name="status",
                            ),
                        ),
                        ("name", models.CharField(blank=True, max_length=80, verbose_name="name")),
                        ("pinyin", models.CharField(blank=True, editable=False, max_length=160)),
                        ("initials", models.CharField(blank=True, editable=False, max_length=40)),
                        ("name_grams", models.TextField(blank=True, editable=False)),
                        ("phone", crm.core.fields.EncryptedField(blank=True, verbose_name="phone")),
                        ("phone_index", models.CharField(blank=True, editable=False, max_length=32)),
                        ("phone_tail", models.CharField(blank=True, editable=False, max_length=4)),
                        ("id_number", crm.core.fields.EncryptedField(blank=True, verbose_name="identity document")),
                        ("id_index", models.CharField(blank=True, editable=False, max_length=32)),
                        ("id_tail", models.CharField(blank=True, editable=False, max_length=4)),
                        ("email", crm.core.fields.EncryptedField(blank=True, verbose_name="e-mail")),
                        ("address", crm.core.fields.EncryptedField(blank=True, verbose_name="address")),
                        ("city", models.CharField(blank=True, max_length=40, verbose_name="city")),
                        (
                            "sex",
                            models.CharField(
                                choices=[("male", "Male"), ("female", "Female"), ("unknown", "Not known")],
                                default="unknown",
                                max_length=8,
                                verbose_name="sex",
                            ),
                        ),
                        ("birth_date", models.DateField(blank=True, null=True, verbose_name="date of birth")),
                        (
                            "age_on_file",
                            models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="age on file"),
                        ),
                        ("opened_on", models.DateField(blank=True, null=True, verbose_name="client since")),
                        ("closed_on", models.DateField(blank=True, null=True, verbose_name="closed on")),
                        (
                            "risk_grade",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("C1", "C1 conservative"),
                                    ("C2", "C2 rather conservative"),
                                    ("C3", "C3 steady"),
                                    ("C4", "C4 rather enterprising"),
                                    ("C5", "C5 enterprising"),
                                ],
                                max_length=2,
                                verbose_name="risk grade",
                            ),
                        ),
                        ("is_lowest_risk", models.BooleanField(default=False, verbose_name="lowest risk capacity")),
                        (
                            "risk_valid_until",
                            models.DateField(blank=True, null=True, verbose_name="risk grade valid until"),
                        ),
                        (
                            "investor_class",
                            models.CharField(
                                choices=[
                                    ("ordinary", "Ordinary investor"),
                                    ("A", "Professional investor A"),
                                    ("B", "Professional investor B"),
                                    ("C", "Professional investor C"),
                                ],
                                default="ordinary",
                                editable=False,
                                max_length=8,
                                verbose_name="investor class",
                            ),
                        ),
                        (
                            "investor_class_until",
                            models.DateField(
                                blank=True, editable=False, null=True, verbose_name="investor class valid until"
                            ),
                        ),
                        (
                            "preferred_channel",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("phone", "Phone"),
                                    ("wechat", "WeChat"),
                                    ("visit", "Visit"),
                                    ("counter", "Counter"),
                                    ("sms", "SMS"),
                                    ("email", "E-mail"),
                                    ("video", "Video"),
                                    ("unknown", "Not recorded"),
                                ],
                                max_length=10,
                                verbose_name="preferred channel",
                            ),
                        ),
                        ("do_not_contact", models.BooleanField(default=False, verbose_name="do not contact")),
                        (
                            "do_not_contact_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason for no contact"),
                        ),
                        ("total_assets", crm.core.fields.MoneyField(default=0, verbose_name="assets")),
                        ("assets_on", models.DateField(blank=True, null=True, verbose_name="assets as of")),
                        ("last_contact_at", models.DateTimeField(blank=True, null=True, verbose_name="last contact")),
                        ("next_contact_on", models.DateField(blank=True, null=True, verbose_name="next contact")),
                        (
                            "advisor",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="book",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="served by",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="clients",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "introduced_by_client",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="introduced",
                                to="clients.client",
                                verbose_name="introduced by client",
                            ),
                        ),
                        (
                            "introducer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="introduced_clients",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="introduced by",
                            ),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="absorbed",
                                to="clients.client",
                                verbose_name="merged into",
                            ),
                        ),
                        ("avoid_topics", models.CharField(blank=True, max_length=200, verbose_name="topics to avoid")),
                    ],
                    options={
                        "verbose_name": "client",
                        "verbose_name_plural": "clients",
                        "permissions": [
                            ("reveal_client", "Can see private values of a client in full"),
                            ("export_client", "Can export clients"),
                            ("assign_client", "Can give a client to another member of staff"),
                            ("restrict_client", "Can restrict a client's data to storage"),
                            ("view_looks", "Can see who looked at a client"),
                            ("verify_client", "Can mark facts of a client as verified"),
                            ("assess_client", "Can enter a risk grade"),
                            ("view_profile", "Can see the whole profile of a client"),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("merged_into", None), ("restricted_on", None)),
                                fields=["branch"],
                                name="client_in_work",
                            ),
                            models.Index(
                                models.F("advisor"),
                                models.OrderBy(models.F("total_assets"), descending=True),
                                models.OrderBy(models.F("id"), descending=True),
                                condition=models.Q(("merged_into", None)),
                                name="client_book_assets",
                            ),
                            models.Index(
                                models.OrderBy(models.F("total_assets"), descending=True),
                                models.OrderBy(models.F("id"), descending=True),
                                condition=models.Q(("merged_into", None)),
                                name="client_assets",
                            ),
                            models.Index(fields=["branch", "pinyin", "id"], name="client_branch_pinyin"),
                            models.Index(fields=["external_id"], name="client_number"),
                            models.Index(fields=["pinyin", "id"], name="client_pinyin"),
                            models.Index(fields=["initials"], name="client_initials"),
                            models.Index(fields=["phone_tail"], name="client_phone_tail"),
                            models.Index(fields=["id_tail"], name="client_id_tail"),
                            models.Index(fields=["phone_index"], name="client_phone_index"),
                            models.Index(fields=["id_index"], name="client_id_index"),
                            models.Index(
                                condition=models.Q(("birth_date__isnull", False)),
                                fields=["birth_date"],
                                name="client_birth_date",
                            ),
                            models.Index(
                                condition=models.Q(("introducer__isnull", False)),
                                fields=["introducer"],
                                name="client_introducer",
                            ),
                            models.Index(
                                condition=models.Q(("next_contact_on__isnull", False)),
                                fields=["advisor", "next_contact_on"],
                                name="client_next_contact",
                            ),
                            models.Index(
                                condition=models.Q(("investor_class", "ordinary"), _negated=True),
                                fields=["investor_class", "branch"],
                                name="client_professional",
                            ),
                            models.Index(
                                condition=models.Q(("id_valid_until__isnull", False)),
                                fields=["branch", "id_valid_until"],
                                name="client_document_expiry",
                            ),
                            models.Index(
                                condition=models.Q(("introduced_by_client__isnull", False)),
                                fields=["introduced_by_client"],
                                name="client_introduced_by",
                            ),
                            models.Index(
                                condition=models.Q(("restricted_on__isnull", False)),
                                fields=["restricted_on"],
                                name="client_restricted",
                            ),
                            models.Index(
                                condition=models.Q(("closed_on__isnull", False)),
                                fields=["closed_on"],
                                name="client_closed_on",
                            ),
                            models.Index(
                                condition=models.Q(("merged_into", None), ("restricted_on", None)),
                                fields=["branch", "-total_assets", "-id", "status", "last_contact_at"],
                                name="client_branch_assets",
                            ),
                            models.Index(fields=["updated_at", "id"], name="client_updated"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("branch", "external_id"), name="client_number_once_per_branch"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_on__isnull", False), ("status", "closed")),
                                    models.Q(models.Q(("status", "closed"), _negated=True), ("closed_on", None)),
                                    _connector="OR",
                                ),
                                name="client_closed_iff_closed_on",
                                violation_error_message="A closed client needs the day of closing.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("do_not_contact", False),
                                    models.Q(("do_not_contact_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="client_no_contact_needs_reason",
                                violation_error_message="Say why this client must not be contacted.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("merged_into", None),
                                    models.Q(
                                        ("status", "closed"), models.Q(("merged_into", models.F("pk")), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="client_merged_is_closed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("id_is_long_term", False), ("id_valid_until", None), _connector="OR"
                                ),
                                name="client_document_long_term_has_no_end",
                                violation_error_message="A document that is valid long-term has no last day.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("quiet_from", None), ("quiet_until", None)),
                                    models.Q(("quiet_from__isnull", False), ("quiet_until__isnull", False)),
                                    _connector="OR",
                                ),
                                name="client_quiet_hours_have_both_ends",
                                violation_error_message="Quiet hours need a beginning and an end.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("annual_income", None), ("annual_income__gte", 0), _connector="OR"),
                                    models.Q(("outside_assets", None), ("outside_assets__gte", 0), _connector="OR"),
                                    models.Q(("debts", None), ("debts__gte", 0), _connector="OR"),
                                ),
                                name="client_amounts_are_not_negative",
                                violation_error_message="Income, assets and debts are never negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("stock_code", ""), ("is_listed", True), _connector="OR"),
                                name="client_stock_code_means_listed",
                                violation_error_message="Only a listed company has a stock code.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("restricted_on", None), ("restriction_reason", "")),
                                    models.Q(
                                        ("restricted_on__isnull", False),
                                        models.Q(("restriction_reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="client_restricted_with_reason",
                                violation_error_message="Say why the client's data are restricted.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("erased_on", None), ("restricted_on__isnull", False), _connector="OR"
                                ),
                                name="client_erased_is_restricted",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BranchDay",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "branch_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("clients", models.PositiveIntegerField()),
                        ("net_assets", crm.core.fields.MoneyField(verbose_name="net assets")),
                        ("inflow", crm.core.fields.MoneyField(verbose_name="inflow")),
                        ("outflow", crm.core.fields.MoneyField(verbose_name="outflow")),
                        ("turnover", crm.core.fields.MoneyField(verbose_name="turnover")),
                        ("commission", crm.core.fields.MoneyField(verbose_name="commission")),
                        (
                            "branch",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "branch totals of a day",
                        "verbose_name_plural": "branch totals of days",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="BusinessLineMark",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "line",
                            models.CharField(
                                choices=[
                                    ("stock", "Stocks"),
                                    ("bond", "Bonds"),
                                    ("fund", "Funds"),
                                    ("derivatives", "Futures and options"),
                                    ("margin", "Margin trading"),
                                    ("advice", "Research and advice"),
                                    ("wealth", "Wealth products"),
                                    ("corporate", "Corporate finance"),
                                ],
                                max_length=12,
                                verbose_name="business line",
                            ),
                        ),
                        ("note", models.CharField(max_length=200, verbose_name="what for")),
                        ("marked_on", models.DateField(verbose_name="marked on")),
                        (
                            "marked_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="line_marks",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "mark of a business line",
                        "verbose_name_plural": "marks of business lines",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["line", "client"], name="line_mark")],
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "line"), name="line_marked_once_per_client")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AssetMilestone",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("amount", crm.core.fields.MoneyField(verbose_name="amount")),
                        ("reached_on", models.DateField(verbose_name="reached on")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="asset_milestones",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "assets reached",
                        "verbose_name_plural": "assets reached",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["reached_on"], name="asset_milestone_day")],
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "amount"), name="asset_milestone_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AdvisorAssignment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("since", models.DateTimeField(verbose_name="since")),
                        ("until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        (
                            "advisor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "assigned_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="assignments",
                                to="clients.client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "assignment",
                        "verbose_name_plural": "assignments",
                        "default_permissions": ("view",),
                        "indexes": [models.Index(fields=["client", "-since"], name="assignment_history")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("client",),
                                name="one_present_advisor_per_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                                name="assignment_ends_after_it_begins",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("cash", "Cash account"),
                                    ("credit", "Credit account"),
                                    ("option", "Option account"),
                                    ("fund", "Fund account"),
                                    ("sh_a", "Shanghai A-share account"),
                                    ("sz_a", "Shenzhen A-share account"),
                                    ("bse", "Beijing Stock Exchange account"),
                                    ("one_code", "One-code account"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("number", crm.core.fields.EncryptedField(blank=True, verbose_name="account number")),
                        ("number_index", models.CharField(blank=True, editable=False, max_length=32)),
                        ("number_tail", models.CharField(blank=True, editable=False, max_length=4)),
                        (
                            "status",
                            models.CharField(
                                choices=[("open", "Open"), ("frozen", "Frozen"), ("closed", "Closed")],
                                default="open",
                                max_length=6,
                                verbose_name="status",
                            ),
                        ),
                        ("opened_on", models.DateField(blank=True, null=True, verbose_name="opened on")),
                        ("closed_on", models.DateField(blank=True, null=True, verbose_name="closed on")),
                        ("first_trade_on", models.DateField(blank=True, null=True, verbose_name="first trade on")),
                        (
                            "margin_ratio",
                            models.DecimalField(
                                blank=True, decimal_places=4, max_digits=16, null=True, verbose_name="collateral ratio"
                            ),
                        ),
                        ("margin_on", models.DateField(blank=True, null=True, verbose_name="collateral ratio as of")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="accounts",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "account",
                        "verbose_name_plural": "accounts",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(fields=["client", "kind"], name="account_of_client"),
                            models.Index(fields=["number_tail"], name="account_tail"),
                            models.Index(fields=["number_index"], name="account_number"),
                            models.Index(
                                condition=models.Q(("margin_ratio__isnull", False)),
                                fields=["margin_ratio", "client"],
                                name="account_ratio",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("number_index", ""), _negated=True),
                                fields=("kind", "number_index"),
                                name="account_number_once_per_kind",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_on__isnull", False), ("status", "closed")),
                                    models.Q(models.Q(("status", "closed"), _negated=True), ("closed_on", None)),
                                    _connector="OR",
                                ),
                                name="account_closed_iff_closed_on",
                                violation_error_message="A closed account needs the day of closing.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("closed_on", None),
                                    ("opened_on", None),
                                    ("closed_on__gte", models.F("opened_on")),
                                    _connector="OR",
                                ),
                                name="account_ends_after_it_begins",
                                violation_error_message="An account cannot be closed before it was opened.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("margin_ratio", None), ("kind", "credit"), _connector="OR"),
                                name="account_ratio_of_credit_only",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClientTeamMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("since", models.DateField()),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="team", to="clients.client"
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="team_clients",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "team member",
                        "verbose_name_plural": "team members",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "member"), name="team_member_once_per_client")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ContactLog",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("external_id", models.CharField(blank=True, editable=False, max_length=60)),
                        ("at", models.DateTimeField(verbose_name="at")),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("phone", "Phone"),
                                    ("wechat", "WeChat"),
                                    ("visit", "Visit"),
                                    ("counter", "Counter"),
                                    ("sms", "SMS"),
                                    ("email", "E-mail"),
                                    ("video", "Video"),
                                    ("unknown", "Not recorded"),
                                ],
                                max_length=10,
                                verbose_name="channel",
                            ),
                        ),
                        (
                            "direction",
                            models.CharField(
                                choices=[("out", "We contacted the client"), ("in", "The client contacted us")],
                                default="out",
                                max_length=3,
                                verbose_name="direction",
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("service", "Service"),
                                    ("market", "Market news"),
                                    ("product", "Product"),
                                    ("account", "Account business"),
                                    ("care", "Care"),
                                    ("complaint", "Complaint"),
                                    ("campaign", "Campaign"),
                                    ("other", "Other"),
                                ],
                                default="service",
                                max_length=12,
                                verbose_name="purpose",
                            ),
                        ),
                        (
                            "spoke_with",
                            models.CharField(
                                choices=[
                                    ("client", "The client"),
                                    ("person", "Contact person of the institution"),
                                    ("relation", "Related person"),
                                    ("other", "Somebody else"),
                                ],
                                default="client",
                                max_length=8,
                                verbose_name="spoke with",
                            ),
                        ),
                        (
                            "other_name",
                            models.CharField(blank=True, max_length=80, verbose_name="name of who was spoken with"),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("reached", "Reached"),
                                    ("no_answer", "No answer"),
                                    ("refused", "Did not want to talk"),
                                    ("unknown", "Not recorded"),
                                ],
                                default="reached",
                                max_length=10,
                                verbose_name="outcome",
                            ),
                        ),
                        (
                            "mood",
                            models.CharField(
                                blank=True,
                                choices=[("good", "Satisfied"), ("neutral", "Neutral"), ("bad", "Dissatisfied")],
                                max_length=8,
                                verbose_name="mood",
                            ),
                        ),
                        (
                            "duration_seconds",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="seconds"),
                        ),
                        ("content", models.TextField(blank=True, max_length=4000, verbose_name="what was said")),
                        ("next_on", models.DateField(blank=True, null=True, verbose_name="next contact on")),
                        (
                            "next_content",
                            models.CharField(blank=True, max_length=200, verbose_name="what to speak about next"),
                        ),
                        ("device_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "clock",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "Our clock, or as somebody said"),
                                    ("device", "By the phone's clock"),
                                    ("wrong", "The phone's clock was wrong; time of arrival"),
                                ],
                                default="",
                                editable=False,
                                max_length=6,
                            ),
                        ),
                        ("clock_ahead_seconds", models.IntegerField(blank=True, editable=False, null=True)),
                        (
                            "correction_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of the correction"),
                        ),
                        ("first_ref", models.CharField(blank=True, editable=False, max_length=26)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contacts",
                                to="clients.client",
                            ),
                        ),
                        (
                            "corrects",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="corrected_by",
                                to="clients.contactlog",
                                verbose_name="corrects",
                            ),
                        ),
                        (
                            "staff",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="contact_logs",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "contact_person",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.contactperson",
                                verbose_name="contact person",
                            ),
                        ),
                        (
                            "relation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.relation",
                                verbose_name="related person",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "contact",
                        "verbose_name_plural": "contacts",
                        "permissions": [("correct_contactlog", "Can correct a contact")],
                        "default_permissions": ("view", "add"),
                        "indexes": [
                            models.Index(fields=["client", "-at", "-id"], name="contact_timeline"),
                            models.Index(fields=["staff", "-at", "-id"], name="contact_by_staff"),
                            models.Index(fields=["-at", "-id"], name="contact_newest"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("external_id", ""), _negated=True),
                                fields=("client", "external_id"),
                                name="imported_contact_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("corrects", None),
                                    models.Q(("correction_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="contact_correction_has_reason",
                                violation_error_message="Say why the contact is corrected.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("contact_person", None),
                                        ("other_name", ""),
                                        ("relation", None),
                                        ("spoke_with", "client"),
                                    ),
                                    models.Q(
                                        ("contact_person__isnull", False),
                                        ("other_name", ""),
                                        ("relation", None),
                                        ("spoke_with", "person"),
                                    ),
                                    models.Q(
                                        ("contact_person", None),
                                        ("other_name", ""),
                                        ("relation__isnull", False),
                                        ("spoke_with", "relation"),
                                    ),
                                    models.Q(
                                        ("contact_person", None),
                                        ("relation", None),
                                        ("spoke_with", "other"),
                                        models.Q(("other_name", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="contact_names_whom_it_was_with",
                                violation_error_message="Say with whom it was spoken.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("corrects", None),
                                    models.Q(("corrects", models.F("pk")), _negated=True),
                                    _connector="OR",
                                ),
                                name="contact_does_not_correct_itself",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Appointment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("phone", "Phone"),
                                    ("wechat", "WeChat"),
                                    ("visit", "Visit"),
                                    ("counter", "Counter"),
                                    ("sms", "SMS"),
                                    ("email", "E-mail"),
                                    ("video", "Video"),
                                    ("unknown", "Not recorded"),
                                ],
                                max_length=10,
                                verbose_name="channel",
                            ),
                        ),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("service", "Service"),
                                    ("market", "Market news"),
                                    ("product", "Product"),
                                    ("account", "Account business"),
                                    ("care", "Care"),
                                    ("complaint", "Complaint"),
                                    ("campaign", "Campaign"),
                                    ("other", "Other"),
                                ],
                                default="service",
                                max_length=12,
                                verbose_name="purpose",
                            ),
                        ),
                        ("starts_at", models.DateTimeField(verbose_name="starts at")),
                        ("minutes", models.PositiveSmallIntegerField(default=30, verbose_name="minutes")),
                        ("subject", models.CharField(blank=True, max_length=200, verbose_name="what about")),
                        ("place", models.CharField(blank=True, max_length=200, verbose_name="place or link")),
                        (
                            "state",
                            models.CharField(
                                choices=[("booked", "Booked"), ("held", "Held"), ("cancelled", "Cancelled")],
                                default="booked",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "cancel_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of the cancellation"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "booked_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "staff",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="held by",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="appointments",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "contact",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="appointment",
                                to="clients.contactlog",
                                verbose_name="contact",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "appointment",
                        "verbose_name_plural": "appointments",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "booked")),
                                fields=["staff", "starts_at"],
                                name="appointment_booked",
                            ),
                            models.Index(fields=["client", "-starts_at"], name="appointment_of_client"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("contact__isnull", False), ("state", "held")),
                                    models.Q(models.Q(("state", "held"), _negated=True), ("contact", None)),
                                    _connector="OR",
                                ),
                                name="appointment_held_iff_contact",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "cancelled"), _negated=True),
                                    models.Q(("cancel_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="appointment_cancelled_with_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("minutes__gte", 5), ("minutes__lte", 480)),
                                name="appointment_lasts_a_while",
                                violation_error_message="An appointment lasts from 5 minutes to 8 hours.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ContactPerson",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "removed_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken off at"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("position", models.CharField(blank=True, max_length=60, verbose_name="position")),
                        ("phone", crm.core.fields.EncryptedField(blank=True, verbose_name="phone")),
                        ("phone_index", models.CharField(blank=True, editable=False, max_length=32)),
                        ("phone_tail", models.CharField(blank=True, editable=False, max_length=4)),
                        ("email", crm.core.fields.EncryptedField(blank=True, verbose_name="e-mail")),
                        ("birth_date", models.DateField(blank=True, null=True, verbose_name="date of birth")),
                        ("is_decision_maker", models.BooleanField(default=False, verbose_name="decides")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="%(class)s_rows",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("client", "Client"),
                                    ("staff", "Staff"),
                                    ("system", "System"),
                                    ("import", "Import"),
                                ],
                                default="staff",
                                max_length=6,
                                verbose_name="source",
                            ),
                        ),
                        ("as_of", models.DateField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "contact person",
                        "verbose_name_plural": "contact persons",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(fields=["phone_index"], name="contact_person_phone_index"),
                            models.Index(
                                condition=models.Q(("removed_at", None)),
                                fields=["phone_tail"],
                                name="contact_person_phone_tail",
                            ),
                            models.Index(
                                condition=models.Q(("removed_at", None)),
                                fields=["name"],
                                name="contact_person_name",
                                opclasses=["varchar_pattern_ops"],
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("as_of__gte", datetime.date(1900, 1, 1)),
                                    ("source__in", ["client", "staff", "system", "import"]),
                                ),
                                name="contactperson_says_who_and_since_when",
                                violation_error_message="Say who says so, and since when.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ContactPoint",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "removed_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken off at"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("phone", "Phone"),
                                    ("email", "E-mail"),
                                    ("wechat", "WeChat id"),
                                    ("address", "Address"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("label", models.CharField(blank=True, max_length=30, verbose_name="label")),
                        ("value", crm.core.fields.EncryptedField(verbose_name="number or address")),
                        ("value_index", models.CharField(blank=True, editable=False, max_length=32)),
                        ("value_tail", models.CharField(blank=True, editable=False, max_length=4)),
                        ("is_primary", models.BooleanField(default=False, verbose_name="primary")),
                        ("is_preferred", models.BooleanField(default=False, verbose_name="preferred")),
                        ("is_forbidden", models.BooleanField(default=False, verbose_name="must not be used")),
                        ("verified_on", models.DateField(blank=True, null=True, verbose_name="verified on")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="%(class)s_rows",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("client", "Client"),
                                    ("staff", "Staff"),
                                    ("system", "System"),
                                    ("import", "Import"),
                                ],
                                default="staff",
                                max_length=6,
                                verbose_name="source",
                            ),
                        ),
                        ("as_of", models.DateField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "contact point",
                        "verbose_name_plural": "contact points",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(fields=["value_index"], name="contact_point_value_index"),
                            models.Index(
                                condition=models.Q(("kind", "phone"), ("removed_at", None)),
                                fields=["value_tail"],
                                name="contact_point_phone_tail",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_primary", True), ("removed_at", None)),
                                fields=("client", "kind"),
                                name="one_primary_contact_point_per_kind",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("is_preferred", False), ("is_forbidden", False), _connector="OR"),
                                name="contact_point_preferred_or_forbidden",
                                violation_error_message="What must not be used cannot be preferred.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("as_of__gte", datetime.date(1900, 1, 1)),
                                    ("source__in", ["client", "staff", "system", "import"]),
                                ),
                                name="contactpoint_says_who_and_since_when",
                                violation_error_message="Say who says so, and since when.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DailyAsset",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "day", "client_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("net_assets", crm.core.fields.MoneyField(verbose_name="net assets")),
                        ("market_value", crm.core.fields.MoneyField(default=0, verbose_name="market value")),
                        ("cash", crm.core.fields.MoneyField(default=0, verbose_name="cash")),
                        ("margin_debt", crm.core.fields.MoneyField(default=0, verbose_name="margin debt")),
                        ("inflow", crm.core.fields.MoneyField(default=0, verbose_name="inflow")),
                        ("outflow", crm.core.fields.MoneyField(default=0, verbose_name="outflow")),
                        ("turnover", crm.core.fields.MoneyField(default=0, verbose_name="turnover")),
                        ("commission", crm.core.fields.MoneyField(default=0, verbose_name="commission")),
                        ("sum_net_assets", crm.core.fields.MoneyField(editable=False)),
                        ("sum_turnover", crm.core.fields.MoneyField(editable=False)),
                        ("sum_commission", crm.core.fields.MoneyField(editable=False)),
                        ("days_on_file", models.PositiveIntegerField(editable=False)),
                        (
                            "client",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="daily_assets",
                                to="clients.client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "daily assets",
                        "verbose_name_plural": "daily assets",
                        "default_permissions": ("view", "add"),
                    },
                ),
                migrations.CreateModel(
                    name="DataRequest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("access", "Access"),
                                    ("copy", "Copy"),
                                    ("correct", "Correction"),
                                    ("delete", "Deletion"),
                                    ("withdraw", "Withdrawal of consent"),
                                ],
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("counter", "Counter"),
                                    ("phone", "Phone"),
                                    ("letter", "Letter"),
                                    ("email", "E-mail"),
                                    ("app", "App or website"),
                                ],
                                max_length=10,
                                verbose_name="received by",
                            ),
                        ),
                        ("received_on", models.DateField(verbose_name="received on")),
                        ("details", models.CharField(blank=True, max_length=1000, verbose_name="what is asked")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("received", "Received"),
                                    ("checked", "Identity checked"),
                                    ("in_work", "In work"),
                                    ("proposed", "Waiting for approval"),
                                    ("answered", "Answered"),
                                    ("refused", "Refused"),
                                ],
                                default="received",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("due_on", models.DateField(verbose_name="answer due on")),
                        ("paused_on", models.DateField(blank=True, null=True, verbose_name="paused since")),
                        (
                            "identity",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("document", "Identity document seen"),
                                    ("call_back", "Called back on the number on file"),
                                    ("account", "Signed in to the trading account"),
                                    ("proxy", "Power of attorney and both documents seen"),
                                ],
                                max_length=10,
                                verbose_name="identity checked by",
                            ),
                        ),
                        ("grants", models.BooleanField(blank=True, null=True, verbose_name="granted")),
                        ("answer", models.CharField(blank=True, max_length=2000, verbose_name="answer")),
                        ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="answered at")),
                        ("outcome", models.CharField(blank=True, max_length=300, verbose_name="outcome")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "approved_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="data_requests",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "identity_checked_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="owner",
                            ),
                        ),
                        (
                            "proposed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "registered_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "data-subject request",
                        "verbose_name_plural": "data-subject requests",
                        "permissions": [("approve_datarequest", "Can approve the answer to a data-subject request")],
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(fields=["due_on", "id"], name="data_request_due"),
                            models.Index(fields=["client", "-id"], name="data_request_client"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("ended_at__isnull", False), ("state__in", ("answered", "refused"))),
                                    models.Q(
                                        models.Q(("state__in", ("answered", "refused")), _negated=True),
                                        ("ended_at", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="data_request_ended_iff_ended_at",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("approved_by", None),
                                    models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="data_request_four_eyes",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ("received", "refused")),
                                    models.Q(("grants", False), ("state", "proposed")),
                                    models.Q(("identity", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="data_request_identity_before_work",
                                violation_error_message="Check who asks before anything else.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DuplicatePair",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "reasons",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("document", "Same identity document"),
                                    ("phone_name", "Same phone and name"),
                                    ("name_birthday", "Similar name, same date of birth"),
                                ],
                                default=list,
                                verbose_name="why",
                            ),
                        ),
                        ("score", models.PositiveSmallIntegerField(verbose_name="likeness")),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "To be looked at"), ("dismissed", "Two different clients")],
                                default="open",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("found_on", models.DateField(verbose_name="found on")),
                        ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                        ("dismiss_reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "dismissed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "first",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="clients.client"
                            ),
                        ),
                        (
                            "second",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="clients.client"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "suspected duplicate",
                        "verbose_name_plural": "suspected duplicates",
                        "default_permissions": ("view", "change"),
                        "indexes": [
                            models.Index(fields=["branch", "state", "-score", "id"], name="duplicate_work_list")
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("first", "second"), name="duplicate_pair_once"),
                            models.CheckConstraint(
                                condition=models.Q(("first__lt", models.F("second"))), name="duplicate_pair_in_order"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("dismiss_reason", ""),
                                        ("dismissed_at", None),
                                        ("dismissed_by", None),
                                        ("state", "open"),
                                    ),
                                    models.Q(
                                        ("dismissed_at__isnull", False),
                                        ("dismissed_by__isnull", False),
                                        ("state", "dismissed"),
                                        models.Q(("dismiss_reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="duplicate_dismissed_with_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EntryTest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "code",
                            models.CharField(
                                choices=[
                                    ("star", "STAR Market"),
                                    ("chinext", "ChiNext"),
                                    ("bse", "Beijing Stock Exchange"),
                                    ("hk_connect", "Hong Kong Stock Connect"),
                                    ("neeq_innovation", "NEEQ innovation layer"),
                                    ("neeq_base", "NEEQ base layer"),
                                    ("margin", "Margin trading"),
                                    ("option", "Stock options"),
                                    ("convertible", "Convertible bonds"),
                                    ("risk_warning", "Risk-warning shares"),
                                    ("delisting", "Delisting period"),
                                ],
                                max_length=16,
                                verbose_name="permission",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("knowledge", "Knowledge test"),
                                    ("exchange", "Exchange test"),
                                    ("simulated", "Simulated trading"),
                                    ("disclosure", "Risk disclosure signed"),
                                    ("not_associate", "Declared: no shareholder or associate"),
                                    ("futures_trades", "Financial-futures trades proved"),
                                    ("trade_work", "Work or senior post in finance proved"),
                                ],
                                max_length=16,
                                verbose_name="what",
                            ),
                        ),
                        ("done_on", models.DateField(verbose_name="day")),
                        ("score", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="points")),
                        ("reference", models.CharField(blank=True, max_length=120, verbose_name="where it is kept")),
                        ("entered_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entry_tests",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "entered_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "entry test",
                        "verbose_name_plural": "entry tests",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["client", "code", "kind", "-done_on"], name="entry_test_newest")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("score", None), ("score__lte", 100), _connector="OR"),
                                name="entry_test_has_at_most_100_points",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind__in", ["knowledge", "exchange"]), ("score__isnull", False)),
                                    models.Q(
                                        models.Q(("kind__in", ["knowledge", "exchange"]), _negated=True),
                                        ("score", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="entry_test_marked_iff_points",
                                violation_error_message="A test needs its points; nothing else has any.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Erasure",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("proposed", "Proposed"),
                                    ("approved", "Approved by two"),
                                    ("done", "Erased"),
                                    ("rejected", "Rejected"),
                                ],
                                default="proposed",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        ("proposed_at", models.DateTimeField(verbose_name="proposed at")),
                        ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                        ("certificate", models.JSONField(default=dict, verbose_name="certificate")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="erasures",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "first_approver",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "proposed_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "second_approver",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "erasure",
                        "verbose_name_plural": "erasures",
                        "permissions": [("approve_erasure", "Can approve the erasure of a client's data")],
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ("proposed", "approved"))),
                                fields=("client",),
                                name="one_erasure_under_way",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("first_approver", None),
                                        models.Q(("first_approver", models.F("proposed_by")), _negated=True),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("second_approver", None),
                                        models.Q(
                                            models.Q(("second_approver", models.F("first_approver")), _negated=True),
                                            models.Q(("second_approver", models.F("proposed_by")), _negated=True),
                                        ),
                                        _connector="OR",
                                    ),
                                ),
                                name="erasure_two_approvers",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ("approved", "done")), _negated=True),
                                    ("second_approver__isnull", False),
                                    _connector="OR",
                                ),
                                name="erasure_done_with_two",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FinancingNeed",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "removed_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken off at"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("ipo", "IPO"),
                                    ("refinancing", "Refinancing"),
                                    ("bonds", "Bond issue"),
                                    ("merger", "Merger or acquisition"),
                                    ("pledge", "Share-pledge financing"),
                                    ("other", "Other"),
                                ],
                                max_length=12,
                                verbose_name="kind of financing",
                            ),
                        ),
                        ("amount", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="amount")),
                        ("expected_on", models.DateField(blank=True, null=True, verbose_name="expected on")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("followed", "Being followed"),
                                    ("handed_on", "Handed on"),
                                    ("done", "Done"),
                                    ("dropped", "Dropped"),
                                ],
                                default="open",
                                max_length=10,
                                verbose_name="status",
                            ),
                        ),
                        ("handed_to", models.CharField(blank=True, max_length=80, verbose_name="handed on to")),
                        ("handed_on", models.DateField(blank=True, null=True, verbose_name="handed on (day)")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="%(class)s_rows",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "recorded_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("client", "Client"),
                                    ("staff", "Staff"),
                                    ("system", "System"),
                                    ("import", "Import"),
                                ],
                                default="staff",
                                max_length=6,
                                verbose_name="source",
                            ),
                        ),
                        ("as_of", models.DateField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "financing need",
                        "verbose_name_plural": "financing needs",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status__in", ["open", "followed"])),
                                fields=["status", "expected_on"],
                                name="financing_open",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount", None), ("amount__gt", 0), _connector="OR"),
                                name="financing_amount_is_positive",
                                violation_error_message="An amount is more than nothing.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "handed_on"), _negated=True),
                                    models.Q(models.Q(("handed_to", ""), _negated=True), ("handed_on__isnull", False)),
                                    _connector="OR",
                                ),
                                name="financing_handed_on_names_whom_and_when",
                                violation_error_message="Say to whom it was handed on.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("as_of__gte", datetime.date(1900, 1, 1)),
                                    ("source__in", ["client", "staff", "system", "import"]),
                                ),
                                name="financingneed_says_who_and_since_when",
                                violation_error_message="Say who says so, and since when.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Holding",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("security_code", models.CharField(max_length=12, verbose_name="security code")),
                        ("security_name", models.CharField(max_length=40, verbose_name="security")),
                        (
                            "security_kind",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("stock", "Stocks"),
                                    ("bond", "Bonds"),
                                    ("fund", "Funds"),
                                    ("derivatives", "Futures and options"),
                                    ("wealth", "Wealth products"),
                                    ("other", "Other securities"),
                                ],
                                max_length=12,
                                verbose_name="kind of security",
                            ),
                        ),
                        (
                            "quantity",
                            crm.core.fields.QuantityField(
                                help_text="Shares, bonds or units of funds; funds have up to four places.",
                                verbose_name="quantity",
                            ),
                        ),
                        ("market_value", crm.core.fields.MoneyField(verbose_name="market value")),
                        ("cost", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="cost")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="holdings",
                                to="clients.client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "holding",
                        "verbose_name_plural": "holdings",
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["security_code", "day"], name="holding_by_security")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("client", "day", "security_code"), name="holding_once_per_day_and_security"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Household",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("name", models.CharField(max_length=80, verbose_name="name of the household")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "household",
                        "verbose_name_plural": "households",
                        "default_permissions": ("view", "add", "change"),
                    },
                ),
                migrations.CreateModel(
                    name="HouseholdMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("since", models.DateField(verbose_name="since")),
                        (
                            "client",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="household_place",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "household",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="members",
                                to="clients.household",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "member of a household",
                        "verbose_name_plural": "members of a household",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="IdentityDocument",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "removed_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken off at"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("id_card", "Resident identity card"),
                                    ("passport", "Passport"),
                                    ("hmt_permit", "Residence permit for Hong Kong, Macao and Taiwan residents"),
                                    ("foreign_permit", "Foreigner's permanent residence card"),
                                    ("licence", "Business licence (unified social credit code)"),
                                    ("other", "Other document"),
                                ],
                                max_length=16,
                                verbose_name="kind of document",
                            ),
                        ),
                        ("number", crm.core.fields.EncryptedField(verbose_name="document number")),
                        ("number_index", models.CharField(blank=True, editable=False, max_length=32)),
                        ("number_tail", models.CharField(blank=True, editable=False, max_length=4)),
                        ("issued_by", models.CharField(blank=True, max_length=80, verbose_name="issued by")),
                        ("valid_until", models.DateField(blank=True, null=True, verbose_name="valid until")),
                        ("is_long_term", models.BooleanField(default=False, verbose_name="valid long-term")),
                        ("is_primary", models.BooleanField(default=False, verbose_name="primary")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="%(class)s_rows",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("client", "Client"),
                                    ("staff", "Staff"),
                                    ("system", "System"),
                                    ("import", "Import"),
                                ],
                                default="staff",
                                max_length=6,
                                verbose_name="source",
                            ),
                        ),
                        ("as_of", models.DateField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "identity document",
                        "verbose_name_plural": "identity documents",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(fields=["number_index"], name="document_number_index"),
                            models.Index(
                                condition=models.Q(("removed_at", None)),
                                fields=["number_tail"],
                                name="document_number_tail",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_primary", True), ("removed_at", None)),
                                fields=("client",),
                                name="one_primary_document_per_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("is_long_term", False), ("valid_until", None), _connector="OR"),
                                name="document_long_term_has_no_end",
                                violation_error_message="A document that is valid long-term has no last day.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("as_of__gte", datetime.date(1900, 1, 1)),
                                    ("source__in", ["client", "staff", "system", "import"]),
                                ),
                                name="identitydocument_says_who_and_since_when",
                                violation_error_message="Say who says so, and since when.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DocumentReminder",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("id_card", "Resident identity card"),
                                    ("passport", "Passport"),
                                    ("hmt_permit", "Residence permit for Hong Kong, Macao and Taiwan residents"),
                                    ("foreign_permit", "Foreigner's permanent residence card"),
                                    ("licence", "Business licence (unified social credit code)"),
                                    ("other", "Other document"),
                                ],
                                max_length=16,
                                verbose_name="kind of document",
                            ),
                        ),
                        ("valid_until", models.DateField(verbose_name="valid until")),
                        ("days_before", models.SmallIntegerField()),
                        ("due_on", models.DateField(verbose_name="due on")),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "To do"),
                                    ("told", "Client told"),
                                    ("limited", "Services limited"),
                                    ("excused", "Reason accepted, services not limited"),
                                    ("lapsed", "Gave way to the next step"),
                                    ("renewed", "Document renewed or no longer on file"),
                                ],
                                default="",
                                max_length=8,
                                verbose_name="outcome",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        ("settled_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="document_reminders",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "settled_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "document",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reminders",
                                to="clients.identitydocument",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "reminder of a document",
                        "verbose_name_plural": "reminders of documents",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                models.F("valid_until"),
                                models.F("id"),
                                condition=models.Q(("outcome", "")),
                                name="document_reminder_open",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("document", None)),
                                fields=("client", "valid_until", "days_before"),
                                name="primary_document_reminded_once_a_step",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("document__isnull", False)),
                                fields=("document", "valid_until", "days_before"),
                                name="document_reminded_once_a_step",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("outcome", ""), ("settled_at", None)),
                                    models.Q(models.Q(("outcome", ""), _negated=True), ("settled_at__isnull", False)),
                                    _connector="OR",
                                ),
                                name="reminder_settled_with_its_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IndexLevel",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("index_code", models.CharField(max_length=12, verbose_name="index code")),
                        ("day", models.DateField(verbose_name="day")),
                        ("level", models.DecimalField(decimal_places=4, max_digits=12, verbose_name="close")),
                    ],
                    options={
                        "verbose_name": "index level",
                        "verbose_name_plural": "index levels",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.UniqueConstraint(fields=("index_code", "day"), name="index_level_once_per_day"),
                            models.CheckConstraint(condition=models.Q(("level__gt", 0)), name="index_level_positive"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvestorClassification",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "wanted",
                            models.CharField(
                                choices=[
                                    ("A", "Professional investor A"),
                                    ("B", "Professional investor B"),
                                    ("C", "Professional investor C"),
                                ],
                                max_length=8,
                                verbose_name="class",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Awaits decision"),
                                    ("approved", "In force"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                    ("ended", "Ended"),
                                ],
                                default="waiting",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("applied_on", models.DateField(verbose_name="written application of")),
                        (
                            "financial_assets",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="financial assets stated"),
                        ),
                        (
                            "income",
                            crm.core.fields.MoneyField(
                                blank=True, null=True, verbose_name="average income of three years stated"
                            ),
                        ),
                        (
                            "net_assets",
                            crm.core.fields.MoneyField(
                                blank=True, null=True, verbose_name="net assets at the last year-end stated"
                            ),
                        ),
                        (
                            "months",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="months of experience stated"
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "None of these"),
                                    ("licensed", "Licensed financial institution"),
                                    ("product", "Product issued by one"),
                                    ("social_fund", "Social security, pension or charity fund, QFII, RQFII"),
                                    ("finance_work", "Two years of product design, investment or risk work in finance"),
                                    ("senior_manager", "Senior manager of a licensed institution"),
                                    ("certified", "Certified accountant or lawyer in finance"),
                                ],
                                max_length=16,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "notice_reference",
                            models.CharField(blank=True, max_length=120, verbose_name="recording of the notice"),
                        ),
                        ("found", models.JSONField(default=list, editable=False)),
                        ("requested_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "decision_note",
                            models.CharField(blank=True, max_length=300, verbose_name="note of the decision"),
                        ),
                        ("valid_from", models.DateField(blank=True, null=True, verbose_name="valid from")),
                        ("valid_until", models.DateField(blank=True, null=True, verbose_name="valid until")),
                        ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended on")),
                        (
                            "end_reason",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("expired", "Ran out"),
                                    ("replaced", "Replaced by a newer one"),
                                    ("asked", "The client asked to be ordinary again"),
                                    ("unfit", "Conditions no longer met"),
                                ],
                                max_length=10,
                                verbose_name="why it ended",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="classifications",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "investor classification",
                        "verbose_name_plural": "investor classifications",
                        "permissions": [("approve_investorclassification", "Can decide on classes of investors")],
                        "default_permissions": ("view", "add"),
                        "indexes": [
                            models.Index(fields=["client", "-requested_at"], name="classification_history"),
                            models.Index(
                                condition=models.Q(("state", "approved")),
                                fields=["valid_until"],
                                name="classification_expiry",
                            ),
                            models.Index(
                                condition=models.Q(("state", "waiting")),
                                fields=["requested_at"],
                                name="classification_waiting",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "waiting")),
                                fields=("client",),
                                name="one_waiting_classification",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "approved")), fields=("client",), name="one_class_in_force"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("decided_by", models.F("requested_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="classification_decided_by_another",
                                violation_error_message="Somebody else has to approve this.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["approved", "ended"]), _negated=True),
                                    models.Q(("decided_by__isnull", False), ("valid_from__isnull", False)),
                                    _connector="OR",
                                ),
                                name="classification_in_force_is_decided",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("ended_on__isnull", False),
                                        ("state", "ended"),
                                        models.Q(("end_reason", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("state", "ended"), _negated=True),
                                        ("end_reason", ""),
                                        ("ended_on", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="classification_ended_iff_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                                ),
                                name="classification_ends_after_it_begins",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LegalHold",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        ("set_at", models.DateTimeField(verbose_name="set at")),
                        ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted at")),
                        (
                            "lift_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="reason for lifting"),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="legal_holds",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "lifted_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="lifted by",
                            ),
                        ),
                        (
                            "set_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="set by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "legal hold",
                        "verbose_name_plural": "legal holds",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [models.Index(fields=["-set_at", "-id"], name="legal_hold_newest")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("lifted_at", None)),
                                fields=("client",),
                                name="one_standing_hold_a_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("lifted_at", None), models.Q(("lift_reason", ""), _negated=True), _connector="OR"
                                ),
                                name="legal_hold_lifted_with_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MarginDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("cash", crm.core.fields.MoneyField(verbose_name="cash")),
                        ("market_value", crm.core.fields.MoneyField(verbose_name="market value")),
                        ("debt", crm.core.fields.MoneyField(verbose_name="borrowed")),
                        ("interest", crm.core.fields.MoneyField(default=0, verbose_name="interest owed")),
                        (
                            "ratio",
                            models.DecimalField(
                                blank=True, decimal_places=4, max_digits=16, null=True, verbose_name="collateral ratio"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="margin_days",
                                to="clients.account",
                                verbose_name="account",
                            ),
                        ),
                        (
                            "recorded_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "collateral of a day",
                        "verbose_name_plural": "collateral of days",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.UniqueConstraint(fields=("account", "day"), name="margin_once_per_account_and_day"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("cash__gte", 0), ("debt__gte", 0), ("interest__gte", 0), ("market_value__gte", 0)
                                ),
                                name="margin_amounts_are_not_negative",
                                violation_error_message="Amounts of collateral and debt are not negative.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MergeRecord",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("proposed", "Waiting for approval"),
                                    ("done", "Merged"),
                                    ("rejected", "Rejected"),
                                    ("undone", "Undone"),
                                ],
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("choices", models.JSONField(blank=True, default=dict)),
                        (
                            "adds_assets",
                            models.BooleanField(default=False, verbose_name="amounts of the same days are added"),
                        ),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("requested_at", models.DateTimeField(verbose_name="asked for at")),
                        ("seen_versions", models.JSONField(blank=True, default=list, editable=False)),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided at")),
                        (
                            "decision_note",
                            models.CharField(blank=True, max_length=200, verbose_name="note of the decision"),
                        ),
                        ("undone_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "undo_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of the undoing"),
                        ),
                        ("counts", models.JSONField(blank=True, default=dict, editable=False)),
                        ("kept", crm.core.fields.EncryptedField(blank=True, editable=False)),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="decided by",
                            ),
                        ),
                        (
                            "leaving",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merges_away",
                                to="clients.client",
                                verbose_name="client merged",
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="asked for by",
                            ),
                        ),
                        (
                            "staying",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merges",
                                to="clients.client",
                                verbose_name="client who stays",
                            ),
                        ),
                        (
                            "undone_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "merge of clients",
                        "verbose_name_plural": "merges of clients",
                        "permissions": [
                            ("approve_mergerecord", "Can approve a merge of clients"),
                            ("undo_mergerecord", "Can undo a merge of clients"),
                        ],
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["staying", "-id"], name="merge_history")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["proposed", "done"])),
                                fields=("leaving",),
                                name="client_leaves_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("staying", models.F("leaving")), _negated=True),
                                name="merge_of_two_clients",
                                violation_error_message="A client cannot be merged with himself.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("decided_at", None), ("state", "proposed")),
                                    models.Q(
                                        models.Q(("state", "proposed"), _negated=True), ("decided_at__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="merge_decided_iff_not_waiting",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "undone"), ("undone_at__isnull", False)),
                                    models.Q(models.Q(("state", "undone"), _negated=True), ("undone_at", None)),
                                    _connector="OR",
                                ),
                                name="merge_undone_iff_undone_at",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NeedsInterview",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("taken_on", models.DateField(verbose_name="as of")),
                        (
                            "answered_by",
                            models.CharField(
                                choices=[
                                    ("self", "The client"),
                                    ("agent", "Authorised agent"),
                                    ("spouse", "Spouse"),
                                    ("contact_person", "Contact person of the institution"),
                                    ("other", "Somebody else"),
                                ],
                                default="self",
                                max_length=16,
                                verbose_name="answered by",
                            ),
                        ),
                        (
                            "goals",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("preserve", "Keep the value"),
                                    ("income", "Regular income"),
                                    ("growth", "Steady growth"),
                                    ("high_growth", "High growth"),
                                    ("idle_cash", "Put idle money to use"),
                                    ("pension", "Old age"),
                                    ("education", "Education of children"),
                                    ("ipo", "Subscribe to new shares"),
                                    ("hedge", "Hedge"),
                                    ("financing", "Raise finance"),
                                ],
                                default=list,
                                verbose_name="investment goals",
                            ),
                        ),
                        (
                            "horizon",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("short", "Under 1 year"),
                                    ("medium", "1 to 3 years"),
                                    ("long", "3 to 5 years"),
                                    ("very_long", "Over 5 years"),
                                    ("open", "No fixed term"),
                                ],
                                max_length=10,
                                verbose_name="horizon",
                            ),
                        ),
                        (
                            "capital",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="capital to invest"),
                        ),
                        (
                            "expected_return",
                            models.DecimalField(
                                blank=True,
                                decimal_places=1,
                                max_digits=4,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(200),
                                ],
                                verbose_name="expected return a year (%)",
                            ),
                        ),
                        (
                            "loss_tolerance",
                            models.DecimalField(
                                blank=True,
                                decimal_places=1,
                                max_digits=4,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(100),
                                ],
                                verbose_name="loss the client can bear (%)",
                            ),
                        ),
                        (
                            "products",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("share", "Shares"),
                                    ("fund", "Mutual funds"),
                                    ("etf", "ETFs"),
                                    ("bond", "Bonds"),
                                    ("repo", "Reverse repos"),
                                    ("wealth", "Wealth products and income certificates"),
                                    ("private_fund", "Private funds"),
                                    ("margin", "Margin trading"),
                                    ("option", "Options"),
                                    ("stock_connect", "Hong Kong shares"),
                                    ("advisory", "Investment advice"),
                                ],
                                default=list,
                                verbose_name="products wanted",
                            ),
                        ),
                        (
                            "sectors",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("bank", "Banks"),
                                    ("finance", "Brokers and insurers"),
                                    ("semiconductor", "Semiconductors"),
                                    ("software", "Computers and AI"),
                                    ("telecom", "Telecommunications"),
                                    ("new_energy", "New energy"),
                                    ("pharma", "Medicine"),
                                    ("food", "Food and drink"),
                                    ("appliance", "Home appliances"),
                                    ("auto", "Cars"),
                                    ("defence", "Defence"),
                                    ("resource", "Coal and metals"),
                                    ("chemistry", "Chemistry"),
                                    ("property", "Real estate and construction"),
                                    ("utility", "Utilities"),
                                    ("transport", "Transport"),
                                    ("media", "Media"),
                                    ("farming", "Agriculture"),
                                ],
                                default=list,
                                verbose_name="sectors",
                            ),
                        ),
                        (
                            "style",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("long_term", "Buy and hold"),
                                    ("swing", "Swings of weeks"),
                                    ("short_term", "Swings of days"),
                                    ("intraday", "Within the day"),
                                    ("quant", "By programme"),
                                    ("advised", "Follows advice"),
                                ],
                                max_length=10,
                                verbose_name="trading style",
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("phone", "Phone"),
                                    ("wechat", "WeChat"),
                                    ("visit", "Visit"),
                                    ("counter", "Counter"),
                                    ("sms", "SMS"),
                                    ("email", "E-mail"),
                                    ("video", "Video"),
                                ],
                                max_length=10,
                                verbose_name="preferred channel",
                            ),
                        ),
                        (
                            "hours",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("early", "Before the opening"),
                                    ("morning", "Morning session"),
                                    ("noon", "Midday"),
                                    ("afternoon", "Afternoon session"),
                                    ("after_close", "After the close"),
                                    ("evening", "Evening"),
                                    ("weekend", "Weekend"),
                                ],
                                default=list,
                                verbose_name="good times to call",
                            ),
                        ),
                        (
                            "services",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("market_news", "Market news"),
                                    ("research", "Research reports"),
                                    ("holdings_check", "Check of holdings"),
                                    ("portfolio", "Investment plan"),
                                    ("ipo_reminder", "Reminder of new shares"),
                                    ("risk_alert", "Risk alerts"),
                                    ("events", "Lectures and events"),
                                    ("education", "Investor education"),
                                    ("terminal", "Better market data"),
                                    ("fee", "Lower commission"),
                                    ("quiet", "Be left in peace"),
                                ],
                                default=list,
                                verbose_name="service wishes",
                            ),
                        ),
                        (
                            "restrictions",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("no_margin", "No borrowed money"),
                                    ("no_derivatives", "No derivatives"),
                                    ("no_st", "No shares under special treatment"),
                                    ("no_lockup", "Money must stay available"),
                                    ("employer", "Bound by the employer's rules"),
                                    ("insider", "Insider of a listed company"),
                                    ("single_limit", "Limit for a single security"),
                                    ("ethical", "Certain industries excluded"),
                                ],
                                default=list,
                                verbose_name="restrictions",
                            ),
                        ),
                        ("remarks", models.CharField(blank=True, max_length=500, verbose_name="remarks")),
                        (
                            "refused",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("goals", "Goals"),
                                    ("horizon", "Horizon"),
                                    ("capital", "Capital"),
                                    ("expected_return", "Expected Return"),
                                    ("loss_tolerance", "Loss Tolerance"),
                                    ("products", "Products"),
                                    ("sectors", "Sectors"),
                                    ("style", "Style"),
                                    ("channel", "Channel"),
                                    ("hours", "Hours"),
                                    ("services", "Services"),
                                    ("restrictions", "Restrictions"),
                                    ("remarks", "Remarks"),
                                ],
                                default=list,
                                verbose_name="refused to provide",
                            ),
                        ),
                        ("answered_on", models.JSONField(default=dict, verbose_name="answered on")),
                        (
                            "correction_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of the correction"),
                        ),
                        ("is_present", models.BooleanField(default=False, editable=False)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="needs_interviews",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="needs_interviews",
                                to="clients.contactlog",
                                verbose_name="taken in the contact",
                            ),
                        ),
                        (
                            "corrects",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="corrected_by",
                                to="clients.needsinterview",
                                verbose_name="corrects",
                            ),
                        ),
                        (
                            "taken_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="asked by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "needs interview",
                        "verbose_name_plural": "needs interviews",
                        "default_permissions": ("view", "add"),
                        "indexes": [
                            models.Index(fields=["client", "-taken_on", "-id"], name="needs_history"),
                            models.Index(
                                condition=models.Q(("is_present", True)),
                                fields=["client", "taken_on"],
                                name="needs_present",
                            ),
                            models.Index(fields=["-taken_on", "-id"], name="needs_newest"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_present", True)),
                                fields=("client",),
                                name="one_present_needs_interview_per_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("loss_tolerance", None),
                                    models.Q(("loss_tolerance__gte", 0), ("loss_tolerance__lte", 100)),
                                    _connector="OR",
                                ),
                                name="needs_loss_is_a_share",
                                violation_error_message="A loss lies between 0 and 100 per cent.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("expected_return", None), ("expected_return__gte", 0), _connector="OR"
                                ),
                                name="needs_return_is_not_negative",
                                violation_error_message="An expected return is not negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("capital", None), ("capital__gte", 0), _connector="OR"),
                                name="needs_capital_is_not_negative",
                                violation_error_message="Capital is not negative.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("corrects", None),
                                    models.Q(("correction_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="needs_correction_has_reason",
                                violation_error_message="Say why the interview is corrected.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("corrects", None),
                                    models.Q(("corrects", models.F("pk")), _negated=True),
                                    _connector="OR",
                                ),
                                name="needs_does_not_correct_itself",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NextDateMove",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("moved_to", models.DateField(verbose_name="put off to")),
                        ("moved_at", models.DateTimeField()),
                        ("undone_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="moves",
                                to="clients.contactlog",
                            ),
                        ),
                        (
                            "moved_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "put-off next contact",
                        "verbose_name_plural": "put-off next contacts",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["contact", "-id"], name="next_date_move_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="QuestionToAsk",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "item",
                            models.CharField(
                                choices=[
                                    ("name", "Name"),
                                    ("phone", "Phone"),
                                    ("id_number", "Identity document"),
                                    ("id_validity", "Validity of the document"),
                                    ("email", "E-mail"),
                                    ("address", "Address"),
                                    ("city", "City"),
                                    ("birth_date", "Date of birth"),
                                    ("nationality", "Nationality"),
                                    ("tax_residency", "Tax residency"),
                                    ("occupation", "Occupation"),
                                    ("employer", "Employer"),
                                    ("education", "Education"),
                                    ("marital_status", "Marital status"),
                                    ("income_source", "Source of income"),
                                    ("annual_income", "Yearly income"),
                                    ("outside_assets", "Financial assets elsewhere"),
                                    ("debts", "Debts"),
                                    ("investing_since", "Investing since"),
                                    ("integrity_note", "Integrity record"),
                                    ("controller", "Actual controller"),
                                    ("beneficiary", "Beneficial owner"),
                                    ("is_listed", "Listed company"),
                                    ("industry", "Industry"),
                                    ("own_funds", "Net assets of the institution"),
                                    ("legal_representative", "Legal representative"),
                                    ("preferred_channel", "Preferred channel"),
                                    ("risk", "Risk grade"),
                                    ("needs", "Needs interview"),
                                ],
                                max_length=24,
                                verbose_name="item",
                            ),
                        ),
                        ("asked_for_at", models.DateTimeField()),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "asked_for_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="questions_to_ask",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        ("reasons", models.JSONField(blank=True, default=list, verbose_name="reason")),
                    ],
                    options={
                        "verbose_name": "question to ask",
                        "verbose_name_plural": "questions to ask",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("closed_at", None)), fields=["client"], name="question_open"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("closed_at", None)),
                                fields=("client", "item"),
                                name="one_open_question_per_item",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Relation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "removed_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken off at"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("spouse", "Spouse"),
                                    ("parent", "Parent"),
                                    ("child", "Child"),
                                    ("sibling", "Brother or sister"),
                                    ("guardian", "Guardian"),
                                    ("ward", "Ward"),
                                    ("agent", "Agent with a mandate"),
                                    ("principal", "Has given a mandate"),
                                    ("employer", "Employer"),
                                    ("employee", "Employee"),
                                    ("controller", "Controls"),
                                    ("controlled", "Is controlled"),
                                    ("other", "Other"),
                                ],
                                max_length=12,
                                verbose_name="relation",
                            ),
                        ),
                        (
                            "outsider_name",
                            models.CharField(blank=True, max_length=80, verbose_name="name of somebody outside"),
                        ),
                        ("mandate_until", models.DateField(blank=True, null=True, verbose_name="mandate until")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="%(class)s_rows",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "other",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="relations_from",
                                to="clients.client",
                                verbose_name="other client",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("client", "Client"),
                                    ("staff", "Staff"),
                                    ("system", "System"),
                                    ("import", "Import"),
                                ],
                                default="staff",
                                max_length=6,
                                verbose_name="source",
                            ),
                        ),
                        ("as_of", models.DateField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "relation",
                        "verbose_name_plural": "relations",
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("other", None), models.Q(("outsider_name", ""), _negated=True)),
                                    models.Q(("other__isnull", False), ("outsider_name", "")),
                                    _connector="OR",
                                ),
                                name="relation_names_one_person",
                                violation_error_message="Name either another client or somebody outside.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("other", None),
                                    models.Q(("other", models.F("client")), _negated=True),
                                    _connector="OR",
                                ),
                                name="relation_is_with_somebody_else",
                                violation_error_message="Nobody is related to himself.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("other__isnull", False), ("removed_at", None)),
                                fields=("client", "other", "kind"),
                                name="relation_once_per_pair",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("as_of__gte", datetime.date(1900, 1, 1)),
                                    ("source__in", ["client", "staff", "system", "import"]),
                                ),
                                name="relation_says_who_and_since_when",
                                violation_error_message="Say who says so, and since when.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RiskAssessment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "grade",
                            models.CharField(
                                choices=[
                                    ("C1", "C1 conservative"),
                                    ("C2", "C2 rather conservative"),
                                    ("C3", "C3 steady"),
                                    ("C4", "C4 rather enterprising"),
                                    ("C5", "C5 enterprising"),
                                ],
                                max_length=2,
                                verbose_name="risk grade",
                            ),
                        ),
                        ("is_lowest", models.BooleanField(default=False, verbose_name="lowest risk capacity")),
                        ("assessed_on", models.DateField(verbose_name="assessed on")),
                        ("valid_until", models.DateField(verbose_name="valid until")),
                        ("basis", models.CharField(max_length=200, verbose_name="basis")),
                        ("entered_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="risk_assessments",
                                to="clients.client",
                            ),
                        ),
                        (
                            "entered_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "risk assessment",
                        "verbose_name_plural": "risk assessments",
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["client", "-assessed_on"], name="risk_history")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("valid_until__gt", models.F("assessed_on"))),
                                name="risk_assessment_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("is_lowest", False), ("grade", "C1"), _connector="OR"),
                                name="lowest_risk_capacity_is_c1",
                                violation_error_message="Lowest risk capacity is possible with C1 only.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SavedView",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("name", models.CharField(max_length=40, verbose_name="name")),
                        (
                            "share",
                            models.CharField(
                                choices=[
                                    ("mine", "Only me"),
                                    ("branch", "My branch"),
                                    ("company", "The whole company"),
                                ],
                                default="mine",
                                max_length=8,
                                verbose_name="for",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("query", models.JSONField(blank=True, default=dict, verbose_name="filters")),
                        ("columns", crm.core.fields.CodesField(blank=True, default=list, verbose_name="columns")),
                        ("sort", models.CharField(blank=True, max_length=20, verbose_name="order")),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.company"
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="made by",
                            ),
                        ),
                        (
                            "pinned_by",
                            models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL),
                        ),
                    ],
                    options={
                        "verbose_name": "saved view",
                        "verbose_name_plural": "saved views",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("owner", "name"), name="view_name_once_per_owner"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("share", "branch"), _negated=True),
                                    ("branch__isnull", False),
                                    _connector="OR",
                                ),
                                name="view_shared_with_branch_has_one",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Segment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("name", models.CharField(max_length=40, verbose_name="name")),
                        (
                            "share",
                            models.CharField(
                                choices=[
                                    ("mine", "Only me"),
                                    ("branch", "My branch"),
                                    ("company", "The whole company"),
                                ],
                                default="mine",
                                max_length=8,
                                verbose_name="for",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("description", models.CharField(blank=True, max_length=200, verbose_name="what it is for")),
                        ("rule", models.JSONField(verbose_name="rule")),
                        ("rights", crm.core.fields.CodesField(blank=True, default=list, editable=False)),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.company"
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="made by",
                            ),
                        ),
                        (
                            "pinned_by",
                            models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL),
                        ),
                    ],
                    options={
                        "verbose_name": "segment",
                        "verbose_name_plural": "segments",
                        "permissions": [("share_segment", "Can share segments and views")],
                        "default_permissions": ("add",),
                        "constraints": [
                            models.UniqueConstraint(fields=("owner", "name"), name="segment_name_once_per_owner"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("share", "branch"), _negated=True),
                                    ("branch__isnull", False),
                                    _connector="OR",
                                ),
                                name="segment_shared_with_branch_has_one",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StageOverride",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "stage",
                            models.CharField(
                                choices=[
                                    ("prospect", "Prospect"),
                                    ("new", "New"),
                                    ("growing", "Growing"),
                                    ("stable", "Stable"),
                                    ("at_risk", "At risk"),
                                    ("lost", "Lost"),
                                ],
                                max_length=10,
                                verbose_name="stage",
                            ),
                        ),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("until", models.DateField(verbose_name="valid until")),
                        ("set_at", models.DateTimeField(verbose_name="set at")),
                        ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="stage_overrides",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "set_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="set by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "stage set by hand",
                        "verbose_name_plural": "stages set by hand",
                        "default_permissions": ("add",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("ended_at", None)), fields=["until"], name="stage_override_open"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("client",),
                                name="one_open_stage_override",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Tag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("code", models.CharField(blank=True, editable=False, max_length=40)),
                        ("name", models.CharField(blank=True, max_length=20, verbose_name="name")),
                        ("meaning", models.CharField(blank=True, max_length=200, verbose_name="meaning")),
                        (
                            "palette",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (1, "1"),
                                    (2, "2"),
                                    (3, "3"),
                                    (4, "4"),
                                    (5, "5"),
                                    (6, "6"),
                                    (7, "7"),
                                    (8, "8"),
                                ],
                                default=1,
                                verbose_name="colour",
                            ),
                        ),
                        (
                            "setters",
                            crm.core.fields.CodesField(blank=True, default=list, verbose_name="who may set it"),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.company",
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="owner",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tag",
                        "verbose_name_plural": "tags",
                        "permissions": [("set_tag", "Can set tags on clients")],
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("code", ""), _negated=True),
                                fields=("code",),
                                name="computed_tag_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch__isnull", False), ("code", "")),
                                fields=("company", "branch", "name"),
                                name="tag_name_once_per_branch",
                                violation_error_message="The branch has a tag of this name.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None), ("code", "")),
                                fields=("company", "name"),
                                name="tag_name_once_per_company",
                                violation_error_message="The company has a tag of this name.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("code", ""),
                                        models.Q(("name", ""), _negated=True),
                                        ("company__isnull", False),
                                        ("owner__isnull", False),
                                    ),
                                    models.Q(
                                        models.Q(("code", ""), _negated=True),
                                        ("branch", None),
                                        ("company", None),
                                        ("name", ""),
                                        ("owner", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="manual_tag_has_name_owner_and_company",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClientTag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("family", models.CharField(blank=True, editable=False, max_length=20)),
                        (
                            "value",
                            models.DecimalField(
                                blank=True, decimal_places=2, max_digits=18, null=True, verbose_name="value"
                            ),
                        ),
                        ("count", models.PositiveIntegerField(blank=True, editable=False, null=True)),
                        ("since", models.DateField(verbose_name="since")),
                        ("as_of", models.DateField(verbose_name="as of")),
                        (
                            "definition",
                            models.CharField(blank=True, editable=False, max_length=40, verbose_name="definition"),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tags",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "set_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="set by",
                            ),
                        ),
                        (
                            "tag",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.tag",
                                verbose_name="tag",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tag of a client",
                        "verbose_name_plural": "tags of clients",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["tag", "client"], name="clients_by_tag")],
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "tag"), name="tag_once_per_client"),
                            models.UniqueConstraint(
                                condition=models.Q(("family", ""), _negated=True),
                                fields=("client", "family"),
                                name="one_tag_of_a_family_per_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("family", ""), ("set_by__isnull", False)),
                                    models.Q(
                                        models.Q(("family", ""), _negated=True),
                                        ("set_by", None),
                                        ("value__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="computed_tag_has_value",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("as_of__gte", models.F("since"))), name="tag_value_not_before_tag"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TagChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("is_set", models.BooleanField(verbose_name="set")),
                        ("clients", models.JSONField(default=list, verbose_name="clients")),
                        ("at", models.DateTimeField(verbose_name="at")),
                        ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone at")),
                        (
                            "actor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "tag",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.tag",
                                verbose_name="tag",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "change of tags",
                        "verbose_name_plural": "changes of tags",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="TagRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("clients", models.PositiveIntegerField(verbose_name="clients")),
                        ("written", models.PositiveIntegerField(verbose_name="changed")),
                        ("at", models.DateTimeField(verbose_name="at")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.branch"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "computation of tags",
                        "verbose_name_plural": "computations of tags",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("branch", "day"), name="tag_run_once_per_branch_and_day")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TradingPermission",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        (
                            "code",
                            models.CharField(
                                choices=[
                                    ("star", "STAR Market"),
                                    ("chinext", "ChiNext"),
                                    ("bse", "Beijing Stock Exchange"),
                                    ("hk_connect", "Hong Kong Stock Connect"),
                                    ("neeq_innovation", "NEEQ innovation layer"),
                                    ("neeq_base", "NEEQ base layer"),
                                    ("margin", "Margin trading"),
                                    ("option", "Stock options"),
                                    ("convertible", "Convertible bonds"),
                                    ("risk_warning", "Risk-warning shares"),
                                    ("delisting", "Delisting period"),
                                ],
                                max_length=16,
                                verbose_name="permission",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Awaits approval"),
                                    ("open", "Open"),
                                    ("refused", "Refused"),
                                    ("closed", "Closed"),
                                ],
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("opened_on", models.DateField(blank=True, null=True, verbose_name="opened on")),
                        ("closed_on", models.DateField(blank=True, null=True, verbose_name="closed on")),
                        (
                            "close_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of closing"),
                        ),
                        ("proof", models.JSONField(default=list, editable=False)),
                        ("rule_version", models.PositiveIntegerField(default=0, editable=False)),
                        (
                            "exemption",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("professional", "Professional investor"),
                                    ("elsewhere", "Holds it at another firm"),
                                    ("assets_elsewhere", "Assets proved at other firms"),
                                    ("trade_work", "Works in the trade"),
                                    ("reopened", "Held it before, transferred back"),
                                ],
                                max_length=20,
                                verbose_name="exemption",
                            ),
                        ),
                        (
                            "exemption_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="reason of the exemption"),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "decision_note",
                            models.CharField(blank=True, max_length=300, verbose_name="note of the decision"),
                        ),
                        ("asked_at", models.DateTimeField()),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="permissions",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "closed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "opened_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="opened by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "trading permission",
                        "verbose_name_plural": "trading permissions",
                        "permissions": [
                            ("approve_tradingpermission", "Can approve exemptions from conditions of permissions")
                        ],
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [
                            models.Index(fields=["client", "code"], name="permission_of_client"),
                            models.Index(
                                condition=models.Q(("state", "open")), fields=["code", "client"], name="permission_open"
                            ),
                            models.Index(
                                condition=models.Q(("opened_on__isnull", False)),
                                fields=["opened_on"],
                                name="permission_opened",
                            ),
                            models.Index(
                                condition=models.Q(("state", "waiting")), fields=["asked_at"], name="permission_waiting"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["waiting", "open"])),
                                fields=("client", "code"),
                                name="permission_live_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("closed_on", None), ("opened_on", None), ("state__in", ["waiting", "refused"])
                                    ),
                                    models.Q(("closed_on", None), ("opened_on__isnull", False), ("state", "open")),
                                    models.Q(
                                        ("closed_on__isnull", False), ("opened_on__isnull", False), ("state", "closed")
                                    ),
                                    _connector="OR",
                                ),
                                name="permission_has_days_of_its_state",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("exemption", ""),
                                    models.Q(("exemption_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="permission_exemption_has_reason",
                                violation_error_message="Say why the exemption is justified.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("decided_by", models.F("opened_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="permission_exemption_decided_by_another",
                                violation_error_message="Somebody else has to approve this.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["open", "closed"]), _negated=True),
                                    ("exemption", ""),
                                    ("decided_by__isnull", False),
                                    _connector="OR",
                                ),
                                name="permission_exemption_has_two",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClientQuality",
                    fields=[
                        (
                            "client",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="quality",
                                serialize=False,
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        ("score", models.PositiveSmallIntegerField(verbose_name="score")),
                        ("completeness", models.PositiveSmallIntegerField(verbose_name="complete")),
                        ("verification", models.PositiveSmallIntegerField(verbose_name="verified")),
                        ("freshness", models.PositiveSmallIntegerField(verbose_name="fresh")),
                        (
                            "missing",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("name", "Name"),
                                    ("phone", "Phone"),
                                    ("id_number", "Identity document"),
                                    ("id_validity", "Validity of the document"),
                                    ("email", "E-mail"),
                                    ("address", "Address"),
                                    ("city", "City"),
                                    ("birth_date", "Date of birth"),
                                    ("nationality", "Nationality"),
                                    ("tax_residency", "Tax residency"),
                                    ("occupation", "Occupation"),
                                    ("employer", "Employer"),
                                    ("education", "Education"),
                                    ("marital_status", "Marital status"),
                                    ("income_source", "Source of income"),
                                    ("annual_income", "Yearly income"),
                                    ("outside_assets", "Financial assets elsewhere"),
                                    ("debts", "Debts"),
                                    ("investing_since", "Investing since"),
                                    ("integrity_note", "Integrity record"),
                                    ("controller", "Actual controller"),
                                    ("beneficiary", "Beneficial owner"),
                                    ("is_listed", "Listed company"),
                                    ("industry", "Industry"),
                                    ("own_funds", "Net assets of the institution"),
                                    ("legal_representative", "Legal representative"),
                                    ("preferred_channel", "Preferred channel"),
                                    ("risk", "Risk grade"),
                                    ("needs", "Needs interview"),
                                ],
                                default=list,
                                verbose_name="missing",
                            ),
                        ),
                        (
                            "unverified",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("name", "Name"),
                                    ("phone", "Phone"),
                                    ("id_number", "Identity document"),
                                    ("id_validity", "Validity of the document"),
                                    ("email", "E-mail"),
                                    ("address", "Address"),
                                    ("city", "City"),
                                    ("birth_date", "Date of birth"),
                                    ("nationality", "Nationality"),
                                    ("tax_residency", "Tax residency"),
                                    ("occupation", "Occupation"),
                                    ("employer", "Employer"),
                                    ("education", "Education"),
                                    ("marital_status", "Marital status"),
                                    ("income_source", "Source of income"),
                                    ("annual_income", "Yearly income"),
                                    ("outside_assets", "Financial assets elsewhere"),
                                    ("debts", "Debts"),
                                    ("investing_since", "Investing since"),
                                    ("integrity_note", "Integrity record"),
                                    ("controller", "Actual controller"),
                                    ("beneficiary", "Beneficial owner"),
                                    ("is_listed", "Listed company"),
                                    ("industry", "Industry"),
                                    ("own_funds", "Net assets of the institution"),
                                    ("legal_representative", "Legal representative"),
                                    ("preferred_channel", "Preferred channel"),
                                    ("risk", "Risk grade"),
                                    ("needs", "Needs interview"),
                                ],
                                default=list,
                                verbose_name="not verified",
                            ),
                        ),
                        (
                            "stale",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("name", "Name"),
                                    ("phone", "Phone"),
                                    ("id_number", "Identity document"),
                                    ("id_validity", "Validity of the document"),
                                    ("email", "E-mail"),
                                    ("address", "Address"),
                                    ("city", "City"),
                                    ("birth_date", "Date of birth"),
                                    ("nationality", "Nationality"),
                                    ("tax_residency", "Tax residency"),
                                    ("occupation", "Occupation"),
                                    ("employer", "Employer"),
                                    ("education", "Education"),
                                    ("marital_status", "Marital status"),
                                    ("income_source", "Source of income"),
                                    ("annual_income", "Yearly income"),
                                    ("outside_assets", "Financial assets elsewhere"),
                                    ("debts", "Debts"),
                                    ("investing_since", "Investing since"),
                                    ("integrity_note", "Integrity record"),
                                    ("controller", "Actual controller"),
                                    ("beneficiary", "Beneficial owner"),
                                    ("is_listed", "Listed company"),
                                    ("industry", "Industry"),
                                    ("own_funds", "Net assets of the institution"),
                                    ("legal_representative", "Legal representative"),
                                    ("preferred_channel", "Preferred channel"),
                                    ("risk", "Risk grade"),
                                    ("needs", "Needs interview"),
                                ],
                                default=list,
                                verbose_name="out of date",
                            ),
                        ),
                        (
                            "refused",
                            crm.core.fields.CodesField(
                                blank=True,
                                choices=[
                                    ("name", "Name"),
                                    ("phone", "Phone"),
                                    ("id_number", "Identity document"),
                                    ("id_validity", "Validity of the document"),
                                    ("email", "E-mail"),
                                    ("address", "Address"),
                                    ("city", "City"),
                                    ("birth_date", "Date of birth"),
                                    ("nationality", "Nationality"),
                                    ("tax_residency", "Tax residency"),
                                    ("occupation", "Occupation"),
                                    ("employer", "Employer"),
                                    ("education", "Education"),
                                    ("marital_status", "Marital status"),
                                    ("income_source", "Source of income"),
                                    ("annual_income", "Yearly income"),
                                    ("outside_assets", "Financial assets elsewhere"),
                                    ("debts", "Debts"),
                                    ("investing_since", "Investing since"),
                                    ("integrity_note", "Integrity record"),
                                    ("controller", "Actual controller"),
                                    ("beneficiary", "Beneficial owner"),
                                    ("is_listed", "Listed company"),
                                    ("industry", "Industry"),
                                    ("own_funds", "Net assets of the institution"),
                                    ("legal_representative", "Legal representative"),
                                    ("preferred_channel", "Preferred channel"),
                                    ("risk", "Risk grade"),
                                    ("needs", "Needs interview"),
                                ],
                                default=list,
                                verbose_name="refused to provide",
                            ),
                        ),
                        ("pressing", models.PositiveIntegerField(default=0)),
                        ("scored_on", models.DateField(verbose_name="as of")),
                        ("client_version", models.PositiveIntegerField()),
                    ],
                    options={
                        "verbose_name": "quality of client data",
                        "verbose_name_plural": "quality of client data",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["score", "client"], name="quality_score"),
                            models.Index(fields=["-pressing", "-client"], name="quality_pressing"),
                            models.Index(fields=["scored_on"], name="quality_scored_on"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("completeness__lte", 100),
                                    ("freshness__lte", 100),
                                    ("score__lte", 100),
                                    ("verification__lte", 100),
                                ),
                                name="quality_is_in_per_cent",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DataPurpose",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("code", models.SlugField(max_length=30, verbose_name="code")),
                        ("name_en", models.CharField(max_length=80, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=80, verbose_name="name in Chinese")),
                        (
                            "basis",
                            models.CharField(
                                choices=[
                                    ("contract", "Needed for the contract"),
                                    ("duty", "Duty by law"),
                                    ("consent", "Consent"),
                                    ("separate", "Separate consent"),
                                ],
                                max_length=10,
                                verbose_name="basis",
                            ),
                        ),
                        ("is_sensitive", models.BooleanField(default=False, verbose_name="sensitive personal data")),
                        ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                        ("order", models.PositiveSmallIntegerField(default=100, verbose_name="order")),
                    ],
                    options={
                        "verbose_name": "purpose of personal data",
                        "verbose_name_plural": "purposes of personal data",
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("basis__in", ("contract", "duty", "consent", "separate"))),
                                name="data_purpose_basis_known",
                            ),
                            models.UniqueConstraint(fields=("code",), name="data_purpose_code_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("code", "marketing"), _negated=True),
                                    ("basis__in", ("consent", "separate")),
                                    _connector="OR",
                                ),
                                name="data_purpose_marketing_is_asked",
                                violation_error_message="For marketing a client is asked, never only told.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PrivacyNotice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                        ("edition", models.PositiveIntegerField(verbose_name="edition")),
                        ("effective_from", models.DateField(verbose_name="effective from")),
                        ("text", models.TextField(max_length=4000, verbose_name="text of the notice")),
                        ("kinds", models.CharField(max_length=400, verbose_name="kinds of data")),
                        ("retention", models.CharField(max_length=200, verbose_name="kept for")),
                        ("written_at", models.DateTimeField(verbose_name="written at")),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "purpose",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notices",
                                to="clients.datapurpose",
                                verbose_name="purpose",
                            ),
                        ),
                        (
                            "written_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="written by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "privacy notice",
                        "verbose_name_plural": "privacy notices",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [models.Index(fields=["-effective_from", "-id"], name="privacy_notice_newest")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("purpose", "branch", "edition"), name="privacy_notice_edition_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("purpose", "edition"),
                                name="company_privacy_notice_edition_once",
                            ),
                            models.UniqueConstraint(
                                fields=("purpose", "branch", "effective_from"), name="privacy_notice_day_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("purpose", "effective_from"),
                                name="company_privacy_notice_day_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConsentRecord",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                choices=[
                                    ("contract", "Needed for the contract"),
                                    ("duty", "Duty by law"),
                                    ("consent", "Consent"),
                                    ("separate", "Separate consent"),
                                ],
                                max_length=10,
                                verbose_name="basis",
                            ),
                        ),
                        (
                            "answer",
                            models.CharField(
                                choices=[
                                    ("told", "Told"),
                                    ("given", "Given"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                max_length=10,
                                verbose_name="answer",
                            ),
                        ),
                        ("answered_on", models.DateField(verbose_name="answered on")),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("counter", "Counter"),
                                    ("phone", "Phone"),
                                    ("letter", "Letter"),
                                    ("email", "E-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("app", "App or website"),
                                ],
                                max_length=10,
                                verbose_name="channel",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
                        ("is_present", models.BooleanField(default=False, editable=False)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="consents",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="consents",
                                to="clients.contactlog",
                                verbose_name="contact",
                            ),
                        ),
                        (
                            "recorded_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="recorded by",
                            ),
                        ),
                        (
                            "purpose",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="records",
                                to="clients.datapurpose",
                                verbose_name="purpose",
                            ),
                        ),
                        (
                            "notice",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="records",
                                to="clients.privacynotice",
                                verbose_name="notice",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "basis of personal data",
                        "verbose_name_plural": "bases of personal data",
                        "default_permissions": ("view", "add"),
                        "indexes": [
                            models.Index(fields=["client", "-answered_on", "-id"], name="consent_history"),
                            models.Index(fields=["-recorded_at", "-id"], name="consent_newest"),
                            models.Index(
                                condition=models.Q(("answer__in", ("refused", "withdrawn")), ("is_present", True)),
                                fields=["client", "purpose"],
                                name="consent_against",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_present", True)),
                                fields=("client", "purpose"),
                                name="one_present_consent_a_purpose",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("answer", "told"), ("basis__in", ("contract", "duty"))),
                                    models.Q(
                                        ("answer__in", ("given", "refused", "withdrawn")),
                                        ("basis__in", ("consent", "separate")),
                                    ),
                                    _connector="OR",
                                ),
                                name="consent_fits_its_basis",
                                violation_error_message="This cannot be said on this basis.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("answer__in", ("refused", "withdrawn")), ("notice__isnull", False), _connector="OR"
                                ),
                                name="consent_needs_its_notice",
                                violation_error_message="Nobody can agree to what he was not told.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BulkEdit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "Not carried out yet"),
                                    ("done", "Carried out"),
                                    ("undone", "Taken back"),
                                ],
                                default="draft",
                                max_length=8,
                                verbose_name="status",
                            ),
                        ),
                        ("field", models.CharField(max_length=20, verbose_name="what")),
                        ("said", models.JSONField(default=dict)),
                        ("narrowed_by", models.CharField(blank=True, max_length=2000)),
                        ("unseen", models.PositiveIntegerField(default=0)),
                        ("made_at", models.DateTimeField(verbose_name="at")),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone at")),
                        (
                            "actor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "change of many clients",
                        "verbose_name_plural": "changes of many clients",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["actor", "-made_at"], name="bulk_edit_of_actor")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("done_at", None), ("state", "draft"), ("undone_at", None)),
                                    models.Q(("done_at__isnull", False), ("state", "done"), ("undone_at", None)),
                                    models.Q(
                                        ("done_at__isnull", False), ("state", "undone"), ("undone_at__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="bulk_edit_has_the_times_of_its_state",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BulkEditRow",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("seen_version", models.PositiveIntegerField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("planned", "Will change"),
                                    ("skipped", "Stays"),
                                    ("done", "Changed"),
                                    ("undone", "Put back"),
                                    ("kept", "Kept: changed again since"),
                                ],
                                default="planned",
                                max_length=8,
                            ),
                        ),
                        (
                            "why",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("same", "It is so already"),
                                    ("restricted", "Restricted to storage"),
                                    ("closed", "All accounts are closed"),
                                    ("elsewhere", "Of another branch"),
                                    ("no_date", "No next contact date"),
                                    ("itself", "Nobody introduces himself"),
                                    ("changed", "Somebody changed the client after the preview"),
                                    ("unseen", "No longer within your reach"),
                                    ("refused", "Refused"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=200)),
                        ("before", models.JSONField(null=True)),
                        ("after", models.JSONField(null=True)),
                        ("trace", models.CharField(blank=True, max_length=26)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "edit",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="clients.bulkedit"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "client of a change of many",
                        "verbose_name_plural": "clients of changes of many",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("edit", "client"), name="client_once_per_bulk_edit"),
                            models.CheckConstraint(
                                condition=models.Q(("state", "skipped"), ("why", ""), _negated=True),
                                name="bulk_row_skipped_says_why",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AmlGrade",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        (
                            "grade",
                            models.CharField(
                                choices=[("high", "High"), ("middle", "Middle"), ("low", "Low")],
                                max_length=8,
                                verbose_name="money-laundering grade",
                            ),
                        ),
                        (
                            "occasion",
                            models.CharField(
                                choices=[
                                    ("first", "First grading"),
                                    ("review", "Review when due"),
                                    ("identity", "Key identity data changed"),
                                    ("inquiry", "Inquiry by an authority"),
                                    ("press", "Adverse press"),
                                    ("other", "Other"),
                                ],
                                max_length=10,
                                verbose_name="occasion",
                            ),
                        ),
                        ("reasons", models.CharField(max_length=500, verbose_name="reasons")),
                        ("graded_on", models.DateField(verbose_name="graded on")),
                        ("review_on", models.DateField(verbose_name="review due on")),
                        ("graded_at", models.DateTimeField(verbose_name="graded at")),
                        ("is_present", models.BooleanField(default=True, editable=False)),
                        ("seen_name", models.CharField(blank=True, editable=False, max_length=80)),
                        ("seen_id_kind", models.CharField(blank=True, editable=False, max_length=16)),
                        ("seen_nationality", models.CharField(blank=True, editable=False, max_length=40)),
                        ("seen_legal_representative", models.CharField(blank=True, editable=False, max_length=80)),
                        ("seen_controller", models.CharField(blank=True, editable=False, max_length=80)),
                        ("seen_beneficiary", models.CharField(blank=True, editable=False, max_length=80)),
                        ("seen_id_number", crm.core.fields.EncryptedField(blank=True, editable=False)),
                        ("seen_id_index", models.CharField(blank=True, editable=False, max_length=32)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="aml_grades",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "graded_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="graded by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "money-laundering grade",
                        "verbose_name_plural": "money-laundering grades",
                        "default_permissions": ("view", "add"),
                        "indexes": [
                            models.Index(fields=["client", "-graded_on", "-id"], name="aml_history"),
                            models.Index(
                                condition=models.Q(("is_present", True)),
                                fields=["review_on", "id"],
                                name="aml_review_due",
                            ),
                            models.Index(fields=["-graded_at", "-id"], name="aml_newest"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_present", True)),
                                fields=("client",),
                                name="one_present_aml_grade_a_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("grade__in", ("high", "middle", "low"))), name="aml_grade_known"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reasons", ""), _negated=True), name="aml_grade_has_reasons"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("review_on__gt", models.F("graded_on"))),
                                name="aml_review_after_grading",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SuspicionFlag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.CharField(
                                default=crm.core.public_ids.new_public_id, editable=False, max_length=26, unique=True
                            ),
                        ),
                        ("reason", crm.core.fields.EncryptedField(verbose_name="reason")),
                        ("raised_at", models.DateTimeField(verbose_name="raised at")),
                        ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted at")),
                        ("lift_reason", crm.core.fields.EncryptedField(blank=True, verbose_name="reason for lifting")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="suspicion_flags",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "lifted_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="lifted by",
                            ),
                        ),
                        (
                            "raised_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="raised by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "suspicion flag",
                        "verbose_name_plural": "suspicion flags",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [models.Index(fields=["-raised_at", "-id"], name="suspicion_newest")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("lifted_at", None), ("lifted_by", None)),
                                    models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                                    _connector="OR",
                                ),
                                name="suspicion_lifted_by_somebody",
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.RunPython(create_indexes, drop_indexes),
    ]
