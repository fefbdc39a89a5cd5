"""The yardstick: what a list costs that knows no rights, menus, masking or audit.

Goals were set in milliseconds on one quiet machine (performance.md, Part B §6), beside a throw-away page of our own there:
fifty rows, three statements, 15.5 ms of CPU. "The real product will cost 2 to 3 times as much." Here the same page is
built again and measured in the same run, and each goal is its milliseconds divided by that page's 15.5, so that they hold on
any machine:

    list, first page        45 ms   2.9 x        REST list of 50         25 ms   1.6 x
    list, rows only         30 ms   1.9 x        REST detail             18 ms   1.2 x
    search, rare or none    35 ms   2.3 x        REST create             22 ms   1.4 x
    search, common name     60 ms   3.9 x        contacts, first page    50 ms   3.2 x
    client page             40 ms   2.6 x        page 1,000, filtered    1.5 x our own first page

The reference comes with sessions, sign-in and one look at the user, as the page it stands for did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path

PAPER_CPU_MS = 15.5
GOALS_MS = {
    "list": 45.0,
    "rows": 30.0,
    "search": 35.0,
    "surname": 60.0,
    "client": 40.0,
    "contacts": 50.0,
    "rest list": 25.0,
    "rest detail": 18.0,
    "rest create": 22.0,
}
#: A deep or filtered page may cost so many times our own first page.
NEVER_ABOVE = 1.5
LIST_STATEMENTS, DETAIL_STATEMENTS, LIST_BYTES = 8, 10, 45_000

_PAGE = """<!doctype html><html lang="zh"><head><title>Clients</title></head><body><h1>{{ count }}</h1><table>
{% for c in rows %}<tr><td><a href="/clients/{{ c.public_id }}/">{{ c.name }}</a></td><td>{{ c.external_id }}</td>
<td>{{ c.phone_tail }}</td><td>{{ c.city }}</td><td>{{ c.risk_grade }}</td><td>{{ c.advisor.name }}</td>
<td>{{ c.total_assets }}</td><td>{{ c.last_contact_at|date:"Y-m-d" }}</td><td>{{ c.opened_on|date:"Y-m-d" }}</td></tr>
{% endfor %}</table></body></html>"""
_template = Engine().from_string(_PAGE)


def page(request: HttpRequest) -> HttpResponse:
    """Three statements: who asks, how many, the rows."""
    from clients.models import Client
    from crm.core.models import User

    User.objects.get(pk=request.headers["X-User"])
    rows = Client.objects.filter(merged_into=None)  # those whom the index by assets holds
    count = rows.order_by()[:10_001].count()
    listed = rows.select_related("advisor").order_by("-total_assets", "-pk")[:50]
    return HttpResponse(_template.render(Context({"rows": listed, "count": count})))


urlpatterns = [path("yardstick/", page)]


def goal(name: str) -> float:
    """So many times the yardstick."""
    return round(GOALS_MS[name] / PAPER_CPU_MS, 1)


def at_its_own_address(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Layer that leads to the page above and to none of the product's.

    The setting ``ROOT_URLCONF`` stays as it is: changing it makes Django forget every address of the product, and the next
    subject would pay for learning them again (a third of a list).
    """

    def answer(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return get_response(request)

    return answer


def yardstick(user: Any) -> Callable[[], Any]:
    """One look at the page, through a handler with the few layers that such a page has."""
    from django.test import Client as Browser
    from django.test import override_settings

    browser = Browser(headers={"X-User": str(user.pk)})
    layers = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        f"{__name__}.{at_its_own_address.__name__}",
    ]
    with override_settings(MIDDLEWARE=layers):
        browser.get("/yardstick/")  # the handler keeps the layers it was made with

    def look() -> None:
        assert browser.get("/yardstick/").status_code == 200

    return look
