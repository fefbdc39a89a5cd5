"""The house keeps its shape: sizes, rooms with a name, no word from the right in an app to the left."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parents[2]
APPS = ("crm/core", "clients", "tiers", "advisory", "complaints", "care")
FILE_LIMIT = 600
FUNCTION_LIMIT = 60
ROOF = ("crm/workbench", "crm/dashboard", "crm/overview", "crm/search")
HOMELESS = re.compile(r"(^|/)(utils?|helpers?|common|misc|signals|selectors|base_\w+)(\.py|/)")


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def too_long(path: Path, text: str) -> list[str]:
    """What in a file is bigger than the house allows."""
    found = [f"{path}: file"] if text.count("\n") > FILE_LIMIT else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LIMIT:
                found.append(f"{path}:{node.lineno} {node.name} ({length} lines)")
    return found


def words_of_right_apps(app: str, text: str) -> list[str]:
    """Names of apps to the right that stand in the code of ``app``; ways back through relations: ``test_reverse_lookups``."""
    place = APPS.index(app)
    words = [name.removeprefix("crm/") for name in (*APPS[place + 1 :], *ROOF)]
    code = "\n".join(line for line in text.splitlines() if not line.strip().startswith("#"))
    tree = ast.parse(code)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            lead = node.value.split(".")[0].split(":")[0].split("__")[0]
            if lead in words and node.value != lead and re.fullmatch(r"[\w.:]+", node.value):
                found.append(node.value)
    return found


def test_no_file_and_no_function_is_too_long():
    places = sources("crm", "clients", "tiers", "advisory", "complaints", "care", "bench", "launcher")
    found = [line for path in places for line in too_long(path.relative_to(ROOT), path.read_text(encoding="utf-8"))]

    assert found == []


def test_a_long_function_would_be_found():
    text = "def long():\n" + "    x = 1\n" * (FUNCTION_LIMIT + 1)

    assert too_long(Path("planted.py"), text)


def test_every_module_has_a_room():
    homeless = [
        path.relative_to(ROOT).as_posix()
        for path in sources(*APPS, "crm")
        if HOMELESS.search(path.relative_to(ROOT).as_posix())
    ]

    assert homeless == []


@pytest.mark.parametrize("app", APPS)
def test_no_app_knows_a_word_from_its_right(app):
    found = {
        str(path.relative_to(ROOT)): words
        for path in sources(app)
        if (words := words_of_right_apps(app, path.read_text(encoding="utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize(
    "planted", ['get_model("tiers.Tier")', 'reverse("complaints:list")', 'reverse("workbench:my_day")']
)
def test_a_word_from_the_right_would_be_found(planted):
    assert words_of_right_apps("clients", f"x = {planted}")


def test_only_hint_enqueues():
    pattern = re.compile(r"\.(delay|apply_async|send_task)\(")
    found = [
        str(path.relative_to(ROOT))
        for path in sources("crm", *APPS[1:])
        if pattern.search(path.read_text(encoding="utf-8")) and path.name != "jobs.py"
    ]

    assert found == []


def test_no_float_touches_money():
    """``float(`` in the code of an app is allowed only where the line says why."""
    pattern = re.compile(r"\bfloat\((?!.*# )")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources("crm/core", *APPS[1:])
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]

    assert found == []


#: A keyword that chooses rows by a state word: the set has its name in the app that owns the rows.
_BY_STATE = re.compile(r"""\bstate(__in)?=[\[("']""")


def states_spelled(text: str) -> list[str]:
    """Calls of ``filter`` or ``exclude`` in which a state is spelled out."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("filter", "exclude")
        ):
            found += [ast.unparse(word) for word in node.keywords if _BY_STATE.match(ast.unparse(word))]
    return found


#: Where requests, clocks and commands come in.
DOORS = ("forms", "filters", "views", "urls", "admin", "tasks", "api", "management")


def is_a_door(path: Path) -> bool:
    """Whether a file is one of the doors of its app, or the roof."""
    place = path.relative_to(ROOT).as_posix()
    return any(re.match(rf"{app}/({'|'.join(DOORS)})(\.py|/)", place) for app in APPS) or place.startswith(ROOF)


def test_doors_and_roof_ask_for_sets_by_their_names_and_spell_no_state():
    doors = [path for path in sources("crm", *APPS[1:]) if is_a_door(path)]
    found = [f"{path.relative_to(ROOT)}: {one}" for path in doors for one in states_spelled(path.read_text())]

    assert found == []


def test_a_state_that_is_spelled_would_be_found():
    assert states_spelled("rows.exclude(state__in=['due', 'done']).filter(pk=1, state='done')") == [
        "state='done'",
        "state__in=['due', 'done']",
    ]
