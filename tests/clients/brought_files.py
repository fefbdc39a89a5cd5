"""Files that nobody here wrote, their mappings, and the counts of an import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MAPPINGS = ROOT / "mappings"

EXCERPT = ROOT / "tests" / "data" / "bank_marketing_300.csv"

DAY = "2026-06-01"

Run = Callable[..., dict[str, int]]


def counts(said: dict[str, int]) -> tuple[int, int, int, int, int]:
    return (said["created"], said["updated"], said["unchanged"], said["rejected"], said["status"])


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "file.csv"
    file.write_text(text, encoding=encoding)
    return file
