"""Everything that touched a client in one list: what stands in it, for whom, how it is narrowed, and what it costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from care.models import CallAttempt
from clients.models import Appointment, Client, ClientTeamMember, DataRequest, NeedsInterview
from crm.core.models import AuditEntry, Branch, User
from crm.overview.timeline import KINDS as KINDS_TOLD
from crm.overview.timeline import TimelineForm, kinds_for, touches_of, touches_told
from tests.doors import Api, Staff, Web
from tests.factories.advisory import AgreementFactory, ReviewFactory
from tests.factories.care import FollowUpCallFactory, answered
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.complaints import ComplaintEventFactory, ComplaintFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory, put_in_tier
from tests.factories.tiers import ClientRateFactory, TierOverrideFactory
from tiers.models import Delivery, Publication, Recipient, ServicePlan, TierChange

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "Accept-Language": "en"}
#: Of one day each, in the order in which they happened.
KINDS = (
    *("needs", "plan", "review", "data_request", "agreement", "tier", "promise", "rate", "contact"),
    *("appointment", "call", "complaint", "survey", "publication"),
)


def at(day: int, hour: int = 2) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def touch(client: Client, by: User) -> dict[str, Any]:
    """One touch of every kind, a plan, a review and then on the first ten days of June, each by ``by`` where somebody does it."""
    item = ServiceItemFactory(company=client.branch.company)
    state = put_in_tier(client, "gold", date(2020, 1, 1))
    override = TierOverrideFactory(
        client=client,
        tier=state.tier,
        before=state.tier,
        requested_by=by,
        state="ended",
        reason="家族大户",
        decided_by=client.advisor,
        decided_at=at(3),
        valid_from=date(2026, 6, 3),
        valid_to=date(2026, 12, 31),
        ended_at=at(4),
    )
    complaint = ComplaintFactory(client=client, received_at=at(9))
    call = FollowUpCallFactory(client=client, state="done", done_at=at(8), caller=by)
    delivery = Delivery.objects.create(
        item=item, branch=client.branch, kind="event", day=date(2026, 6, 4), title="夏季策略会", made_by=by
    )
    return {
        "needs": NeedsInterviewFactory(client=client, taken_on=date(2026, 5, 29), taken_by=by),
        "plan": ServicePlan.objects.create(
            client=client, state="agreed", aim="稳健增值", made_by=by, made_at=at(1), agreed_on=date(2026, 5, 30)
        ),
        "review": ReviewFactory(client=client, done=True, done_on=date(2026, 5, 31), done_by=by, summary="持仓分散"),
        "data_request": DataRequest.objects.create(
            client=client,
            kind="copy",
            channel="counter",
            received_on=date(2026, 6, 1),
            due_on=date(2026, 6, 20),
            registered_by=by,
        ),
        "agreement": AgreementFactory(client=client, signed_on=date(2026, 6, 2), advisor=by),
        "tier": TierChange.objects.create(
            client=client,
            old=state.tier,
            new=state.tier,
            day=date(2026, 6, 3),
            reason="manual",
            override=override,
            total=0,
            days=0,
        ),
        "promise": PromiseFactory(
            client=client,
            item=item,
            opens_on=date(2026, 6, 1),
            due_on=date(2026, 6, 4),
            last_day=date(2026, 6, 30),
            state="done",
            kept_on=date(2026, 6, 4),
            kept_by=by,
            proof="event",
            delivery=delivery,
        ),
        "rate": ClientRateFactory(
            client=client,
            valid_from=date(2026, 6, 5),
            state="approved",
            proposed_by=by,
            decided_by=client.advisor,
            decided_at=at(5),
        ),
        "contact": ContactLogFactory(client=client, at=at(6), staff=by, content="谈过科创板"),
        "appointment": Appointment.objects.create(
            client=client,
            staff=by,
            channel="visit",
            starts_at=at(7),
            state="cancelled",
            cancel_reason="客户出差",
            booked_by=by,
        ),
        "call": CallAttempt.objects.create(
            call=call, number=1, at=at(8), day=at(8).date(), caller=by, outcome="reached"
        ),
        "complaint": ComplaintEventFactory(complaint=complaint, action="register", at=at(9), actor=by),
        "survey": answered(client.branch, 2, 3, "等得太久", client=client, created_at=at(10)).invitation,
        "publication": Recipient.objects.create(
            publication=Publication.objects.create(
                branch=client.branch,
                kind="report",
                title="银行业周报第12期",
                text="净息差企稳",
                made_by=by,
                made_at=at(10),
                valid_from=date(2026, 6, 10),
                valid_until=date(2026, 6, 30),
                state="sent",
                sent_by=by,
                sent_at=at(10),
            ),
            client=client,
            state="sent",
            way="email",
            settled_at=at(11),
        ),
    }


@pytest.fixture
def touched(branch: Branch, staff: Staff) -> dict[str, Any]:
    desk, advisor = staff("front_desk", name="柜台小李"), staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    return {"client": client, "desk": desk, "rows": touch(client, desk)}


def listed(phone: Any, client: Client, **asked: Any) -> list[dict[str, Any]]:
    answer = phone.get(f"/api/v1/clients/{client.public_id}/timeline/", asked)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def kinds(phone: Any, client: Client, **asked: Any) -> list[str]:
    return [one["kind"] for one in listed(phone, client, **asked)]


def page(browser: Any, client: Client, query: str = "") -> str:
    answer = browser.get(f"/clients/{client.public_id}/?tab=timeline{query}", headers=HTMX)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_touch_stands_in_one_list_the_newest_first(touched: Any, staff: Staff, api: Api, web: Web) -> None:
    client, rows, compliance = touched["client"], touched["rows"], staff("compliance")

    found = listed(api(compliance), client)

    assert [one["kind"] for one in found] == list(reversed(KINDS))
    assert [one["id"] for one in found] == [rows[kind].public_id for kind in reversed(KINDS)]
    assert {one["kind"] for one in found if one["whole_day"]} == set(KINDS[:8])
    text = page(web(compliance), client)
    for words in (
        "谈过科创板",
        "客户出差",
        "等得太久",
        "夏季策略会",
        "家族大户",
        "持仓分散",
        "银行业周报第12期",
        rows["agreement"].number,
    ):
        assert words in text, words
    complaint = rows["complaint"].complaint
    for address in (
        complaint.get_absolute_url(),
        rows["call"].call.get_absolute_url(),
        f"/tiers/changes/{rows['tier'].public_id}/",
    ):
        assert address in text


def test_an_end_is_a_touch_of_its_own(touched: Any, staff: Staff, api: Api) -> None:
    client, rows = touched["client"], touched["rows"]
    type(rows["agreement"]).objects.filter(pk=rows["agreement"].pk).update(ended_on=date(2026, 6, 20))
    DataRequest.objects.filter(pk=rows["data_request"].pk).update(state="refused", ended_at=at(21, 1))
    PromiseFactory(
        client=client,
        item=rows["promise"].item,
        state="missed",
        opens_on=date(2026, 6, 1),
        due_on=date(2026, 6, 15),
        last_day=date(2026, 6, 19),
    )

    found = listed(api(staff("compliance")), client)

    assert [one["kind"] for one in found[:3]] == ["data_request", "agreement", "promise"]
    assert [one["at"][:10] for one in found[:3]] == ["2026-06-21", "2026-06-20", "2026-06-19"]
    assert [one["kind"] for one in found[3:]] == list(reversed(KINDS))


@pytest.mark.parametrize(
    ("role", "hidden"),
    [
        ("branch_manager", set()),
        ("auditor", {"rate"}),
        ("front_desk", {"rate", "agreement", "review"}),
        ("follow_up_caller", {"rate", "agreement", "review", "data_request"}),
        (
            "agent",
            {
                *("needs", "appointment", "survey", "promise", "publication", "rate"),
                *("agreement", "plan", "review", "data_request"),
            },
        ),
    ],
)
def test_each_sees_the_kinds_whose_right_he_holds(
    touched: Any, staff: Staff, api: Api, web: Web, role: str, hidden: set[str]
) -> None:
    user, client = staff(role), touched["client"]
    if role == "agent":
        Client.objects.filter(pk=client.pk).update(introducer=user)

    assert set(kinds(api(user), client)) == set(KINDS) - hidden
    shown = web(user).get(f"/clients/{client.public_id}/?tab=timeline").context["kinds"]
    assert {one["url"].partition("kind=")[2] for one in shown} - {""} == set(KINDS) - hidden
    assert all(kinds(api(user), client, kind=kind) == [] for kind in hidden)


def test_an_interview_that_was_corrected_stands_in_the_timeline_as_corrected(
    touched: Any, staff: Staff, api: Api
) -> None:
    client, first = touched["client"], touched["rows"]["needs"]
    NeedsInterview.objects.filter(pk=first.pk).update(is_present=False)
    NeedsInterviewFactory(
        client=client, taken_on=first.taken_on, taken_by=first.taken_by, corrects=first, correction_reason="记错"
    )

    assert kinds(api(staff("branch_manager")), client, kind="needs") == ["needs"]


def test_rates_are_for_the_clients_own_advisor_and_not_for_another_of_his_team(
    touched: Any, staff: Staff, api: Api
) -> None:
    client, other = touched["client"], staff("advisor")
    ClientTeamMember.objects.create(client=client, member=other, since=date(2026, 1, 1))

    assert "rate" in kinds(api(client.advisor), client)
    assert "rate" not in kinds(api(other), client) != []


def test_who_is_complained_of_finds_neither_a_step_nor_the_survey_after_it(
    touched: Any, staff: Staff, api: Api, web: Web
) -> None:
    client, manager = touched["client"], staff("branch_manager")
    complaint = touched["rows"]["complaint"].complaint
    type(complaint).objects.filter(pk=complaint.pk).update(complained_of=manager)
    answered(client.branch, 1, 0, "再也不来了", client=client, complaint=complaint, created_at=at(11))

    found = listed(api(manager), client)
    text = page(web(manager), client)

    assert "complaint" not in {one["kind"] for one in found}
    for trace in (complaint.number, complaint.public_id, "再也不来了"):
        assert trace not in text and trace not in str(found)
    assert kinds(api(manager), client, kind="complaint") == []
    assert complaint.number in page(web(staff("compliance")), client)


def test_it_is_narrowed_by_kind_person_and_days(touched: Any, staff: Staff, api: Api, web: Web) -> None:
    client, desk, compliance = touched["client"], touched["desk"], staff("compliance")
    phone = api(compliance)
    ContactLogFactory(client=client, at=at(12), staff=compliance, channel="visit")

    assert all(kinds(phone, client, kind=kind) in ([kind], ["contact"] * 2) for kind in KINDS)
    by_desk = kinds(phone, client, person=desk.staff_number)
    assert by_desk == [kind for kind in reversed(KINDS) if kind != "survey"]
    assert by_desk == kinds(phone, client, person="柜台小李")
    assert kinds(phone, client, since="2026-06-04", until="2026-06-06") == ["contact", "rate", "promise"]
    assert kinds(phone, client, channel="visit") == ["contact"]
    text = page(web(compliance), client, "&kind=contact&since=2026-06-12")
    assert "谈过科创板" not in text


@pytest.mark.parametrize(
    "asked",
    [{"kind": "x"}, {"since": "2026-13-01"}, {"since": "0001-01-01"}, {"since": "2026-06-02", "until": "2026-06-01"}],
)
def test_what_is_not_understood_is_refused_and_never_looks_like_an_answer(
    touched: Any, staff: Staff, api: Api, web: Web, asked: dict[str, str]
) -> None:
    client, compliance = touched["client"], staff("compliance")
    query = "".join(f"&{name}={value}" for name, value in asked.items())

    assert api(compliance).get(f"/api/v1/clients/{client.public_id}/timeline/", asked).status_code == 400
    assert "谈过科创板" not in page(web(compliance), client, query)


def test_walking_the_pages_shows_every_touch_once_forth_and_back(touched: Any, staff: Staff, api: Api) -> None:
    client, phone = touched["client"], api(staff("compliance"))
    for number in range(9):
        ContactLogFactory(client=client, at=at(6, number), staff=touched["desk"])
        ComplaintEventFactory(complaint=touched["rows"]["complaint"].complaint, at=at(6, number))
    whole = [one["id"] for one in listed(phone, client)]
    address = f"/api/v1/clients/{client.public_id}/timeline/?page_size=4"

    forth = []
    answer: dict[str, Any] = {"next": address}
    while answer["next"]:
        answer = phone.get(answer["next"]).json()
        forth += [one["id"] for one in answer["results"]]
    back = [one["id"] for one in answer["results"]]
    while answer["previous"]:
        answer = phone.get(answer["previous"]).json()
        back = [one["id"] for one in answer["results"]] + back

    assert forth == back == whole and len(set(whole)) == len(whole) == 32
    assert phone.get(f"{address}&cursor=x").status_code == 400


def test_what_lies_ahead_is_not_in_the_list_but_booked(touched: Any, staff: Staff, api: Api, web: Web) -> None:
    client, desk = touched["client"], touched["desk"]
    ahead = timezone.now() + timedelta(days=3)
    Appointment.objects.create(
        client=client, staff=desk, channel="visit", starts_at=ahead, subject="签协议", booked_by=desk
    )

    assert kinds(api(desk), client, kind="appointment") == ["appointment"]
    text = page(web(desk), client)
    assert text.count("签协议") == 1


def test_the_look_is_on_the_trail_and_a_foreign_client_is_not_there(
    touched: Any, other_branch: Branch, staff: Staff, api: Api
) -> None:
    client, desk = touched["client"], touched["desk"]
    address = f"/api/v1/clients/{client.public_id}/timeline/"

    assert api(desk).get(address).status_code == 200
    assert AuditEntry.objects.filter(action="client.view", client_ref=client.public_id, actor=desk).count() == 1
    foreign = api(staff("front_desk", branch=other_branch))
    unknown = foreign.get("/api/v1/clients/01ARZ3NDEKTSV4RRFFQ69G5FAV/timeline/")
    assert (foreign.get(address).status_code, foreign.get(address).content) == (404, unknown.content)


def test_it_costs_the_same_for_one_touch_of_each_kind_and_for_ten(
    branch: Branch, staff: Staff, api: Api, web: Web, cost_of: Any
) -> None:
    """Twelve statements at the most for all kinds and the files of contacts, on the page what is booked besides."""
    compliance = staff("compliance")
    client = ClientFactory(branch=branch, advisor=staff("advisor"))
    browser, phone = web(compliance), api(compliance)
    touch(client, staff("front_desk"))
    page(browser, client), listed(phone, client)
    one = cost_of(lambda: page(browser, client)), cost_of(lambda: listed(phone, client))
    item = ServiceItemFactory(company=branch.company)
    for number in range(9):
        person = staff("front_desk")
        ContactLogFactory(client=client, at=at(6, number), staff=person)
        ComplaintEventFactory(complaint=ComplaintFactory(client=client), actor=person)
        answered(branch, 5, 9, client=client)
        AgreementFactory(client=client, advisor=person, ended_on=date(2026, 6, 9))
        due = {"opens_on": date(2026, 6, 1), "due_on": date(2026, 6, 2), "last_day": date(2026, 6, 3 + number)}
        PromiseFactory(client=client, item=item, state="missed", **due)

    assert (cost_of(lambda: page(browser, client)), cost_of(lambda: listed(phone, client))) == one
    bare = cost_of(lambda: browser.get(f"/clients/{client.public_id}/?tab=advice", headers=HTMX))
    assert one[0] <= bare - 2 + 12
    form = TimelineForm({})
    assert form.is_valid()
    reader = type(compliance).objects.get(pk=compliance.pk)
    assert kinds_for(reader).keys() == {kind.key for kind in KINDS_TOLD}

    def read() -> None:
        assert (
            len(touches_told(reader, client, touches_of(reader, client, form.cleaned_data, now=timezone.now()))) == 20
        )

    read()
    assert cost_of(read) <= 12


def test_a_plan_is_told_when_it_is_agreed_revised_confirmed_and_ended(
    branch: Branch, staff: Staff, api: Api, web: Web
) -> None:
    advisor, head = staff("advisor", name="顾问小陈"), staff("branch_manager", name="负责人")
    client = ClientFactory(branch=branch, advisor=advisor)
    kept = {"client": client, "made_by": advisor, "made_at": at(9)}
    first = ServicePlan.objects.create(aim="保本", state="replaced", agreed_on=date(2026, 6, 1), **kept)
    ServicePlan.objects.create(
        aim="稳健增值", state="ended", agreed_on=date(2026, 6, 3), replaces=first, confirmed_by=head, confirmed_at=at(5, 20),
        confirm_note="期限不影响服务", ended_on=date(2026, 6, 9), end_reason="客户销户", **kept,
    )  # fmt: skip
    ServicePlan.objects.create(aim="草稿", state="draft", **kept)

    found = listed(api(advisor), client, kind="plan")
    text = page(web(advisor), client, "&kind=plan")

    assert [(one["at"][:10], one["title"], one["text"]) for one in found] == [
        ("2026-06-09", "Service plan ended: 稳健增值", "客户销户"),
        ("2026-06-06", "Service plan confirmed: 稳健增值", "期限不影响服务"),
        ("2026-06-03", "Service plan revised: 稳健增值", ""),
        ("2026-06-01", "Service plan agreed: 保本", ""),
    ]
    assert [one["person"] and one["person"]["name"] for one in found] == [None, "负责人", "顾问小陈", "顾问小陈"]
    assert first.get_absolute_url() in text and "草稿" not in text
    assert [one["title"] for one in listed(api(advisor), client, kind="plan", person="负责人")] == [
        one["title"] for one in found[:3]
    ]
