"""Kept mappings over REST: read, renamed and given up by whoever may bring such files, in his own branches."""

from __future__ import annotations

import pytest

from crm.core.importing.mapping import parse
from crm.core.models.importing import ImportMapping

pytestmark = pytest.mark.django_db

URL = "/api/v1/import-mappings/"
BODY = {"file": {"kind": "csv"}, "columns": {"external_id": "号"}}


def kept(branch, name="每月", kind="clients"):
    return ImportMapping.objects.create(branch=branch, kind=kind, name=name, body=BODY)


def test_one_is_read_as_the_text_that_an_import_takes(branch, other_branch, staff, api):
    row, foreign = kept(branch), kept(other_branch)
    phone = api(staff("front_desk"))

    listed = phone.get(f"{URL}?kind=clients").json()["results"]

    assert [one["id"] for one in listed] == [row.public_id]
    assert parse(listed[0]["mapping"]).columns == {"external_id": "号"}
    assert phone.get(f"{URL}{foreign.public_id}/").status_code == 404


def test_a_mapping_of_a_kind_that_one_may_not_bring_is_none(branch, staff, api):
    row = kept(branch, kind="no_such_kind")

    assert api(staff("front_desk")).get(f"{URL}{row.public_id}/").status_code == 404


def test_renaming_and_giving_up_say_what_was_seen(branch, staff, api):
    row, phone = kept(branch), api(staff("front_desk"))
    kept(branch, "每季")
    url = f"{URL}{row.public_id}/"
    seen = phone.get(url)["ETag"]

    def rename(name, **headers):
        return phone.patch(url, {"name": name}, format="json", headers=headers)

    missing, taken = rename("新"), rename("每季", **{"if-match": seen})
    done, stale = rename("新", **{"if-match": seen}), rename("旧", **{"if-match": seen})
    gone = [phone.delete(url, headers={"if-match": tag}).status_code for tag in (seen, done["ETag"])]

    assert [missing.status_code, taken.status_code, done.status_code, stale.status_code] == [428, 409, 200, 412]
    assert gone == [412, 204]
    assert list(ImportMapping.objects.values_list("name", flat=True)) == ["每季"]
