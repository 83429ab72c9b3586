"""Settings, all from the environment, with production-safe defaults; ``.env.example`` lists every variable."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from abe.runtime.paths import StatePaths

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
PATHS = StatePaths.from_env()

# Where nothing but the own machine is involved, start-up must not ask for anything.
ON_OWN_MACHINE = PATHS.embedded_postgres

DEBUG = env.bool("ABE_DEBUG", default=False)


def _secret_key() -> str:
    given: str = env.str("ABE_SECRET_KEY", default="")
    if given:
        return given
    if not ON_OWN_MACHINE:
        raise ImproperlyConfigured(
            "ABE_SECRET_KEY is missing. With DATABASE_URL set it must be given: a random string of 50 "
            "characters or more, the same for web, worker and beat."
        )
    path = PATHS.secret_key_file
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and linked into place, so that no other process ever reads half a key.
    written = path.with_name(f"{path.name}.{os.getpid()}")
    with open(written, "w", opener=_private) as file:
        file.write(secrets.token_urlsafe(64))
    try:
        os.link(written, path)
    except FileExistsError:  # another process of this state was first
        pass
    finally:
        written.unlink()
    return path.read_text()


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


SECRET_KEY = _secret_key()
# What seals stored secrets, first one first; without any it is SECRET_KEY, which reads older ones in any case.
ENCRYPTION_KEYS = env.list("ABE_ENCRYPTION_KEYS", default=[])
ALLOWED_HOSTS = env.list("ABE_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Where people reach the pages; mails link to it.
PUBLIC_URL = env.str(
    "ABE_PUBLIC_URL",
    default=f"http://localhost:{env.int('PORT', default=8000)}"
    if ON_OWN_MACHINE
    else f"https://{next(iter(ALLOWED_HOSTS), 'localhost')}",
).rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("ABE_TRUSTED_ORIGINS", default=[])

# Behind TLS everything is cut to it; on the own machine plain HTTP over loopback is what there is.
HTTPS = env.bool("ABE_HTTPS", default=not ON_OWN_MACHINE)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
if env.bool("ABE_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Each app declares; the order is that of the layers, lowest last, so that templates of an upper one win.
ABE_APPS = [
    "demo",
    "support",
    "finance",
    "product",
    "engagement",
    "pods",
    "tiers",
    "metrics",
    "accounts",
    "sync",
    "people",
    "common",
]

INSTALLED_APPS = [
    *ABE_APPS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "pghistory",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "health_check",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "people.middleware.TimeZoneMiddleware",
    "common.middleware.AddressMiddleware",
    "common.middleware.FormAddressMiddleware",
    "common.middleware.UnavailableMiddleware",
    "sync.throttling.RateHeadersMiddleware",
]

ROOT_URLCONF = "abe.urls"
WSGI_APPLICATION = "abe.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["common.templatetags.abe"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.shell.shell",
            ],
        },
    }
]

DATABASES = {"default": PATHS.django_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "common.cache.ForgivingCache",
        "LOCATION": PATHS.cache_url,
        "KEY_PREFIX": "abe",
    }
}
# The store of sessions is the database, so that a lost cache signs nobody out.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

CELERY_BROKER_URL = PATHS.broker_url
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_TIMEZONE = "UTC"
CELERY_TASK_SOFT_TIME_LIMIT = 540

REFRESH_HOUR = env.int("ABE_REFRESH_HOUR", default=2)
# By this hour of the company's time zone a night must be finished, or RevOps is told.
NIGHT_DUE_HOUR = env.int("ABE_NIGHT_DUE_HOUR", default=6)
COMPANY_TIME_ZONE = env.str("ABE_COMPANY_TIME_ZONE", default="UTC")
try:
    ZoneInfo(COMPANY_TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError) as error:
    raise ImproperlyConfigured("ABE_COMPANY_TIME_ZONE takes a name such as Europe/Berlin.") from error
if not 0 <= NIGHT_DUE_HOUR <= 23:
    raise ImproperlyConfigured("ABE_NIGHT_DUE_HOUR takes an hour from 0 to 23.")
# The schedule is code; each entry names a task of the layer below.
CELERY_BEAT_SCHEDULE = {
    "nightly-refresh": {
        "task": "metrics.tasks.plan_nightly_refresh",
        "schedule": crontab(hour=REFRESH_HOUR, minute=0),
    },
    "refresh-tick": {"task": "metrics.tasks.tick", "schedule": 30.0},
    "go-on-with-runs": {"task": "metrics.tasks.go_on_with_runs", "schedule": 30.0},
    "write-score-digests": {"task": "metrics.tasks.write_score_digests", "schedule": crontab(minute="*/15")},
    "keep-tiers": {"task": "tiers.tasks.keep_tiers", "schedule": 60.0},
    "remind-of-overrides": {"task": "tiers.tasks.remind", "schedule": crontab(minute=23)},
    "draft-invoices": {
        "task": "finance.tasks.draft_invoices_due",
        "schedule": crontab(hour=(REFRESH_HOUR + 1) % 24, minute=10),
    },
    "record-contracts": {"task": "finance.tasks.record_contracts", "schedule": 60.0},
    "keep-clocks": {"task": "support.tasks.keep_clocks", "schedule": 10.0},
    "follow-queue": {"task": "support.tasks.follow_queue", "schedule": 60.0},
    "review-promises": {"task": "support.tasks.review_promises", "schedule": 300.0},
    "open-health-checks": {
        "task": "pods.checks.tasks.open_health_checks",
        "schedule": crontab(hour=(REFRESH_HOUR + 2) % 24, minute=20),
    },
    "run-surveys": {"task": "pods.surveys.tasks.run_surveys", "schedule": 60.0},
    "publish-hours": {"task": "support.tasks.publish_hours", "schedule": 300.0},
    "route-tickets": {"task": "support.tasks.route_tickets", "schedule": 20.0},
    "review-routes": {"task": "support.tasks.review_routes", "schedule": crontab(minute="*/15")},
    "expire-deviations": {"task": "finance.tasks.expire_deviations", "schedule": 3600.0},
    "run-dunning": {"task": "finance.tasks.run_dunning", "schedule": crontab(minute="*/10")},
    "remind-of-contracts": {"task": "finance.tasks.remind_of_contracts", "schedule": crontab(minute=21)},
    "follow-calendar": {"task": "finance.tasks.follow_calendar", "schedule": crontab(hour=0, minute=11)},
    "search-duplicates": {
        "task": "accounts.tasks.search_duplicates",
        "schedule": crontab(hour=(REFRESH_HOUR + 2) % 24, minute=40),
    },
    "apply-pending": {"task": "sync.tasks.apply_pending_records", "schedule": 60.0},
    "apply-waiting-events": {"task": "product.tasks.apply_waiting_events", "schedule": 60.0},
    "usage-months": {"task": "product.tasks.keep_usage_months", "schedule": crontab(minute=37)},
    "pull-connections": {"task": "sync.connectors.tasks.tick_connections", "schedule": 60.0},
    "roll-up-freshness": {"task": "sync.tasks.roll_up_freshness", "schedule": 300.0},
    "tick-approvals": {"task": "people.tasks.tick_approvals", "schedule": 30.0},
    "send-notices": {"task": "people.tasks.send_notices", "schedule": 10.0},
    "drop-old-notices": {"task": "people.tasks.drop_old_notices", "schedule": crontab(hour=3, minute=29)},
    "relay-webhooks": {"task": "sync.tasks.relay_webhooks", "schedule": 5.0},
    "go-on-with-settling": {"task": "sync.tasks.go_on_with_settling", "schedule": 30.0},
    "end-pins": {"task": "sync.tasks.end_pins", "schedule": 60.0},
    "go-on-with-imports": {"task": "sync.files.tasks.go_on_with_imports", "schedule": 30.0},
    "drop-old-imports": {"task": "sync.files.tasks.drop_old_imports", "schedule": crontab(hour=3, minute=41)},
    "drop-old-list-files": {
        "task": "accounts.tasks.drop_old_list_files",
        "schedule": crontab(hour=3, minute=53),
    },
    "purge-expired": {"task": "sync.tasks.purge_expired", "schedule": crontab(hour=3, minute=17)},
}

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "people.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "people.adapters.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "ABE"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if env.str("ABE_OIDC_SERVER_URL", default=""):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": env.str("ABE_OIDC_NAME", default="Single sign-on"),
                "client_id": env.str("ABE_OIDC_CLIENT_ID"),
                "secret": env.str("ABE_OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.str("ABE_OIDC_SERVER_URL")},
            }
        ]
    }

# Without a server mails are files on the own machine, elsewhere lines of the log.
EMAIL_CONFIG = env.email_url(
    "ABE_EMAIL_URL", default=f"filemail:///{PATHS.state}/mails" if ON_OWN_MACHINE else "consolemail://"
)
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("ABE_EMAIL_FROM", default="abe@localhost")
# Without it a mail server that hangs holds a worker for ever.
EMAIL_TIMEOUT = env.int("ABE_EMAIL_TIMEOUT", default=20)

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = PATHS.state / "media"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
if SOCIALACCOUNT_PROVIDERS:
    # A browser holds a form to this list through redirects too, and sign-in ends at the company's provider.
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(
        "{0.scheme}://{0.netloc}".format(urlsplit(env.str("ABE_OIDC_SERVER_URL")))
    )

# A body over the contract's limit is refused before it is read; smaller form posts have Django's limits.
API_MAX_BODY_BYTES = 64 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES

API_RATE = env.int("ABE_API_RATE", default=600)  # calls of one token in a minute
# Calls for a token with one client id from one address, in a minute; each token is good for an hour.
OAUTH_RATE = env.int("ABE_OAUTH_RATE", default=60)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "sync.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["sync.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["sync.throttling.TokenThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "sync.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ABE sync API",
    "DESCRIPTION": (BASE_DIR / "sync" / "api" / "about.md").read_text(),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "OAS_VERSION": "3.1.0",
    # Choices stand where they are used: names made up for shared ones change when a resource is added.
    "POSTPROCESSING_HOOKS": ["sync.webhooks.schema.describe_webhooks"],
}

# Webhooks go to public addresses by HTTPS only, unless these are to reach into a private network.
WEBHOOKS_ALLOW_PRIVATE = env.bool("ABE_WEBHOOKS_ALLOW_PRIVATE", default=False)
WEBHOOKS_KEEP_DAYS = env.int("ABE_WEBHOOKS_KEEP_DAYS", default=30)

# Hosts beside the vendors' own that connections may call, by plain HTTP too: a proxy, or a system of one's own.
CONNECTORS_ALLOW_HOSTS = env.list("ABE_CONNECTORS_ALLOW_HOSTS", default=[])

# Single usage events of older months are dropped, their daily sums stay; 0 keeps all.
EVENTS_KEEP_MONTHS = env.int("ABE_EVENTS_KEEP_MONTHS", default=0)
# A write key stands in many devices at once, which are counted together.
TRACKING_RATE = env.int("ABE_TRACKING_RATE", default=6000)

# The currency in which figures over accounts are added up.
REPORTING_CURRENCY = env.str("ABE_REPORTING_CURRENCY", default="USD")
# The sizes of companies by which retention is told: the number of employees from which each next one begins.
REVENUE_SIZE_BANDS = env.list("ABE_REVENUE_SIZE_BANDS", cast=int, default=[50, 250, 1000, 5000])

# The name of the company, as customers read it on the tier guide, in surveys and in reminders.
COMPANY = env.str("ABE_COMPANY", default="")
# How many times a minute secret links (to the tier guide, to calendars, in surveys) may be opened from one address.
LINK_RATE = env.int("ABE_LINK_RATE", default=60)

# Tracebacks as plain text: the local variables in them hold customers' data.
LOG_FIELDS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*LOG_FIELDS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LOG_FIELDS,
            "processor": structlog.processors.JSONRenderer()
            if env.bool("ABE_LOG_JSON", default=not ON_OWN_MACHINE)
            else structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    # It tells every address in full, and whoever has that of a webhook may write there.
    "loggers": {"httpx": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env.str("ABE_LOG_LEVEL", default="WARNING")},
}
