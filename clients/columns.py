"""Columns of the list of clients: those of this app, and those that apps further right add in ``ready()``.

What a column needs beyond the client's own row comes ``along`` in the statement of the rows, or it loads it for the whole page
in one statement of its own. A flag is a column without a head: it stands behind the name of the few whom it concerns.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clients.querysets.scope import shown_name
from clients.segments.catalogue import NAMES, has
from clients.suitability import steps_along, told_along
from crm.core.clocks import local_date
from crm.core.templatetags.amounts import ago, exact, next_in, short
from crm.core.templatetags.ui import dash, risk_badge, tier_badge

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User

Loaded = Mapping[int, Any]


@dataclass(frozen=True)
class Column:
    """One column. ``text`` gives the cell from the client, what was loaded for him (None: nothing), and today."""

    key: str
    label: Any
    text: Callable[[Client, Any, date], Any]
    load: Callable[[Sequence[int], User], Loaded] | None = None
    #: Expressions by name, for the reader.
    along: Callable[[User], Mapping[str, Any]] | None = None
    sort: str = ""
    cls: str = ""
    on_phone: bool = False
    align: str = ""
    rights: tuple[str, ...] = ()
    is_usual: bool = False


_columns: dict[str, Column] = {}
_flags: dict[str, Column] = {}


def add_column(*columns: Column, after: str = "") -> None:
    """Offer columns, at the end or ``after`` one that is there; called from ``AppConfig.ready()``.

    Raises ``ValueError`` for a key that is taken.
    """
    behind = list(_columns)[list(_columns).index(after) + 1 :] if after else []
    _add(_columns, columns)
    for key in behind:
        _columns[key] = _columns.pop(key)


def add_flag(*flags: Column) -> None:
    """Offer flags; as ``add_column``. The text of a flag is "" for whom it does not concern."""
    _add(_flags, flags)


def _add(known: dict[str, Column], columns: Iterable[Column]) -> None:
    for column in columns:
        if column.key in known:
            raise ValueError(f"column {column.key!r} is registered twice")
        known[column.key] = column


def columns_for(user: User) -> list[Column]:
    """Every column that exists for ``user``."""
    return _for(user, _columns)


def flags_for(user: User) -> list[Column]:
    """Every flag that exists for ``user``."""
    return _for(user, _flags)


def _for(user: User, known: Mapping[str, Column]) -> list[Column]:
    return [column for column in known.values() if all(has(user, right) for right in column.rights)]


def coming_along(columns: Iterable[Column], user: User) -> dict[str, Any]:
    """What these columns and flags need in the statement of the rows."""
    return {name: asked for column in columns if column.along for name, asked in column.along(user).items()}


def chosen(user: User, keys: Iterable[str]) -> list[Column]:
    """The columns that were asked for, in the order of the list; the usual ones when none was."""
    wanted, known = set(keys), columns_for(user)
    found = [column for column in known if column.key in wanted]
    return found or [column for column in known if column.is_usual]


def fill(
    clients: Sequence[Client], columns: Sequence[Column], user: User, today: date, flags: Sequence[Column] = ()
) -> None:
    """Give each client of a page his ``shown_name`` and the markup of his ``link``, ``cells`` and ``flags``; one statement for
    each column that loads something.

    Joined here and not in the template: fifty rows of ten cells are a third of what the list costs.
    """
    ids, lead = [client.pk for client in clients], reverse("clients:list")
    opened = [(column, _opening(column), column.load(ids, user) if column.load and ids else {}) for column in columns]
    for client in clients:
        name = mark_safe(_escaped(shown_name(client, user)))  # noqa: S308  # escaped
        cells = [
            f"{opening}{_escaped(column.text(client, loaded.get(client.pk), today))}</td>"
            for column, opening, loaded in opened
        ]
        marks = ["", *(_escaped(text) for flag in flags if (text := flag.text(client, None, today)))]
        marked: Any = client
        marked.shown_name = name
        marked.link = mark_safe(f'<a class="row-link" href="{lead}{client.public_id}/">{name}</a>')  # noqa: S308  # as above
        marked.cells, marked.flags = mark_safe("".join(cells)), mark_safe(" ".join(marks))  # noqa: S308  # as above


def _escaped(text: Any) -> str:
    """As ``conditional_escape``, which looks for a lazy text among its arguments each time."""
    return text.__html__() if hasattr(text, "__html__") else html.escape(str(text))


def off_phone(columns: Sequence[Column], first: int) -> str:
    """Classes of a table whose columns begin at place ``first``: which of them a phone leaves out. A class on each cell
    would be a sixth of the page."""
    return " ".join(f"off-{place}" for place, column in enumerate(columns, first) if not column.on_phone)


def _opening(column: Column) -> str:
    cls = f"{column.cls} {column.align}".strip()
    return f'<td class="{escape(cls)}">' if cls else "<td>"


# -- this app's own ----------------------------------------------------------------------------------------------------


def _short(amount: Decimal) -> Any:
    """As ``wan``; the cell of a number keeps on one line by itself, so fifty of them carry no class."""
    return mark_safe(f'<span title="{exact(amount)}">{short(amount)}</span>')  # noqa: S308  # digits and a unit


def _risk(client: Client, _loaded: Any, today: date) -> Any:
    days, told_from = client.risk_days_left(today), told_along(client)
    if days is None or days > told_from or not client.risk_grade:
        return dash(client.risk_grade)
    return risk_badge(client.risk_grade, days_left=days, warn_days=told_from)


def _steps(user: User) -> Mapping[str, Any]:
    """From how many days on a grade is told to run out, as the reader's own branch has it: for a page of rows, one rule."""
    return {"steps_along": steps_along(local_date(timezone.now()), user.branch_id)}


def _last(client: Client, _loaded: Any, today: date) -> Any:
    if client.last_contact_at:
        return ago(client.last_contact_at, today)
    return format_html('<span class="muted">{}</span>', gettext("never"))


def _quality(client: Client, _loaded: Any, _today: date) -> Any:
    found = getattr(client, "quality", None)
    return f"{found.score}%" if found else dash("")


def _tags(ids: Sequence[int], user: User) -> Loaded:
    from clients.models import ClientTag

    found: dict[int, list[Any]] = {}
    rows = ClientTag.objects.visible_to(user).filter(client_id__in=ids).select_related("tag").order_by("family", "pk")
    for row in rows:
        found.setdefault(row.client_id, []).append(row.tag)
    return found


def _tag_words(_client: Client, tags: Any, _today: date) -> Any:
    return (
        format_html_join(" ", "{}", ((tier_badge(str(tag), slot=tag.palette),) for tag in tags)) if tags else dash("")
    )


def _needs(ids: Sequence[int], user: User) -> Loaded:
    from clients.models import NeedsInterview

    rows = NeedsInterview.objects.visible_to(user).present().filter(client_id__in=ids)
    return dict(rows.values_list("client_id", "taken_on"))


def _day(name: str) -> Callable[[Client, Any, date], Any]:
    return lambda client, _loaded, _today: dash(getattr(client, name))


def register_own() -> None:
    """Called once, when all models are loaded."""
    add_column(
        Column("number", _("Client number"), lambda c, _l, _t: c.external_id, is_usual=True),
        Column(
            "phone",
            _("Phone"),
            lambda c, _l, _t: f"****{c.phone_tail}" if c.phone_tail else "",
            is_usual=True,
        ),
        Column("risk", _("Risk grade"), _risk, along=_steps, on_phone=True, is_usual=True),
        Column(
            "assets",
            _("Assets"),
            lambda c, _l, _t: _short(c.total_assets),
            sort="assets",
            on_phone=True,
            align="num",
            is_usual=True,
        ),
        Column("last", _("Last contact"), _last, sort="contact", is_usual=True),
        Column("next", _("Next contact"), lambda c, _l, t: next_in(c.next_contact_on, t), is_usual=True),
        Column("advisor", _("Served by"), lambda c, _l, _t: dash(c.advisor.name if c.advisor else ""), is_usual=True),
        Column(
            "quality",
            _("Data quality"),
            _quality,
            sort="quality",
            rights=("clients.view_clientquality",),
            is_usual=True,
        ),
        Column("tags", _("Tags"), _tag_words, load=_tags, cls="wraps", rights=("clients.view_tag",)),
        Column(
            "needs",
            _("Needs asked"),
            lambda _c, day, t: ago(day, t),
            load=_needs,
            rights=("clients.view_needsinterview",),
        ),
        Column("age", _("Age"), lambda c, _l, t: dash(c.age(t)), rights=(NAMES,), align="num"),
        Column("city", _("City"), lambda c, _l, _t: dash(c.city), rights=(NAMES,)),
        Column("opened", _("Client since"), _day("opened_on")),
        Column("risk_until", _("Risk grade valid until"), _day("risk_valid_until")),
        Column("document", _("Document valid until"), _day("id_valid_until"), rights=("clients.view_profile",)),
    )
