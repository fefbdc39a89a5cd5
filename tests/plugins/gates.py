"""What runs when: browser tests need a browser, `long` and `services` are asked for, `nodb` is found out by itself."""

import importlib.util

import pytest
from django.test import SimpleTestCase, TransactionTestCase

from launcher.commands import chromium

DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("product")
    group.addoption("--long", action="store_true", help="also run tests that take minutes")
    group.addoption(
        "--services", action="store_true", help="PostgreSQL and Redis are there (see do.py test --services)"
    )


def touches_sql(item: pytest.Item) -> bool:
    """Whether the test asked for a database; pytest-django refuses one to every test that did not."""
    if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    case = getattr(item, "cls", None)
    if case is not None and issubclass(case, SimpleTestCase):
        return issubclass(case, TransactionTestCase) or bool(case.databases)
    return False


def no_browser() -> str:
    """Why browser tests cannot run here; empty if they can."""
    if not chromium():
        return "no Chromium (apt-get install chromium)"
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed (requirements-dev.txt)"
    return ""


@pytest.hookimpl(tryfirst=True)  # before -m chooses by markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = {
        "browser": no_browser(),
        "long": "" if config.getoption("--long") else "takes long; run with --long",
        "services": "" if config.getoption("--services") else "needs PostgreSQL and Redis; run with --services",
    }
    for item in items:
        if not touches_sql(item):
            item.add_marker(pytest.mark.nodb)
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
