"""Templates keep to the content policy, say what they need, and use what the house offers."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = ROOT / "static"
FIRST_VISIT = 250_000  # bytes over the wire, compressed

INLINE = {
    "style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I),
    "style element": re.compile(r"<style\b", re.I),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "event handler": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\shx-on[:-]", re.I),
    "javascript address": re.compile(r"javascript:", re.I),
}
TEMPLATE_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.S)
FOREIGN = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", re.I)
ICON = re.compile(r"""{%\s*icon\s+["']([\w-]+)["']""")
ICON_PARAMETER = re.compile(r"""(?<![-\w])icon=["']([\w-]+)["']""")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def faults(text: str) -> list[str]:
    """What in a template the content policy of the product would block."""
    markup = TEMPLATE_TAG.sub("", text)  # `{% if one == two %}` is no handler
    return [what for what, pattern in INLINE.items() if pattern.search(markup)]


def test_no_template_holds_inline_script_style_or_handler():
    found = {name(path): faults(path.read_text("utf-8")) for path in TEMPLATES}

    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "planted",
    [
        '<p style="color:red">',
        "<style>p{}</style>",
        "<script>go()</script>",
        '<a onclick="go()">',
        '<a {% if one == two %}onclick="go()"{% endif %}>',
        '<div hx-on:click="go()">',
        '<a href="javascript:go()">',
    ],
)
def test_a_planted_fault_would_be_found(planted):
    assert faults(planted)


def test_no_template_asks_another_host_for_anything():
    assert [name(path) for path in TEMPLATES if FOREIGN.search(path.read_text("utf-8"))] == []


def test_every_component_opens_with_the_context_it_expects():
    components = [path for path in TEMPLATES if path.parent.name == "components"]

    silent = [name(path) for path in components if not path.read_text("utf-8").startswith("{% comment %} Context:")]

    assert len(components) > 30
    assert silent == []


def test_every_icon_that_a_template_names_is_in_the_sprite():
    known = set((STATIC / "vendor" / "tabler-icons" / "icons.txt").read_text("utf-8").split())

    missing = {
        (name(path), icon)
        for path in TEMPLATES
        for pattern in (ICON, ICON_PARAMETER)
        for icon in pattern.findall(path.read_text("utf-8"))
        if icon not in known
    }

    assert missing == set()


def test_vendored_files_are_those_that_were_fetched():
    packages = json.loads((STATIC / "vendor" / "VERSIONS.json").read_text("utf-8"))

    for package in packages:
        assert any("LICENSE" in path for path in package["files"]), package["name"]
        for path, digest in package["files"].items():
            assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == digest, path


def test_no_class_that_we_use_was_left_out_of_the_reduced_style_sheet():
    names = set((ROOT / "tests" / "vendor" / "tabler-classes.txt").read_text("utf-8").split())
    kept = set(
        re.findall(r"\.(-?[A-Za-z_][\w-]*)", (STATIC / "vendor" / "tabler" / "tabler.min.css").read_text("utf-8"))
    )
    sources = [*TEMPLATES, *(STATIC / "js").glob("*.js")]
    used = {word for path in sources for word in re.findall(r"[A-Za-z0-9_-]+", path.read_text("utf-8"))}

    assert len(names) > 1000
    assert kept & used
    assert names & used - kept == set(), "run scripts/vendor.py"


def test_compressed_twins_hold_the_same_file():
    twins = list((STATIC / "vendor").rglob("*.gz"))

    assert len(twins) >= 4
    for twin in twins:
        assert gzip.decompress(twin.read_bytes()) == twin.with_suffix("").read_bytes(), twin


def test_no_static_file_names_a_source_map_that_is_not_here():
    files = [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css"}]

    assert [name(path) for path in files if b"sourceMappingURL" in path.read_bytes()] == []


def test_a_first_visit_without_charts_is_light():
    shell = (ROOT / "templates" / "components" / "_head.html").read_text("utf-8")
    shell += (ROOT / "templates" / "components" / "_scripts.html").read_text("utf-8")
    named = re.findall(r"{% static '([^']+)' %}", shell) + ["vendor/tabler-icons/sprite.svg"]

    weight = sum(len(gzip.compress((STATIC / path).read_bytes(), 6)) for path in named)

    assert len(named) > 6
    assert weight < FIRST_VISIT


#: Numbers that the one place (``amounts``) has not written: a blank before the sign, or a count without separators.
UNWRITTEN = {
    "a blank before the per-cent sign": re.compile(r"}} %(?!})|%} %(?!})"),
    "a number that no filter has written": re.compile(r"""<td class="num[^"]*">{{ [\w.]+ }}"""),
}
#: What stands in a column of numbers and is no count, and why.
WRITTEN_AS_IT_IS = {
    "templates/clients/_duplicates.html": "a score up to 100",
    "templates/core/calendar_import.html": "the number of a row as the file has it",
    "templates/core/imports/_batch.html": "the number of a row as the file has it",
    "templates/care/surveys.html": "a promoter score from -100 to 100",
    "templates/dashboard/_quality_lines.html": "a score in per cent",
    "templates/tiers/_touch.html": "days between two contacts",
    "templates/tiers/service.html": "an amount in its own words",
    "templates/tiers/statement.html": "an amount in its own words",
}


def unwritten(text: str) -> list[str]:
    return [what for what, pattern in UNWRITTEN.items() if pattern.search(text)]


def test_shares_and_counts_read_alike_on_every_page():
    found = {name(path): unwritten(path.read_text("utf-8")) for path in TEMPLATES}
    known = {"a number that no filter has written"}

    wrong = {at: what for at, what in found.items() if what and not (at in WRITTEN_AS_IT_IS and set(what) <= known)}

    assert wrong == {}
    assert {at for at in WRITTEN_AS_IT_IS if not found.get(at)} == set(), "an exception that is none any more"


def test_no_text_of_the_code_puts_a_blank_before_the_per_cent_sign():
    places = ("crm", "clients", "tiers", "advisory", "complaints", "care")
    files = [path for place in places for path in (ROOT / place).rglob("*.py") if "migrations" not in path.parts]

    assert [
        name(path) for path in files if re.search(r"""[})] %["'<]|[})]s? %% (?!\()""", path.read_text("utf-8"))
    ] == []


@pytest.mark.parametrize("planted", ["{{ share }} %</td>", '<td class="num not-phone">{{ line.count }}</td>'])
def test_a_planted_number_would_be_found(planted):
    assert unwritten(planted)
