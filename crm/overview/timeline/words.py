"""What stands in the timeline of each touch, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clients.views.contacts import timeline
from complaints.views.rows import event_words, icon_of
from crm.core.merged import Happened
from crm.core.models import User
from crm.core.templatetags.amounts import permille

_Files = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Touch:
    """One entry: ``id`` names the row, ``kind`` its kind of touch, ``about`` stands in grey behind the title.

    ``whole_day``: only the day is known. ``person`` did it, where somebody did.
    """

    id: str
    at: datetime
    kind: str
    title: str
    about: str = ""
    text: str = ""
    person: User | None = None
    whole_day: bool = False
    icon: str = "circle-dot"
    tone: str = "neutral"
    url: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)

    def entry(self) -> dict[str, Any]:
        """As ``components/_timeline.html`` wants it."""
        return {
            "at": self.at,
            "whole_day": self.whole_day,
            "title": self.title,
            "kind": self.about,
            "text": self.text,
            "actor": self.person.called if self.person else "",
            "icon": self.icon,
            "tone": self.tone,
            "url": self.url,
            "files": self.files,
        }


def told(user: User, one: Happened, files: _Files) -> Touch:
    """One touch in words."""
    key = one.strand.key
    if key == "contact":
        said = _contact(one.row, files)
    else:
        said = _WORDS[key](user, one.row, one.nth)
    return Touch(id=one.row.public_id, at=one.at, kind=key, whole_day=one.strand.by_day, **said)


def _contact(row: Any, files: _Files) -> dict[str, Any]:
    (entry,) = timeline([row], files=files)
    kept = {name: entry[name] for name in ("title", "text", "icon", "tone", "url", "files")}
    return {**kept, "about": entry["kind"], "person": row.staff}


def _appointment(_user: User, row: Any, _nth: int) -> dict[str, Any]:
    tones = {"held": "success", "cancelled": "neutral", "booked": "info"}
    return {
        "title": f"{row.get_channel_display()} · {row.subject or row.get_purpose_display()}",
        "about": pgettext("timeline", "appointment, %(state)s") % {"state": str(row.get_state_display()).lower()},
        "text": row.cancel_reason or row.place,
        "person": row.staff,
        "icon": "calendar-event",
        "tone": tones[row.state],
        "url": row.contact.get_absolute_url() if row.contact else "",
    }


def _attempt(_user: User, row: Any, _nth: int) -> dict[str, Any]:
    """That and how it was tried; what was said is nobody's who lacks the right to answers."""
    reached = row.outcome == "reached"
    icon = "phone-check" if reached else "mail" if row.outcome == "written" else "phone-off"
    return {
        "title": _("Follow-up call: %(programme)s") % {"programme": row.call.programme},
        "about": str(row.get_outcome_display()),
        "person": row.caller,
        "icon": icon,
        "tone": "success" if reached else "neutral",
        "url": row.call.get_absolute_url(),
    }


def _step(_user: User, row: Any, _nth: int) -> dict[str, Any]:
    return {
        "title": _("Complaint %(number)s: %(step)s") % {"number": row.complaint.number, "step": event_words(row)},
        "about": str(row.complaint.get_subject_display()),
        "person": row.actor,
        "icon": icon_of(row.action),
        "tone": "danger" if row.action in ("register", "overdue", "object", "reopen") else "warning",
        "url": row.complaint.get_absolute_url(),
    }


def _answer(user: User, row: Any, _nth: int) -> dict[str, Any]:
    answer = row.answer
    marks = {"csat": answer.satisfaction, "nps": answer.recommendation}
    good = answer.satisfaction >= 4
    bad = answer.satisfaction <= 2
    occasion = row.round.title if row.round else row.get_occasion_display()
    linked = row.complaint if row.complaint and user.has_perm("complaints.view_complaint") else None
    return {
        "title": _("Satisfaction %(csat)s / 5, recommendation %(nps)s / 10") % marks,
        "about": str(occasion),
        "text": answer.comment,
        "icon": "mood-smile" if good else "mood-sad" if bad else "mood-neutral",
        "tone": "success" if good else "danger" if bad else "neutral",
        "url": linked.get_absolute_url() if linked else "",
    }


def _tier(user: User, row: Any, _nth: int) -> dict[str, Any]:
    looks = {
        "up": ("trending-up", "success"),
        "down": ("trending-down", "warning"),
        "first": ("flag", "info"),
        "manual": ("user-shield", "info"),
        "return": ("arrow-back-up", "neutral"),
    }
    icon, tone = looks.get(row.reason, ("versions", "neutral"))
    text, by_hand = "", row.override
    if by_hand is not None and user.has_perm("tiers.view_tieroverride"):
        text = by_hand.reason if row.reason == "manual" else by_hand.end_reason
    move = f"{row.old.name} → {row.new.name}" if row.old else row.new.name
    return {
        "title": _("Client tier: %(tiers)s") % {"tiers": move},
        "about": str(row.get_reason_display()),
        "text": text,
        "person": (by_hand.decided_by or by_hand.requested_by) if by_hand is not None else None,
        "icon": icon,
        "tone": tone,
        "url": reverse("tiers:change", args=[row.public_id]),
    }


def _promise(_user: User, row: Any, nth: int) -> dict[str, Any]:
    missed = nth == 1
    word = (
        pgettext("promise", "Missed")
        if missed
        else pgettext("promise", "Late")
        if row.is_late
        else pgettext("promise", "Kept")
    )
    return {
        "title": row.title,
        "about": word,
        "text": row.delivery.title if row.delivery else row.note,
        "person": row.kept_by,
        "icon": "x" if missed else "gift" if row.delivery else "check",
        "tone": "danger" if missed else "success",
        "url": row.get_absolute_url(),
    }


def _publication(_user: User, row: Any, _nth: int) -> dict[str, Any]:
    return {
        "title": row.publication.title,
        "about": f"{row.publication.get_kind_display()} · {row.get_state_display()}",
        "text": row.publication.text,
        "person": row.told_by or row.publication.sent_by,
        "icon": "phone" if row.told_by else "send",
        "tone": "info",
        "url": row.publication.get_absolute_url(),
    }


def _rate(_user: User, row: Any, nth: int) -> dict[str, Any]:
    terms = {"product": row.get_product_display(), "rate": permille(row.rate)}
    ended = nth == 1
    title = _("Rate ended: %(product)s, %(rate)s") if ended else _("Rate from this day: %(product)s, %(rate)s")
    until = _("until %(day)s") % {"day": row.valid_to.isoformat()} if row.valid_to and not ended else ""
    return {
        "title": title % terms,
        "about": " · ".join(filter(None, (str(row.get_origin_display()), until))),
        "text": "" if ended else row.reason,
        "person": row.decided_by or row.proposed_by,
        "icon": "percentage",
        "tone": "neutral" if ended else "info",
        "url": reverse("tiers:statement", args=[row.client.public_id]),
    }


def _agreement(_user: User, row: Any, nth: int) -> dict[str, Any]:
    ended = nth == 1
    title = _("Advisory agreement %(number)s ended") if ended else _("Advisory agreement %(number)s signed")
    return {
        "title": title % {"number": row.number},
        "text": row.end_reason if ended else "",
        "person": row.advisor,
        "icon": "file-certificate",
        "tone": "neutral" if ended else "success",
        "url": reverse("advisory:agreements", args=[row.client.public_id]),
    }


def _plan(_user: User, row: Any, nth: int) -> dict[str, Any]:
    """Agreed with him or revised, confirmed after his needs had changed, ended."""
    agreed = _("Service plan revised: %(aim)s") if row.replaces_id else _("Service plan agreed: %(aim)s")
    told = (
        (agreed, "", row.made_by, "success"),
        (_("Service plan confirmed: %(aim)s"), row.confirm_note, row.confirmed_by, "info"),
        (_("Service plan ended: %(aim)s"), row.end_reason, None, "neutral"),
    )
    title, text, person, tone = told[nth]
    return {
        "title": title % {"aim": row.aim},
        "text": text,
        "person": person,
        "icon": "clipboard-list",
        "tone": tone,
        "url": row.get_absolute_url(),
    }


def _review(user: User, row: Any, _nth: int) -> dict[str, Any]:
    tones = {"accepted": "success", "declined": "neutral", "thinking": "warning"}
    answer = row.answer_for(user)
    return {
        "title": _("Portfolio review: %(result)s") % {"result": row.get_outcome_display()},
        "about": str(row.get_answer_display()) if answer else "",
        "text": row.summary,
        "person": row.done_by,
        "icon": "chart-bar",
        "tone": tones.get(answer, "info"),
        "url": row.get_absolute_url(),
    }


def _needs(_user: User, row: Any, _nth: int) -> dict[str, Any]:
    answered = row.AnsweredBy
    return {
        "title": _("Needs interview"),
        "about": "" if row.answered_by == answered.SELF else str(row.get_answered_by_display()),
        "person": row.taken_by,
        "icon": "clipboard-list",
        "tone": "info",
        "url": row.client.tab_url("needs"),
    }


def _data_request(_user: User, row: Any, nth: int) -> dict[str, Any]:
    ended = nth == 1
    return {
        "title": _("Data request: %(kind)s") % {"kind": row.get_kind_display()},
        "about": str(row.get_state_display() if ended else row.State.RECEIVED.label),
        "person": row.owner if ended else row.registered_by,
        "icon": "shield-lock",
        "tone": "neutral" if ended else "info",
        "url": row.get_absolute_url(),
    }


_WORDS: dict[str, Callable[[User, Any, int], dict[str, Any]]] = {
    "appointment": _appointment,
    "needs": _needs,
    "call": _attempt,
    "complaint": _step,
    "survey": _answer,
    "tier": _tier,
    "promise": _promise,
    "publication": _publication,
    "rate": _rate,
    "agreement": _agreement,
    "plan": _plan,
    "review": _review,
    "data_request": _data_request,
}
