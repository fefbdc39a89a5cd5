"""The right that everybody has."""

#: Any signed-in member of staff; the page shows only what is his.
OWN = "own"
