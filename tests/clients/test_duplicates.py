"""Who may be on file already: asked at entry without telling about clients of others, and found every night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from clients.identity import check_digit
from clients.models import Client, DuplicatePair
from clients.querysets.likeness import Facts, alike, similar_names, suspicions
from clients.services.duplicates import ask_duplicates, dismiss_pair, find_duplicates, find_nightly
from crm.core.access import system_user
from crm.core.errors import AlreadyDecided, BudgetSpent, InvalidInput
from crm.core.models import AuditEntry, Branch, Policy
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
BORN = date(1990, 3, 7)
DOCUMENT = "11010119900307451" + check_digit("11010119900307451")


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("张三", "张三", True),
        ("张伟民", "张伟明", True),
        ("张伟", "章伟", True),
        ("张晓明", "张小明", True),
        ("张伟民", "李伟明", False),
        ("张伟", "张伟民", False),
        ("阿卜杜拉·买买提", "阿卜杜拉 买买提", True),
        ("", "", False),
        ("张", "李", False),
    ],
)
def test_names_are_alike_by_sound_or_with_one_character_apart(one: str, other: str, like: bool) -> None:
    assert similar_names(one, other) is like
    assert similar_names(other, one) is like


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (Facts(id_number=DOCUMENT), ["document"]),
        (Facts(name="张三", phone="+8613812348000"), ["phone_name"]),
        (Facts(name="章三", birth_date=BORN), ["name_birthday"]),
        (Facts(name="张三", birth_date=BORN, id_number=DOCUMENT), ["document", "name_birthday"]),
        (Facts(name="李四", phone="+8613812348000"), None),
        (Facts(name="张三", birth_date=date(1990, 3, 8)), None),
        (Facts(name="张三"), None),
    ],
)
def test_a_client_is_recognised_by_document_by_phone_and_name_and_by_name_and_birthday(
    branch: Branch, facts: Facts, reasons: list[str] | None
) -> None:
    client = ClientFactory(branch=branch, name="张三", phone="+8613812348000", id_number=DOCUMENT, birth_date=BORN)

    assert alike(facts, branch.company) == ([(client.pk, reasons)] if reasons else [])


# -- at entry ----------------------------------------------------------------------------------------------------------


def test_of_a_client_out_of_reach_nothing_is_said_but_that_he_is_there(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    """The same words for a colleague's client, one of another branch, and several of them."""
    advisor, colleague = staff("advisor"), staff("advisor", name="同事甲")
    staff("branch_manager", name="经理乙")
    browser, said = web(advisor), {"name": "张三", "phone": "13812348000"}
    texts = []
    for place, owner in ((branch, colleague), (other_branch, None), (branch, colleague)):
        ClientFactory(branch=place, name="张三", phone="+8613812348000", external_id=f"S{len(texts)}", advisor=owner)
        texts.append(browser.post("/clients/check/", said).content.decode())
        if len(texts) < 3:
            Client.objects.all().delete()

    assert texts[0] == texts[1] == texts[2]
    assert "经理乙" in texts[0]
    for secret in ("张三", "S0", "S1", "同事甲", "北京"):
        assert secret not in texts[0]


def test_nobody_on_file_gives_no_word(staff: Staff, web: Web) -> None:
    answer = web(staff("advisor")).post("/clients/check/", {"name": "张三", "phone": "13812348000"})

    assert answer.content.decode().strip() == ""


def test_the_own_client_is_shown_with_the_reason(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, name="张三", birth_date=BORN)

    text = (
        web(staff("front_desk")).post("/clients/check/", {"name": "张三", "birth_date": "1990-03-07"}).content.decode()
    )

    assert f"/clients/{client.public_id}/" in text
    assert "Similar name, same date of birth" in text


def test_editing_a_client_does_not_find_himself(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, name="张三", phone="+8613812348000")
    twin = ClientFactory(branch=branch, name="张三", phone="+8613812348000")

    text = (
        web(staff("front_desk")).post(f"/clients/check/?client={client.public_id}", {"name": "张三"}).content.decode()
    )

    assert twin.public_id in text
    assert f"/clients/{client.public_id}/" not in text


@pytest.mark.parametrize(
    "said", [{"name": "张三"}, {"phone": "13812348000"}, {"id_number": "1101"}, {"name": "张三", "birth_date": "x"}, {}]
)
def test_too_little_is_no_question(staff: Staff, web: Web, said: dict[str, str]) -> None:
    assert web(staff("advisor")).post("/clients/check/", said).status_code == 200
    assert not AuditEntry.objects.filter(action="client.ask_duplicates").exists()


def test_each_question_is_on_the_trail_and_the_day_has_an_end(branch: Branch, staff: Staff, web: Web) -> None:
    Policy.objects.filter(policy_key_id="duplicates.daily_budget").update(value=2)
    advisor, facts = staff("advisor"), Facts(id_number=DOCUMENT)

    for _number in range(2):
        ask_duplicates(facts=facts, actor=advisor, now=datetime.now(UTC))
    with pytest.raises(BudgetSpent):
        ask_duplicates(facts=facts, actor=advisor, now=datetime.now(UTC))

    entries = AuditEntry.objects.filter(action="client.ask_duplicates")
    assert entries.count() == 2
    assert DOCUMENT not in str(list(entries.values("after", "object_ids")))
    text = web(advisor).post("/clients/check/", {"id_number": DOCUMENT}).content.decode()
    assert "used up" in text


def test_found_or_not_costs_the_same_number_of_statements(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    browser, said = web(staff("advisor")), {"name": "张三", "phone": "13812348000"}
    browser.post("/clients/check/", said)

    nobody = cost_of(lambda: browser.post("/clients/check/", said))
    ClientFactory(branch=other_branch, name="张三", phone="+8613812348000")

    assert cost_of(lambda: browser.post("/clients/check/", said)) == nobody


def test_the_form_asks_while_one_types(staff: Staff, web: Web) -> None:
    text = web(staff("advisor")).get("/clients/new/").content.decode()

    assert text.count('hx-post="/clients/check/"') == 4
    assert 'id="alike"' in text


# -- every night -------------------------------------------------------------------------------------------------------


def sweep(branch: Branch) -> int:
    return find_duplicates(branch=branch, actor=system_user(), now=NOW)


def pairs() -> list[tuple[str, str, list[str], int]]:
    rows = DuplicatePair.objects.order_by("-score", "pk").select_related("first", "second")
    return [(p.first.external_id, p.second.external_id, p.reasons, p.score) for p in rows]


def test_the_sweep_lists_pairs_of_the_branch_with_reason_and_score(branch: Branch, other_branch: Branch) -> None:
    for number, facts in enumerate(
        [
            {"name": "张三", "id_number": DOCUMENT, "phone": "+8613812348000"},
            {"name": "张三", "id_number": DOCUMENT, "phone": "+8613812348000"},
            {"name": "李四", "phone": "+8613812348001"},
            {"name": "李四", "phone": "+8613812348001"},
            {"name": "王小明", "birth_date": BORN},
            {"name": "王晓明", "birth_date": BORN},
            {"name": "王小红", "birth_date": BORN},
            {"name": "无关", "birth_date": date(1980, 1, 1)},
        ]
    ):
        ClientFactory(branch=branch, external_id=f"{number}", **facts)
    ClientFactory(branch=other_branch, name="张三", id_number=DOCUMENT)

    assert sweep(branch) == 4
    assert pairs() == [
        ("0", "1", ["document", "phone_name"], 100),
        ("2", "3", ["phone_name"], 90),
        ("4", "5", ["name_birthday"], 70),
        ("4", "6", ["name_birthday"], 50),
    ]


def test_running_again_changes_nothing_and_what_no_longer_looks_alike_goes(branch: Branch) -> None:
    first = ClientFactory(branch=branch, name="张三", phone="+8613812348000")
    ClientFactory(branch=branch, name="张三", phone="+8613812348000")
    sweep(branch)
    before = list(DuplicatePair.objects.values())

    assert sweep(branch) == 0
    assert list(DuplicatePair.objects.values()) == before
    Client.objects.filter(pk=first.pk).update(phone_index="x")
    assert sweep(branch) == 1
    assert not DuplicatePair.objects.exists()


def test_a_dismissed_pair_stays_dismissed(branch: Branch, staff: Staff) -> None:
    for _number in range(2):
        ClientFactory(branch=branch, name="张三", phone="+8613812348000")
    sweep(branch)
    pair = DuplicatePair.objects.get()
    with pytest.raises(InvalidInput):
        dismiss_pair(pair=pair, actor=staff("front_desk"), now=NOW, reason=" ")
    dismiss_pair(pair=pair, actor=staff("front_desk"), now=NOW, reason="父子同名")

    assert sweep(branch) == 0
    assert DuplicatePair.objects.get().state == "dismissed"
    with pytest.raises(AlreadyDecided):
        dismiss_pair(pair=pair, actor=staff("front_desk"), now=NOW, reason="父子同名")


def test_the_list_of_a_branch_is_capped_with_the_surest_pairs(branch: Branch) -> None:
    Policy.objects.filter(policy_key_id="duplicates.most_pairs").update(value=2)
    for at in range(3):
        for _twin in range(2):
            ClientFactory(branch=branch, name="王小明", birth_date=BORN + timedelta(days=at))
    for _twin in range(2):
        ClientFactory(branch=branch, id_number=DOCUMENT)

    sweep(branch)

    assert [score for *_pair, score in pairs()] == [100, 70]


def test_a_placeholder_is_no_person(branch: Branch) -> None:
    ClientFactory.create_batch(41, branch=branch, name="王小明", birth_date=date(1900, 1, 1))

    assert suspicions(branch) == []


def test_the_sweep_runs_once_a_night_and_costs_the_same_for_any_number(branch: Branch, cost_of: Any) -> None:
    ClientFactory.create_batch(3, branch=branch)
    few = cost_of(lambda: suspicions(branch))
    for at in range(9):
        ClientFactory.create_batch(2, branch=branch, name="王小明", birth_date=BORN + timedelta(days=at))

    assert cost_of(lambda: suspicions(branch)) == few
    assert find_nightly(NOW) == 9
    assert find_nightly(NOW + timedelta(minutes=1)) == 0
    Client.objects.update(name="", pinyin="")
    assert find_nightly(NOW + timedelta(days=1)) == 9


# -- the pages ---------------------------------------------------------------------------------------------------------


def test_a_pair_is_looked_at_compared_and_dismissed(branch: Branch, staff: Staff, web: Web) -> None:
    from tests.clients.test_pages import token

    for number in "12":
        ClientFactory(branch=branch, external_id=number, name="张三", phone="+8613812348000")
    sweep(branch)
    pair, browser = DuplicatePair.objects.get(), web(staff("front_desk"))

    listed = browser.get("/clients/duplicates/").content.decode()
    url = f"/clients/duplicates/{pair.public_id}/dismiss/"
    page = browser.get(url)
    browser.post(url, {"form_token": token(page), "version": pair.version, "reason": "父子同名"})

    assert "Same phone and name" in listed
    assert f"/clients/{pair.first.public_id}/merge/?with={pair.second.public_id}" in listed
    assert "13812348000" not in listed
    assert "父子同名" in browser.get("/clients/duplicates/?show=dismissed").content.decode()


def test_a_pair_of_which_one_is_out_of_reach_is_not_listed(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    ours = [ClientFactory(branch=branch, name="张三", phone="+8613812348000") for _twin in range(2)]
    sweep(branch)

    assert DuplicatePair.objects.visible_to(staff("front_desk")).count() == 1
    assert not DuplicatePair.objects.visible_to(staff("front_desk", branch=other_branch)).exists()
    assert not DuplicatePair.objects.visible_to(staff("agent")).exists()
    assert ours


def test_the_list_costs_the_same_for_one_pair_and_for_ten(branch: Branch, staff: Staff, web: Web, cost_of: Any) -> None:
    browser = web(staff("branch_manager"))
    ClientFactory.create_batch(2, branch=branch, name="张三", phone="+8613812348000", advisor=staff("advisor"))
    sweep(branch)
    browser.get("/clients/duplicates/")
    one = cost_of(lambda: browser.get("/clients/duplicates/"))
    ClientFactory.create_batch(5, branch=branch, name="李四", phone="+8613812348001", advisor=staff("advisor"))
    sweep(branch)

    assert cost_of(lambda: browser.get("/clients/duplicates/")) == one


def test_over_rest_pairs_are_listed_and_dismissed_once_at_a_version(branch: Branch, staff: Staff, api: Any) -> None:
    ClientFactory.create_batch(2, branch=branch, name="张三", phone="+8613812348000")
    sweep(branch)
    phone = api(staff("front_desk"))

    (row,) = phone.get("/api/v1/duplicates/").json()["results"]
    url, body = f"/api/v1/duplicates/{row['id']}/dismiss/", {"reason": "父子同名"}
    answers = [
        phone.post(url, body, format="json", headers={"Idempotency-Key": "k"}),
        phone.post(url, body, format="json", headers={"If-Match": '"1"'}),
        phone.post(url, body, format="json", headers={"If-Match": '"9"', "Idempotency-Key": "k9"}),
        phone.post(url, body, format="json", headers={"If-Match": '"1"', "Idempotency-Key": "k"}),
        phone.post(url, body, format="json", headers={"If-Match": '"1"', "Idempotency-Key": "k"}),
    ]

    assert [answer.status_code for answer in answers] == [428, 400, 412, 201, 200]
    assert answers[-1].json()["state"] == "dismissed"
    assert phone.get("/api/v1/duplicates/").json()["results"] == []


# -- in a file ---------------------------------------------------------------------------------------------------------


def test_a_new_row_that_looks_like_somebody_is_written_with_a_warning(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web, tmp_path: Any
) -> None:
    from crm.core.models import ImportBatch
    from tests.clients.test_merge_pages import bring

    ClientFactory(branch=branch, external_id="1", name="张三", phone="+8613812348000", birth_date=BORN)
    ClientFactory(branch=other_branch, external_id="9", name="别处", id_number=DOCUMENT)
    columns = {"external_id": "号", "name": "名", "phone": "机", "id_number": "证", "birth_date": "生"}
    rows = [
        "2,张三,13812348000,,",
        "3,章三,,,1990-03-07",
        f"4,李四,,{DOCUMENT},",
        "5,王五,13912340000,,",
        "6,李四,13812348000,,",
    ]
    with override("en"):
        counts = bring("clients", branch, tmp_path, columns, "号,名,机,证,生\n" + "\n".join(rows) + "\n")

    batch, browser = ImportBatch.objects.get(), web(staff("front_desk"))
    page = browser.get(f"/imports/{batch.public_id}/").content.decode()
    answer = browser.get(f"/imports/{batch.public_id}/warnings/")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:]

    assert (counts["created"], counts["rejected"]) == (5, 0)
    assert "3 rows are written all the same, but look at them first" in page
    assert [line.split(",")[:2] for line in lines] == [["2", "phone"], ["3", "birth_date"], ["4", "id_number"]]
    assert "Client 1 " in lines[0]
    assert "Another branch" in lines[2]
    assert "9" not in lines[2].split("looks_like_client")[1]
    assert DOCUMENT not in "".join(lines)
