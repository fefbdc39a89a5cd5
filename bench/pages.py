"""Every page as every role on a demo branch: what it costs, and in a browser what is wrong with it.

    python3 do.py pages                  server figures, and Chromium where there is one
    python3 do.py pages --no-browser
    python3 do.py pages --only clients: overview:

Server: each role asks for each address; CPU milliseconds, statements and bytes of the second look. A page's own statements
are those besides the seven that find out who looks. Browser: each page once, as the first role that may open it, in Chinese
and English, 1440 and 390 pixels wide: axe, console, overflow, a screenshot. Tables and pictures go to var/pages/.

Exit code 1: an answer of 500, a list above its budget, a violation, a console error, or a page wider than a phone.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._rows import BELOW, LISTS, NO_PAGES, QUERIES, ROWS, STATES

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = 200
#: Statements that a list may have of its own (performance.md, Part B §6).
BUDGET = 8
LANGUAGES, WIDTHS = ("zh-hans", "en"), (1440, 390)


@dataclass(frozen=True)
class Form:
    """Another form of a page: a tab, a view, or a row in another state. It is looked at like a page of its own."""

    label: str
    query: str = ""
    given: tuple[tuple[str, str], ...] = ()
    where: tuple[tuple[str, Any], ...] = ()


def forms_of(name: str) -> list[Form]:
    """The forms of a page besides the first; "" as a query, a part of the address or a state each make one."""
    from complaints.models import Complaint
    from complaints.steps import STEPS

    if name == "complaints:step":
        return [
            Form(step.action, given=(("action", step.action),), where=(("state__in", step.origin),)) for step in STEPS
        ]
    if name == "complaints:detail":
        return [Form(state, where=(("state", state),)) for state in Complaint.State.values]
    return [Form(query, query) for query in QUERIES.get(name, ())]


@dataclass
class Page:
    """One address by name; what each role got, and what the browser found."""

    name: str
    looks: dict[str, tuple[str, float, int, int]] = field(default_factory=dict)  # role: path, ms, statements, bytes
    refused: dict[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def most(self, place: int) -> float:
        return max((look[place] for look in self.looks.values()), default=0)  # type: ignore[return-value]


def addresses() -> Iterator[tuple[str, list[str]]]:
    """Names of all addresses besides REST and the admin, with the names of their parts."""
    from django.urls import URLResolver, get_resolver

    def walk(resolver: Any, space: str) -> Iterator[tuple[str, list[str]]]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                if one.namespace not in ("admin", "api"):
                    yield from walk(one, f"{space}{one.namespace}:" if one.namespace else space)
            elif one.name:
                yield f"{space}{one.name}", list(one.pattern.regex.groupindex)

    yield from walk(get_resolver(), "")
    yield "api:docs", []


def path_for(name: str, parts: list[str], user: Any, form: Form | None = None) -> str | None:
    """The address of a page of a row that the user sees; None where there is none."""
    from django.urls import reverse

    form = form or Form("")
    where = STATES.get(name, {}) | dict(form.where)
    given: dict[str, str] = {}
    part, below, parent = next((row[1:] for row in BELOW if name.startswith(row[0]) and row[1] in parts), ("", "", ""))
    if below:
        row: Any = _row(below, user, where)
        if row is None:
            return None
        given[part] = row.public_id
        if parent:
            given["public_id"] = getattr(row, parent).public_id
        where = {}
    if "public_id" in parts and "public_id" not in given:
        row = _row(_label(name, ROWS), user, where)
        if row is None:
            return None
        given["public_id"] = row.public_id
    known = {
        "key": "visit.new_account_days",
        "field": "phone",
        "action": "accept",
        "product": "A_SHARE",
        "day": "2026-10-01",
        "code": "star",
        "group": "wealth" if name == "clients:group_edit" else "person",
        "kind": "relation",
        "step": "take",
        **dict(form.given),
    }
    for part in set(parts) - set(given):
        if part not in known:
            return None
        given[part] = known[part]
    return reverse(name, kwargs={part: given[part] for part in parts}) + (f"?{form.query}" if form.query else "")


def _label(name: str, rows: tuple[tuple[str, str], ...]) -> str | None:
    return next((label for beginning, label in rows if name.startswith(beginning)), None)


def _row(label: str | None, user: Any, where: dict[str, Any]) -> Any:
    from django.apps import apps

    if label is None:
        return None
    rows = apps.get_model(label).objects.filter(**where)
    seen = rows.visible_to(user) if hasattr(rows, "visible_to") else rows
    # Of the clients the richest: most is known of him, and most has happened.
    order = ("total_assets", "pk") if label == "clients.Client" else ("pk",)
    return seen.order_by(*order).last() or rows.order_by(*order).last()


def look_at_all(people: list[tuple[str, Any]], only: tuple[str, ...] = ("",)) -> tuple[list[Page], dict[str, str]]:
    """All pages as all roles, in this process. Also the session of each role."""
    from django.test import Client as Browser

    logging.disable(logging.ERROR)  # refusals are figures here; a fault is told with its exception
    todo = [
        (Page(f"{name} {form.label}".strip()), name, parts, form)
        for name, parts in addresses()
        if name not in NO_PAGES and name.startswith(only)
        for form in (Form(""), *forms_of(name))
    ]
    sessions: dict[str, str] = {}
    for role, user in people:
        browser = Browser(
            headers={"accept-language": "zh-hans"}, raise_request_exception=False, SERVER_NAME="127.0.0.1"
        )
        browser.force_login(user)
        sessions[role] = browser.cookies["sessionid"].value
        for page, name, parts, form in todo:
            path = path_for(name, parts, user, form)
            if path:
                _look(page, role, browser, path)
    return [page for page, *_rest in todo], sessions


def _look(page: Page, role: str, browser: Any, path: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from bench.lists import _WHO

    first = browser.get(path)
    if first.status_code >= 500:
        kind = getattr(first, "exc_info", None)
        page.found.append(
            f"{first.status_code} as {role} at {path} {kind[1]!r}" if kind else f"{first.status_code} at {path}"
        )
    if first.status_code != 200 or first.streaming or "html" not in first.headers.get("Content-Type", ""):
        page.refused[role] = first.status_code
        return
    with CaptureQueriesContext(connection) as seen:
        begun = time.process_time()
        answer = browser.get(path)
        spent = (time.process_time() - begun) * 1000
    sql = [one["sql"] for one in seen if not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    own = sum(not any(mark in one[max(one.find(" FROM "), 0) :] for mark in _WHO) for one in sql)
    page.looks[role] = (path, spent, own, len(answer.content))
    if page.name.split()[0] in LISTS and own > BUDGET:
        page.found.append(f"{own} statements of its own as {role}; a list has {BUDGET}")


# -- in a browser ------------------------------------------------------------------------------------------------------

_AXE = "axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 120)} (${v.nodes.length})`))"


def browse(pages: list[Page], sessions: dict[str, str], port: int, folder: Path, executable: str) -> None:
    """Each page as its first role, in both languages and widths."""
    from playwright.sync_api import sync_playwright

    from crm.core.models import User

    base = f"http://127.0.0.1:{port}"
    axe = (ROOT / "tests" / "vendor" / "axe.min.js").read_text("utf-8")
    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for language in LANGUAGES:
            User.objects.update(language=language)
            for width in WIDTHS:
                contexts: dict[str, Any] = {}  # one a role: scripts and styles are fetched once
                for page in pages:
                    if page.looks:
                        role, (path, *_figures) = next(iter(page.looks.items()))
                        if role not in contexts:
                            contexts[role] = _signed_in(chromium, sessions[role], base, language, width)
                        picture = folder / f"{_file_name(page.name)}-{language}-{width}.png"
                        page.found += _show(contexts[role], base + path, picture, axe, f"{language} {width}", width)
                for context in contexts.values():
                    context.close()
        chromium.close()


def _file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name)


def _signed_in(chromium: Any, session: str, base: str, language: str, width: int) -> Any:
    locale = "en" if language == "en" else "zh-CN"
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale=locale)
    context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
    return context


def _show(context: Any, address: str, picture: Path, axe: str, where: str, width: int) -> list[str]:
    """What is wrong with one page in one language and width."""
    tab, said, found = context.new_page(), [], []
    tab.on("console", lambda message: said.append(message.text[:160]) if message.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)[:160]))
    try:
        tab.goto(address, wait_until="load", timeout=60_000)
        tab.screenshot(path=picture, full_page=True)
        tab.evaluate(axe)
        found += [f"{where} axe {line}" for line in tab.evaluate(_AXE)]
        wide = tab.evaluate("document.documentElement.scrollWidth")
        if width == min(WIDTHS) and wide > width:
            found.append(f"{where}: {wide} px wide")
    except Exception as fault:
        found.append(f"{where}: {str(fault).splitlines()[0][:160]}")
    tab.close()
    return [*found, *(f"{where} console: {line}" for line in said)]


# -- telling -----------------------------------------------------------------------------------------------------------


def tell(pages: list[Page], folder: Path) -> int:
    """A line for each page, all figures as CSV, then what is wrong."""
    with (folder / "pages.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["page", "role", "path", "cpu_ms", "own_statements", "bytes"])
        for page in pages:
            for role, (path, spent, own, size) in page.looks.items():
                writer.writerow([page.name, role, path, round(spent, 1), own, size])
    print(f"{'page':<34}{'roles':>6}{'CPU ms':>9}{'own SQL':>9}{'bytes':>9}   (the most of any role)")
    for page in sorted(pages, key=lambda one: -one.most(1)):
        if page.looks:
            print(
                f"{page.name:<34}{len(page.looks):>6}{page.most(1):>9.0f}{page.most(2):>9.0f}{page.most(3):>9.0f}"
                f"{'   !' if page.found else ''}"
            )
    unseen = [page.name for page in pages if not page.looks]
    print(f"no page for any role (commands, or no row in the demo): {', '.join(unseen)}")
    wrong = 0
    for page in pages:
        for line in dict.fromkeys(page.found):
            wrong += 1
            print(f"FOUND {page.name}: {line}", file=sys.stderr)
    print(f"{sum(len(page.looks) for page in pages)} looks at {len(pages) - len(unseen)} pages, {wrong} findings.")
    return int(wrong > 0)


def main(argv: list[str] | None = None) -> int:
    """Build a demo of our own, look, tell."""
    parser = argparse.ArgumentParser(prog="do.py pages", description="Every page as every role.")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep the demo here, or use the one that is here")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="look at these pages alone (beginning of their names)"
    )
    parser.add_argument("--clients", type=int, default=CLIENTS)
    options = parser.parse_args(argv)
    from bench.chaos import own_place, prepare
    from launcher.commands import chromium
    from launcher.environment import has_module, var_folder

    pictures = var_folder() / "pages"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright keeps a loop in this thread
    with own_place(options.folder, "pages") as folder:
        prepare(options.clients)
        _begin_what_waits()
        pages, sessions = look_at_all(_people(folder), tuple(options.only or [""]))
        executable = chromium()
        if options.no_browser or not executable or not has_module("playwright"):
            print("No browser: server figures only.")
        else:
            from bench._house import House

            house = House(folder)
            try:
                house.start("web")
                browse(pages, sessions, house.port, pictures, executable)
            finally:
                house.stop()
        return tell(pages, pictures)


def _begin_what_waits() -> None:
    """What a demo has settled or not begun: a draft of the programme, a sheet of the simulator, a tier by hand that waits."""
    from datetime import timedelta

    from django.utils import timezone

    from clients.models import Client
    from crm.core.clocks import local_date
    from crm.core.models import User
    from tiers.models import Programme
    from tiers.services.drafts import start_draft
    from tiers.services.overrides import request_override
    from tiers.services.simulation import lay_out

    now = timezone.now()
    client = Client.objects.served().exclude(tier_state=None).select_related("branch__company").order_by("pk")[0]
    branch = client.branch
    manager = User.objects.filter(branch=branch, groups__name="branch_manager").order_by("pk")[0]
    active = Programme.objects.get(pk=client.tier_state.programme_id)
    named = {"name_zh": "调整门槛", "name_en": "Other bounds", "effective_from": local_date(now) + timedelta(days=30)}
    start_draft(actor=manager, values=named, source=active, company=branch.company, branch=branch, code="page")
    lay_out(branch=branch, programme=active, actor=manager, now=now)
    other = active.tiers.exclude(pk=client.tier_state.by_rule.pk).order_by("-rank")[0]
    until = local_date(now) + timedelta(days=20)
    request_override(client=client, tier=other, reason="客户申请", valid_to=until, actor=manager, now=now)


def _people(folder: Path) -> list[tuple[str, Any]]:
    """One member of staff for each role: those whose log-ins the demo names. Nobody has to set up a second factor here."""
    import json

    from crm.core.models import Policy, User

    Policy.objects.filter(policy_key="sign_in.second_factor").update(value=False)
    User.objects.update(must_change_password=False)
    rows = json.loads((folder / "demo-logins.json").read_text(encoding="utf-8"))
    return [(row["role"], User.objects.get(staff_number=row["number"])) for row in rows]


if __name__ == "__main__":
    raise SystemExit(main())
