"""What a document points to is there: pictures, other documents, code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def dead_links(document: Path, text: str) -> list[str]:
    """Links to files of the project that are not there; addresses of the web and places within a page are not looked at."""
    targets = [
        link.split("#")[0] for link in _LINK.findall(text) if "://" not in link and not link.startswith("mailto:")
    ]
    return [target for target in targets if target and not (document.parent / target).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    assert dead_links(document, document.read_text(encoding="utf-8")) == []


def test_a_picture_that_is_missing_would_be_found() -> None:
    said = "![home](docs/images/none.png) [a](README.md#here) [b](https://example.com/x)"

    assert dead_links(ROOT / "README.md", said) == ["docs/images/none.png"]
