"""The living style guide: every component in every state, on sample data, for those who build pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TONES = ("neutral", "info", "success", "warning", "danger", "accent")
NAMES = ("张三", "李四", "王小明", "欧阳静", "陈晓", "赵敏")


class SampleForm(forms.Form):
    """Every kind of input once."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=40, help_text=gettext_lazy("As on the ID card."))
    amount = forms.DecimalField(label=gettext_lazy("Amount"), max_digits=15, decimal_places=2)
    due_on = forms.DateField(label=gettext_lazy("Due on"))
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"),
        choices=[("phone", gettext_lazy("Phone")), ("visit", gettext_lazy("Visit"))],
    )
    mood = forms.ChoiceField(
        label=gettext_lazy("Mood"),
        widget=forms.RadioSelect,
        choices=[("good", gettext_lazy("Good")), ("bad", gettext_lazy("Bad"))],
    )
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Topics"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("fees", gettext_lazy("Fees")), ("advice", gettext_lazy("Advice"))],
    )
    words = forms.CharField(
        label=gettext_lazy("What was said"),
        widget=forms.Textarea(attrs={"data-draft": "styleguide-words"}),
        help_text=gettext_lazy("A draft stays in this browser until it is sent."),
    )
    file = forms.FileField(label=gettext_lazy("Document"), required=False)
    urgent = forms.BooleanField(label=gettext_lazy("Urgent"), required=False)


class SampleFilter(forms.Form):
    """A filter as a list shows it."""

    q = forms.CharField(label=gettext_lazy("Name, pinyin, last four digits"), required=False)
    tier = forms.ChoiceField(
        label=gettext_lazy("Tier"), required=False, choices=[("", "—"), ("gold", "黄金"), ("platinum", "铂金")]
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", "—"), ("open", gettext_lazy("Open")), ("closed", gettext_lazy("Closed"))],
    )
    due = forms.DateField(label=gettext_lazy("Due on"), required=False)
    advisor = forms.CharField(label=gettext_lazy("Advisor"), required=False)
    city = forms.CharField(label=gettext_lazy("City"), required=False)


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the components. Needs a signed-in member of staff, which the middleware sees to."""
    now = timezone.now()
    wrong = SampleForm({"channel": "phone"})
    wrong.is_valid()
    filled = {"q": request.GET.get("q", "zs"), "tier": request.GET.get("tier", "gold"), **request.GET.dict()}
    context = {
        "now": now,
        "today": timezone.localdate(now),
        "tones": TONES,
        "form": SampleForm(),
        "wrong_form": wrong,
        "filter": SampleFilter(filled),
        "slots": range(1, 9),
        "pager_sample": {"previous": "before", "next": "after", "count_text": _("more than 1,000")},
        "tabs": [
            {"label": _("Overview"), "url": "#", "active": True},
            {"label": _("Complaints"), "url": "#", "count": 3},
            {"label": _("History"), "url": "#"},
        ],
        "bulk_actions": [
            {"label": _("Assign"), "icon": "user-share", "name": "do", "value": "assign"},
            {"label": _("Export"), "icon": "file-export", "confirm": _("The export is recorded with your name.")},
        ],
        **figures(),
        **states(now),
        **charts(),
    }
    return render(request, "core/styleguide.html", context)


def figures() -> dict[str, Any]:
    """Amounts, rates and the rows of a table."""
    return {
        "amounts": [Decimal("1234567.80"), Decimal("312345678.90"), Decimal("999.50"), Decimal("-45210.33"), None],
        "rates": [Decimal("0.0003"), Decimal("0.00025"), Decimal("0.001")],
        "spark": [12, 18, 15, 22, 30, 28, 35],
        "rows": [
            {
                "name": name,
                "slot": place + 1,
                "assets": Decimal(10) ** (4 + place % 5) * 3,
                "change": Decimal(place * 1250 - 2500),
                "tone": TONES[place],
                "phone": f"138****{place}23{place}",
            }
            for place, name in enumerate(NAMES)
        ],
        "parts": [{"label": f"T{slot}", "value": slot * 7, "slot": slot} for slot in range(1, 6)],
        "empty_table": {
            "columns": [],
            "rows": [],
            "empty": {
                "icon": "phone",
                "title": _("No calls are due."),
                "text": _("Calls that a programme plans for your clients appear here."),
                "action_url": "#",
                "action_label": _("Open the programmes"),
            },
        },
    }


def states(now: datetime) -> dict[str, Any]:
    """Things that have a time: clocks, entries, runs."""
    today = timezone.localdate(now)

    def run(state: str, done: int, message: str = "") -> SimpleNamespace:
        return SimpleNamespace(
            kind=f"sample-{state}",
            label=_("Import of daily assets"),
            state=state,
            done=done,
            total=100_000,
            message=message,
            report_url="#" if state == "done" else "",
        )

    return {
        "clocks": [
            {"label": _("In time"), "due": now + timedelta(days=4, hours=3)},
            {"label": _("Due soon"), "due": now + timedelta(hours=2, minutes=5), "consequence": _("Manager is told")},
            {"label": _("Overdue"), "due": now - timedelta(hours=5), "consequence": _("Manager was told")},
            {"label": _("Paused"), "due": now + timedelta(days=1), "paused": True},
            {"label": _("Kept"), "due": now, "done": now - timedelta(hours=1)},
            {"label": _("Kept late"), "due": now - timedelta(days=2), "done": now},
            {"label": _("No deadline"), "due": None},
        ],
        "internal": {"due": now + timedelta(hours=6), "consequence": _("The branch manager is told")},
        "legal": {"due": today + timedelta(days=11), "consequence": _("The reply must have left the house")},
        "days": [today - timedelta(days=2), today, today + timedelta(days=1), today + timedelta(days=3)],
        "entries": [
            entry(now - timedelta(minutes=12), _("Call"), "phone", "success", _("Explained the new fee; agreed.")),
            entry(now - timedelta(hours=3), _("Complaint received"), "message-report", "danger", ""),
            entry(now - timedelta(days=2), _("Tier changed"), "stairs-up", "accent", ""),
        ],
        "runs": [
            run("queued", 0),
            run("running", 42_310, _("Row 42,310")),
            run("done", 100_000),
            run("failed", 1_200, _("The file has no column for the account.")),
        ],
        "attachments": [
            {"name": "投诉回复.pdf", "size": 184_320, "url": "#", "at": now, "by": "张三", "remove_url": "#"},
            {"name": "录音.mp3", "size": 5_242_880, "url": "", "at": now, "by": "李四", "state": _("being checked")},
        ],
    }


def entry(at: datetime, title: str, icon: str, tone: str, text: str) -> dict[str, Any]:
    """One entry of the sample timeline."""
    return {"at": at, "title": title, "icon": icon, "tone": tone, "text": text, "actor": "王小明"}


def charts() -> dict[str, Any]:
    """One sample of each kind of chart."""
    months = [f"2026-{month:02d}" for month in range(1, 11)]
    return {
        "line_spec": {
            "kind": "line",
            "unit": "yuan",
            "categories": months,
            "series": [
                {"name": _("Assets"), "data": [Decimal(5 + place * place) * 100_000 for place in range(10)]},
                {"name": _("Net inflow"), "data": [Decimal(place % 4) * 250_000 for place in range(10)], "slot": 2},
            ],
            "thresholds": [{"label": "黄金", "value": 3_000_000, "slot": 5}],
        },
        "stack_spec": {
            "kind": "stack",
            "unit": "count",
            "categories": months,
            "series": [
                {"name": f"T{slot}", "slot": slot, "data": [slot * 3 + place for place in range(10)]}
                for slot in range(1, 5)
            ],
        },
        "bar_spec": {
            "kind": "hbar",
            "unit": "percent",
            "categories": list(NAMES),
            "series": [{"name": _("Promises kept"), "data": [98, 92, 88, 85, 74, 60]}],
        },
        "pie_spec": {
            "kind": "pie",
            "unit": "count",
            "categories": ["普通", "黄金", "铂金", "钻石"],
            "series": [{"name": _("Clients"), "data": [812, 240, 96, 18]}],
        },
    }
