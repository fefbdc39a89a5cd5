"""Follow-up calls and surveys as of version 0.1, in one step."""

import crm.core.public_ids
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from crm.core.tables import CreateTogether


class Migration(migrations.Migration):
    replaces = [
        ("care", "0001_initial"),
        ("care", "0002_new_permission_programme"),
        ("care", "0003_why_nobody_was_written_to"),
        ("care", "0004_rounds_of_segments"),
        ("care", "0005_needs_asked_again_after_a_finding"),
        ("care", "0006_somebody_else_answered"),
        ("care", "0007_no_consent"),
    ]

    initial = True

    dependencies = [
        ("core", "0010_messages_of_a_client"),
        ("clients", "0021_what_changed_since_is_told_by_index"),
        ("complaints", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTogether(
            [
                migrations.CreateModel(
                    name="CallAnswer",
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
                                choices=[("yes", "Yes"), ("no", "No")], max_length=3, verbose_name="answer"
                            ),
                        ),
                        ("is_bad", models.BooleanField()),
                        ("note", models.CharField(blank=True, max_length=400, verbose_name="note")),
                        (
                            "call",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="answers",
                                to="care.followupcall",
                            ),
                        ),
                        (
                            "question",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.scriptquestion"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "answer",
                        "verbose_name_plural": "answers",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("call", "question"), name="call_question_answered_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SurveyInvitation",
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
                            "occasion",
                            models.CharField(
                                choices=[("complaint", "Closed complaint"), ("round", "Survey of a segment")],
                                max_length=12,
                                verbose_name="occasion",
                            ),
                        ),
                        ("occurrence_key", models.CharField(max_length=80, unique=True)),
                        ("token_hash", models.CharField(max_length=64, unique=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[("invited", "Invited"), ("answered", "Answered"), ("expired", "Expired")],
                                default="invited",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("sent_by_channel", models.CharField(blank=True, max_length=10, verbose_name="sent by")),
                        (
                            "held_back",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("do_not_contact", "This client must not be contacted by us."),
                                    ("no_consent", "The client has refused marketing or withdrawn his consent."),
                                    ("forbidden_channel", "The client does not want to be reached by this channel."),
                                    ("forbidden_points", "Every number or address for this channel must not be used."),
                                    ("quiet_hours", "The message would have left in quiet hours."),
                                    ("no_address", "There is no e-mail address or phone number on file."),
                                    ("restricted", "The client's data are restricted to storage."),
                                ],
                                max_length=20,
                                verbose_name="not sent because",
                            ),
                        ),
                        ("created_at", models.DateTimeField(verbose_name="invited")),
                        ("expires_at", models.DateTimeField(verbose_name="valid until")),
                        (
                            "branch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.branch"
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="surveys",
                                to="clients.client",
                            ),
                        ),
                        (
                            "complaint",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="surveys",
                                to="complaints.complaint",
                            ),
                        ),
                        (
                            "round",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invitations",
                                to="care.surveyround",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "survey",
                        "verbose_name_plural": "surveys",
                        "permissions": [("hand_out_survey", "Can hand out a survey link")],
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["branch", "-created_at", "-id"], name="survey_by_branch"),
                            models.Index(
                                condition=models.Q(("state", "invited")), fields=["expires_at"], name="survey_open"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("occasion", "round"), ("round__isnull", False)),
                                    models.Q(models.Q(("occasion", "round"), _negated=True), ("round", None)),
                                    _connector="OR",
                                ),
                                name="survey_of_a_round_has_one",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CareProgramme",
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
                                    ("new_account", "New account"),
                                    ("new_permission", "New trading permission"),
                                    ("tier_change", "Change of tier"),
                                    ("advice_client", "Advice client"),
                                ],
                                max_length=20,
                                verbose_name="programme",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("greeting_en", models.TextField(blank=True)),
                        ("greeting_zh", models.TextField(blank=True)),
                        (
                            "script_version",
                            models.PositiveSmallIntegerField(default=1, verbose_name="version of the script"),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="care_programmes",
                                to="core.company",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "care programme",
                        "verbose_name_plural": "care programmes",
                        "default_permissions": ("view", "change"),
                        "constraints": [
                            models.UniqueConstraint(fields=("company", "code"), name="care_programme_once_per_company")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FollowUpCall",
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
                        ("occurrence_key", models.CharField(max_length=60)),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "Due"),
                                    ("in_progress", "In progress"),
                                    ("done", "Done"),
                                    ("unable_proposed", "Unable: awaits approval"),
                                    ("unable", "Unable"),
                                    ("missed", "Missed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="due",
                                max_length=16,
                                verbose_name="state",
                            ),
                        ),
                        ("due_on", models.DateField(verbose_name="due on")),
                        ("not_before", models.DateField(verbose_name="not before")),
                        ("provisional", models.BooleanField(default=False, verbose_name="estimated")),
                        ("attempts_made", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                        ("script_version", models.PositiveSmallIntegerField(default=1)),
                        ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                        ("summary", models.TextField(blank=True, max_length=4000, verbose_name="summary")),
                        (
                            "unable_reason",
                            models.CharField(blank=True, max_length=300, verbose_name="why it was not possible"),
                        ),
                        ("planned_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "caller",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="follow_up_calls",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="caller",
                            ),
                        ),
                        (
                            "client",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="follow_up_calls",
                                to="clients.client",
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="calls",
                                to="care.careprogramme",
                                verbose_name="programme",
                            ),
                        ),
                        (
                            "unable_approved_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "unable_proposed_by",
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
                        "verbose_name": "follow-up call",
                        "verbose_name_plural": "follow-up calls",
                        "permissions": [
                            ("make_followupcall", "Can make follow-up calls"),
                            ("approve_unable", "Can approve that a call was not possible"),
                            ("view_callanswers", "Can see what clients answered"),
                        ],
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["due", "in_progress"])),
                                fields=["due_on", "id"],
                                name="call_open",
                            ),
                            models.Index(fields=["client", "-due_on"], name="call_by_client"),
                            models.Index(fields=["caller", "state", "due_on"], name="call_by_caller"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("client", "programme", "occurrence_key"), name="call_planned_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("done_at__isnull", False), ("state", "done")),
                                    models.Q(models.Q(("state", "done"), _negated=True), ("done_at", None)),
                                    _connector="OR",
                                ),
                                name="call_done_iff_done_at",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("unable_approved_by", None),
                                    ("unable_proposed_by", None),
                                    models.Q(("unable_approved_by", models.F("unable_proposed_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="call_unable_is_approved_by_another",
                                violation_error_message="Nobody approves his own request.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Finding",
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
                                choices=[("open", "Open"), ("closed", "Closed")],
                                default="open",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("opened_at", models.DateTimeField(verbose_name="opened")),
                        ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                        ("conclusion", models.TextField(blank=True, max_length=4000, verbose_name="conclusion")),
                        (
                            "answer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="finding",
                                to="care.callanswer",
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
                            "call",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="care.followupcall",
                            ),
                        ),
                        (
                            "needs_asked_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="needs wanted again"),
                        ),
                        (
                            "needs_asked_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="wanted by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "finding",
                        "verbose_name_plural": "findings",
                        "default_permissions": ("view", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_at__isnull", False), ("state", "closed")),
                                    models.Q(("closed_at", None), ("state", "open")),
                                    _connector="OR",
                                ),
                                name="finding_closed_iff_closed_at",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("needs_asked_at", None), ("needs_asked_by", None)),
                                    models.Q(("needs_asked_at__isnull", False), ("needs_asked_by__isnull", False)),
                                    _connector="OR",
                                ),
                                name="finding_needs_asked_by_somebody",
                            ),
                        ],
                        "permissions": [("ask_needs", "Can have a client's needs asked again because of a finding")],
                    },
                ),
                migrations.CreateModel(
                    name="CallAttempt",
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
                        ("number", models.PositiveSmallIntegerField()),
                        ("at", models.DateTimeField(verbose_name="at")),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("reached", "Reached"),
                                    ("no_answer", "No answer"),
                                    ("refused", "Did not want to talk"),
                                    ("wrong_number", "Wrong number"),
                                    ("not_client", "Somebody else answered"),
                                    ("written", "Written to"),
                                ],
                                max_length=14,
                                verbose_name="outcome",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=400, verbose_name="note")),
                        (
                            "caller",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "call",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attempts",
                                to="care.followupcall",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "attempt",
                        "verbose_name_plural": "attempts",
                        "ordering": ["number"],
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("call", "number"), name="call_attempt_number_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ScriptQuestion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version", models.PositiveSmallIntegerField(default=1)),
                        ("position", models.PositiveSmallIntegerField()),
                        ("code", models.CharField(max_length=30)),
                        ("text_en", models.CharField(max_length=300)),
                        ("text_zh", models.CharField(max_length=300)),
                        ("bad_answer", models.CharField(max_length=3)),
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="questions",
                                to="care.careprogramme",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "question of a script",
                        "verbose_name_plural": "questions of scripts",
                        "ordering": ["position"],
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("programme", "version", "code"), name="script_question_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("bad_answer__in", ["yes", "no"])),
                                name="script_bad_answer_is_yes_or_no",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SurveyAnswer",
                    fields=[
                        (
                            "invitation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="answer",
                                serialize=False,
                                to="care.surveyinvitation",
                            ),
                        ),
                        (
                            "satisfaction",
                            models.PositiveSmallIntegerField(
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(5),
                                ],
                                verbose_name="satisfaction",
                            ),
                        ),
                        (
                            "recommendation",
                            models.PositiveSmallIntegerField(
                                validators=[django.core.validators.MaxValueValidator(10)], verbose_name="recommendation"
                            ),
                        ),
                        ("comment", models.TextField(blank=True, max_length=1000, verbose_name="comment")),
                        ("answered_at", models.DateTimeField(verbose_name="answered")),
                    ],
                    options={
                        "verbose_name": "survey answer",
                        "verbose_name_plural": "survey answers",
                        "default_permissions": (),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("satisfaction__gte", 1), ("satisfaction__lte", 5)),
                                name="survey_satisfaction_from_1_to_5",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("recommendation__lte", 10)), name="survey_recommendation_to_10"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SurveyRound",
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
                        ("segment_name", models.CharField(max_length=40, verbose_name="segment")),
                        ("title", models.CharField(max_length=60, verbose_name="asked about")),
                        ("members", models.PositiveIntegerField(default=0, verbose_name="clients")),
                        ("left_out", models.JSONField(blank=True, default=dict, verbose_name="not invited")),
                        ("made_at", models.DateTimeField(verbose_name="at")),
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
                            "segment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="clients.segment",
                                verbose_name="segment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "survey round",
                        "verbose_name_plural": "survey rounds",
                        "default_permissions": ("add",),
                        "indexes": [models.Index(fields=["branch", "-made_at", "-id"], name="survey_round_by_branch")],
                        "constraints": [
                            models.UniqueConstraint(fields=("branch", "segment", "title"), name="survey_round_once")
                        ],
                    },
                ),
            ],
        ),
    ]
