"""Sealed values open only where they belong, and equal values can be found without being read."""

from __future__ import annotations

import base64
import io
import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from crm.core import crypto
from crm.core.models import Outbound
from crm.core.rotation import rotate, sealed_models

OLD = "t1:" + base64.b64encode(b"only for tests, thirty-two bytes").decode()
NEW = "t2:" + base64.b64encode(b"another key that is 32 byte long").decode()


@given(st.text())
def test_what_was_sealed_opens_again(text):
    assert crypto.unseal(crypto.seal(text, "a:b:c"), "a:b:c") == text


def test_the_same_text_is_sealed_differently_each_time():
    assert crypto.seal("13812348000", "x") != crypto.seal("13812348000", "x")


def test_a_value_copied_to_another_row_does_not_open():
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(crypto.seal("13812348000", "client:phone:A"), "client:phone:B")


def test_a_changed_value_does_not_open():
    token = crypto.seal("13812348000", "x")
    name, _, body = token.partition(":")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1

    with pytest.raises(crypto.Unreadable):
        crypto.unseal(f"{name}:{base64.b64encode(bytes(raw)).decode()}", "x")


def test_a_value_under_a_key_that_is_gone_says_so(settings):
    token = crypto.seal("x", "a")
    settings.CRM_FIELD_KEYS = NEW

    with pytest.raises(crypto.Unreadable, match="t1"):
        crypto.unseal(token, "a")


@pytest.mark.parametrize("keys", ["", "nokey", "a:tooshort", "a:" + base64.b64encode(b"x" * 31).decode()])
def test_a_broken_keyring_stops_the_house(settings, keys):
    settings.CRM_FIELD_KEYS = keys

    with pytest.raises((ImproperlyConfigured, ValueError)):
        crypto.keyring()


def test_equal_values_have_equal_blind_indexes_however_they_are_typed():
    assert crypto.blind_index("110101199003074518x") == crypto.blind_index(" 1101011990 03074518X")
    assert crypto.blind_index("13812348000") == crypto.blind_index("１３８12348000")
    assert crypto.blind_index("13812348000") != crypto.blind_index("13812348001")
    assert crypto.blind_index("  ") == ""


def test_a_blind_index_does_not_tell_the_value_without_the_key(settings):
    ours = crypto.blind_index("13812348000")
    settings.CRM_FIELD_KEYS = NEW

    assert crypto.blind_index("13812348000") != ours
    settings.CRM_FIELD_KEYS = f"{NEW},{OLD}"
    assert ours in crypto.blind_indexes("13812348000")


# -- rotation ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def messages(db):
    """Messages sealed with the first key."""
    from django.utils import timezone

    rows = []
    for number in range(5):
        rows.append(
            Outbound.objects.create(
                purpose="test",
                channel="sms",
                address=f"1381234800{number}",
                subject="s",
                body=f"text {number}",
                dedupe_key=f"k{number}",
                due_at=timezone.now(),
            )  # fmt: skip
        )
    return rows


def raw(field: str) -> list[str]:
    from django.db.models import TextField
    from django.db.models.functions import Cast

    return list(Outbound.objects.order_by("pk").values_list(Cast(field, TextField()), flat=True))


def test_a_rotation_seals_everything_with_the_new_key_and_loses_nothing(settings, messages):
    settings.CRM_FIELD_KEYS = f"{NEW},{OLD}"
    out = io.StringIO()

    call_command("rotate_field_keys", stdout=out)

    assert json.loads(out.getvalue())["rows"]["core.outbound"] == 5
    assert all(token.startswith("t2:") for token in raw("address") + raw("body"))
    settings.CRM_FIELD_KEYS = NEW
    assert [row.address for row in Outbound.objects.order_by("pk")] == [f"1381234800{n}" for n in range(5)]


def test_a_second_rotation_finds_nothing_to_do(settings, messages):
    settings.CRM_FIELD_KEYS = f"{NEW},{OLD}"
    call_command("rotate_field_keys", stdout=io.StringIO())
    before = raw("address")

    call_command("rotate_field_keys", stdout=io.StringIO())

    assert raw("address") == before


def test_a_rotation_that_was_cut_off_goes_on(settings, messages, monkeypatch):
    settings.CRM_FIELD_KEYS = f"{NEW},{OLD}"
    monkeypatch.setattr("crm.core.rotation.BATCH", 2)
    row = Outbound.objects.get(pk=messages[3].pk)
    row.address, row.body = row.address + "", row.body + ""  # reading opens; saving seals with the new key
    row.save()

    written = rotate(Outbound, dict(sealed_models())[Outbound])

    assert written == 4
    assert all(token.startswith("t2:") for token in raw("body"))


def test_every_sealed_model_is_found_and_its_blind_indexes_name_sealed_fields():
    found = dict(sealed_models())

    assert Outbound in found
    for model, fields in found.items():
        names = {field.name for field in fields}
        columns = getattr(model, "blind_index_columns", {})
        assert set(columns.values()) <= names, model
        assert set(columns) <= {field.name for field in model._meta.concrete_fields}, model


def test_a_file_that_waits_for_its_decision_survives_a_rotation(settings, staff, branch):
    from crm.core.importing import vault
    from crm.core.models import ImportBatch

    settings.CRM_FIELD_KEYS = OLD
    batch = ImportBatch.objects.create(kind="clients", branch=branch, file_name="x.csv", actor=staff("front_desk"))
    vault.keep(batch, b"number,name")
    settings.CRM_FIELD_KEYS = f"{NEW},{OLD}"
    counts = []
    for _turn in range(2):
        out = io.StringIO()
        call_command("rotate_field_keys", stdout=out)
        counts.append(json.loads(out.getvalue())["rows"]["core.importfile"])

    settings.CRM_FIELD_KEYS = NEW
    assert counts == [1, 0]
    assert vault.fetch(batch) == b"number,name"
