"""Logs say what happened by ids and counts; what belongs to a person is taken out on the way."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from crm.logs import HIDDEN, logging_config, redact


@pytest.mark.parametrize(
    "private",
    [
        "13800138000",
        "+86 13800138000",
        "11010519491231002X",
        "110105491231002",
        "6222021234567890123",
        "li.wei+vip@mail.example.cn",
    ],
)
def test_numbers_of_a_person_are_taken_out_of_any_text(private: str) -> None:
    event = redact(None, "info", {"event": "refused", "detail": f"value {private}, row 7", "rows": [{"x": private}]})
    assert private not in str(event)
    assert event["detail"] == f"value {HIDDEN}, row 7"


@pytest.mark.parametrize("harmless", ["01JD3K5Z7Q13800138000ABCDE", "2026-11-22T10:00Z", "row 123456789", "C1"])
def test_ids_dates_and_counts_stay_readable(harmless: str) -> None:
    assert redact(None, "info", {"event": harmless})["event"] == harmless


@pytest.mark.parametrize("key", ["name", "phone", "Password", "id_number", "token"])
def test_a_private_key_hides_its_value_whatever_it_is(key: str) -> None:
    assert redact(None, "info", {"event": "x", key: "王芳", "more": {key: 1}}) == {
        "event": "x",
        key: HIDDEN,
        "more": {key: HIDDEN},
    }


def test_a_search_term_in_an_address_is_not_logged() -> None:
    assert redact(None, "info", {"request": "GET /clients/?q=王芳"})["request"] == "GET /clients/"


@pytest.fixture
def json_lines() -> Iterator[io.StringIO]:
    """Whatever is logged, through the production formatter."""
    from logging.config import DictConfigurator

    config = logging_config(json=True)
    formatter = DictConfigurator(config).configure_formatter(config["formatters"]["line"])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("crm.test_logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)


def test_structured_and_foreign_lines_alike_are_redacted_json(json_lines: io.StringIO) -> None:
    structlog.get_logger("crm.test_logs").info("import_refused", row=3, phone="13800138000")
    logging.getLogger("crm.test_logs").info("called %s", "13800138000")
    try:
        raise ValueError("bad 13800138000")
    except ValueError:
        logging.getLogger("crm.test_logs").exception("failed")
    lines = [json.loads(line) for line in json_lines.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["import_refused", f"called {HIDDEN}", "failed"]
    assert lines[0]["row"] == 3
    assert lines[0]["level"] == "info"
    assert "ValueError" in lines[2]["exception"]
    assert "13800138000" not in json_lines.getvalue()


def test_a_request_for_another_host_is_a_remark_without_a_traceback() -> None:
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[method-assign]
    logger = logging.getLogger("django.security.DisallowedHost")
    config = logging_config(json=True)
    remark = config["filters"]["remark"]["()"]()
    logger.addHandler(handler)
    logger.addFilter(remark)
    try:
        raise ValueError("Invalid HTTP_HOST header")
    except ValueError as fault:
        logger.error("Invalid HTTP_HOST header", exc_info=fault)
    finally:
        logger.removeHandler(handler)
        logger.removeFilter(remark)

    assert config["loggers"]["django.security.DisallowedHost"]["filters"] == ["remark"]
    assert [(row.levelname, row.exc_info) for row in kept] == [("WARNING", None)]
