"""What the drill does to the house while it is killed, and what must be true of it afterwards.

A deed is repeated by its doer until there is an answer, with the same key each time. It leaves a proof: a function that
counts what the deed made. One is right; none is a loss, two is a double.
"""

from __future__ import annotations

import http.cookiejar
import itertools
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench._house import PATIENCE, House, wait_until

ROWS = 25
"""Clients in one file of the drill."""
GRADED = 4
"""Clients who are graded anew at a time."""


@dataclass
class Proof:
    """Something that must have happened exactly so often."""

    what: str
    count: Callable[[], int]
    expected: int = 1


@dataclass
class Deeds:
    """All deeds of the day; each adds its proofs."""

    house: House
    rng: random.Random
    proofs: list[Proof] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from clients.models import Client
        from crm.core.models import AuditEntry, User

        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        people = User.objects.filter(is_active=True, is_system=False).order_by("staff_number")
        self.manager = next(one for one in people if one.has_role("branch_manager"))
        branch = self.manager.branch
        assert branch is not None
        self.branch = branch
        self.caller = next(one for one in people if one.has_role("follow_up_caller") and one.branch_id == branch.pk)
        self.advisor = next(one for one in people if Client.objects.filter(advisor=one).exists())
        self.compliance = next(one for one in people if one.has_role("compliance"))
        self.tokens = {one.pk: _token(one) for one in (self.manager, self.caller, self.advisor, self.compliance)}
        self.first_entry = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def _next(self, kind: str) -> str:
        with self._guard:
            self.done[kind] = self.done.get(kind, 0) + 1
            return f"drill-{os.getpid()}-{next(self._numbers)}"

    def _expect(self, what: str, rows: Any, expected: int = 1) -> None:
        self.proofs.append(Proof(what, rows.count, expected))

    def _post(self, who: Any, path: str, body: Any, key: str, etag: str = "") -> Any:
        more = {"If_Match": etag} if etag else {}
        return self.house.insist("POST", path, token=self.tokens[who.pk], body=body, Idempotency_Key=key, **more)

    # -- by REST -------------------------------------------------------------------------------------------------------

    def contact(self) -> None:
        """A phone logs a contact and repeats it until it has an answer, then once more."""
        from clients.models import Client, ContactLog

        key = self._next("contact")
        client = self.rng.choice(
            list(Client.objects.visible_to(self.advisor).filter(advisor=self.advisor, status="active")[:50])
        )
        body = {"client": client.public_id, "channel": "phone", "content": key}
        for _ in range(2):
            _good(self._post(self.advisor, "/api/v1/contacts/", body, key))
        self._expect(f"contact {key}", ContactLog.objects.filter(content=key))

    def complaint(self) -> None:
        """Compliance takes a complaint down and accepts it: one complaint, one step, one message to the complainant."""
        from complaints.models import Complaint, ComplaintEvent

        key = self._next("complaint")
        body = {
            "branch": self.branch.public_id,
            "complainant_name": "Drill",
            "complainant_phone": "13900000000",
            "channel": "phone",
            "subject": "commission",
            "description": key,
        }
        made = _good(self._post(self.compliance, "/api/v1/complaints/", body, key))
        step = {"action": "accept", "handler": self.compliance.public_id}
        path = f"/api/v1/complaints/{made.body['id']}/act/"
        _good(self._post(self.compliance, path, step, f"{key}-accept", made.etag))
        self._expect(f"complaint {key}", Complaint.objects.filter(public_id=made.body["id"], description=key))
        self._expect(f"complaints said as {key}", Complaint.objects.filter(description=key))
        events = ComplaintEvent.objects.filter(complaint__public_id=made.body["id"], action="accept")
        self._expect(f"acceptance of {key}", events)

    def call(self) -> None:
        """A caller takes a call and completes it: one attempt, one answer for each question."""
        from care.models import CallAttempt, FollowUpCall, ScriptQuestion
        from crm.core.clocks import database_now, local_date

        today = local_date(database_now())
        free = FollowUpCall.objects.callable_on(today).for_caller(self.caller).filter(caller=None)
        call = free.filter(client__branch=self.branch, state="due").first()
        if call is None:
            return
        key = self._next("call")
        path = f"/api/v1/follow-ups/{call.public_id}/"
        taken = _good(self._post(self.caller, f"{path}take/", {}, f"{key}-take", f'"{call.version}"'))
        questions = ScriptQuestion.objects.filter(programme=call.programme, version=call.script_version)
        said = {one.code: "no" if one.bad_answer == "yes" else "yes" for one in questions}
        _good(self._post(self.caller, f"{path}complete/", {"answers": said}, key, taken.etag))
        self._expect(f"attempt of {key}", CallAttempt.objects.filter(call=call))
        self._expect(f"answers of {key}", call.answers.all(), len(said))

    def survey(self) -> None:
        """Somebody answers a survey and taps again when nothing comes back."""
        from care.models import SurveyAnswer, SurveyInvitation
        from care.services.surveys import hand_out_link
        from complaints.models import Complaint
        from crm.core.clocks import database_now

        key, now = self._next("survey"), database_now()
        complaint = Complaint.objects.filter(branch=self.branch).order_by("pk").first()
        row = SurveyInvitation.objects.create(
            branch=self.branch,
            complaint=complaint,
            occasion="complaint",
            occurrence_key=key,
            token_hash=key,
            created_at=now,
            expires_at=now + timedelta(days=5),
        )
        link = hand_out_link(actor=self.manager, invitation=row, now=now)
        self._tap(urllib.parse.urlsplit(link.url).path)
        self._expect(f"answer of {key}", SurveyAnswer.objects.filter(invitation=row))

    def _tap(self, path: str) -> None:
        base = f"http://127.0.0.1:{self.house.port}"
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            cookies = http.cookiejar.CookieJar()
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
            try:
                browser.open(base + path, timeout=30).read()
                secret = next(cookie.value for cookie in cookies if "csrf" in cookie.name)
                form = {"satisfaction": "5", "recommendation": "9", "csrfmiddlewaretoken": secret or ""}
                browser.open(base + path, urllib.parse.urlencode(form).encode(), timeout=30).read()
                return
            except urllib.error.HTTPError as refused:
                if refused.code in (404, 409, 410):
                    return  # answered by the first tap
                if refused.code < 500:
                    raise
            except Exception:
                time.sleep(0.3)
        raise TimeoutError("The survey could not be answered.")

    # -- by a worker ---------------------------------------------------------------------------------------------------

    def bring(self) -> None:
        """A file of new clients is checked and applied by a worker; who finds it interrupted brings it again."""
        from clients.models import Client

        key = self._next("import")
        lines = [f"{key}-{row},客户{row},{self._opened()}" for row in range(ROWS)]
        raw = "\n".join(["number,name,opened", *lines]).encode()
        until = time.monotonic() + 2 * PATIENCE
        while not self._brought(key, raw, until):
            if time.monotonic() > until:
                raise TimeoutError(f"{key} was not applied.")
        self._expect(f"clients of {key}", Client.objects.filter(external_id__startswith=f"{key}-"), ROWS)

    def _opened(self) -> str:
        from crm.core.clocks import database_now, local_date

        return (local_date(database_now()) - timedelta(days=3)).isoformat()

    def _brought(self, key: str, raw: bytes, until: float) -> bool:
        from crm.core.importing.mapping import parse
        from crm.core.models import ImportBatch
        from crm.core.services.import_work import start_apply, start_check
        from crm.core.services.importing import bring_file

        mapping = parse('[columns]\nexternal_id = "number"\nname = "name"\nopened_on = "opened"\n')
        batch = bring_file(
            actor=self.manager,
            kind="clients",
            branch=self.branch,
            file_name=f"{key}.csv",
            raw=raw,
            mapping=mapping,
            keep=True,
        )
        start_check(actor=self.manager, batch=batch)
        asked = False
        while time.monotonic() < until:
            batch = ImportBatch.objects.select_related("job").get(pk=batch.pk)
            if batch.state == "applied" or (batch.state == "checked" and not batch.changes):
                return True
            if batch.state in ("failed", "cancelled"):
                return False
            if batch.state == "checked" and not asked and batch.job is not None and batch.job.state == "done":
                start_apply(actor=self.manager, batch=batch, partial=False)
                asked = True
            time.sleep(0.3)
        return False

    def evaluate(self) -> None:
        """Some clients stand in no tier; a worker grades them, each with one proof."""
        from crm.core.jobs import start_job
        from crm.core.models import JobRun
        from tiers.models import EvaluationRun, TierChange, TierState
        from tiers.tasks import JOB

        last = EvaluationRun.objects.filter(branch=self.branch).select_related("programme").order_by("-day").first()
        assert last is not None
        graded = TierState.objects.filter(client__branch=self.branch, programme=last.programme)
        untouched = graded.exclude(client_id__in=TierChange.objects.filter(run=last).values("client_id"))
        some = sorted(untouched.values_list("client_id", flat=True))[:GRADED]
        if not some:
            time.sleep(1)
            return
        key = self._next("evaluation")
        TierState.objects.filter(client_id__in=some).delete()
        params = {"day": last.day.isoformat(), "programme": last.programme.public_id}
        run = start_job(JOB, actor=self.manager, params=params, branch=self.branch, key=key)
        wait_until(lambda: JobRun.objects.filter(pk=run.pk, state="done").exists(), 2 * PATIENCE, f"the run of {key}")
        self._expect(f"proofs of {key}", TierChange.objects.filter(client_id__in=some, run=last), len(some))
        self._expect(f"tiers of {key}", TierState.objects.filter(client_id__in=some), len(some))

    def match(self, place: str = "") -> None:
        """The manager asks for a matching and approves it; ``place`` is armed just before he does."""
        from advisory.models import MatchingRun

        key = self._next("matching")
        path = "/api/v1/matching-runs/"
        asked = self._post(self.manager, path, {}, key)
        if asked.status == 409:
            return  # another one of the branch is being computed
        run = MatchingRun.objects.get(public_id=_good(asked).body["id"])
        wait_until(lambda: _state(run) != "computing", 2 * PATIENCE, f"the proposals of {key}")
        self._expect(f"matching runs of {key}", MatchingRun.objects.filter(pk=run.pk))
        if _state(run) != "proposed":
            return
        if place:
            self.house.arm(place)
        run.refresh_from_db()
        answer = self._post(self.manager, f"{path}{run.public_id}/approve/", {}, f"{key}-ok", f'"{run.version}"')
        changes = dict(run.proposals.changes().values_list("client_id", "new_advisor_id"))
        expected = len(changes) if answer.status < 300 else 0
        self.proofs.append(Proof(f"assignments of {key}", lambda: _moved(run.pk, changes), expected))

    def message(self) -> None:
        """One message is queued and leaves once."""
        from django.db import transaction

        from crm.core import outbound
        from crm.core.clocks import database_now
        from crm.core.models import Outbound

        key = self._next("message")
        with transaction.atomic():
            outbound.queue(
                purpose="drill",
                channel="sms",
                address="13900000000",
                subject="",
                body=key,
                dedupe_key=key,
                due_at=database_now(),
            )
        self._expect(f"message {key} sent", Outbound.objects.filter(dedupe_key=key, state="sent"))


def _moved(run: int, changes: dict[int, int]) -> int:
    """Assignments that this run made; a later run may have moved the client on."""
    from advisory.models import MatchingRun
    from clients.models import AdvisorAssignment

    decided = MatchingRun.objects.values_list("decided_at", flat=True).get(pk=run)
    if decided is None:
        return 0
    made = AdvisorAssignment.objects.filter(client_id__in=changes, since=decided)
    return sum(changes[client] == advisor for client, advisor in made.values_list("client_id", "advisor_id"))


def _state(run: Any) -> str:
    found: str = type(run).objects.values_list("state", flat=True).get(pk=run.pk)
    return found


def _good(answer: Any) -> Any:
    if answer.status >= 300:
        raise AssertionError(f"{answer.status}: {answer.body}")
    return answer


def _token(user: Any) -> str:
    from knox.models import get_token_model

    _kept, token = get_token_model().objects.create(user=user)
    return str(token)
