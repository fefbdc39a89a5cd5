"""Rows for tests: valid and dull by default, relations consistent, states as traits."""
