"""Data flow to the right: no app asks the rows of an app to its right, neither by name nor backwards through a relation.

import-linter sees imports. What it cannot see is a lookup that walks a relation against its direction
(``filter(advisor_profile__capacity=…)``, ``client.promises``): the names of all such ways are read from the models.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "clients", "tiers", "advisory", "complaints", "care")
PLACES = {"core": "crm/core"}
#: Where a text names a way through relations although no double underscore says so.
TAKES_NAMES = frozenset(
    {
        *("select_related", "prefetch_related", "Prefetch", "values", "values_list", "only", "defer", "order_by", "F"),
        *("OuterRef", "Count", "Sum", "Min", "Max", "Avg", "StringAgg", "FilteredRelation"),
    }
)
#: Calls whose keywords are lookups.
TAKES_LOOKUPS = frozenset({"filter", "exclude", "get", "Q", "get_or_create", "update_or_create", "get_object_or_404"})


def ways_back(app: str) -> dict[str, str]:
    """Name of a relation walked backwards → the model to the right that it leads to."""
    place, found = APPS.index(app), {}
    for right in APPS[place + 1 :]:
        for model in apps.get_app_config(right).get_models():
            for field in model._meta.get_fields():
                if not field.is_relation or field.auto_created or not field.related_model:
                    continue
                leads_left = field.related_model._meta.app_label in APPS[: place + 1]
                if leads_left and not field.remote_field.hidden:
                    names = (field.remote_field.get_accessor_name(), field.related_query_name())
                    found |= dict.fromkeys(names, model._meta.label)
    return found


def own_names(app: str) -> set[str]:
    """Names that an app, or one to its left, gives to something of its own: of those an attribute alone proves nothing."""
    found: set[str] = set()
    for left in APPS[: APPS.index(app) + 1]:
        for _path, tree in sources(left):
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found.add(node.name)
                elif isinstance(node, ast.AnnAssign | ast.Assign):
                    targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
                    found |= {getattr(each, "id", getattr(each, "attr", "")) for each in targets}
                elif isinstance(node, ast.ImportFrom | ast.Import):
                    found |= {(each.asname or each.name).rpartition(".")[2] for each in node.names}
    return found


def sources(app: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / PLACES.get(app, app)).rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def walked_back(tree: ast.AST, names: set[str], own: set[str]) -> Iterator[str]:
    """Each place that walks a relation of ``names`` backwards; attributes of a name in ``own`` are left alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in names - own:
            yield f"{node.lineno}: .{node.attr}"
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if "__" in text and names & set(text.lstrip("-").split("__")):
            yield f"{node.lineno}: {text!r}"  # type: ignore[attr-defined]  # a constant has a line
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        for word in node.keywords:
            parts = (word.arg or "").split("__")
            if names & set(parts) and (len(parts) > 1 or called in TAKES_LOOKUPS):
                yield f"{node.lineno}: {word.arg}="
        if called in TAKES_NAMES:
            for each in node.args:
                if isinstance(each, ast.Constant) and str(each.value).lstrip("-") in names:
                    yield f"{node.lineno}: {called}({each.value!r})"


@pytest.mark.parametrize("app", APPS[:-1])
def test_no_app_walks_backwards_to_an_app_on_its_right(app: str) -> None:
    names, own = set(ways_back(app)), own_names(app)

    found = [
        f"{path.relative_to(ROOT)}:{place}" for path, tree in sources(app) for place in walked_back(tree, names, own)
    ]

    assert found == []


def tables_to_the_right(app: str) -> set[str]:
    right = APPS[APPS.index(app) + 1 :]
    return {model._meta.db_table for each in right for model in apps.get_app_config(each).get_models()}


def named_in_sql(tree: ast.AST, tables: set[str]) -> Iterator[str]:
    """Tables of apps to the right that stand in a text, as a statement written by hand would name them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from sorted(tables & set(re.findall(r"\w+", node.value)))


@pytest.mark.parametrize("app", APPS[:-1])
def test_no_statement_names_a_table_of_an_app_on_its_right(app: str) -> None:
    tables = tables_to_the_right(app)

    assert [f"{path}: {one}" for path, tree in sources(app) for one in named_in_sql(tree, tables)] == []


def shown_backwards(text: str, names: set[str]) -> list[str]:
    """Variables and tags of a template that walk a relation of ``names`` backwards."""
    tags = re.findall(r"\{[{%].*?[}%]\}", text)
    return [tag for tag in tags if names & set(re.findall(r"\.(\w+)", tag))]


@pytest.mark.parametrize("app", APPS[:-1])
def test_no_template_walks_backwards_either(app: str) -> None:
    names = set(ways_back(app))
    places = [ROOT / "templates" / app, *([ROOT / "templates/components"] if app == "core" else [])]

    pages = [page for place in places for page in sorted(place.rglob("*.html"))]
    assert pages
    assert [f"{page}: {one}" for page in pages for one in shown_backwards(page.read_text("utf-8"), names)] == []


def test_a_table_and_a_template_would_be_found() -> None:
    tree = ast.parse("sql = 'SELECT 1 FROM tiers_promise p WHERE p.client_id = %s'")

    assert list(named_in_sql(tree, tables_to_the_right("clients"))) == ["tiers_promise"]
    assert shown_backwards("{{ client.tier_state.tier }} {{ client.name }}", set(ways_back("clients")))


@pytest.mark.parametrize(
    "planted",
    [
        "User.objects.filter(advisor_profile__capacity=3)",
        "User.objects.filter(advisor_profile=None)",
        "Client.objects.filter(Q(promises__state='due') | Q(pk=1))",
        "Client.objects.annotate(n=Count('promises'))",
        "Client.objects.order_by('-tier_state__rank')",
        "Client.objects.values_list('tier_state__tier__name')",
        "User.objects.select_related('advisor_profile')",
        "client.tier_state",
        "getattr(client, 'x').advisory_agreements.all()",
        "rows.filter(**{'client__tier_overrides__state': 'open'})",
    ],
)
def test_each_way_of_walking_back_would_be_found(planted: str) -> None:
    names = {**ways_back("clients"), **ways_back("core")}

    assert list(walked_back(ast.parse(planted), set(names), {"promises"}))


@pytest.mark.parametrize("fine", ["Client.objects.filter(branch__company=1)", "said.promises", "make(promises=3)"])
def test_what_walks_to_the_left_or_not_at_all_is_left_alone(fine: str) -> None:
    assert not list(walked_back(ast.parse(fine), set(ways_back("clients")), {"promises"}))
