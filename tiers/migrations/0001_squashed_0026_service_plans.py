"""Programmes, rates, services and promises as of version 0.1, in one step."""

import crm.core.fields
import crm.core.public_ids
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from crm.core.tables import CreateTogether


class Migration(migrations.Migration):
    replaces = [
        ("tiers", "0001_initial"),
        ("tiers", "0002_fee_quotes"),
        ("tiers", "0003_rates_by_consent"),
        ("tiers", "0004_applied_rates_and_leaks"),
        ("tiers", "0005_rules_of_tiers"),
        ("tiers", "0006_tiers_by_hand"),
        ("tiers", "0007_simulations"),
        ("tiers", "0008_former_tiers"),
        ("tiers", "0009_services_and_promises"),
        ("tiers", "0010_simulation_by_a_job"),
        ("tiers", "0011_who_is_in_a_tier_is_told_by_index"),
        ("tiers", "0012_market_events"),
        ("tiers", "0013_why_a_booking_goes_beyond"),
        ("tiers", "0014_why_beyond_moves_to_its_own_column"),
        ("tiers", "0015_a_booking_gives_one_reason"),
        ("tiers", "0016_a_cadence_of_a_day_to_two_years"),
        ("tiers", "0017_when_it_was_decided"),
        ("tiers", "0018_nobody_asks_how_many_a_run_made"),
        ("tiers", "0019_the_first_of_a_row_has_a_name_of_its_own"),
        ("tiers", "0020_rights_to_call_a_round_and_to_exceed"),
        ("tiers", "0021_a_promise_ends_with_what_it_was_counted_from"),
        ("tiers", "0022_promises_rest_while_a_client_is_not_served"),
        ("tiers", "0023_what_stands_on_menus_reaches_people"),
        ("tiers", "0024_no_consent"),
        ("tiers", "0025_the_simulator_counts_every_product"),
        ("tiers", "0026_service_plans"),
    ]

    initial = True

    dependencies = [
        ("core", "0010_messages_of_a_client"),
        ("clients", "0028_one_change_of_many_clients"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTogether(
            [
                migrations.CreateModel(
                    name="LeakReview",
                    fields=[
                        (
                            "branch",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        ("day", models.DateField(blank=True, null=True, verbose_name="as of")),
                        (
                            "applied_on",
                            models.DateField(blank=True, null=True, verbose_name="newest day of applied rates"),
                        ),
                        ("counts", models.JSONField(default=dict)),
                        ("reviewed_at", models.DateTimeField(blank=True, null=True, verbose_name="reviewed at")),
                    ],
                    options={
                        "verbose_name": "review of leaks",
                        "verbose_name_plural": "reviews of leaks",
                        "default_permissions": ("add",),
                    },
                ),
                migrations.CreateModel(
                    name="PromiseRun",
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
                        ("first_day", models.DateField()),
                        ("day", models.DateField(verbose_name="day")),
                        ("mark", models.CharField(max_length=80)),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "run of promises",
                        "verbose_name_plural": "runs of promises",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="TierChange",
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
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("first", "First tier"),
                                    ("up", "Up"),
                                    ("down", "Down"),
                                    ("programme", "Another programme"),
                                    ("manual", "By hand"),
                                    ("return", "Back to the rule"),
                                ],
                                max_length=10,
                                verbose_name="reason",
                            ),
                        ),
                        ("total", crm.core.fields.MoneyField(verbose_name="sum")),
                        ("days", models.PositiveSmallIntegerField(verbose_name="days on file")),
                        ("bound", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="bound reached")),
                        ("next_bound", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="next bound")),
                        ("facts", models.JSONField(blank=True, default=dict, verbose_name="figures measured")),
                        ("below_since", models.DateField(blank=True, null=True, verbose_name="below since")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tier_changes",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="changes",
                                to="tiers.evaluationrun",
                                verbose_name="evaluation run",
                            ),
                        ),
                        (
                            "new",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.tier",
                                verbose_name="after",
                            ),
                        ),
                        (
                            "old",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.tier",
                                verbose_name="before",
                            ),
                        ),
                        (
                            "override",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="changes",
                                to="tiers.tieroverride",
                                verbose_name="tier by hand",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tier change",
                        "verbose_name_plural": "tier changes",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["client", "-day", "-id"], name="tier_change_history"),
                            models.Index(fields=["day", "reason"], name="tier_change_by_day"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("override__isnull", False), ("reason__in", ["manual", "return"]), ("run", None)
                                    ),
                                    models.Q(("days__gt", 0), ("override", None), ("run__isnull", False)),
                                    _connector="OR",
                                ),
                                name="tier_change_has_run_and_days",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("old", None), ("reason", "first")),
                                    models.Q(models.Q(("reason", "first"), _negated=True), ("old__isnull", False)),
                                    _connector="OR",
                                ),
                                name="first_tier_has_no_old_one",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Tier",
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
                        ("code", models.SlugField(max_length=30, verbose_name="code")),
                        ("name_en", models.CharField(max_length=40, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=40, verbose_name="name in Chinese")),
                        ("rank", models.PositiveSmallIntegerField(verbose_name="rank")),
                        ("lower_bound", crm.core.fields.MoneyField(blank=True, null=True, verbose_name="from")),
                        ("palette", models.PositiveSmallIntegerField(default=1, verbose_name="colour")),
                        (
                            "emblem",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "No emblem"),
                                    ("star", "Star"),
                                    ("medal", "Medal"),
                                    ("diamond", "Diamond"),
                                    ("certificate", "Seal"),
                                    ("sun", "Sun"),
                                    ("shield-check", "Shield"),
                                    ("heart", "Heart"),
                                ],
                                max_length=20,
                                verbose_name="emblem",
                            ),
                        ),
                        (
                            "text_en",
                            models.CharField(blank=True, max_length=400, verbose_name="text for clients in English"),
                        ),
                        (
                            "text_zh",
                            models.CharField(blank=True, max_length=400, verbose_name="text for clients in Chinese"),
                        ),
                        ("rule", models.JSONField(blank=True, default=dict, verbose_name="rule")),
                        (
                            "rule_institution",
                            models.JSONField(blank=True, default=dict, verbose_name="rule for institutions"),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tiers",
                                to="tiers.programme",
                                verbose_name="programme",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "client tier",
                        "verbose_name_plural": "client tiers",
                        "ordering": ["programme", "rank"],
                        "default_permissions": ("view",),
                        "constraints": [
                            models.UniqueConstraint(fields=("programme", "rank"), name="tier_rank_once_per_programme"),
                            models.UniqueConstraint(fields=("programme", "code"), name="tier_code_once_per_programme"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("lower_bound", None), ("rank", 1)), ("rank__gt", 1), _connector="OR"
                                ),
                                name="lowest_tier_has_no_bound",
                                violation_error_message="The lowest tier asks for nothing; it takes everybody else.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("palette__gte", 1), ("palette__lte", 8)),
                                name="tier_palette_has_eight",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClientRate",
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
                            "product",
                            models.CharField(
                                choices=[
                                    ("A_SHARE", "A shares"),
                                    ("FUND", "Exchange-traded funds"),
                                    ("BOND", "Bonds"),
                                    ("HK_CONNECT", "Hong Kong Connect"),
                                    ("MARGIN", "Margin trading"),
                                    ("OPTION", "Options"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=12,
                                verbose_name="product",
                            ),
                        ),
                        ("rate", crm.core.fields.RateField(decimal_places=6, max_digits=9, verbose_name="rate")),
                        (
                            "basis",
                            models.CharField(
                                choices=[("all_in", "All-in"), ("net", "Net of fees")],
                                default="all_in",
                                max_length=6,
                                verbose_name="basis",
                            ),
                        ),
                        ("min_fee", crm.core.fields.MoneyField(default=5, verbose_name="lowest fee per trade")),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid until")),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("proposed", "Waiting for approval"),
                                    ("offered", "Waiting for the client"),
                                    ("approved", "Approved"),
                                    ("rejected", "Rejected"),
                                    ("declined", "Declined by the client"),
                                    ("lapsed", "Lapsed"),
                                    ("ended", "Ended"),
                                ],
                                default="proposed",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("proposed_at", models.DateTimeField(verbose_name="proposed at")),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided at")),
                        (
                            "decision_note",
                            models.CharField(blank=True, max_length=200, verbose_name="note of the decision"),
                        ),
                        (
                            "origin",
                            models.CharField(
                                choices=[("concession", "Concession"), ("tier_change", "Change of tier")],
                                default="concession",
                                max_length=11,
                                verbose_name="origin",
                            ),
                        ),
                        ("decide_by", models.DateField(blank=True, null=True, verbose_name="to be decided by")),
                        (
                            "promised_turnover",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="turnover promised a year"),
                        ),
                        ("endorsed_at", models.DateTimeField(blank=True, null=True, verbose_name="first approval at")),
                        ("endorsed_by_house", models.BooleanField(default=False, editable=False)),
                        ("notice_text", models.TextField(blank=True, verbose_name="notice to the client")),
                        (
                            "notice_version",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="version of the notice"
                            ),
                        ),
                        ("accept_by", models.DateField(blank=True, null=True, verbose_name="to be answered by")),
                        (
                            "answered_how",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("paper", "Signed on paper"),
                                    ("app", "Confirmed in the trading app"),
                                    ("call", "Recorded call"),
                                ],
                                max_length=5,
                                verbose_name="how the client agreed",
                            ),
                        ),
                        ("answered_on", models.DateField(blank=True, null=True, verbose_name="answered on")),
                        (
                            "answer_taken_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="answer taken by",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rates",
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
                                verbose_name="decided by",
                            ),
                        ),
                        (
                            "endorsed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="first approval by",
                            ),
                        ),
                        (
                            "proposed_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="proposed by",
                            ),
                        ),
                        (
                            "tier_change",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rates",
                                to="tiers.tierchange",
                                verbose_name="tier change",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "client's rate",
                        "verbose_name_plural": "clients' rates",
                        "permissions": [("approve_clientrate", "Can approve a client's rate")],
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["state", "-id"], name="client_rate_queue")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="client_rate_decided_by_somebody_else",
                                violation_error_message="Somebody else has to approve this.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("decided_at", None), ("decided_by", None), ("state", "proposed")),
                                    ("state", "lapsed"),
                                    models.Q(
                                        models.Q(("state", "proposed"), _negated=True),
                                        ("decided_at__isnull", False),
                                        ("decided_by__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="client_rate_decided_iff_not_waiting",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("endorsed_by", None),
                                    models.Q(
                                        models.Q(("endorsed_by", models.F("proposed_by")), _negated=True),
                                        models.Q(
                                            ("decided_by", None),
                                            models.Q(("decided_by", models.F("endorsed_by")), _negated=True),
                                            _connector="OR",
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="client_rate_two_of_three_people",
                                violation_error_message="Somebody else has to approve this.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("origin", "concession"), ("tier_change", None)),
                                    models.Q(("origin", "tier_change"), ("tier_change__isnull", False)),
                                    _connector="OR",
                                ),
                                name="client_rate_of_a_tier_change",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("origin", "concession"),
                                    models.Q(("state__in", ["approved", "ended"]), _negated=True),
                                    models.Q(
                                        ("answer_taken_by__isnull", False),
                                        ("answered_on__isnull", False),
                                        models.Q(("answered_how", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="tier_rate_holds_once_accepted",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("tier_change__isnull", False)),
                                fields=("tier_change", "product"),
                                name="one_proposal_per_tier_change",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "approved"), ("valid_to", None)),
                                fields=("client", "product"),
                                name="one_open_rate_per_client_and_product",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["proposed", "offered"])),
                                fields=("client", "product"),
                                name="one_proposed_rate_per_product",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                                ),
                                name="client_rate_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("min_fee__gte", 0), ("rate__gt", 0)), name="client_rate_is_not_free"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True), name="client_rate_has_reason"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        ["proposed", "offered", "approved", "rejected", "declined", "lapsed", "ended"],
                                    )
                                ),
                                name="client_rate_state_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Delivery",
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
                            "kind",
                            models.CharField(
                                choices=[("event", "Event"), ("send", "Sent")], max_length=5, verbose_name="kind"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("title", models.CharField(max_length=120, verbose_name="title")),
                        ("clients", models.PositiveIntegerField(default=0, verbose_name="clients")),
                        ("kept", models.PositiveIntegerField(default=0, verbose_name="promises kept")),
                        ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
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
                            "made_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deliveries",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "delivery",
                        "verbose_name_plural": "deliveries",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="PreferenceSegment",
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
                        ("name_en", models.CharField(max_length=40, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=40, verbose_name="name in Chinese")),
                        (
                            "tier_codes",
                            crm.core.fields.CodesField(blank=True, default=list, verbose_name="client tiers"),
                        ),
                        ("rule", models.JSONField(verbose_name="rule")),
                        ("rights", crm.core.fields.CodesField(blank=True, default=list, editable=False)),
                        ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
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
                            "made_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="made by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "preference segment",
                        "verbose_name_plural": "preference segments",
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("company", "name_zh"),
                                name="preference_once_in_company",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch__isnull", False)),
                                fields=("branch", "name_zh"),
                                name="preference_once_in_branch",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MenuEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("report", "Report"), ("idea", "Idea"), ("event", "Event")],
                                max_length=6,
                                verbose_name="kind",
                            ),
                        ),
                        ("title_en", models.CharField(max_length=80, verbose_name="title in English")),
                        ("title_zh", models.CharField(max_length=80, verbose_name="title in Chinese")),
                        ("position", models.PositiveSmallIntegerField(default=0)),
                        (
                            "segment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="entries",
                                to="tiers.preferencesegment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "line of a menu",
                        "verbose_name_plural": "lines of menus",
                        "ordering": ["position", "pk"],
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Programme",
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
                        ("name_en", models.CharField(max_length=60, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=60, verbose_name="name in Chinese")),
                        ("edition", models.PositiveSmallIntegerField(default=1, verbose_name="edition")),
                        ("effective_from", models.DateField(verbose_name="effective from")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("submitted", "Waiting for approval"),
                                    ("active", "Active"),
                                    ("retired", "Retired"),
                                ],
                                default="draft",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        ("source", models.CharField(blank=True, max_length=200, verbose_name="source")),
                        ("note", models.CharField(blank=True, max_length=400, verbose_name="reason for this edition")),
                        (
                            "window_days",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="average over natural days"
                            ),
                        ),
                        (
                            "down_after",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="months below before a tier falls"
                            ),
                        ),
                        (
                            "grace_months",
                            models.PositiveSmallIntegerField(default=0, verbose_name="months of grace for new clients"),
                        ),
                        (
                            "age_floors",
                            models.JSONField(blank=True, default=list, verbose_name="floors for long standing"),
                        ),
                        ("submitted_at", models.DateTimeField(blank=True, null=True, verbose_name="submitted at")),
                        ("approved_at", models.DateTimeField(blank=True, null=True, verbose_name="approved at")),
                        (
                            "decision_note",
                            models.CharField(blank=True, max_length=200, verbose_name="note of the decision"),
                        ),
                        (
                            "approved_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="approved by",
                            ),
                        ),
                        (
                            "authors",
                            models.ManyToManyField(
                                blank=True, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="authors"
                            ),
                        ),
                        (
                            "based_on",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="tiers.programme",
                                verbose_name="made from",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tier_programmes",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tier_programmes",
                                to="core.company",
                                verbose_name="company",
                            ),
                        ),
                        (
                            "drafted_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="drafted by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tier programme",
                        "verbose_name_plural": "tier programmes",
                        "permissions": [("approve_programme", "Can put a tier programme in force")],
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("approved_by", None),
                                    ("drafted_by", None),
                                    models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="programme_approved_by_somebody_else",
                                violation_error_message="Somebody else has to approve this.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("company", "code", "edition"),
                                name="programme_edition_once_in_company",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch__isnull", False)),
                                fields=("branch", "code", "edition"),
                                name="programme_edition_once_in_branch",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["draft", "submitted", "active", "retired"])),
                                name="programme_state_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EvaluationRun",
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
                        ("is_month_end", models.BooleanField(default=False, verbose_name="month-end")),
                        ("window_days", models.PositiveSmallIntegerField(verbose_name="window in natural days")),
                        (
                            "down_after",
                            models.PositiveSmallIntegerField(verbose_name="months below before a tier falls"),
                        ),
                        ("counts", models.JSONField(default=dict, verbose_name="clients by tier")),
                        ("up", models.PositiveIntegerField(default=0, verbose_name="up")),
                        ("down", models.PositiveIntegerField(default=0, verbose_name="down")),
                        ("first", models.PositiveIntegerField(default=0, verbose_name="first tier")),
                        (
                            "changed_programme",
                            models.PositiveIntegerField(default=0, verbose_name="from another programme"),
                        ),
                        (
                            "no_data",
                            models.PositiveIntegerField(default=0, verbose_name="without assets in the window"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "actor",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="run by",
                            ),
                        ),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="evaluation_runs",
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
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="runs",
                                to="tiers.programme",
                                verbose_name="programme",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "evaluation run",
                        "verbose_name_plural": "evaluation runs",
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["branch", "-day", "-id"], name="evaluation_history")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("programme", "branch", "day"), name="evaluation_once_per_branch_and_day"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RateLeak",
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
                            "product",
                            models.CharField(
                                choices=[
                                    ("A_SHARE", "A shares"),
                                    ("FUND", "Exchange-traded funds"),
                                    ("BOND", "Bonds"),
                                    ("HK_CONNECT", "Hong Kong Connect"),
                                    ("MARGIN", "Margin trading"),
                                    ("OPTION", "Options"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=12,
                                verbose_name="product",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("below", "Below the rate, without paper"),
                                    ("expired", "Expired, but still applied"),
                                    ("above", "Above the tier's rate"),
                                    ("promise", "Promised turnover not reached"),
                                ],
                                max_length=8,
                                verbose_name="kind of leak",
                            ),
                        ),
                        ("applied", crm.core.fields.RateField(decimal_places=6, max_digits=9, verbose_name="applied")),
                        ("due", crm.core.fields.RateField(decimal_places=6, max_digits=9, verbose_name="due")),
                        (
                            "turnover",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="turnover of twelve months"),
                        ),
                        (
                            "promised",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="turnover promised a year"),
                        ),
                        ("effect", crm.core.fields.MoneyField(default=0, verbose_name="yuan a year")),
                        ("since", models.DateField(verbose_name="found since")),
                        ("day", models.DateField(verbose_name="as of")),
                        (
                            "client",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rate_leaks",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "client_rate",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="tiers.clientrate",
                                verbose_name="client's rate",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "commission leak",
                        "verbose_name_plural": "commission leaks",
                        "default_permissions": ("view",),
                        "indexes": [models.Index(fields=["-effect", "-id"], name="leak_by_effect")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("client", "product", "kind"), name="leak_once_per_client_and_product"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["below", "expired", "above", "promise"])),
                                name="leak_kind_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("effect__gte", 0)), name="leak_effect_not_negative"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RateReview",
                    fields=[
                        (
                            "tier_change",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="rate_review",
                                serialize=False,
                                to="tiers.tierchange",
                            ),
                        ),
                        ("unchanged", models.JSONField(default=list)),
                        ("reviewed_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "review of rates",
                        "verbose_name_plural": "reviews of rates",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="ServiceDay",
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
                        ("day", models.DateField(verbose_name="day")),
                        ("places", models.PositiveSmallIntegerField(verbose_name="places")),
                        ("taken", models.PositiveSmallIntegerField(default=0, verbose_name="taken")),
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
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="days",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "day of a service",
                        "verbose_name_plural": "days of services",
                        "default_permissions": ("change",),
                        "constraints": [
                            models.UniqueConstraint(fields=("item", "branch", "day"), name="service_day_once"),
                            models.CheckConstraint(
                                condition=models.Q(("taken__lte", models.F("places"))),
                                name="service_day_not_overbooked",
                                violation_error_message="More places are taken than that.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Booking",
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
                        ("at", models.TimeField(verbose_name="at")),
                        ("where", models.CharField(blank=True, max_length=120, verbose_name="where")),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("asked", "Asked for"),
                                    ("confirmed", "Confirmed"),
                                    ("done", "Took place"),
                                    ("cancelled", "Cancelled"),
                                    ("no_show", "Client did not come"),
                                ],
                                default="asked",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("tier_code", models.SlugField(db_index=False, max_length=30)),
                        ("confirm_by", models.DateField(verbose_name="to be confirmed by")),
                        ("cost", crm.core.fields.MoneyField(default=0, verbose_name="cost")),
                        ("asked_at", models.DateTimeField(verbose_name="booked at")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        (
                            "asked_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="booked by",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="service_bookings",
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
                                verbose_name="settled by",
                            ),
                        ),
                        (
                            "slot",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="bookings",
                                to="tiers.serviceday",
                                verbose_name="day",
                            ),
                        ),
                        (
                            "beyond",
                            models.CharField(blank=True, max_length=200, verbose_name="why beyond the entitlement"),
                        ),
                        ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="settled at")),
                    ],
                    options={
                        "verbose_name": "booking",
                        "verbose_name_plural": "bookings",
                        "default_permissions": ("view", "add", "change"),
                        "indexes": [models.Index(fields=["client", "-id"], name="booking_of_client")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["asked", "confirmed", "done", "cancelled", "no_show"])
                                ),
                                name="booking_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "cancelled"), _negated=True),
                                    models.Q(("reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="booking_cancelled_with_reason",
                                violation_error_message="Say why.",
                            ),
                        ],
                        "permissions": [("exceed_booking", "Can book beyond the entitlement")],
                    },
                ),
                migrations.CreateModel(
                    name="ServiceItem",
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
                        ("name_en", models.CharField(max_length=60, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=60, verbose_name="name in Chinese")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("basic", "Basic, for everybody"),
                                    ("value_added", "Value-added"),
                                    ("care", "Care"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("process_en", models.CharField(blank=True, max_length=400, verbose_name="process in English")),
                        ("process_zh", models.CharField(blank=True, max_length=400, verbose_name="process in Chinese")),
                        (
                            "standard_en",
                            models.CharField(blank=True, max_length=400, verbose_name="standard in English"),
                        ),
                        (
                            "standard_zh",
                            models.CharField(blank=True, max_length=400, verbose_name="standard in Chinese"),
                        ),
                        (
                            "limit_days",
                            models.PositiveSmallIntegerField(default=5, verbose_name="time limit in working days"),
                        ),
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
                                default="unknown",
                                max_length=10,
                                verbose_name="channel",
                            ),
                        ),
                        (
                            "owner_role",
                            models.CharField(
                                choices=[
                                    ("advisor", "Whoever serves the client"),
                                    ("front_desk", "Front desk"),
                                    ("branch_manager", "Branch manager"),
                                ],
                                default="advisor",
                                max_length=16,
                                verbose_name="seen to by",
                            ),
                        ),
                        ("cost", crm.core.fields.MoneyField(default=0, verbose_name="cost each time")),
                        (
                            "rhythm",
                            models.CharField(
                                choices=[
                                    ("standing", "Always there, nothing falls due"),
                                    ("on_request", "When the client asks, booked"),
                                    ("periodic", "In every period"),
                                    ("rolling", "So long after the last time"),
                                    ("birthday", "On the birthday"),
                                ],
                                max_length=12,
                                verbose_name="rhythm",
                            ),
                        ),
                        (
                            "proof",
                            models.CharField(
                                choices=[
                                    ("contact", "A contact that is logged"),
                                    ("event", "Taking part in an event"),
                                    ("send", "Material that was sent"),
                                    ("booking", "A booking that took place"),
                                    ("hand", "Noted by hand"),
                                ],
                                max_length=8,
                                verbose_name="proof",
                            ),
                        ),
                        (
                            "purposes",
                            crm.core.fields.CodesField(
                                blank=True,
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
                                default=list,
                                verbose_name="purposes that count",
                            ),
                        ),
                        (
                            "channels",
                            crm.core.fields.CodesField(
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
                                default=list,
                                verbose_name="channels that count",
                            ),
                        ),
                        (
                            "least_grade",
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
                                verbose_name="least risk grade",
                            ),
                        ),
                        ("gate", models.CharField(blank=True, max_length=30, verbose_name="condition")),
                        ("places", models.PositiveSmallIntegerField(default=0, verbose_name="places a day")),
                        ("starts_on", models.DateField(verbose_name="valid from")),
                        ("ends_on", models.DateField(blank=True, null=True, verbose_name="last day")),
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
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="core.company",
                                verbose_name="company",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "service",
                        "verbose_name_plural": "services",
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("branch", None)),
                                fields=("company", "code"),
                                name="service_code_once_in_company",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("branch__isnull", False)),
                                fields=("branch", "code"),
                                name="service_code_once_in_branch",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                                ),
                                name="service_ends_after_it_begins",
                                violation_error_message="The last day lies before the first.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("proof", "booking"), ("rhythm", "on_request")),
                                    models.Q(
                                        models.Q(("rhythm", "on_request"), _negated=True),
                                        models.Q(("proof", "booking"), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="service_on_request_is_booked",
                                violation_error_message="What the client asks for is proved by a booking, and only that.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("cost__gte", 0)), name="service_costs_no_less_than_nothing"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ServiceEdition",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveIntegerField(verbose_name="version")),
                        ("terms", models.JSONField()),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                        (
                            "made_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="editions",
                                to="tiers.serviceitem",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "edition of a service",
                        "verbose_name_plural": "editions of services",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("item", "number"), name="service_edition_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Promise",
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
                        ("occurrence_key", models.CharField(max_length=30)),
                        ("edition", models.PositiveIntegerField(default=1, verbose_name="version of the service")),
                        ("programme_code", models.SlugField(db_index=False, max_length=30)),
                        ("tier_code", models.SlugField(db_index=False, max_length=30)),
                        ("is_rolling", models.BooleanField(default=False)),
                        ("opens_on", models.DateField(verbose_name="from")),
                        ("due_on", models.DateField(verbose_name="due on")),
                        ("last_day", models.DateField(verbose_name="missed after")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "Due"),
                                    ("done", "Kept"),
                                    ("missed", "Missed"),
                                    ("waived", "Waived"),
                                    ("closed", "Closed"),
                                ],
                                default="due",
                                max_length=6,
                                verbose_name="state",
                            ),
                        ),
                        ("kept_on", models.DateField(blank=True, null=True, verbose_name="kept on")),
                        (
                            "proof",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("contact", "A contact that is logged"),
                                    ("event", "Taking part in an event"),
                                    ("send", "Material that was sent"),
                                    ("booking", "A booking that took place"),
                                    ("hand", "Noted by hand"),
                                ],
                                max_length=8,
                                verbose_name="proof",
                            ),
                        ),
                        ("contact_ref", models.CharField(blank=True, editable=False, max_length=26)),
                        ("cost", crm.core.fields.MoneyField(default=0, verbose_name="cost")),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                        (
                            "closed_as",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("tier", "The client's tier changed"),
                                    ("terms", "Other terms hold now"),
                                    ("ended", "The service or entitlement ended"),
                                    ("client", "The client left or is not served"),
                                    ("silent", "The client wants no contact"),
                                    ("gate", "The client does not meet the condition"),
                                    ("merged", "Merged with another client"),
                                    ("before", "The one before it was not kept that day"),
                                ],
                                max_length=6,
                                verbose_name="closed because",
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("first_due_on", models.DateField(blank=True, null=True, verbose_name="first due on")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="promises",
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
                                verbose_name="decided by",
                            ),
                        ),
                        (
                            "delivery",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="promises",
                                to="tiers.delivery",
                                verbose_name="proof",
                            ),
                        ),
                        (
                            "kept_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="kept by",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="promises",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                        (
                            "event",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="promises",
                                to="tiers.marketevent",
                                verbose_name="market event",
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided at")),
                    ],
                    options={
                        "verbose_name": "promise",
                        "verbose_name_plural": "promises",
                        "permissions": [
                            ("keep_promise", "Can note that a promise was kept"),
                            ("waive_promise", "Can waive a promise or agree on another day"),
                            ("cost_promise", "Can see what services cost"),
                        ],
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "due")), fields=["due_on", "id"], name="promise_due"
                            ),
                            models.Index(
                                condition=models.Q(("state", "due")), fields=["last_day"], name="promise_running_out"
                            ),
                            models.Index(fields=["client", "-due_on", "-id"], name="promise_of_client"),
                            models.Index(fields=["item", "due_on"], name="promise_of_service"),
                            models.Index(
                                condition=models.Q(("event__isnull", False)),
                                fields=["event", "state"],
                                name="promise_of_event",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("client", "item", "occurrence_key"), name="promised_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("is_rolling", True), ("state", "due")),
                                fields=("client", "item"),
                                name="one_rolling_promise_open",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("due_on__lte", models.F("last_day")), ("opens_on__lte", models.F("due_on"))
                                ),
                                name="promise_days_in_order",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kept_on__isnull", False),
                                        ("state", "done"),
                                        models.Q(("proof", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("state", "done"), _negated=True), ("kept_on", None), ("proof", "")
                                    ),
                                    _connector="OR",
                                ),
                                name="promise_kept_iff_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "closed"), models.Q(("closed_as", ""), _negated=True)),
                                    models.Q(models.Q(("state", "closed"), _negated=True), ("closed_as", "")),
                                    _connector="OR",
                                ),
                                name="promise_closed_iff_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "waived"), _negated=True),
                                    models.Q(("decided_by__isnull", False), models.Q(("reason", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="promise_waived_with_reason",
                                violation_error_message="Say why.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["due", "done", "missed", "waived", "closed"])),
                                name="promise_state_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Entitlement",
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
                        ("programme_code", models.SlugField(max_length=30, verbose_name="programme")),
                        ("tier_code", models.SlugField(max_length=30, verbose_name="client tier")),
                        ("times", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="times")),
                        (
                            "period",
                            models.CharField(
                                choices=[
                                    ("month", "Month"),
                                    ("quarter", "Quarter"),
                                    ("half_year", "Half-year"),
                                    ("year", "Year"),
                                ],
                                default="year",
                                max_length=10,
                                verbose_name="per",
                            ),
                        ),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid until")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "created_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entitlements",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "entitlement",
                        "verbose_name_plural": "entitlements",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("item", "programme_code", "tier_code", "valid_from"),
                                name="entitlement_once_per_day",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("valid_to", None)),
                                fields=("item", "programme_code", "tier_code"),
                                name="one_open_entitlement_per_service_and_tier",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                                ),
                                name="entitlement_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("times", None), models.Q(("times__gte", 1), ("times__lte", 30)), _connector="OR"
                                ),
                                name="entitlement_counts_from_one_to_thirty",
                                violation_error_message="One to thirty times in a period.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Simulation",
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
                        ("day", models.DateField(verbose_name="as of")),
                        ("window_days", models.PositiveSmallIntegerField(verbose_name="window in natural days")),
                        ("clients", models.PositiveIntegerField(default=0, verbose_name="clients")),
                        (
                            "no_data",
                            models.PositiveIntegerField(default=0, verbose_name="without assets in the window"),
                        ),
                        ("advisors", models.PositiveIntegerField(default=0)),
                        ("bars", models.JSONField(default=list)),
                        ("made_at", models.DateTimeField(verbose_name="laid out at")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.branch",
                                verbose_name="branch",
                            ),
                        ),
                        (
                            "made_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="laid out by",
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="tiers.programme",
                                verbose_name="programme",
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
                        ("waits", models.BooleanField(default=False)),
                    ],
                    options={
                        "verbose_name": "simulation",
                        "verbose_name_plural": "simulations",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("branch", "programme"), name="one_simulation_per_branch_and_edition"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SimulatedClient",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("average", crm.core.fields.MoneyField(verbose_name="average assets")),
                        ("base_rank", models.PositiveSmallIntegerField()),
                        ("turnover", crm.core.fields.MoneyField(default=0, verbose_name="turnover of twelve months")),
                        ("has_own_rate", models.BooleanField(default=False)),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="clients.client"
                            ),
                        ),
                        (
                            "simulation",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rows",
                                to="tiers.simulation",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "client in a simulation",
                        "verbose_name_plural": "clients in simulations",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["simulation", "-average", "-id"], name="simulation_by_average")
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("simulation", "client"), name="client_once_per_simulation")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RateCard",
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
                            "product",
                            models.CharField(
                                choices=[
                                    ("A_SHARE", "A shares"),
                                    ("FUND", "Exchange-traded funds"),
                                    ("BOND", "Bonds"),
                                    ("HK_CONNECT", "Hong Kong Connect"),
                                    ("MARGIN", "Margin trading"),
                                    ("OPTION", "Options"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=12,
                                verbose_name="product",
                            ),
                        ),
                        ("rate", crm.core.fields.RateField(decimal_places=6, max_digits=9, verbose_name="rate")),
                        (
                            "basis",
                            models.CharField(
                                choices=[("all_in", "All-in"), ("net", "Net of fees")],
                                default="all_in",
                                max_length=6,
                                verbose_name="basis",
                            ),
                        ),
                        ("min_fee", crm.core.fields.MoneyField(default=5, verbose_name="lowest fee per trade")),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid until")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "created_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "tier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rate_cards",
                                to="tiers.tier",
                                verbose_name="client tier",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rate card",
                        "verbose_name_plural": "rate cards",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("tier", "product", "valid_from"), name="rate_card_once_per_day"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("valid_to", None)),
                                fields=("tier", "product"),
                                name="one_open_rate_card_per_tier_and_product",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                                ),
                                name="rate_card_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("min_fee__gte", 0), ("rate__gt", 0)), name="rate_card_is_not_free"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TierOverride",
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
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("requested_at", models.DateTimeField(verbose_name="asked for at")),
                        ("decide_by", models.DateField(verbose_name="to be decided by")),
                        ("valid_from", models.DateField(blank=True, null=True, verbose_name="valid from")),
                        ("valid_to", models.DateField(verbose_name="valid until")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("proposed", "Waiting for approval"),
                                    ("holding", "In force"),
                                    ("rejected", "Rejected"),
                                    ("withdrawn", "Withdrawn"),
                                    ("lapsed", "Lapsed"),
                                    ("ended", "Ended"),
                                ],
                                default="proposed",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided at")),
                        (
                            "decision_note",
                            models.CharField(blank=True, max_length=200, verbose_name="note of the decision"),
                        ),
                        ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                        ("end_reason", models.CharField(blank=True, max_length=200, verbose_name="why it ended")),
                        (
                            "before",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.tier",
                                verbose_name="tier before",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tier_overrides",
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
                                verbose_name="decided by",
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
                            "tier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.tier",
                                verbose_name="client tier",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tier by hand",
                        "verbose_name_plural": "tiers by hand",
                        "permissions": [("approve_tieroverride", "Can approve a tier given by hand")],
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["state", "valid_to"], name="tier_by_hand_queue")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("decided_by", models.F("requested_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="tier_by_hand_decided_by_somebody_else",
                                violation_error_message="Somebody else has to approve this.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_by", None),
                                        ("state__in", ["proposed", "withdrawn", "lapsed"]),
                                        ("valid_from", None),
                                    ),
                                    models.Q(
                                        ("decided_by__isnull", False), ("state", "rejected"), ("valid_from", None)
                                    ),
                                    models.Q(
                                        ("decided_by__isnull", False),
                                        ("state__in", ["holding", "ended"]),
                                        ("valid_from__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="tier_by_hand_holds_once_decided",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_from", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                                ),
                                name="tier_by_hand_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True), name="tier_by_hand_has_reason"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "proposed")),
                                fields=("client",),
                                name="one_waiting_tier_by_hand_per_client",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "holding")),
                                fields=("client",),
                                name="one_holding_tier_by_hand_per_client",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TierState",
                    fields=[
                        (
                            "client",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="tier_state",
                                serialize=False,
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        ("since", models.DateField(verbose_name="since")),
                        ("below_since", models.DateField(blank=True, null=True, verbose_name="below since")),
                        (
                            "earned",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.tier",
                                verbose_name="tier by rule",
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.programme",
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.evaluationrun",
                            ),
                        ),
                        (
                            "tier",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="states",
                                to="tiers.tier",
                                verbose_name="client tier",
                            ),
                        ),
                        (
                            "rests_since",
                            models.DateField(blank=True, editable=False, null=True, verbose_name="promises rest since"),
                        ),
                        (
                            "served_since",
                            models.DateField(
                                blank=True, editable=False, null=True, verbose_name="promises run again since"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tier of a client",
                        "verbose_name_plural": "tiers of clients",
                        "default_permissions": ("view",),
                        "indexes": [models.Index(fields=["tier", "client"], name="tier_state_members")],
                    },
                ),
                migrations.CreateModel(
                    name="AppliedRate",
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
                            "product",
                            models.CharField(
                                choices=[
                                    ("A_SHARE", "A shares"),
                                    ("FUND", "Exchange-traded funds"),
                                    ("BOND", "Bonds"),
                                    ("HK_CONNECT", "Hong Kong Connect"),
                                    ("MARGIN", "Margin trading"),
                                    ("OPTION", "Options"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=12,
                                verbose_name="product",
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("rate", crm.core.fields.RateField(decimal_places=6, max_digits=9, verbose_name="rate")),
                        (
                            "basis",
                            models.CharField(
                                choices=[("all_in", "All-in"), ("net", "Net of fees")],
                                default="all_in",
                                max_length=6,
                                verbose_name="basis",
                            ),
                        ),
                        (
                            "turnover",
                            crm.core.fields.MoneyField(blank=True, null=True, verbose_name="turnover of twelve months"),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="applied_rates",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "applied rate",
                        "verbose_name_plural": "applied rates",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("client", "product", "day"), name="applied_rate_once_per_day"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("rate__gte", 0), ("rate__lt", 1)), name="applied_rate_is_a_share"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ContactCadence",
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
                        ("programme_code", models.SlugField(max_length=30, verbose_name="programme")),
                        ("tier_code", models.SlugField(max_length=30, verbose_name="client tier")),
                        (
                            "days",
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="days between contacts"
                            ),
                        ),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid until")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.company"
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
                    ],
                    options={
                        "verbose_name": "contact cadence",
                        "verbose_name_plural": "contact cadences",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "programme_code", "tier_code", "valid_from"),
                                name="cadence_once_per_day",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("valid_to", None)),
                                fields=("company", "programme_code", "tier_code"),
                                name="one_open_cadence_per_tier",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_to", None), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                                ),
                                name="cadence_ends_after_it_begins",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("days", None), models.Q(("days__gte", 1), ("days__lte", 730)), _connector="OR"
                                ),
                                name="cadence_from_a_day_to_two_years",
                                violation_error_message="One day to two years lie between two contacts.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FeeQuote",
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
                            "product",
                            models.CharField(
                                choices=[
                                    ("A_SHARE", "A shares"),
                                    ("FUND", "Exchange-traded funds"),
                                    ("BOND", "Bonds"),
                                    ("HK_CONNECT", "Hong Kong Connect"),
                                    ("MARGIN", "Margin trading"),
                                    ("OPTION", "Options"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=12,
                                verbose_name="product",
                            ),
                        ),
                        (
                            "exchange",
                            models.CharField(
                                choices=[
                                    ("SSE", "Shanghai Stock Exchange"),
                                    ("SZSE", "Shenzhen Stock Exchange"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=4,
                                verbose_name="exchange",
                            ),
                        ),
                        (
                            "side",
                            models.CharField(
                                choices=[("buy", "Buy"), ("sell", "Sell")], max_length=4, verbose_name="side"
                            ),
                        ),
                        ("amount", crm.core.fields.MoneyField(verbose_name="amount of the trade")),
                        ("day", models.DateField(verbose_name="day of the trade")),
                        ("rate", crm.core.fields.RateField(decimal_places=6, max_digits=9, verbose_name="rate")),
                        (
                            "basis",
                            models.CharField(
                                choices=[("all_in", "All-in"), ("net", "Net of fees")],
                                max_length=6,
                                verbose_name="basis",
                            ),
                        ),
                        ("min_fee", crm.core.fields.MoneyField(verbose_name="lowest fee per trade")),
                        ("commission", crm.core.fields.MoneyField(verbose_name="commission")),
                        ("handling", crm.core.fields.MoneyField(verbose_name="handling fee")),
                        ("regulation", crm.core.fields.MoneyField(verbose_name="regulation fee")),
                        ("transfer", crm.core.fields.MoneyField(verbose_name="transfer fee")),
                        ("stamp", crm.core.fields.MoneyField(verbose_name="stamp duty")),
                        ("total", crm.core.fields.MoneyField(verbose_name="total")),
                        ("figures", models.JSONField(default=dict, verbose_name="figures used")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="worked out at")),
                        (
                            "client",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="fee_quotes",
                                to="clients.client",
                                verbose_name="client",
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
                    ],
                    options={
                        "verbose_name": "fee quote",
                        "verbose_name_plural": "fee quotes",
                        "default_permissions": ("view", "add"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "total",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("commission"), "+", models.F("handling")
                                                    ),
                                                    "+",
                                                    models.F("regulation"),
                                                ),
                                                "+",
                                                models.F("transfer"),
                                            ),
                                            "+",
                                            models.F("stamp"),
                                        ),
                                    )
                                ),
                                name="fee_quote_lines_add_up",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0), ("min_fee__gte", 0), ("rate__gt", 0)),
                                name="fee_quote_is_of_a_trade",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("side", "sell"), models.Q(("side", "buy"), ("stamp", 0)), _connector="OR"
                                ),
                                name="fee_quote_stamp_on_sales",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FormerTier",
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
                        ("system", models.CharField(blank=True, max_length=60, verbose_name="former system")),
                        ("tier", models.CharField(max_length=40, verbose_name="former tier")),
                        ("since", models.DateField(verbose_name="since")),
                        ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="former_tiers",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "former tier",
                        "verbose_name_plural": "former tiers",
                        "default_permissions": ("add",),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("client", "system", "since"), name="former_tier_once_a_day_and_system"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                                name="former_tier_ends_after_it_begins",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MarketEvent",
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
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        ("day", models.DateField(verbose_name="day of the event")),
                        ("ask", models.CharField(max_length=400, verbose_name="what clients are told or asked")),
                        (
                            "tier_codes",
                            crm.core.fields.CodesField(blank=True, default=list, verbose_name="client tiers"),
                        ),
                        ("rule", models.JSONField(blank=True, null=True, verbose_name="rule")),
                        ("segment_name", models.CharField(blank=True, max_length=40, verbose_name="segment")),
                        ("due_on", models.DateField(verbose_name="to be done by")),
                        ("called_at", models.DateTimeField(verbose_name="called out at")),
                        ("asked_at", models.DateTimeField(verbose_name="asked last at")),
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
                            "called_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="called out by",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="market_events",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "market event",
                        "verbose_name_plural": "market events",
                        "default_permissions": ("add",),
                        "indexes": [models.Index(fields=["branch", "-called_at"], name="market_event_newest")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("branch", "name", "day", "item"), name="market_event_called_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("rule__isnull", False),
                                    models.Q(("tier_codes", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="market_event_says_for_whom",
                                violation_error_message="Say for whom: a segment, tiers, or both.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Publication",
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
                                    ("report", "Report"),
                                    ("idea", "Idea"),
                                    ("event", "Event"),
                                    ("service", "Service"),
                                ],
                                max_length=7,
                                verbose_name="kind",
                            ),
                        ),
                        ("title", models.CharField(max_length=60, verbose_name="title")),
                        ("text", models.CharField(max_length=400, verbose_name="text")),
                        ("link", models.URLField(blank=True, verbose_name="link")),
                        (
                            "risk",
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
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        ("valid_until", models.DateField(verbose_name="valid until")),
                        (
                            "state",
                            models.CharField(
                                choices=[("draft", "In preparation"), ("sent", "Sent out"), ("withdrawn", "Withdrawn")],
                                default="draft",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        ("made_at", models.DateTimeField(verbose_name="made at")),
                        ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
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
                            "delivery",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.delivery",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                        (
                            "made_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="made by",
                            ),
                        ),
                        (
                            "segments",
                            models.ManyToManyField(
                                related_name="publications",
                                to="tiers.preferencesegment",
                                verbose_name="preference segments",
                            ),
                        ),
                        (
                            "sent_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="sent by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "publication",
                        "verbose_name_plural": "publications",
                        "permissions": [("tell_publication", "Can note that a client was told of a publication")],
                        "default_permissions": ("view", "add"),
                        "indexes": [models.Index(fields=["branch", "-made_at", "-id"], name="publication_newest")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("valid_until__gte", models.F("valid_from"))),
                                name="publication_ends_after_it_begins",
                                violation_error_message="The last day lies before the first.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "service"), _negated=True),
                                    ("item__isnull", False),
                                    _connector="OR",
                                ),
                                name="publication_of_a_service_names_it",
                                violation_error_message="Name the service.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("sent_at__isnull", False), ("sent_by__isnull", False), ("state", "sent")),
                                    models.Q(("sent_at", None), ("sent_by", None), ("state", "draft")),
                                    ("state", "withdrawn"),
                                    _connector="OR",
                                ),
                                name="publication_sent_iff_by_somebody",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Recipient",
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
                                    ("chosen", "To be written to"),
                                    ("written", "Message waits to leave"),
                                    ("sent", "Message sent"),
                                    ("call", "To be told by phone"),
                                    ("told", "Told by phone"),
                                    ("held", "Held back"),
                                    ("left_out", "Left out"),
                                ],
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("not_served", "No longer served by the branch"),
                                    ("restricted", "Data are restricted to storage"),
                                    ("do_not_contact", "Must not be contacted"),
                                    ("no_consent", "Has refused marketing or withdrawn his consent"),
                                    ("not_entitled", "His tier is not entitled to the service"),
                                    ("condition", "Does not meet the condition of the service"),
                                    ("risk", "His risk grade does not suit, or has run out"),
                                    ("forbidden_channel", "Does not want e-mails, messages or calls"),
                                    ("forbidden_points", "Every number or address must not be used"),
                                    ("no_address", "No e-mail address or phone number on file"),
                                    ("no_advisor", "Takes calls only, and nobody serves him"),
                                    ("too_often", "Had as many messages lately as one client may get"),
                                    ("withdrawn", "Withdrawn before it left"),
                                    ("over", "No longer valid when it was to leave"),
                                    ("late", "Could not leave in time"),
                                    ("undelivered", "The message could not be delivered"),
                                ],
                                max_length=17,
                                verbose_name="reason",
                            ),
                        ),
                        ("way", models.CharField(blank=True, max_length=5, verbose_name="way")),
                        ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="at")),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="publications",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "publication",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="recipients",
                                to="tiers.publication",
                                verbose_name="publication",
                            ),
                        ),
                        (
                            "told_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "recipient of a publication",
                        "verbose_name_plural": "recipients of publications",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["publication", "state", "id"], name="recipient_by_state"),
                            models.Index(
                                condition=models.Q(("state__in", ["chosen", "written", "call"])),
                                fields=["state", "id"],
                                name="recipient_waiting",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("publication", "client"), name="published_once_to_each"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("state__in", ["left_out", "held"]), models.Q(("reason", ""), _negated=True)
                                    ),
                                    models.Q(
                                        models.Q(("state__in", ["left_out", "held"]), _negated=True), ("reason", "")
                                    ),
                                    _connector="OR",
                                ),
                                name="recipient_left_out_iff_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "told"), ("told_by__isnull", False)),
                                    models.Q(models.Q(("state", "told"), _negated=True), ("told_by", None)),
                                    _connector="OR",
                                ),
                                name="recipient_told_iff_by_somebody",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SimulatedTurnover",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "product",
                            models.CharField(
                                choices=[
                                    ("A_SHARE", "A shares"),
                                    ("FUND", "Exchange-traded funds"),
                                    ("BOND", "Bonds"),
                                    ("HK_CONNECT", "Hong Kong Connect"),
                                    ("MARGIN", "Margin trading"),
                                    ("OPTION", "Options"),
                                    ("BSE", "Beijing Stock Exchange"),
                                ],
                                max_length=12,
                                verbose_name="product",
                            ),
                        ),
                        ("average", crm.core.fields.MoneyField(verbose_name="average assets")),
                        ("base_rank", models.PositiveSmallIntegerField()),
                        ("turnover", crm.core.fields.MoneyField(verbose_name="turnover of twelve months")),
                        (
                            "simulation",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="turnovers",
                                to="tiers.simulation",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "turnover in a simulation",
                        "verbose_name_plural": "turnovers in simulations",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["simulation", "average"], name="simulated_turnover_by_average")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ServicePlan",
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
                                    ("draft", "Drawn up"),
                                    ("agreed", "Agreed"),
                                    ("replaced", "Replaced"),
                                    ("ended", "Ended"),
                                ],
                                default="draft",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("aim", models.CharField(max_length=400, verbose_name="aim")),
                        (
                            "tier_code",
                            models.SlugField(blank=True, db_index=False, max_length=30, verbose_name="client tier"),
                        ),
                        ("made_at", models.DateTimeField(verbose_name="made at")),
                        (
                            "agreed_on",
                            models.DateField(blank=True, null=True, verbose_name="agreed with the client on"),
                        ),
                        ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmed at")),
                        ("confirm_note", models.CharField(blank=True, max_length=200, verbose_name="why it stands")),
                        ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended on")),
                        ("end_reason", models.CharField(blank=True, max_length=200, verbose_name="reason of the end")),
                        (
                            "basis",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="clients.needsinterview",
                                verbose_name="needs it rests on",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="service_plans",
                                to="clients.client",
                                verbose_name="client",
                            ),
                        ),
                        (
                            "confirmed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="confirmed by",
                            ),
                        ),
                        (
                            "made_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="made by",
                            ),
                        ),
                        (
                            "replaces",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaced_by",
                                to="tiers.serviceplan",
                                verbose_name="replaces",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "service plan",
                        "verbose_name_plural": "service plans",
                        "default_permissions": ("view", "change"),
                        "indexes": [models.Index(fields=["client", "-id"], name="plan_of_client")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "draft")),
                                fields=("client",),
                                name="one_drawn_up_plan_per_client",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "agreed")),
                                fields=("client",),
                                name="one_agreed_plan_per_client",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("agreed_on", None), ("state", "draft")),
                                    models.Q(
                                        models.Q(("state", "draft"), _negated=True),
                                        models.Q(
                                            models.Q(("state", "agreed"), _negated=True),
                                            ("agreed_on__isnull", False),
                                            _connector="OR",
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="plan_agreed_has_its_day",
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
                                name="plan_ended_iff_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("confirmed_at", None), ("confirmed_by", None)),
                                    models.Q(("confirmed_at__isnull", False), ("confirmed_by__isnull", False)),
                                    _connector="OR",
                                ),
                                name="plan_confirmed_iff_by_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("replaces", None),
                                    models.Q(("replaces", models.F("pk")), _negated=True),
                                    _connector="OR",
                                ),
                                name="plan_does_not_replace_itself",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlanStep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField()),
                        ("title", models.CharField(blank=True, max_length=60, verbose_name="step")),
                        ("purpose", models.CharField(max_length=200, verbose_name="what for")),
                        ("due_on", models.DateField(blank=True, null=True, verbose_name="due on")),
                        (
                            "period",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("month", "Month"),
                                    ("quarter", "Quarter"),
                                    ("half_year", "Half-year"),
                                    ("year", "Year"),
                                ],
                                max_length=10,
                                verbose_name="once in every",
                            ),
                        ),
                        (
                            "item",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tiers.serviceitem",
                                verbose_name="service",
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="seen to by",
                            ),
                        ),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="steps",
                                to="tiers.serviceplan",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "step of a service plan",
                        "verbose_name_plural": "steps of service plans",
                        "ordering": ["position"],
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("plan", "position"), name="plan_step_position_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("item__isnull", False), ("title", "")),
                                    models.Q(("item", None), models.Q(("title", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="plan_step_service_or_title",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("due_on__isnull", False), ("period", "")),
                                    models.Q(("due_on", None), models.Q(("period", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="plan_step_day_or_period",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
