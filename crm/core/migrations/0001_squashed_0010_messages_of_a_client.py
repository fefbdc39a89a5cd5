"""The ground floor as of version 0.1, in one step; a database that took the single steps has taken it already."""

from typing import Any

from crm.core import append_only
import crm.core.fields
import crm.core.public_ids
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from crm.core.tables import CreateTogether


def install(apps: Any, schema_editor: Any) -> None:
    append_only.install(schema_editor.connection.alias)


def remove(apps: Any, schema_editor: Any) -> None:
    append_only.remove(schema_editor.connection.alias)


class Migration(migrations.Migration):
    replaces = [
        ("core", "0001_initial"),
        ("core", "0002_append_only"),
        ("core", "0003_places_are_versioned"),
        ("core", "0004_import_drafts"),
        ("core", "0005_recordings_play_for"),
        ("core", "0006_age_of_people"),
        ("core", "0007_exports"),
        ("core", "0008_counts_of_looks"),
        ("core", "0009_rows_no_longer_in_a_file"),
        ("core", "0010_messages_of_a_client"),
    ]

    initial = True

    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        CreateTogether(
            [
                migrations.CreateModel(
                    name="Company",
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
                        ("code", models.CharField(max_length=20, unique=True, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                    ],
                    options={
                        "verbose_name": "company",
                        "verbose_name_plural": "companies",
                    },
                ),
                migrations.CreateModel(
                    name="ExportRequest",
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
                        ("kind", models.CharField(max_length=40, verbose_name="kind")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("requested", "Waits for approval"),
                                    ("building", "Being made"),
                                    ("ready", "Ready to fetch"),
                                    ("done", "Handed out"),
                                    ("expired", "No longer kept"),
                                    ("refused", "Refused"),
                                    ("failed", "Failed"),
                                ],
                                default="requested",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("form", models.CharField(default="csv", max_length=4, verbose_name="file")),
                        ("columns", models.JSONField(default=list, verbose_name="columns")),
                        ("is_unmasked", models.BooleanField(default=False, verbose_name="private values in full")),
                        ("asked", models.JSONField(default=dict)),
                        ("narrowed_by", models.CharField(blank=True, max_length=300, verbose_name="filter")),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                        ("sha256", models.CharField(blank=True, db_index=True, max_length=64)),
                        ("rows_sha256", models.CharField(blank=True, db_index=True, max_length=64)),
                        ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                        (
                            "decision",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of the decision"),
                        ),
                        ("failure", models.CharField(blank=True, max_length=300, verbose_name="why it failed")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked at")),
                        ("ready_until", models.DateTimeField(null=True, verbose_name="kept until")),
                        ("fetched_at", models.DateTimeField(null=True, verbose_name="fetched at")),
                        (
                            "actor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="exports",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="asked by",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="decided by",
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.jobrun",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "export",
                        "verbose_name_plural": "exports",
                        "permissions": [
                            ("approve_exportrequest", "Can approve exports of others"),
                            ("unmask_exportrequest", "Can ask for exports with private values in full"),
                            ("trace_exportrequest", "Can find out whose file it is"),
                        ],
                        "default_permissions": ("view",),
                        "indexes": [models.Index(fields=["branch", "-created_at"], name="export_by_branch")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("decided_by", models.F("actor")), _negated=True),
                                    _connector="OR",
                                ),
                                name="export_is_decided_by_somebody_else",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Heartbeat",
                    fields=[
                        ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                        ("detail", models.JSONField(default=dict)),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="ImportBatch",
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
                        ("kind", models.CharField(max_length=40, verbose_name="kind")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "Columns to be looked at"),
                                    ("staged", "Being checked"),
                                    ("checked", "Checked"),
                                    ("applying", "Being applied"),
                                    ("applied", "Applied"),
                                    ("undone", "Undone"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="staged",
                                max_length=12,
                                verbose_name="state",
                            ),
                        ),
                        ("file_name", models.CharField(max_length=200, verbose_name="file")),
                        ("sha256", models.CharField(editable=False, max_length=64)),
                        ("mapping", models.JSONField(default=dict, verbose_name="mapping")),
                        ("options", models.JSONField(default=dict, verbose_name="options")),
                        ("created", models.PositiveIntegerField(default=0, verbose_name="new")),
                        ("updated", models.PositiveIntegerField(default=0, verbose_name="changed")),
                        ("unchanged", models.PositiveIntegerField(default=0, verbose_name="unchanged")),
                        ("rejected", models.PositiveIntegerField(default=0, verbose_name="rejected")),
                        ("skipped", models.PositiveIntegerField(default=0, verbose_name="skipped")),
                        ("failure", models.CharField(blank=True, max_length=400, verbose_name="reason")),
                        ("failure_code", models.CharField(blank=True, max_length=60)),
                        ("claimed_by", models.CharField(blank=True, editable=False, max_length=120)),
                        ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="brought at")),
                        ("checked_at", models.DateTimeField(blank=True, null=True)),
                        ("applied_at", models.DateTimeField(blank=True, null=True, verbose_name="applied at")),
                        ("undone_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "actor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="import_batches",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="brought by",
                            ),
                        ),
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
                            "job",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.jobrun",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "import batch",
                        "verbose_name_plural": "import batches",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [models.Index(fields=["branch", "-created_at"], name="import_by_branch")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("claimed_by", ""), _negated=True),
                                fields=("kind", "branch"),
                                name="one_import_at_a_time_per_kind_and_branch",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["applied", "undone"]), _negated=True),
                                    ("applied_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="import_applied_has_its_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PolicyKey",
                    fields=[
                        ("key", models.CharField(max_length=60, primary_key=True, serialize=False, verbose_name="key")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("integer", "Whole number"),
                                    ("money", "Amount in yuan"),
                                    ("rate", "Rate"),
                                    ("flag", "Yes or no"),
                                    ("text", "Text"),
                                    ("list", "List of whole numbers"),
                                    ("bands", "Bands"),
                                    ("table", "Table"),
                                ],
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "unit",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "No unit"),
                                    ("N", "natural days"),
                                    ("W", "working days"),
                                    ("T", "trading days"),
                                    ("months", "months"),
                                    ("years", "years"),
                                    ("age", "years of age"),
                                    ("hours", "hours"),
                                    ("minutes", "minutes"),
                                    ("yuan", "yuan"),
                                    ("share", "share of 1"),
                                    ("count", "pieces"),
                                ],
                                max_length=10,
                                verbose_name="unit",
                            ),
                        ),
                        ("label_en", models.CharField(max_length=120)),
                        ("label_zh", models.CharField(max_length=120)),
                        ("owner", models.CharField(max_length=60, verbose_name="owner")),
                        ("order", models.PositiveSmallIntegerField(default=0)),
                    ],
                    options={
                        "verbose_name": "policy figure",
                        "verbose_name_plural": "policy figures",
                        "ordering": ["order", "key"],
                    },
                ),
                migrations.CreateModel(
                    name="SignInCounter",
                    fields=[
                        ("subject", models.CharField(max_length=80, primary_key=True, serialize=False)),
                        ("failures", models.PositiveIntegerField(default=0)),
                        ("window_start", models.DateTimeField()),
                        ("blocked_until", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="User",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
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
                            "staff_number",
                            models.CharField(
                                error_messages={"unique": "This staff number is taken."},
                                max_length=20,
                                unique=True,
                                verbose_name="staff number",
                            ),
                        ),
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("is_staff", models.BooleanField(default=False, verbose_name="reference-data desk")),
                        ("is_system", models.BooleanField(default=False, editable=False)),
                        (
                            "must_change_password",
                            models.BooleanField(default=False, verbose_name="must choose a password"),
                        ),
                        (
                            "one_time_until",
                            models.DateTimeField(
                                blank=True, editable=False, null=True, verbose_name="one-time password valid until"
                            ),
                        ),
                        (
                            "credentials_changed_at",
                            models.DateTimeField(default=django.utils.timezone.now, editable=False),
                        ),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        (
                            "market_colours",
                            models.CharField(
                                choices=[("red-up", "Red is up"), ("green-up", "Green is up")],
                                default="red-up",
                                max_length=10,
                                verbose_name="market colours",
                            ),
                        ),
                        ("joined_on", models.DateField(blank=True, null=True, verbose_name="joined on")),
                        ("left_on", models.DateField(blank=True, null=True, verbose_name="left on")),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "manager",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="reports",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="manager",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="staff",
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
                                related_name="staff",
                                to="core.company",
                                verbose_name="company",
                            ),
                        ),
                        (
                            "department",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="staff",
                                to="core.department",
                                verbose_name="department",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "member of staff",
                        "verbose_name_plural": "staff",
                        "permissions": [("reset_password", "Can give a one-time password")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_system", True)), fields=("is_system",), name="one_system_user"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditEntry",
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
                        ("at", models.DateTimeField(verbose_name="at")),
                        ("action", models.CharField(max_length=80, verbose_name="action")),
                        ("object_type", models.CharField(max_length=60, verbose_name="kind of object")),
                        ("object_id", models.CharField(blank=True, max_length=64, verbose_name="object")),
                        ("client_ref", models.CharField(blank=True, max_length=26, verbose_name="client")),
                        ("is_read", models.BooleanField(default=False)),
                        ("before", models.JSONField(null=True, verbose_name="before")),
                        ("after", models.JSONField(null=True, verbose_name="after")),
                        ("object_ids", models.JSONField(default=list)),
                        ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                        ("request_id", models.CharField(blank=True, max_length=64)),
                        ("address", models.CharField(blank=True, max_length=45)),
                        (
                            "actor",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="actor",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit trail",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["client_ref", "-id"], name="audit_by_client"),
                            models.Index(fields=["object_type", "object_id", "-id"], name="audit_by_object"),
                            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
                            models.Index(
                                condition=models.Q(
                                    (
                                        "action__in",
                                        ("client.export", "contact.export", "asset.export", "data_request.file"),
                                    )
                                ),
                                fields=["-id"],
                                name="audit_files",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditSeal",
                    fields=[
                        ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("digest", models.CharField(max_length=64)),
                        (
                            "entry",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="seal",
                                to="core.auditentry",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "audit seal",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Branch",
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
                        ("code", models.CharField(max_length=20, unique=True, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("address", models.CharField(blank=True, max_length=200, verbose_name="address")),
                        (
                            "complaint_phone",
                            models.CharField(blank=True, max_length=30, verbose_name="complaint phone"),
                        ),
                        ("is_open", models.BooleanField(default=True, verbose_name="open")),
                        (
                            "parent",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="outlets",
                                to="core.branch",
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="branches",
                                to="core.company",
                                verbose_name="company",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="branches",
                                to="core.region",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "branch",
                        "verbose_name_plural": "branches",
                        "permissions": [("view_branchhome", "Can see the home page of a branch")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("parent", models.F("pk")), _negated=True),
                                    ("parent", None),
                                    _connector="OR",
                                ),
                                name="branch_is_not_its_own_parent",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BusinessSegment",
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
                            "weekday",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                choices=[
                                    (None, "Every working day"),
                                    (0, "Monday"),
                                    (1, "Tuesday"),
                                    (2, "Wednesday"),
                                    (3, "Thursday"),
                                    (4, "Friday"),
                                    (5, "Saturday"),
                                    (6, "Sunday"),
                                ],
                                null=True,
                                verbose_name="weekday",
                            ),
                        ),
                        ("opens", models.TimeField(verbose_name="opens")),
                        ("closes", models.TimeField(verbose_name="closes")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="business_segments",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "business hours",
                        "verbose_name_plural": "business hours",
                        "ordering": ["branch", models.OrderBy(models.F("weekday"), nulls_first=True), "opens"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("opens__lt", models.F("closes"))),
                                name="business_hours_open_before_they_close",
                                violation_error_message="Business hours must open before they close.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("weekday", None), ("weekday__range", (0, 6)), _connector="OR"),
                                name="business_hours_weekday_known",
                                violation_error_message="This weekday does not exist.",
                            ),
                            models.UniqueConstraint(
                                fields=("branch", "weekday", "opens"), name="business_hours_once_per_weekday"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("weekday", None)),
                                fields=("branch", "opens"),
                                name="business_hours_once_per_working_day",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CalendarChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("first_day", models.DateField(verbose_name="from")),
                        ("last_day", models.DateField(verbose_name="until")),
                        ("days", models.PositiveIntegerField(verbose_name="days")),
                        ("at", models.DateTimeField(verbose_name="at")),
                        (
                            "recomputed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="deadlines computed again at"),
                        ),
                    ],
                    options={
                        "verbose_name": "change of the calendar",
                        "verbose_name_plural": "changes of the calendar",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("recomputed_at", None)),
                                fields=["id"],
                                name="calendar_change_unsettled",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("last_day__gte", models.F("first_day"))),
                                name="calendar_change_ends_after_it_begins",
                                violation_error_message="A stretch of days ends on or after its first day.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CalendarDay",
                    fields=[
                        ("day", models.DateField(primary_key=True, serialize=False, verbose_name="day")),
                        ("is_workday", models.BooleanField(verbose_name="working day")),
                        ("is_trading", models.BooleanField(verbose_name="trading day")),
                        ("note", models.CharField(blank=True, max_length=120, verbose_name="note")),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("package", "Published calendar"),
                                    ("exchange", "Notice of the exchanges"),
                                    ("notice", "Imported notice"),
                                    ("manual", "Edited by hand"),
                                ],
                                default="manual",
                                max_length=10,
                                verbose_name="source",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "calendar day",
                        "verbose_name_plural": "calendar",
                        "ordering": ["day"],
                        "default_permissions": ("view", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("is_trading", False), ("is_workday", True), _connector="OR"),
                                name="calendar_trading_day_is_workday",
                                violation_error_message="A trading day is always a working day.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("source__in", ["package", "exchange", "notice", "manual"])),
                                name="calendar_source_known",
                                violation_error_message="This source is unknown.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Delegation",
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
                        ("first_day", models.DateField(verbose_name="from")),
                        ("last_day", models.DateField(verbose_name="until")),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "absent",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="delegations_given",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="absent",
                            ),
                        ),
                        (
                            "deputy",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="delegations_taken",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="deputy",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "delegation",
                        "verbose_name_plural": "delegations",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("last_day__gte", models.F("first_day"))),
                                name="delegation_ends_after_it_begins",
                                violation_error_message="A delegation ends on or after its first day.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("absent", models.F("deputy")), _negated=True),
                                name="nobody_is_his_own_deputy",
                                violation_error_message="Nobody is his own deputy.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Department",
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
                        ("code", models.CharField(max_length=20, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="departments",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="departments",
                                to="core.company",
                                verbose_name="company",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "department",
                        "verbose_name_plural": "departments",
                        "constraints": [
                            models.UniqueConstraint(fields=("branch", "code"), name="department_code_once_per_branch"),
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("company", "code"),
                                name="department_code_once_at_head_office",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ExportFile",
                    fields=[
                        (
                            "export",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="file",
                                serialize=False,
                                to="core.exportrequest",
                            ),
                        ),
                        ("sealed", models.BinaryField()),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=80)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("object_id", models.CharField(blank=True, max_length=26)),
                        ("status", models.PositiveSmallIntegerField(default=0)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["created_at"], name="idempotency_age")],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "key"), name="idempotency_key_once_per_user")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportFile",
                    fields=[
                        (
                            "batch",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="file",
                                serialize=False,
                                to="core.importbatch",
                            ),
                        ),
                        ("sealed", models.BinaryField()),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="ImportMapping",
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
                        ("kind", models.CharField(max_length=40, verbose_name="kind")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("body", models.JSONField()),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "import mapping",
                        "verbose_name_plural": "import mappings",
                        "ordering": ["name"],
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("branch", "kind", "name"), name="import_mapping_name_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportRow",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("number", models.PositiveIntegerField()),
                        ("key", models.CharField(blank=True, max_length=200)),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("created", "New"),
                                    ("updated", "Changed"),
                                    ("removed", "No longer in the file"),
                                    ("rejected", "Rejected"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("ref", models.CharField(blank=True, max_length=120)),
                        ("values", models.JSONField(null=True)),
                        ("before", models.JSONField(null=True)),
                        ("problems", models.JSONField(null=True)),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="core.importbatch"
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["batch", "outcome", "number"], name="import_row_order")],
                    },
                ),
                migrations.CreateModel(
                    name="JobRun",
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
                        ("kind", models.CharField(max_length=60, verbose_name="kind")),
                        ("key", models.CharField(blank=True, max_length=120)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Waiting"),
                                    ("running", "Running"),
                                    ("done", "Done"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="queued",
                                max_length=12,
                                verbose_name="state",
                            ),
                        ),
                        ("params", models.JSONField(default=dict)),
                        ("result", models.JSONField(blank=True, null=True)),
                        ("done", models.PositiveIntegerField(default=0)),
                        ("total", models.PositiveIntegerField(default=0)),
                        ("message", models.CharField(blank=True, max_length=300)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("cancel_asked", models.BooleanField(default=False)),
                        ("lease_until", models.DateTimeField(blank=True, null=True)),
                        ("leased_by", models.CharField(blank=True, max_length=80)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "actor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="job_runs",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="started by",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "job",
                        "verbose_name_plural": "jobs",
                        "default_permissions": ("view",),
                        "indexes": [models.Index(fields=["state", "created_at"], name="job_waiting")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("state__in", ["queued", "running"]), models.Q(("key", ""), _negated=True)
                                ),
                                fields=("kind", "key"),
                                name="one_live_job_per_key",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("ended_at", None), ("state__in", ["queued", "running"])),
                                    models.Q(
                                        models.Q(("state__in", ["queued", "running"]), _negated=True),
                                        ("ended_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="job_ended_iff_ended_at",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LookCount",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("looks", models.PositiveIntegerField(default=0, verbose_name="details opened")),
                        ("reveals", models.PositiveIntegerField(default=0, verbose_name="private values seen")),
                        ("budget", models.PositiveIntegerField(verbose_name="details a day")),
                        ("reveal_budget", models.PositiveIntegerField(verbose_name="private values a day")),
                        ("alarm_percent", models.PositiveSmallIntegerField()),
                        ("slow_seconds", models.PositiveSmallIntegerField()),
                        ("last_at", models.DateTimeField()),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="look_counts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "count of looks",
                        "verbose_name_plural": "counts of looks",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["day"], name="look_count_day")],
                        "constraints": [models.UniqueConstraint(fields=("user", "day"), name="one_look_count_a_day")],
                    },
                ),
                migrations.CreateModel(
                    name="Outbound",
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
                        ("purpose", models.CharField(max_length=60, verbose_name="purpose")),
                        (
                            "channel",
                            models.CharField(
                                choices=[("email", "E-mail"), ("sms", "SMS")], max_length=10, verbose_name="channel"
                            ),
                        ),
                        ("client_ref", models.CharField(blank=True, max_length=26)),
                        ("address", crm.core.fields.EncryptedField(verbose_name="address")),
                        ("subject", models.CharField(max_length=200, verbose_name="subject")),
                        ("body", crm.core.fields.EncryptedField(verbose_name="text")),
                        ("dedupe_key", models.CharField(max_length=120, unique=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Waiting"),
                                    ("sending", "Being sent"),
                                    ("sent", "Sent"),
                                    ("unknown", "Outcome unknown"),
                                    ("failed", "Failed"),
                                    ("dead", "Given up"),
                                    ("missed", "Too late to send"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("due_at", models.DateTimeField(verbose_name="due at")),
                        ("lease_until", models.DateTimeField(blank=True, null=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("provider_ref", models.CharField(blank=True, max_length=120)),
                        ("last_error", models.CharField(blank=True, max_length=200)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "branch",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.branch",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "outgoing message",
                        "verbose_name_plural": "outgoing messages",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["state", "due_at"], name="outbound_due"),
                            models.Index(
                                condition=models.Q(("client_ref", ""), _negated=True),
                                fields=["client_ref", "created_at"],
                                name="outbound_by_client",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Policy",
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
                        ("value", models.JSONField(verbose_name="value")),
                        ("effective_from", models.DateField(verbose_name="effective from")),
                        ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                        ("source", models.CharField(max_length=300, verbose_name="source")),
                        ("certainty", models.CharField(blank=True, max_length=20, verbose_name="certainty")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="policies",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "policy_key",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="versions",
                                to="core.policykey",
                                verbose_name="figure",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "policy",
                        "verbose_name_plural": "policies",
                        "ordering": ["policy_key", "branch", "-effective_from", "-version"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("policy_key", "branch", "version"), name="policy_version_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("policy_key", "version"),
                                name="company_policy_version_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Region",
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
                        ("code", models.CharField(max_length=20, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="regions",
                                to="core.company",
                                verbose_name="company",
                            ),
                        ),
                        (
                            "parent",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="children",
                                to="core.region",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "region",
                        "verbose_name_plural": "regions",
                        "constraints": [
                            models.UniqueConstraint(fields=("company", "code"), name="region_code_once_per_company")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Role",
                    fields=[
                        (
                            "key",
                            models.CharField(max_length=30, primary_key=True, serialize=False, verbose_name="role"),
                        ),
                        ("name_en", models.CharField(max_length=60)),
                        ("name_zh", models.CharField(max_length=60)),
                        ("reach", models.CharField(max_length=20, verbose_name="reach")),
                        ("needs_second_factor", models.BooleanField(default=False, verbose_name="second factor")),
                        (
                            "group",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE, related_name="role", to="auth.group"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "role",
                        "verbose_name_plural": "roles",
                    },
                ),
                migrations.CreateModel(
                    name="Attachment",
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
                        ("owner_type", models.CharField(max_length=60)),
                        ("owner_id", models.CharField(max_length=26)),
                        ("name", models.CharField(max_length=200, verbose_name="file name")),
                        ("content_type", models.CharField(max_length=80, verbose_name="kind")),
                        ("size", models.PositiveBigIntegerField(verbose_name="size")),
                        ("sha256", models.CharField(max_length=64)),
                        (
                            "duration_seconds",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="plays for (seconds)"),
                        ),
                        ("stored_as", models.CharField(max_length=80, unique=True)),
                        ("uploaded_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "uploaded_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "attachment",
                        "verbose_name_plural": "attachments",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["owner_type", "owner_id"], name="attachment_owner")],
                    },
                ),
            ],
        ),
        migrations.RunPython(install, remove),
    ]
