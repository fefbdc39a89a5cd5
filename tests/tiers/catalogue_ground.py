"""What is said of a service that enters the catalogue."""

from __future__ import annotations

from datetime import date

TODAY = date(2026, 6, 1)

SAID = {
    "name_en": "Tea",
    "name_zh": "茶叙",
    "kind": "care",
    "rhythm": "periodic",
    "proof": "hand",
    "starts_on": TODAY,
}
