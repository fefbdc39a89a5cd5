"""The columns of a file on the page: guessed, changed, read anew, kept, and the same mapping as a file."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.core.clocks import database_now
from crm.core.importing.editor import look, mapping_from, shown, table_of
from crm.core.importing.fields import ImportField
from crm.core.importing.mapping import Mapping, parse
from crm.core.importing.table import FileOptions, Limits
from crm.core.importing.toml_out import to_toml
from crm.core.jobs import run_waiting_jobs
from crm.core.models import AuditEntry, Department, ImportBatch
from crm.core.models.importing import ImportMapping

ROOT = Path(__file__).resolve().parents[3]
GOOD = "部门代码,部门名称\nA1,研究部\nA2,客户服务部\n"


@pytest.mark.nodb
@pytest.mark.parametrize("file", sorted((ROOT / "mappings").glob("*.toml")), ids=lambda path: path.stem)
def test_a_mapping_that_is_written_out_is_the_mapping_that_was_read(file: Path):
    mapping = parse(file.read_text(encoding="utf-8"))

    assert parse(to_toml(mapping)) == mapping


_WORD = st.text(st.sampled_from("aZ09_-.*\"\\'\n\t\x01\x7f 客#[]{}=é😀"), min_size=1, max_size=6)
_MAPS = st.dictionaries(
    _WORD, st.dictionaries(_WORD, _WORD.filter(lambda word: word != "*"), min_size=1, max_size=3), max_size=2
)


@pytest.mark.nodb
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    columns=st.dictionaries(_WORD, _WORD, max_size=4),
    values=_MAPS,
    constants=st.dictionaries(_WORD, _WORD, max_size=3),
    skip=st.dictionaries(_WORD, st.lists(_WORD, max_size=3).map(tuple), max_size=2),
    key=st.one_of(st.just("row"), st.just(()), st.lists(_WORD, min_size=1, max_size=3).map(tuple)),
)
def test_whatever_names_a_mapping_has_it_survives_being_written_out(columns, values, constants, skip, key):
    mapping = Mapping(columns=columns, values=values, constants=constants, skip_when=skip, key=key)

    assert parse(to_toml(mapping)) == mapping


@pytest.mark.nodb
def test_what_the_page_shows_comes_back_as_the_same_mapping():
    fields = [
        ImportField("code", "code", required=True),
        ImportField("sort", "choice", choices=[("a", "Alpha"), ("b", "Beta")]),
        ImportField("on", "date"),
        ImportField("worth", "money"),
        ImportField("note", "text"),
        ImportField("branch", "text"),
    ]
    mapping = Mapping(
        file=FileOptions(encoding="gb18030", skip_rows=1),
        columns={"code": "No", "sort": "Kind", "on": "Day", "worth": "Sum", "m": "Month"},
        values={"sort": {"x": "a", "*": "b", "?": ""}, "m": {"jan": "01"}},
        constants={"branch": "SH"},
        compose={"note": "{m}/{Kind}"},
        formats={"on": {"date": ["%d-%m-%Y", "%Y"]}, "worth": {"decimal": ",", "unit": "万元"}},
        skip_when={"Kind": ("", "gone")},
        key=("No", "Kind"),
    )
    raw = 'title\nNo,Kind,Day,Sum,Month\n1,x,05-03-2026,"1,5",jan\n2,?,06-03-2026,"2,5",jan\n'.encode("gb18030")
    seen = look(raw, mapping.file, Limits())
    table = table_of(mapping, seen, fields)
    said = {"encoding": "gb18030", "skip_rows": "1", "key": "columns"}
    for column in table.columns:
        said |= {f"c{column.at}": column.field.name if column.field else "", f"date{column.at}": column.date}
        said |= {f"decimal{column.at}": column.decimal, f"unit{column.at}": column.unit}
        said |= {f"country{column.at}": column.country, f"unreadable{column.at}": "1" if column.only_warns else ""}
        said |= {f"skip{column.at}": ", ".join(w or '""' for w in mapping.skip_when.get(column.title, ()))}
        said |= {f"key{column.at}": "1"} if column.is_key else {}
    for one in table.further:
        said |= {f"k-{one.field.name}": one.constant, f"t-{one.field.name}": one.template}
    for group in table.words:
        said |= {f"m-{group.field.name}-rest": group.default}
        for at, word in enumerate(group.words):
            said |= {f"w-{group.field.name}-{at}": word.source, f"m-{group.field.name}-{at}": word.chosen}

    assert mapping_from(said, seen.headers, fields, mapping) == mapping


@pytest.mark.nodb
def test_samples_show_no_whole_phone_and_no_whole_document():
    secret = ImportField("phone", "text", sensitive=True)

    assert "13800138000" not in shown("13800138000", secret)
    for text in ("13800138000", "110101199003078515", "138 0013 8000 办公"):
        assert not re.search(r"\d{7}", shown(text, None).replace(" ", ""))
    assert shown("12345", None) == "12345"


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(staff):
    return staff("front_desk")


@pytest.fixture
def desk(web, clerk, branch):
    browser = web(clerk)

    class Desk:
        def send(self, body: str | bytes = GOOD, name="部门.csv", **more):
            raw = body.encode() if isinstance(body, str) else body
            files = SimpleUploadedFile(name, raw)
            form = {"form_token": f"t{name}", "kind": "departments", "branch": branch.public_id, "source": "guess"}
            answer = browser.post(reverse("core:import_new"), {**form, "file": files, "look": "1", **more})
            assert answer.status_code == 302, answer.content.decode()
            batch = ImportBatch.objects.latest("pk")
            assert answer["Location"] == self.url(batch)
            return batch

        def url(self, batch):
            return reverse("core:import_mapping", args=[batch.public_id])

        def get(self, batch):
            return browser.get(self.url(batch)).content.decode()

        def post(self, batch, headers=("部门代码", "部门名称"), **said):
            return browser.post(self.url(batch), {"h": list(headers), **said})

    desk = Desk()
    desk.browser = browser
    return desk


@pytest.mark.django_db
def test_a_file_waits_for_its_columns_and_writes_nothing_before_the_check(desk):
    batch = desk.send()
    page = desk.get(batch)

    assert batch.state == "draft"
    assert '<option value="code" selected>' in page
    assert "研究部" in page

    answer = desk.post(batch, do="check", c0="code", c1="name")
    assert answer.status_code == 302
    run_waiting_jobs(database_now())
    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("checked", 2)
    assert not Department.objects.exists()
    assert AuditEntry.objects.filter(action="import.settle_mapping").count() == 1


@pytest.mark.django_db
def test_columns_that_nobody_recognises_are_chosen_by_hand(desk):
    batch = desk.send("x,y\nB1,b\n", "x.csv")

    refused = desk.post(batch, ("x", "y"), do="check", c1="name")
    assert refused.status_code == 400
    assert "code" in refused.content.decode()

    assert desk.post(batch, ("x", "y"), do="check", c0="code", c1="name").status_code == 302
    run_waiting_jobs(database_now())
    batch.refresh_from_db()
    assert batch.created == 1


@pytest.mark.django_db
def test_a_file_whose_first_rows_are_broken_is_refused_on_the_form_with_the_row(desk, branch):
    form = {"form_token": "q", "kind": "departments", "branch": branch.public_id, "source": "guess", "look": "1"}
    broken = SimpleUploadedFile("q.csv", (GOOD + 'B7,"研究\n').encode())

    answer = desk.browser.post(reverse("core:import_new"), {**form, "file": broken})

    assert answer.status_code == 400
    assert "never closed" in answer.content.decode()
    assert not ImportBatch.objects.exists()


@pytest.mark.django_db
def test_another_encoding_and_more_title_rows_are_read_at_once(desk):
    batch = desk.send("报表\n部门代码;部门名称\nA1;研究部\n".encode("gb18030"), "gb.csv")

    page = desk.post(batch, ("报表",), do="read", encoding="gb18030", skip_rows="1").content.decode()

    assert '<option value="code" selected>' in page
    assert "A1" in page


@pytest.mark.django_db
def test_a_wrong_encoding_is_said_and_the_page_stays(desk):
    batch = desk.send("部门代码,部门名称\nA1,研究部\n".encode("gb18030"), "gb.csv")

    answer = desk.post(batch, do="read", encoding="utf-8", c0="code")

    assert answer.status_code == 200
    assert "utf-8" in answer.content.decode()


@pytest.mark.django_db
def test_a_mapping_is_kept_loaded_renamed_downloaded_and_deleted(desk, branch):
    batch = desk.send("x,y\nB1,b\n", "x.csv")
    desk.post(batch, ("x", "y"), do="save", c0="code", c1="name", keep_as="每月")
    kept = ImportMapping.objects.get()
    assert kept.body["columns"] == {"code": "x", "name": "y"}

    other = desk.send("x,y\nB2,b\n", "z.csv")
    page = desk.post(other, ("x", "y"), do="load", saved=kept.public_id).content.decode()
    assert page.count(" selected>") >= 2
    assert '<option value="code" selected>' in page

    browser = desk.browser
    file = browser.get(reverse("core:import_mapping_file", args=[kept.public_id])).content.decode()
    assert parse(file).columns == {"code": "x", "name": "y"}
    browser.post(
        reverse("core:import_mapping_rename", args=[kept.public_id]), {"name": "每季", "version": kept.version}
    )
    kept.refresh_from_db()
    assert kept.name == "每季"
    assert "每季" in browser.get(reverse("core:import_mappings")).content.decode()
    browser.post(reverse("core:import_mapping_delete", args=[kept.public_id]), {"version": kept.version})
    assert not ImportMapping.objects.exists()
    assert AuditEntry.objects.get(action="import.drop_mapping").before["mapping"]["columns"] == {
        "code": "x",
        "name": "y",
    }


@pytest.mark.django_db
def test_a_name_that_is_taken_is_not_taken_twice(desk, branch):
    one = ImportMapping.objects.create(branch=branch, kind="departments", name="A", body={})
    ImportMapping.objects.create(branch=branch, kind="departments", name="B", body={})

    desk.browser.post(
        reverse("core:import_mapping_rename", args=[one.public_id]), {"name": "B", "version": one.version}
    )

    one.refresh_from_db()
    assert one.name == "A"


@pytest.mark.django_db
def test_mappings_of_another_branch_look_like_none(desk, other_branch):
    foreign = ImportMapping.objects.create(branch=other_branch, kind="departments", name="fremd", body={})
    for name in ("rename", "delete"):
        url = reverse(f"core:import_mapping_{name}", args=[foreign.public_id])
        assert desk.browser.post(url, {"name": "x"}).status_code == 404
    assert desk.browser.get(reverse("core:import_mapping_file", args=[foreign.public_id])).status_code == 404
    assert "fremd" not in desk.browser.get(reverse("core:import_mappings")).content.decode()


@pytest.mark.django_db
def test_a_file_whose_columns_are_looked_at_can_be_given_up(desk):
    batch = desk.send()

    desk.browser.post(reverse("core:import_cancel", args=[batch.public_id]))

    batch.refresh_from_db()
    assert batch.state == "cancelled"
    assert not hasattr(batch, "file")
    assert desk.browser.get(desk.url(batch)).status_code == 302


@pytest.mark.django_db
def test_the_mapping_can_be_downloaded_before_anything_is_kept(desk):
    batch = desk.send()

    answer = desk.post(batch, do="toml", c0="code", c1="name")

    assert answer["Content-Disposition"] == 'attachment; filename="departments.toml"'
    assert parse(answer.content.decode()).columns == {"code": "部门代码", "name": "部门名称"}


# -- hostile and broken files in the wizard ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_lost_digits_and_formulas_are_said_before_the_check_and_stop_the_row_in_it(desk):
    batch = desk.send("部门代码,部门名称\n4.4E+17,研究部\n=1+1,客服部\n", "lost.csv")
    assert "scientific notation" in desk.get(batch)

    desk.post(batch, do="check", c0="code", c1="name")
    run_waiting_jobs(database_now())

    batch.refresh_from_db()
    assert (batch.created, batch.rejected) == (0, 2)
    codes = {problem["code"] for row in batch.rows.all() for problem in row.problems}
    assert codes == {"scientific_notation", "formula"}


@pytest.mark.django_db
def test_a_bomb_is_refused_on_the_form_in_words_and_leaves_no_batch(desk, branch):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (101 << 20))
    form = {"form_token": "b", "kind": "departments", "branch": branch.public_id, "source": "guess", "look": "1"}
    form["file"] = SimpleUploadedFile("bomb.xlsx", held.getvalue())

    answer = desk.browser.post(reverse("core:import_new"), form)

    assert answer.status_code == 400
    assert "100 MB" in answer.content.decode()
    assert not ImportBatch.objects.exists()
