"""Structured logs: constant messages with ids and counts, never names, phones, ID or account numbers."""

import logging
import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"

# Keys whose value is a person's or a secret, whatever it looks like.
PRIVATE_KEYS = frozenset(
    {
        *("name", "phone", "mobile", "email", "address", "id_number", "account", "account_number"),
        *("password", "token", "secret", "otp", "authorization", "cookie", "body", "user_agent", "payload", "form"),
    }
)

# Digits that are part of a longer word (a public id, a trace id) are left alone.
_PRIVATE_TEXT = re.compile(
    r"""(?<![0-9A-Za-z_-])(?:
        [1-9]\d{16}[0-9Xx]                # resident's ID number
      | [1-9]\d{14}                       # its older form
      | (?:\+?86[ -]?)?1[3-9]\d{9}        # mobile phone
      | \d{10,19}                         # account and card numbers
      | [\w.+-]+@[\w-]+(?:\.[\w-]+)+      # mail address
    )(?![0-9A-Za-z_-])""",
    re.VERBOSE,
)

#: The address of a survey is a key: whoever reads it may answer.
_KEY_IN_ADDRESS = re.compile(r"(/s/)[^/\s?]+")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _KEY_IN_ADDRESS.sub(rf"\1{HIDDEN}", _PRIVATE_TEXT.sub(HIDDEN, value))
    if isinstance(value, dict):
        return {key: HIDDEN if str(key).lower() in PRIVATE_KEYS else _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    return value


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove what belongs to a person. The last guard, not the first: callers log ids."""
    for key, value in event.items():
        if key in {"timestamp", "level", "logger", "_record", "_from_structlog", "exc_info"}:
            continue
        if key == "request" and isinstance(value, str):
            value = value.partition("?")[0]  # a search term is often a name
        event[key] = HIDDEN if key.lower() in PRIVATE_KEYS else _clean(value)
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def one_line_per_request(record: logging.LogRecord) -> bool:
    """On a terminal the end of a request says it all; its beginning is for machines that look for what never ended."""
    return not (isinstance(record.msg, dict) and record.msg.get("event") == "request_started")


def as_a_remark(record: logging.LogRecord) -> bool:
    """Somebody asked for a host that is not ours: an answer of 400 and a line, no fault of ours and no traceback."""
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    record.exc_info = record.exc_text = None
    return True


def _finish(json: bool) -> list[Processor]:
    """The end of every line, whoever wrote it: exception to text, then redaction, then the form."""
    form: Processor
    if json:
        form = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        form = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        form,
    ]


def logging_config(*, json: bool, level: str = "INFO") -> dict[str, Any]:
    """The dictionary for ``LOGGING``: one handler, to the process's own standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "structlog.stdlib.ProcessorFormatter",
                "processors": _finish(json),
                "foreign_pre_chain": [*SHARED, structlog.stdlib.ExtraAdder()],
            }
        },
        "filters": {"brief": {"()": lambda: one_line_per_request}, "remark": {"()": lambda: as_a_remark}},
        "handlers": {
            "out": {"class": "logging.StreamHandler", "formatter": "line", "filters": [] if json else ["brief"]}
        },
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"level": "ERROR"},  # a 404 is an answer, not an event; requests are logged once
            "django.security.DisallowedHost": {"filters": ["remark"]},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery": {"level": level},
            "django_structlog.celery": {"level": "WARNING"},  # four sweeps each half minute say nothing new
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "allauth": {"level": "WARNING"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Set up structlog and the standard library's logging together (``LOGGING_CONFIG``)."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(config)
