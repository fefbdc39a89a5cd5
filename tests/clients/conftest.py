"""What tests of files share: a command run as people run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from crm.core.models import Branch

Run = Callable[..., dict[str, int]]


@pytest.fixture
def run(branch: Branch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """``run("clients", file, mapping)``: the command's counts; ``status`` beside them."""

    def command(kind: str, file: Path, mapping: Path | str, *more: str) -> dict[str, int]:
        if isinstance(mapping, str):
            written = tmp_path / f"{kind}.toml"
            written.write_text(mapping, encoding="utf-8")
            mapping = written
        status = 0
        errors = ("--errors", str(tmp_path / "errors.csv"))
        try:
            call_command(
                f"import_{kind}", str(file), "--mapping", str(mapping), "--branch", branch.code, *errors, *more
            )
        except SystemExit as left:
            status = int(left.code or 0)
        said: dict[str, int] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return {**said, "status": status}

    return command
