"""What every installation shares. Nothing here touches the disk or makes a key."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from crm.logs import logging_config
from crm.settings.engines import beat_schedule, broker, caches, database, queues

BASE_DIR = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("CRM_VAR") or BASE_DIR / "var").resolve()

# Which process this is: web, worker or beat. Set by do.py, gunicorn.conf.py and the service units.
PROCESS = os.environ.get("CRM_PROCESS", "")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "csp",
    # Our own, in the order of the architecture: each may import those above it, never those below.
    "crm.core",
    "clients",
    "tiers",
    "advisory",
    "complaints",
    "care",
    "crm.workbench",
    "crm.dashboard",
    "crm.overview",
    "crm.search",
    "crm.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Before everything that may answer by itself, so that no answer leaves without the policy.
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.core.middleware.UserLanguage",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "crm.core.middleware.RequestContext",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "crm.workbench.navigation.navigation",
            ],
        },
    },
]

FORM_RENDERER = "crm.core.forms.renderer.Renderer"

# --- Database, cache, broker ---
DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""), VAR, PROCESS)}
REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = caches(REDIS_URL)

# --- People and sign-in ---
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["crm.core.accounts.StaffBackend"]
# scrypt costs an attacker memory as well as time, and a sign-in half of what PBKDF2 does; older hashes change at sign-in.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "crm.core.passwords.MinimumLength", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "crm.core.accounts.StaffAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "staff_number"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # sign-up itself is closed by the adapter
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = False  # one counter in the database serves web log-in and token endpoint alike
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "CRM"
MFA_ADAPTER = "crm.core.second_factor.SealingMFAAdapter"
MFA_FORMS = {
    "authenticate": "crm.core.forms.second_factor.CountedAuthenticateForm",
    "reauthenticate": "crm.core.forms.second_factor.CountedReauthenticateForm",
}
USERSESSIONS_TRACK_ACTIVITY = False  # it would write at every click; RequestContext notes "last seen" once a minute

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 60 * 60  # the ceiling; idle and absolute ends are kept by RequestContext
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "crm.core.views.errors.csrf_failure"

# --- Browser rules ---
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

# --- Language, time, formats ---
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["crm.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_THOUSAND_SEPARATOR = False  # `floatformat:"2g"` groups where a figure is shown; ids and years stay whole

# --- Files ---
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("CRM_STATIC_ROOT") or VAR / "static")
MEDIA_ROOT = VAR / "media"  # outside the web root: attachments leave only through a view that asks the right
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Messages to people ---
MAIL_FOLDER = VAR / "mail"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = MAIL_FOLDER
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = os.environ.get("CRM_MAIL_FROM", "crm@localhost")

# --- REST ---
#: A list that is not narrowed.
FILTERS_EMPTY_CHOICE_LABEL = _("Any")

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.core.api.tokens.DeviceAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.core.api.permissions.ModelPermissions"],
    "DEFAULT_PAGINATION_CLASS": "crm.core.api.pagination.CursorPages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm.core.api.parsers.SafeJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["crm.core.api.filtering.FiltersInUse"],
    "DEFAULT_THROTTLE_CLASSES": [],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "crm.core.api.schema.ContractSchema",
    "EXCEPTION_HANDLER": "crm.core.api.errors.problem_json",
    "COERCE_DECIMAL_TO_STRING": True,
    "NUM_PROXIES": int(os.environ.get("CRM_PROXIES", "0")),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
    "AUTH_TOKEN_CHARACTER_LENGTH": 64,
    "TOKEN_TTL": timedelta(days=30),
    "AUTO_REFRESH": False,  # thirty days after log-in a device signs in again, however busy it was
    "TOKEN_LIMIT_PER_USER": 10,
    "AUTH_HEADER_PREFIX": "Token",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CRM for securities branches",
    "DESCRIPTION": "What a branch does for its clients, as JSON. Money is a string in yuan, ids are public ids.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "FactsEnum": "clients.provenance.FACT_NAMES",
        "ContactChannelEnum": "clients.models.client.Channel",
        "ComplaintChannelEnum": "complaints.models.complaint.Complaint.Channel",
        "ContactOutcomeEnum": "clients.models.contact.ContactLog.Outcome",
        "ComplaintOutcomeEnum": "complaints.models.complaint.Complaint.Outcome",
        "AccountKindEnum": "clients.models.accounts.Account.Kind",
        "ClientKindEnum": "clients.models.client.Client.Kind",
        "DocumentKindEnum": "clients.models.profile.DocumentKind",
        "ContactPointKindEnum": "clients.models.profile_rows.ContactPoint.Kind",
        "FinancingKindEnum": "clients.models.profile_rows.FinancingNeed.Kind",
        "FinancingStatusEnum": "clients.models.profile_rows.FinancingNeed.Status",
        "RelationKindEnum": "clients.models.relations.Relation.Kind",
        "AccountStatusEnum": "clients.models.accounts.Account.Status",
        "ClientStatusEnum": "clients.models.client.Client.Status",
        "PurposeEnum": "clients.models.contact.ContactLog.Purpose",
        "RiskGradeEnum": "clients.models.client.RiskGrade",
        "ServiceKindEnum": "tiers.models.services.ServiceItem.Kind",
        "MenuKindEnum": "tiers.models.menus.MenuEntry.Kind",
        "PublicationKindEnum": "tiers.models.publications.Publication.Kind",
        "PublicationStateEnum": "tiers.models.publications.Publication.State",
        "RecipientStateEnum": "tiers.models.publications.Recipient.State",
        "RateAnswerEnum": "tiers.models.commission.ClientRate.Answer",
        "ProductRiskEnum": "tiers.models.publications.ProductRisk",
        "ServicePlanStateEnum": "tiers.models.plans.ServicePlan.State",
        "PlanStepStateEnum": "tiers.querysets.plan_steps.StepState",
        "PlanStepMarkKindEnum": "tiers.models.plans.PlanStepMark.Kind",
        "PeriodEnum": "tiers.models.services.Period",
        "ReviewOutcomeEnum": "advisory.models.review.PortfolioReview.Outcome",
        "ReviewAnswerEnum": "advisory.models.review.PortfolioReview.Answer",
        "ReviewStateEnum": "advisory.models.review.PortfolioReview.State",
        "ReviewDirectionEnum": "advisory.models.review.ReviewLine.Direction",
        "ContactDirectionEnum": "clients.models.contact.ContactLog.Direction",
        "VerificationEnum": "clients.provenance.Verification",
        "RateBasisEnum": "tiers.models.commission.RateBasis",
        "DataBasisEnum": "clients.models.consents.Basis",
        "AttemptOutcomeEnum": "care.models.call.CallAttempt.Outcome",
    },
    "SORT_OPERATIONS": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Jobs: rows are the truth, a task is only a hint ---
TASK_TIME_LIMIT = 120
VISIBILITY_TIMEOUT = 600  # more than twice the hard limit, or a second worker gets the task beside the first
CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker(REDIS_URL, VAR, PROCESS, VISIBILITY_TIMEOUT)
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": VISIBILITY_TIMEOUT}
CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_TASK_PUBLISH_RETRY = True  # switched off, a dead broker is noticed later (6 s instead of 0.7 s)
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = TASK_TIME_LIMIT
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_DEFAULT_QUEUE = "due"
CELERY_TASK_QUEUES, CELERY_TASK_ROUTES = queues()
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # kilobytes
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ETA_TASK_LIMIT = 1000
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")
CELERY_BEAT_SCHEDULE = beat_schedule()

# --- Logs ---
LOGGING = logging_config(json=False)
LOGGING_CONFIG = "crm.logs.configure"
DJANGO_STRUCTLOG_CELERY_ENABLED = True

SILENCED_SYSTEM_CHECKS: list[str] = []

# --- What the house itself asks for ---
CRM_VAR = VAR
CRM_MAIL_DOMAIN = os.environ.get("CRM_MAIL_DOMAIN", "crm.localhost")
#: The adapter that carries each channel; SMS stays a file until a branch has a contract with a gateway.
CRM_GATEWAYS = {"email": "crm.core.outbound.MailGateway", "sms": "crm.core.outbound.FileGateway"}
#: Where clients reach the public pages (surveys); without a slash at the end.
CRM_PUBLIC_URL = os.environ.get("CRM_PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT') or 8000}").rstrip("/")
