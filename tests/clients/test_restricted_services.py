"""Every service about a client refuses one whose data are restricted to storage, or stands below with the reason why not."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import clients.services
from clients.asked_again import Reason
from clients.errors import ClientRestricted
from clients.models import (
    Appointment,
    Client,
    DataPurpose,
    DocumentReminder,
    DuplicatePair,
    Household,
    HouseholdMember,
    NextDateMove,
    StageOverride,
    TagChange,
)
from clients.services.merges import ask_merge
from clients.services.standing import restrict_client
from crm.core.models import AuditEntry, Branch
from crm.core.service import SERVICES
from tests.doors import Staff
from tests.factories.clients import (
    AccountFactory,
    BusinessLineMarkFactory,
    ClientFactory,
    ContactLogFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    IdentityDocumentFactory,
    InvestorClassificationFactory,
    RelationFactory,
    TradingPermissionFactory,
)
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.tags import ClientTagFactory, TagFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
LATER = NOW + timedelta(days=2)
Ground = dict[str, Any]

#: What each service takes beside actor and time; by these its refusal is asked for. Keys of ``standing`` stand for rows.
REFUSED: dict[str, dict[str, Any]] = {
    "account.change": {"account": "account", "values": {"first_trade_on": TODAY}},
    "account.open": {"client": "client", "kind": "cash", "values": {"number": "88001234"}},
    "account.set_margin": {"account": "credit", "day": TODAY, "amounts": {"cash": Decimal(1)}},
    "appointment.book": {"client": "client", "staff": "colleague", "starts_at": LATER, "values": {"channel": "phone"}},
    "appointment.move": {"appointment": "appointment", "starts_at": LATER},
    "business_line.mark": {"client": "client", "line": "advice", "note": "晨会"},
    "business_line.unmark": {"mark": "mark"},
    "client.ask_merge": {"staying": "client", "leaving": "other", "reason": "同一人"},
    "client.ask_needs_again": {"client": "client", "reason": Reason(words="换了工作")},
    "client.ask_next": {"client": "client", "items": ["phone"]},
    "client.assess_risk": {"client": "client", "grade": "C3", "assessed_on": TODAY, "basis": "问卷"},
    "client.assign_advisor": {"client": "client", "advisor": "colleague", "reason": "调整"},
    "client.change": {"client": "client", "values": {"city": "上海"}},
    "client.complete_facts": {
        "client": "client",
        "values": {"city": "上海"},
        "refused": (),
        "confirmed": (),
        "source": "client",
    },
    "client.confirm_facts": {"client": "client", "names": ["city"]},
    "client.end_stage": {"client": "client"},
    "client.merge": {"record": "record"},
    "client.set_do_not_contact": {"client": "client", "do_not_contact": True, "reason": "要求"},
    "client.set_stage": {"client": "client", "stage": "stable", "reason": "长期", "until": TODAY},
    "client.verify_facts": {"client": "client", "items": ["phone"], "how": "call"},
    # A refusal or withdrawal is taken down all the same (test_consents); an agreement is not.
    "consent.record": {
        "client": "client",
        "purpose": "purpose",
        "answer": "given",
        "answered_on": TODAY,
        "channel": "phone",
    },
    "contact.attach": {"contact": "contact", "uploads": ()},
    "contact.correct": {"contact": "contact", "values": {"content": "更正"}, "reason": "写错"},
    "contact.log": {"client": "client", "channel": "phone", "content": "问候"},
    "contact.put_off": {"client": "client", "to": LATER.date()},
    "contact.take_back_put_off": {"move": "move"},
    "contact_person.add": {"client": "client", "values": {"name": "王芳"}},
    "contact_person.change": {"row": "person", "values": {"name": "王方"}},
    "contact_point.add": {"client": "client", "values": {"kind": "phone", "value": "13812345678"}},
    "contact_point.change": {"row": "point", "values": {"label": "家"}},
    "document.add": {"client": "client", "values": {"kind": "passport", "number": "E12345678"}},
    "document.change": {"row": "document", "values": {"issued_by": "局"}},
    "document.settle_reminder": {"reminder": "reminder", "outcome": "told", "note": "已告知"},
    "financing_need.add": {"client": "client", "values": {"kind": "bonds"}},
    "financing_need.change": {"row": "need", "values": {"kind": "bonds"}},
    "household.found": {"client": "client", "name": "一家"},
    "household.join": {"household": "household", "client": "client"},
    "household.leave": {"client": "client"},
    "investor.apply": {"client": "client", "wanted": "C", "applied_on": TODAY, "stated": {}},
    "investor.approve": {"classification": "application"},
    "investor.attach_proof": {"classification": "application", "upload": "upload"},
    "investor.refuse": {"classification": "application", "note": "不足"},
    "investor.return_to_ordinary": {"classification": "class", "reason": "asked", "note": "申请"},
    "investor.withdraw": {"classification": "application"},
    "needs.link": {"interview": "interview", "contact": "contact"},
    "needs.record": {"client": "client", "answers": {"horizon": "long"}},
    "permission.approve_exemption": {"permission": "exemption_asked"},
    "permission.ask_exemption": {"client": "client", "code": "star", "exemption": "elsewhere", "reason": "他司已开"},
    "permission.close": {"permission": "permission", "reason": "要求"},
    "permission.open": {"client": "client", "code": "star"},
    "permission.record_test": {"client": "client", "code": "star", "kind": "knowledge", "done_on": TODAY, "score": 90},
    "permission.refuse_exemption": {"permission": "exemption_asked", "note": "不符"},
    "profile_row.remove": {"row": "point"},
    "relation.add": {"client": "client", "values": {"kind": "spouse", "other": "other"}},
    "relation.change": {"row": "relation", "values": {"note": "新"}},
    "tag.set": {"tag": "tag", "clients": ["client"], "is_set": True},
}
_OWN_RIGHT = "The client's own right over his data (PIPL Art. 45-47): a restriction is one answer to it and ends none."
#: Services that take a client and go on for one whose data are restricted, and why (docs/adr/0020).
GOES_ON: dict[str, str] = {
    "aml.grade": "A duty of law that outlasts his wish (反洗钱法), kept from everybody but compliance.",
    "suspicion.lift": "A duty of law that outlasts his wish (反洗钱法), kept from everybody but compliance.",
    "suspicion.raise": "A duty of law that outlasts his wish (反洗钱法), kept from everybody but compliance.",
    "appointment.cancel": "An appointment that stood would end in the contact that is not to be.",
    "client.ask_duplicates": "Reads only; ``but`` is the client who is asked about, left out of the answer.",
    "client.create": "Takes no client: it makes one.",
    "client.bulk_edit": "Calls the service of each client, which refuses him; the rest go on (test_bulk).",
    "client.plan_bulk_edit": "Leaves him out of the preview and writes nothing of him (test_bulk).",
    "client.carry_on_bulk_edit": "Calls the service of each client, which refuses him; the rest go on (test_bulk_job).",
    "client.stop_bulk_edit": "Ends a change of many; nothing of any client changes.",
    "client.take_up_bulk_edit": "Starts a job again; its pieces ask (client.carry_on_bulk_edit).",
    "client.undo_bulk_edit": "Calls the service of each client, which refuses him: he is kept (test_bulk).",
    "client.assign_many": "Keeps the file with somebody: a leaver's whole book goes over, who may see it changes for nobody.",
    "client.dismiss_duplicate": "Closes a suspicion about two; nothing of either changes.",
    "client.end_restriction": "Ends the restriction.",
    "client.reject_merge": "Nothing of the two changes; they stay two.",
    "client.restrict": "Restricts; twice is once.",
    "client.undo_merge": "Gives back what was another person's: two who were one by mistake may not stay so.",
    "contact.log_batch": "Each item is a contact of its own and is refused as one.",
    "data_request.approve": _OWN_RIGHT,
    "data_request.ask_proof": _OWN_RIGHT,
    "data_request.check_identity": _OWN_RIGHT,
    "data_request.file": _OWN_RIGHT,
    "data_request.propose": _OWN_RIGHT,
    "data_request.receive": _OWN_RIGHT,
    "data_request.send_back": _OWN_RIGHT,
    "data_request.take": _OWN_RIGHT,
    "erasure.approve": "What a restriction waits for.",
    "erasure.carry_out": "What a restriction waits for.",
    "erasure.propose": "What a restriction waits for.",
    "erasure.reject": "What a restriction waits for.",
    "erasure.replay": "Erases again what a restored backup brought back.",
    "legal_hold.lift": "A hold keeps the data stored, or ends that.",
    "legal_hold.set": "A hold keeps the data stored.",
    "tag.undo": "Leaves who was restricted meanwhile as he is (tested below) and takes back the rest.",
}
#: Services that are not about a single client: rounds over a branch, catalogues, requests of the persons themselves.
OF_NO_CLIENT = {
    "assets.put_days",
    "client.find_duplicates",
    "client.gather_strays",
    "client.grade_stages",
    "document.remind",
    "holdings.put_day",
    "investor.expire",
    "notice.change",
    "notice.write",
    "purpose.change",
    "purpose.create",
    "segment.change",
    "segment.create",
    "segment.delete",
    "tag.change",
    "tag.create",
    "tags.compute",
    "view.create",
    "view.delete",
    "view.pin",
}


@pytest.fixture
def standing(branch: Branch, staff: Staff) -> Ground:
    """A client with a row of everything, then restricted to storage."""
    colleague = staff("advisor")
    client = ClientFactory(branch=branch, advisor=colleague)
    other = ClientFactory(branch=branch)
    firm = ClientFactory(branch=branch, kind="institution")
    contact = ContactLogFactory(client=client, next_on=LATER.date())
    household = Household.objects.create(name="一家", branch=branch)
    HouseholdMember.objects.create(household=household, client=client, since=TODAY)
    StageOverride.objects.create(
        client=client, stage="stable", reason="长期", until=TODAY, set_by=colleague, set_at=NOW
    )
    manager = staff("branch_manager")
    found: Ground = {
        "client": client,
        "other": other,
        "colleague": colleague,
        "account": AccountFactory(client=client),
        "credit": AccountFactory(client=client, credit=True),
        "appointment": Appointment.objects.create(
            client=client, staff=colleague, booked_by=colleague, starts_at=NOW + timedelta(days=1), channel="phone"
        ),
        "mark": BusinessLineMarkFactory(client=client),
        "record": ask_merge(staying=client, leaving=other, reason="同一人", actor=manager, now=NOW),
        "contact": contact,
        "move": NextDateMove.objects.create(contact=contact, moved_to=LATER.date(), moved_by=colleague, moved_at=NOW),
        "person": ContactPersonFactory(client=firm),
        "point": ContactPointFactory(client=client),
        "document": IdentityDocumentFactory(client=client),
        "reminder": DocumentReminder.objects.create(
            client=client, kind="id_card", valid_until=TODAY, days_before=30, due_on=TODAY
        ),
        "need": FinancingNeedFactory(client=firm),
        "household": household,
        "application": InvestorClassificationFactory(client=client),
        "class": InvestorClassificationFactory(client=client, in_force=True),
        "upload": SimpleUploadedFile("a.txt", b"x"),
        "interview": NeedsInterviewFactory(client=client),
        "exemption_asked": TradingPermissionFactory(client=client, code="chinext", waiting=True),
        "purpose": DataPurpose.objects.get(code="marketing"),
        "permission": TradingPermissionFactory(client=client),
        "relation": RelationFactory(client=client),
        "tag": TagFactory(branch=branch),
    }
    for one in (client, firm):
        restrict_client(client=one, reason="删除请求", actor=staff("compliance"), now=NOW)
    return found


def _filled(said: Any, standing: Ground) -> Any:
    if isinstance(said, str):
        return standing.get(said, said)
    if isinstance(said, dict):
        return {key: _filled(value, standing) for key, value in said.items()}
    if isinstance(said, list):
        return [_filled(one, standing) for one in said]
    return said


def test_every_service_about_a_client_is_judged() -> None:
    for module in pkgutil.walk_packages(clients.services.__path__, "clients.services."):
        importlib.import_module(module.name)
    of_clients = {name for name, book in SERVICES.items() if book.function.__module__.startswith("clients.services")}

    judged = REFUSED.keys() | GOES_ON.keys() | OF_NO_CLIENT

    assert of_clients - judged == set(), "say whether it refuses a client restricted to storage, or why not"
    assert judged - SERVICES.keys() == set()
    assert all(GOES_ON.values())


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_it_refuses_a_client_whose_data_are_restricted(name: str, standing: Ground, staff: Staff) -> None:
    run = SERVICES[name].function
    said = _filled(REFUSED[name], standing)
    takes = inspect.signature(run).parameters
    actor = staff("branch_manager")
    call = {**said, "actor": actor, **({"now": NOW} if "now" in takes else {})}
    entries = AuditEntry.objects.count()

    with pytest.raises(ClientRestricted):
        _signed(name)(**call)

    assert AuditEntry.objects.count() == entries


def _signed(name: str) -> Callable[..., Any]:
    function = SERVICES[name].function
    module = inspect.getmodule(function)
    signed: Callable[..., Any] = getattr(module, function.__name__)
    return signed


def test_an_appointment_of_a_restricted_client_can_be_called_off(standing: Ground, staff: Staff) -> None:
    row = _signed("appointment.cancel")(
        appointment=standing["appointment"], reason="限制处理", actor=staff("compliance")
    )

    assert row.state == Appointment.State.CANCELLED


def test_taking_tags_back_leaves_a_restricted_client_as_he_is(standing: Ground, branch: Branch) -> None:
    tag, mine, other = standing["tag"], standing["client"], standing["other"]
    for client in (mine, other):
        ClientTagFactory(client=client, tag=tag, set_by=standing["colleague"], since=TODAY, as_of=TODAY)
    change = TagChange.objects.create(
        tag=tag,
        is_set=True,
        clients={mine.public_id: None, other.public_id: None},
        actor=standing["colleague"],
        at=NOW,
    )

    _signed("tag.undo")(change=change, actor=standing["colleague"], now=NOW)

    assert set(mine.tags.values_list("tag_id", flat=True)) == {tag.pk}
    assert not other.tags.exists()
    assert Client.objects.get(pk=mine.pk).restricted_on is not None
    assert DuplicatePair.objects.count() == 0
