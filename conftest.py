"""Plugins of the suite; fixtures of the trade are in tests/conftest.py."""

pytest_plugins = [
    "tests.plugins.gates",
    "tests.plugins.browser",
    "tests.plugins.services",
    "tests.plugins.ground",
    "tests.plugins.fresh_ground",
]
