"""`python -m bench [NAME] [options]`: run one benchmark, or all that take part (`do.py bench`)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

APART = {"measure", "yardstick", "data"}
"""Modules that are no benchmark by themselves."""

ON_CALL = {"chaos", "pages"}
"""Need a running product or a browser; only by name."""


def names() -> list[str]:
    """Benchmarks of this folder: modules, not private, that are not set apart."""
    modules = {path.stem for path in Path(__file__).parent.glob("*.py")} - APART
    return sorted(name for name in modules if not name.startswith("_"))


def main(argv: list[str]) -> int:
    """Exit code 1 if a benchmark missed a goal, 2 if there is none of that name."""
    known = names()
    named = bool(argv) and not argv[0].startswith("-")
    if named and argv[0] not in known:
        print(f"There is no benchmark {argv[0]}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    chosen = [argv[0]] if named else [name for name in known if name not in ON_CALL]
    results = []
    for name in chosen:
        print(f"== {name}", flush=True)
        results.append(importlib.import_module(f"bench.{name}").main(argv[1:] if named else argv))
    return max(results, default=0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
