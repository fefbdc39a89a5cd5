"""Advisors, agreements and matching as of version 0.1, in one step."""

import crm.core.public_ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.core.tables import CreateTogether


class Migration(migrations.Migration):
    replaces = [("advisory", "0001_initial"), ("advisory", "0002_matching_of_a_segment")]

    initial = True

    dependencies = [
        ("clients", "0001_squashed_0019_a_branch_in_work_is_counted_by_index"),
        ("core", "0001_squashed_0009_rows_no_longer_in_a_file"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTogether(
            [
                migrations.CreateModel(
                    name="MatchingRun",
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
                                    ("computing", "Computing"),
                                    ("proposed", "Proposed"),
                                    ("approved", "Approved"),
                                    ("rejected", "Rejected"),
                                    ("failed", "Failed"),
                                ],
                                default="computing",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("weights", models.JSONField(default=dict)),
                        (
                            "continuity_points",
                            models.PositiveSmallIntegerField(verbose_name="points a change must gain"),
                        ),
                        ("pool", models.CharField(blank=True, max_length=40, verbose_name="clients matched")),
                        ("value", models.BigIntegerField(default=0, verbose_name="points")),
                        ("bound", models.BigIntegerField(default=0, verbose_name="best possible")),
                        ("prices", models.JSONField(default=dict)),
                        ("input_hash", models.CharField(blank=True, max_length=64)),
                        ("assigned", models.PositiveIntegerField(default=0, verbose_name="assigned")),
                        ("unassigned", models.PositiveIntegerField(default=0, verbose_name="unassigned")),
                        ("moved", models.PositiveIntegerField(default=0, verbose_name="change of advisor")),
                        ("newly_assigned", models.PositiveIntegerField(default=0, verbose_name="newly assigned")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="started")),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="matching_runs",
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
                                verbose_name="started by",
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
                            "job",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.jobrun",
                            ),
                        ),
                        (
                            "segment",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="clients.segment",
                                verbose_name="segment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "matching run",
                        "verbose_name_plural": "matching runs",
                        "permissions": [("approve_matchingrun", "Can approve matching runs")],
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["branch", "-id"], name="matching_history")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("decided_by__isnull", False),
                                        ("state__in", ["approved", "rejected"]),
                                    ),
                                    models.Q(
                                        models.Q(("state__in", ["approved", "rejected"]), _negated=True),
                                        ("decided_at", None),
                                        ("decided_by", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="matching_decided_iff_by_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("value__lte", models.F("bound"))),
                                name="matching_value_within_bound",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MatchProposal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("points", models.PositiveSmallIntegerField(default=0, verbose_name="points")),
                        ("contributions", models.JSONField(default=dict)),
                        ("runners_up", models.JSONField(default=list)),
                        ("unassigned_reason", models.CharField(blank=True, max_length=20, verbose_name="reason")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="clients.client"
                            ),
                        ),
                        (
                            "new_advisor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "old_advisor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="proposals",
                                to="advisory.matchingrun",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "match proposal",
                        "verbose_name_plural": "match proposals",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "client"), name="one_proposal_per_run_and_client")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AdvisorProfile",
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
                            "licence_kind",
                            models.CharField(
                                choices=[
                                    ("investment_advisor", "Investment advisor"),
                                    ("general", "General securities practice"),
                                    ("broker_agent", "Broker-agent"),
                                ],
                                max_length=20,
                                verbose_name="kind of licence",
                            ),
                        ),
                        ("licence_number", models.CharField(max_length=20, verbose_name="licence number")),
                        ("licence_valid_until", models.DateField(verbose_name="licence valid until")),
                        ("capacity", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="capacity")),
                        ("accepts_clients", models.BooleanField(default=True, verbose_name="takes new clients")),
                        ("leave_from", models.DateField(blank=True, null=True, verbose_name="on leave from")),
                        ("leave_until", models.DateField(blank=True, null=True, verbose_name="on leave until")),
                        (
                            "languages",
                            models.JSONField(blank=True, default=list, verbose_name="languages and dialects"),
                        ),
                        ("sectors", models.JSONField(blank=True, default=list, verbose_name="sectors")),
                        ("channels", models.JSONField(blank=True, default=list, verbose_name="channels")),
                        ("risk_grades", models.JSONField(blank=True, default=list, verbose_name="risk grades")),
                        ("tier_ranks", models.JSONField(blank=True, default=list, verbose_name="tiers")),
                        (
                            "experience_since",
                            models.DateField(blank=True, null=True, verbose_name="in the trade since"),
                        ),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="advisor_profile",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="member of staff",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "advisor",
                        "verbose_name_plural": "advisors",
                        "default_permissions": ("view", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("leave_from", None), ("leave_until", None)),
                                    models.Q(
                                        ("leave_from__isnull", False),
                                        ("leave_until__gte", models.F("leave_from")),
                                        ("leave_until__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="advisor_leave_has_both_ends",
                                violation_error_message="Leave needs a first and a last day in this order.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AdvisoryAgreement",
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
                        ("number", models.CharField(max_length=40, unique=True, verbose_name="number")),
                        ("signed_on", models.DateField(verbose_name="signed on")),
                        ("cancel_until", models.DateField(verbose_name="may be cancelled until")),
                        ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended on")),
                        ("end_reason", models.CharField(blank=True, max_length=200, verbose_name="reason of the end")),
                        (
                            "risk_disclosure",
                            models.CharField(max_length=40, verbose_name="version of the risk disclosure"),
                        ),
                        (
                            "advisor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="advisory_agreements",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="advisor",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="advisory_agreements",
                                to="clients.client",
                            ),
                        ),
                        (
                            "signed_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "advisory agreement",
                        "verbose_name_plural": "advisory agreements",
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_on", None)),
                                fields=("client",),
                                name="one_advisory_agreement_in_force",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ended_on", None), ("ended_on__gte", models.F("signed_on")), _connector="OR"
                                ),
                                name="agreement_ends_after_it_begins",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HandOver",
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
                        ("clients", models.PositiveIntegerField(verbose_name="clients")),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("done_at", models.DateTimeField(verbose_name="at")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="hand_overs", to="core.branch"
                            ),
                        ),
                        (
                            "done_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "giver",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hand_overs_given",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="from",
                            ),
                        ),
                        (
                            "taker",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hand_overs_taken",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="to",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "hand-over",
                        "verbose_name_plural": "hand-overs",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("giver", models.F("taker")), _negated=True),
                                name="hand_over_between_two_people",
                            )
                        ],
                    },
                ),
            ]
        ),
    ]
