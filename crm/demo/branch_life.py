"""What happens in the demo branches: contacts, grading, matching, complaints, calls and surveys, all through the services."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from advisory.models import AdvisoryAgreement
from advisory.services import sign_agreement
from care.models import CallAttempt, FollowUpCall, SurveyInvitation
from care.services import (
    answer_survey,
    approve_unable,
    complete_call,
    find_audience,
    hand_out_link,
    invite_segment,
    invite_surveys,
    plan_calls,
    propose_unable,
    record_attempt,
    seed_programmes,
    take_call,
)
from clients.models import Client, Segment
from clients.services import BatchItem, book_appointment, log_contacts
from clients.services.contact_batch import MOST
from complaints.models import Complaint
from complaints.services import act, register_complaint
from crm.core.access import system_user
from crm.core.clocks import SHANGHAI, at_local, local_date
from crm.core.models import Branch, User
from crm.core.once import fingerprint
from crm.demo.narratives import COMMENTS, GRIEVANCES, NOTES
from crm.demo.people import people
from crm.demo.securities import securities
from crm.demo.staffing import Crew
from crm.roles import CALLER, COMPLIANCE, FRONT_DESK, MANAGER

_CHANNEL = {"counter": "counter", "web": "web", "wechat": "web", "letter": "letter", "12386": "12386", "media": "media"}
_SUBJECT = {
    "fees": "commission",
    "trading_system": "system",
    "margin": "credit",
    "product_sale": "product",
    "attitude": "manner",
}
_PURPOSE = {"care": "care", "market": "market", "product": "product", "new_account": "account", "business": "account"}
#: Moods of contacts in turn; many are not noted.
_MOODS = ("good", "neutral", "", "neutral", "bad", "", "good")
#: Days since the signing: some may still be cancelled, some have a call due or late (every ninety days one).
_SIGNED_AGO = (3, 25, 64, 71, 78, 83, 88, 94, 97, 160, 174, 240)
#: How long a body that hands complaints on gives us, in the demo.
_HOTLINE_LIMIT = timedelta(days=30)
_GOOD = {
    "identity": "yes",
    "changes_confirmed": "yes",
    "operated_by_staff": "no",
    "risks_explained": "yes",
    "full_mandate": "no",
}

#: Hours of the office.
_OPENS, _CLOSES = 9, 17

#: How each complaint of the demo goes: the steps after registration, so that every state is there.
_STORIES: tuple[tuple[str, ...], ...] = (
    (),
    ("contact",),
    ("accept",),
    ("accept", "contact", "ask_extension"),
    ("accept", "contact", "propose"),
    ("accept", "contact", "propose", "approve"),
    ("accept", "contact", "propose", "approve", "reply"),
    ("accept", "contact", "propose", "approve", "reply", "close"),
    ("accept", "contact", "propose", "send_back", "propose", "approve", "reply", "close"),
    ("accept", "contact", "propose", "approve", "reply", "object"),
    ("accept", "contact", "ask_extension", "extend", "propose", "approve", "reply", "close"),
    ("refuse",),
    ("transfer",),
    ("accept", "contact", "withdraw"),
    ("accept", "contact", "propose", "approve", "reply", "close", "reopen"),
)


class Life:
    """Plays some weeks of both branches up to the morning of ``today``."""

    def __init__(self, crew: Crew, *, seed: int, today: date) -> None:
        self.crew, self.today = crew, today
        self.maker = random.Random(f"{seed}:life")
        self.now = at_local(today, time(9, 5))
        self.strangers = people(seed=f"{seed}:strangers", today=today)

    def at(self, days_ago: int, hour: int = 10, minute: int = 0) -> datetime:
        return at_local(self.today - timedelta(days=days_ago), time(hour, minute))

    def in_the_office(self, when: datetime) -> datetime:
        """This moment, or the first hour after it in which somebody is at work."""
        local = when.astimezone(SHANGHAI)
        if local.hour >= _CLOSES:
            local = (local + timedelta(days=1)).replace(hour=_OPENS)
        elif local.hour < _OPENS:
            local = local.replace(hour=_OPENS)
        while local.weekday() > 4:
            local += timedelta(days=1)
        return local

    # -- contacts ----------------------------------------------------------------------------------------------------

    def contacts(self, count: int) -> None:
        """Contacts of the last weeks, oldest first, each by whoever serves the client."""
        clients = Client.objects.exclude(advisor=None).select_related("advisor", "branch").order_by("external_id")
        served = [(client, client.advisor) for client in clients if client.advisor]
        names = [security.name for security in securities() if security.kind == "share"]
        moments = sorted(
            (self.maker.randrange(1, 60), self.maker.randrange(9, 17), self.maker.randrange(60)) for _ in range(count)
        )
        said: dict[User, list[BatchItem]] = defaultdict(list)
        for place, (days_ago, hour, minute) in enumerate(reversed(moments)):
            (client, advisor), note = self.maker.choice(served), self.maker.choice(NOTES)
            when = self.at(days_ago, hour, minute)
            details = {
                "at": when,
                "channel": note.channel,
                "content": note.text.replace("{security}", self.maker.choice(names)),
                "next_on": local_date(when) + timedelta(days=note.next_days) if note.next_days else None,
                "purpose": _PURPOSE.get(note.purpose, "service"),
                "next_content": note.next_step[:200],
                "direction": "in" if place % 4 == 3 else "out",
                "mood": _MOODS[place % len(_MOODS)],
            }
            key = f"demo-{place:05}"
            said[advisor].append(BatchItem(key, fingerprint("contact", key), client, details))
        for advisor, items in said.items():
            # As a phone sends what it has kept.
            for at in range(0, len(items), MOST):
                log_contacts(items=items[at : at + MOST], actor=advisor, now=self.now)

    def bookings(self) -> None:
        """Everybody with a book has one video session or visit today or in the days after."""
        clients = Client.objects.contactable().exclude(advisor=None).select_related("advisor").order_by("external_id")
        seen: set[int] = set()
        for client in clients:
            if client.advisor is None or client.advisor.pk in seen:
                continue
            place = len(seen)
            seen.add(client.advisor.pk)
            book_appointment(
                client=client,
                staff=client.advisor,
                starts_at=at_local(self.today + timedelta(days=place % 3), time(14 + place % 3)),
                values={"channel": ("video", "visit", "phone")[place % 3], "subject": "季度持仓回顾", "minutes": 30},
                actor=client.advisor,
                now=self.now,
            )

    # -- complaints --------------------------------------------------------------------------------------------------

    def complaints(self, count: int) -> None:
        """Complaints in every state, some of them late, one about a member of staff, some from people who are no clients."""
        for number in range(count):
            branch = self.crew.branches[number % 2]
            # Four and fifteen share no divisor: every story is told, old and young ones mixed.
            story = _STORIES[(number // 2 * 4) % len(_STORIES)]
            received = self.at(50 - number * 47 // count, 9 + number % 7, (number * 13) % 60)
            complaint = self._register(branch, number, received, story)
            self._tell(complaint, story, received)

    def _register(self, branch: Branch, number: int, received: datetime, story: tuple[str, ...]) -> Complaint:
        text = GRIEVANCES[number % len(GRIEVANCES)]
        desk = self.crew.of(branch, FRONT_DESK)[number % 2]
        clients = Client.objects.filter(branch=branch).order_by("external_id")
        client = None if number % 9 == 4 else clients[self.maker.randrange(clients.count())]
        about = client.advisor if client is not None and text.subject in ("attitude", "advice", "misconduct") else None
        facts: dict[str, Any] = {}
        if client is None:
            stranger = next(self.strangers)
            facts = {"complainant_name": stranger.name, "complainant_phone": stranger.mobile}
        channel = _CHANNEL.get(text.channel, "phone")
        if channel in Complaint.TRANSFERRING and "ask_extension" not in story:
            # Whoever hands a complaint on names a day of its own.
            facts["imposed_due_on"] = local_date(received) + _HOTLINE_LIMIT
        return register_complaint(
            actor=desk,
            branch=branch,
            now=received,
            received_at=received,
            channel=channel,
            subject=_SUBJECT.get(text.subject, text.subject),
            description=text.text,
            client=client,
            complained_of=about,
            level=text.level,
            **facts,
        )

    def _tell(self, complaint: Complaint, story: tuple[str, ...], received: datetime) -> None:
        branch, when = complaint.branch, received
        text = next(g for g in GRIEVANCES if g.text == complaint.description)
        desk, chief = self.crew.of(branch, FRONT_DESK)[1], self.crew.of(None, COMPLIANCE)[0]
        for action in story:
            when = min(self.in_the_office(when + timedelta(hours=20 + self.maker.randrange(30))), self.now)
            actor, facts = self._step(action, desk, chief, text, branch)
            complaint = act(actor=actor, complaint=complaint, action=action, now=when, **facts)

    def _step(self, action: str, desk: User, chief: User, text: Any, branch: Branch) -> tuple[User, dict[str, Any]]:
        remedy, content = Decimal(text.remedy), text.justified != "no"
        steps: dict[str, tuple[User, dict[str, Any]]] = {
            "accept": (chief, {"handler": desk, "note": "符合受理条件。"}),
            "contact": (desk, {"note": "已电话联系投诉人，核实情况并告知处理流程。"}),
            "ask_extension": (desk, {"extension_days": 20, "note": "涉及历史交易记录调取，需要延长核查时间。"}),
            "extend": (chief, {"note": "情况属实，同意延期并已告知投诉人。"}),
            "propose": (
                desk,
                {
                    "opinion": text.finding,
                    "outcome": "compensated" if remedy else "explained",
                    "compensation": remedy,
                    "is_reasonable": text.justified != "no",
                },
            ),
            "approve": (chief, {"note": "同意。"}),
            "send_back": (chief, {"note": "请补充通话录音的核查结果。"}),
            "reply": (desk, {"reply": text.reply}),
            "object": (desk, {"note": "投诉人对答复有异议，要求进一步说明。"}),
            "close": (
                desk,
                {
                    "is_satisfied": content,
                    "note": "投诉人表示认可。" if content else "投诉人对结果不满意，已告知其他途径。",
                },
            ),
            "refuse": (chief, {"note": "不属于证券业务纠纷，已向来访人说明。"}),
            "transfer": (chief, {"transferred_to": "开户行客户服务部", "note": "银证转账问题由存管银行处理。"}),
            "withdraw": (desk, {"note": "投诉人来电撤诉，已录音确认。"}),
            "reopen": (chief, {"note": "投诉人提供了新的材料。", "handler": desk}),
        }
        return steps[action]

    # -- advisory agreements -----------------------------------------------------------------------------------------

    def agreements(self) -> int:
        """A dozen clients of each branch have signed with whoever advises them; says how many have."""
        for branch in self.crew.branches:
            waiting = iter(_SIGNED_AGO)
            days_ago: int | None = next(waiting)
            clients = Client.objects.served().filter(branch=branch).exclude(advisor=None)
            for client in clients.select_related("branch", "advisor__advisor_profile").order_by(
                "-total_assets", "external_id"
            ):
                if days_ago is None:
                    break
                signed_on = self.today - timedelta(days=days_ago)
                if client.advisor and self._may_sign(client, signed_on):
                    self._sign(client, client.advisor, signed_on)
                    days_ago = next(waiting, None)
        return int(AdvisoryAgreement.objects.count())

    def _may_sign(self, client: Client, day: date) -> bool:
        profile = getattr(client.advisor, "advisor_profile", None)
        known = client.opened_on is not None and client.opened_on <= day
        return known and profile is not None and profile.may_advise(day) and client.risk_is_valid(day)

    def _sign(self, client: Client, advisor: User, signed_on: date) -> None:
        sign_agreement(
            client=client,
            number=f"TG-{client.branch.code}-{signed_on:%Y%m%d}-{client.external_id[-4:]}",
            signed_on=signed_on,
            risk_disclosure=f"TGFX-{signed_on.year}-01",
            actor=advisor,
            now=at_local(signed_on, time(15, 20)),
        )

    # -- calls and surveys -------------------------------------------------------------------------------------------

    def calls(self) -> None:
        """Plan what the rules demand and make part of it."""
        seed_programmes(actor=system_user(), company=self.crew.company)
        plan_calls(actor=system_user(), now=self.at(12))
        plan_calls(actor=system_user(), now=self.now)
        for branch in self.crew.branches:
            waiting = list(
                FollowUpCall.objects.filter(client__branch=branch, client__do_not_contact=False)
                .select_related("client", "programme")
                .order_by("due_on", "client__external_id")[:60]
            )
            for place, call in enumerate(waiting):
                self._call(call, place, branch)

    def _call(self, call: FollowUpCall, place: int, branch: Branch) -> None:
        caller = self.crew.of(branch, CALLER)[place % 2]
        if place % 4 < 2:
            when = self._call_day(call, 1 + place % 9)
            taken = take_call(actor=caller, call=call, now=when)
            answers = dict(_GOOD, operated_by_staff="yes") if place % 20 == 8 else _GOOD
            complete_call(actor=caller, call=taken, now=when, answers=answers, summary="客户确认信息无误，对服务满意。")
        elif place % 4 == 2:
            taken = take_call(actor=caller, call=call, now=self._call_day(call, 1))
            record_attempt(
                actor=caller,
                call=taken,
                now=self._call_day(call, 1),
                outcome=CallAttempt.Outcome.NO_ANSWER,
                note="无人接听",
            )
        elif place == 7:
            self._unable(call, caller, branch)

    def _call_day(self, call: FollowUpCall, days_ago: int) -> datetime:
        """A moment on which the call may be made: not before it was planned."""
        day = max(self.today - timedelta(days=days_ago), call.not_before)
        return at_local(min(day, self.today), time(9, 30))

    def _unable(self, call: FollowUpCall, caller: User, branch: Branch) -> None:
        tries = [CallAttempt.Outcome.NO_ANSWER] * 3 + [CallAttempt.Outcome.WRITTEN]
        moment = self._call_day(call, 11)
        for outcome in tries:
            call.refresh_from_db()
            moment = max(moment, at_local(call.not_before, time(9, 30)))
            taken = take_call(actor=caller, call=call, now=moment)
            record_attempt(actor=caller, call=taken, now=moment, outcome=outcome)
        call.refresh_from_db()
        proposed = propose_unable(
            actor=caller, call=call, now=moment, reason="三次不同日期均无人接听，已寄送书面回访函。"
        )
        approve_unable(actor=self.crew.of(branch, MANAGER)[0], call=proposed, now=moment)

    def surveys(self) -> None:
        """Ask whoever had a complaint closed lately, and a segment of each branch ten days ago; some have answered."""
        invite_surveys(actor=system_user(), now=self.now)
        earlier = self.now - timedelta(days=10)
        for branch in self.crew.branches:
            head = self.crew.of(branch, MANAGER)[0]
            segment = Segment.objects.get(branch=branch, name="一周内生日")
            asked: Any = {"segment": segment, "title": "生日关怀服务", "branch": branch, "now": earlier}
            if find_audience(reader=head, **asked).clients:  # a small demo may have nobody
                invite_segment(actor=head, **asked)
        invited = SurveyInvitation.objects.select_related("branch")
        self._answer(invited.filter(round=None).order_by("complaint__number"), self.now)
        self._answer(invited.exclude(round=None).order_by("client__external_id"), earlier + timedelta(days=2))

    def _answer(self, invited: Iterable[SurveyInvitation], moment: datetime) -> None:
        """Two of three answer by the link that the counter hands out."""
        for place, invitation in enumerate(invited):
            if place % 3 == 2:
                continue
            desk = self.crew.of(invitation.branch, FRONT_DESK)[0]
            link = hand_out_link(actor=desk, invitation=invitation, now=moment)
            comment = COMMENTS[place % len(COMMENTS)]
            answer_survey(
                actor=system_user(),
                token=link.url.rstrip("/").rsplit("/", 1)[-1],
                now=moment,
                satisfaction=comment.satisfaction,
                recommendation=comment.recommend,
                comment=comment.text,
            )
