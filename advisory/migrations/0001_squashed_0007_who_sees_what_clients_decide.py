"""Advisors, agreements and matching as of version 0.1, in one step."""

import crm.core.fields
import crm.core.public_ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.core.tables import CreateTogether


class Migration(migrations.Migration):
    replaces = [
        ("advisory", "0001_initial"),
        ("advisory", "0002_matching_of_a_segment"),
        ("advisory", "0003_portfolio_reviews"),
        ("advisory", "0004_how_far_a_recommendation_could_go"),
        ("advisory", "0005_reviews_on_file_reach_as_far_as_their_grade"),
        ("advisory", "0006_a_proposal_lies_within_reach"),
        ("advisory", "0007_who_sees_what_clients_decide"),
    ]

    initial = True

    dependencies = [
        ("core", "0010_messages_of_a_client"),
        ("clients", "0026_further_numbers_are_found_by_index"),
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
                migrations.CreateModel(
                    name="ReviewRun",
                    fields=[
                        (
                            "branch",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="core.branch",
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("mark", models.CharField(max_length=40)),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "run of portfolio reviews",
                        "verbose_name_plural": "runs of portfolio reviews",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="PortfolioReview",
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
                                choices=[("due", "Due"), ("done", "Done"), ("closed", "Closed")],
                                default="due",
                                max_length=6,
                                verbose_name="state",
                            ),
                        ),
                        ("due_on", models.DateField(verbose_name="due on")),
                        ("causes", models.JSONField(blank=True, default=list, verbose_name="brought forward by")),
                        ("planned_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "closed_as",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("client", "The client left, is not served or wants no contact"),
                                    ("unentitled", "Neither tier nor agreement entitles the client any more"),
                                    ("merged", "Merged with another client"),
                                ],
                                max_length=10,
                                verbose_name="closed because",
                            ),
                        ),
                        ("done_on", models.DateField(blank=True, null=True, verbose_name="reviewed on")),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[("no_change", "No change needed"), ("proposal", "Adjustment proposed")],
                                max_length=10,
                                verbose_name="result",
                            ),
                        ),
                        ("summary", models.TextField(blank=True, max_length=2000, verbose_name="assessment")),
                        ("picture", models.JSONField(blank=True, default=dict, verbose_name="holdings looked at")),
                        ("found", models.JSONField(blank=True, default=list, verbose_name="deviations")),
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
                        (
                            "answer",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("thinking", "Wants to think about it"),
                                ],
                                max_length=8,
                                verbose_name="answer of the client",
                            ),
                        ),
                        ("next_on", models.DateField(blank=True, null=True, verbose_name="next review on")),
                        (
                            "correction_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="reason of the correction"),
                        ),
                        ("first_ref", models.CharField(blank=True, editable=False, max_length=26)),
                        (
                            "agreement",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reviews",
                                to="advisory.advisoryagreement",
                                verbose_name="advisory agreement",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="portfolio_reviews",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "corrects",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="corrected_by",
                                to="advisory.portfolioreview",
                                verbose_name="corrects",
                            ),
                        ),
                        (
                            "done_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="reviewed by",
                            ),
                        ),
                        (
                            "opened_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="wanted by",
                            ),
                        ),
                        (
                            "highest_risk",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("R1", "R1 low"),
                                    ("R2", "R2 medium to low"),
                                    ("R3", "R3 medium"),
                                    ("R4", "R4 medium to high"),
                                    ("R5", "R5 high"),
                                ],
                                max_length=2,
                                verbose_name="highest risk of products then",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "portfolio review",
                        "verbose_name_plural": "portfolio reviews",
                        "default_permissions": ("view", "change"),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "due")), fields=["due_on", "id"], name="review_due"
                            ),
                            models.Index(fields=["client", "-done_on", "-id"], name="review_of_client"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "due")),
                                fields=("client",),
                                name="one_review_due_per_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("done_by__isnull", False),
                                        ("done_on__isnull", False),
                                        ("state", "done"),
                                        models.Q(("outcome", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("state", "done"), _negated=True),
                                        ("answer", ""),
                                        ("done_by", None),
                                        ("done_on", None),
                                        ("outcome", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="review_done_iff_by_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "closed"), models.Q(("closed_as", ""), _negated=True)),
                                    models.Q(models.Q(("state", "closed"), _negated=True), ("closed_as", "")),
                                    _connector="OR",
                                ),
                                name="review_closed_iff_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("corrects", None),
                                    models.Q(("correction_reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="review_correction_has_reason",
                                violation_error_message="Say why the review is corrected.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("corrects", None),
                                    models.Q(("corrects", models.F("pk")), _negated=True),
                                    _connector="OR",
                                ),
                                name="review_does_not_correct_itself",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("outcome", "proposal"), _negated=True),
                                    models.Q(
                                        ("agreement__isnull", False),
                                        models.Q(("highest_risk", ""), _negated=True),
                                        models.Q(("answer", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="proposal_under_agreement_within_reach",
                            ),
                        ],
                        "permissions": [("view_decision", "Can see what clients decide about proposals")],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewAnswer",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "answer",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("thinking", "Wants to think about it"),
                                ],
                                max_length=8,
                                verbose_name="answer of the client",
                            ),
                        ),
                        ("noted_at", models.DateTimeField(verbose_name="at")),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.contactlog",
                                verbose_name="told in the contact",
                            ),
                        ),
                        (
                            "noted_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="answers",
                                to="advisory.portfolioreview",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "answer to a proposal",
                        "verbose_name_plural": "answers to proposals",
                        "ordering": ["pk"],
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="ReviewLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField()),
                        (
                            "direction",
                            models.CharField(
                                choices=[("buy", "Buy"), ("sell", "Sell")], max_length=4, verbose_name="direction"
                            ),
                        ),
                        ("security_code", models.CharField(max_length=12, verbose_name="security code")),
                        ("security_name", models.CharField(max_length=40, verbose_name="security")),
                        (
                            "product_grade",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("R1", "R1 low"),
                                    ("R2", "R2 medium to low"),
                                    ("R3", "R3 medium"),
                                    ("R4", "R4 medium to high"),
                                    ("R5", "R5 high"),
                                ],
                                max_length=2,
                                verbose_name="risk grade of the product",
                            ),
                        ),
                        (
                            "share",
                            models.DecimalField(
                                blank=True,
                                decimal_places=1,
                                max_digits=4,
                                null=True,
                                verbose_name="share of the holding (%)",
                            ),
                        ),
                        ("amount", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="amount (yuan)")),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        (
                            "review",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="advisory.portfolioreview",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "line of a proposal",
                        "verbose_name_plural": "lines of proposals",
                        "ordering": ["position"],
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("review", "position"), name="review_line_position_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("amount", None), ("direction", "sell"), ("share__gt", 0), ("share__lte", 100)
                                    ),
                                    models.Q(("amount__gt", 0), ("share", None)),
                                    _connector="OR",
                                ),
                                name="review_line_share_or_amount",
                                violation_error_message="Say either a share of the holding, for a sale, or an amount.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("direction", "buy"), _negated=True),
                                    models.Q(("product_grade", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="review_line_bought_has_grade",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
