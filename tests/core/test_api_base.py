"""What every REST resource rests on: safe parsing, rights before rows, signed cursors, once-only writes, versions."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404
from hypothesis import given
from hypothesis import strategies as st
from knox.models import AuthToken
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.exceptions import ErrorDetail, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

from crm.core.api.errors import problem_json
from crm.core.api.pagination import CursorPages
from crm.core.api.parsers import SafeJSONParser
from crm.core.api.permissions import ModelPermissions, may
from crm.core.api.serializers import MaskedField, PublicIdField, Strict, YuanField
from crm.core.api.writes import Once, etag, seen_version
from crm.core.errors import InvalidInput, StaleEdit, VersionRequired
from crm.core.models import AuditEntry, IdempotencyKey, JobRun, User
from tests.factories.core import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
factory = APIRequestFactory()


# -- parsing -----------------------------------------------------------------------------------------------------------


def parsed(raw: bytes):
    return SafeJSONParser().parse(io.BytesIO(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"", b"\xff", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1, "a": 2}',
        b'{"a": "\\u0000"}', b'{"a": "\\u0006"}', b'{"a": "\\u0094"}', b'{"\\u0000": 1}', b'{"a": ["\\ud800"]}',
        b"[" * 200_000, b'{"a":' * 40 + b"1" + b"}" * 40,
        b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_what_would_hurt_later_is_refused_at_the_door(raw):
    with pytest.raises(ParseError):
        parsed(raw)


def test_a_body_over_the_limit_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    with pytest.raises(ParseError):
        parsed(b'"' + b"x" * 200 + b'"')


writing = st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n\r")
clean = st.text(writing)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | clean,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean, inner, max_size=4),
    max_leaves=20,
)


@given(trees)
def test_every_harmless_tree_comes_through_unchanged(tree):
    assert parsed(json.dumps(tree).encode()) == tree


def test_brackets_inside_of_strings_are_no_depth():
    assert parsed(json.dumps({"a": "[" * 1000 + '\\"' + "{" * 1000}).encode())


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given_", ["1234.50", "0", "-0.01", "99999999999999.99"])
def test_money_comes_and_goes_as_a_string(given_):
    amount = YuanField().run_validation(given_)

    assert amount == Decimal(given_)
    assert YuanField().to_representation(amount) == f"{amount:.2f}"


@pytest.mark.parametrize(
    "given_", [1, 1.5, "1.005", "NaN", "1e400", "x", "", None, [], True, "100000000000000.00", "Infinity"]
)
def test_what_is_no_money_is_refused(given_):
    with pytest.raises(serializers.ValidationError):
        YuanField().run_validation(given_)


def test_a_row_is_named_by_its_public_id_among_what_the_caller_may_see(staff, other_branch):
    me, colleague, stranger = staff("branch_manager"), staff("advisor"), staff("advisor", branch=other_branch)

    class Body(serializers.Serializer):
        person = PublicIdField(model=User)

    context = {"request": SimpleNamespace(user=me)}
    assert Body(data={"person": colleague.public_id}, context=context).is_valid()
    errors = []
    for unseen in (stranger.public_id, "0" * 26, colleague.pk, None if False else 17, ["x"], {"a": 1}):
        body = Body(data={"person": unseen}, context=context)
        assert not body.is_valid()
        errors.append(str(body.errors["person"]))
    assert len(set(errors)) == 1
    assert PublicIdField(model=User).to_representation(colleague) == colleague.public_id


def test_an_unknown_name_in_a_command_is_an_error():
    class Body(Strict):
        name = serializers.CharField()

    body = Body(data={"name": "x", "is_superuser": True})

    assert not body.is_valid()
    assert list(body.errors) == ["is_superuser"]


def test_a_masked_value_is_shown_masked_and_never_taken():
    class Row(serializers.Serializer):
        phone = MaskedField("phone")

    assert Row({"phone": "13812348000"}).data == {"phone": "138****8000"}
    body = Row(data={"phone": "x"})
    assert body.is_valid()
    assert body.validated_data == {}


# -- rights ------------------------------------------------------------------------------------------------------------


class Probe(viewsets.ViewSet):
    """A resource for these tests."""

    queryset = JobRun.objects.none()
    permission_classes = [ModelPermissions]

    def list(self, request):
        return Response([])

    def create(self, request):
        return Response([])

    def retrieve(self, request, pk=None):
        raise AssertionError("looked for the row before the right")


def ask(view, user, method="get", **arguments):
    request = getattr(factory, method)("/x/")
    force_authenticate(request, user)
    return view(request, **arguments)


@pytest.mark.parametrize(("role", "code"), [("advisor", 200), ("agent", 403)])
def test_reading_asks_a_right_as_well(staff, role, code):
    assert ask(Probe.as_view({"get": "list"}), staff(role)).status_code == code


def test_the_right_is_asked_before_the_row(staff):
    assert ask(Probe.as_view({"get": "retrieve"}), staff("agent"), pk="x").status_code == 403


def test_writing_asks_its_own_right(staff):
    assert ask(Probe.as_view({"post": "create"}), staff("branch_manager"), "post").status_code == 403


def test_a_resource_without_a_model_stays_shut(staff):
    class Lost(viewsets.ViewSet):
        permission_classes = [ModelPermissions]

        def list(self, request):
            return Response([])

    with pytest.raises(AssertionError):
        ask(Lost.as_view({"get": "list"}), staff("compliance"))


def test_a_named_right_is_asked_of_people_who_are_signed_in(staff):
    allowed = may("core.add_policy")()

    assert allowed.has_permission(SimpleNamespace(user=staff("compliance")), None)
    assert not allowed.has_permission(SimpleNamespace(user=staff("advisor")), None)
    assert not allowed.has_permission(SimpleNamespace(user=None), None)


@pytest.mark.parametrize("accept", ["text/html", "application/xml"])
def test_there_is_no_browsable_api(api, staff, accept):
    assert api(staff("advisor")).get("/api/v1/policies/", headers={"accept": accept}).status_code == 406


def test_options_list_nothing(api, staff):
    answer = api(staff("advisor")).options("/api/v1/policies/")

    assert answer.status_code in (403, 405)


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_page_has_exactly_three_parts_and_cursors_that_are_signed(api, staff):
    phone = api(staff("advisor"))

    page = phone.get("/api/v1/policies/", {"page_size": 2}).json()

    assert list(page) == ["next", "previous", "results"]
    assert len(page["results"]) == 2
    assert phone.get(page["next"]).json()["previous"]
    spoiled = page["next"].replace("cursor=", "cursor=A")
    assert phone.get(spoiled).status_code == 400


def test_three_hundred_rows_with_the_same_first_column_are_each_read_once():
    holder = UserFactory()
    kept = IdempotencyKey.objects.bulk_create(
        IdempotencyKey(user=holder, key=str(number), fingerprint="same") for number in range(300)
    )
    view = type("AnyView", (), {"cursor_ordering": ("fingerprint", "pk")})()
    seen, url = [], "/rows/?page_size=50"
    for _page in range(10):
        pages = CursorPages()
        rows = pages.paginate_queryset(IdempotencyKey.objects.all(), Request(factory.get(url)), view)
        seen += [row.pk for row in rows]
        url, last = pages.get_next_link(), pages
        if url is None:
            break
    back = last.paginate_queryset(IdempotencyKey.objects.all(), Request(factory.get(last.get_previous_link())), view)

    assert seen == [row.pk for row in kept]
    assert [row.pk for row in back] == seen[200:250]


@pytest.mark.parametrize("cursor", ["x", "bz0xMDAwMDAwMDAw", "é", "9" * 5000])
def test_a_cursor_that_is_not_ours_is_a_400(api, staff, cursor):
    answer = api(staff("advisor")).get(f"/api/v1/policies/?cursor={cursor}")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["cursor"])


@pytest.mark.parametrize("size", ["0", "-1", "201", "1e3", "x", "99999999999999999999", "１０", "", "0000000019999"])
def test_a_page_size_beyond_the_limits_is_a_400(api, staff, size):
    assert api(staff("advisor")).get("/api/v1/policies/", {"page_size": size}).status_code == 400


# -- problems ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "http"),
    [
        (StaleEdit(), "stale_edit", 412),
        (VersionRequired(), "version_required", 428),
        (InvalidInput(fields={"a": "wrong"}), "invalid", 400),
        (IntegrityError("UNIQUE constraint failed: core_user.phone"), "conflict", 409),
        (Http404("Client 13812348000"), "not_found", 404),
        (PermissionDenied("core.fly"), "missing_right", 403),
        (exceptions.ValidationError({"a": [ErrorDetail("wrong", "x")]}), "invalid", 400),
        (exceptions.ValidationError(["wrong"]), "invalid", 400),
        (exceptions.NotAuthenticated(), "not_authenticated", 401),
        (exceptions.MethodNotAllowed("PUT"), "method_not_allowed", 405),
        (exceptions.ParseError(), "parse_error", 400),
    ],
)
def test_everything_that_goes_wrong_has_one_shape(fault, code, http):
    answer = problem_json(fault, {"view": None, "request": None})

    assert answer.status_code == answer.data["status"] == http
    assert answer.data["code"] == code
    assert set(answer.data) == {"type", "title", "status", "code", "detail", "fields"}
    assert answer.content_type == "application/problem+json"
    assert "138" not in str(answer.data)
    assert "core" not in str(answer.data)


def test_a_fault_of_ours_is_left_to_the_500():
    assert problem_json(ZeroDivisionError(), {"view": None, "request": None}) is None


@pytest.mark.parametrize("path", ["/api/v1/policies/", "/api/v1/auth/devices/"])
def test_without_a_token_there_is_a_problem_and_no_redirect(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert "WWW-Authenticate" in answer


# -- once and versions -------------------------------------------------------------------------------------------------


class Making(Once, viewsets.ViewSet):
    permission_classes = [may("core.view_jobrun")]

    def create(self, request):
        return self.once(
            lambda: JobRun.objects.create(kind=request.data.get("kind", "x"), actor=request.user),
            lambda public_id: Response({"id": public_id}),
        )


def make(user, key=None, body=None):
    headers = {} if key is None else {"Idempotency-Key": key}
    request = factory.post("/x/", body or {"kind": "a"}, format="json", headers=headers)
    force_authenticate(request, user)
    return Making.as_view({"post": "create"})(request)


def test_the_same_key_makes_one_row_and_answers_it_again(staff):
    user = staff("advisor")

    first, again = make(user, "k"), make(user, "k")

    assert (first.status_code, again.status_code) == (status.HTTP_201_CREATED, status.HTTP_200_OK)
    assert first.data == again.data
    assert JobRun.objects.count() == 1


@pytest.mark.parametrize("key", [None, "", " ", "x" * 81, "a\x07b"])
def test_without_a_proper_key_nothing_is_made(staff, key):
    assert make(staff("advisor"), key).status_code == 400
    assert not JobRun.objects.exists()


def test_the_same_key_with_another_body_is_refused(staff):
    user = staff("advisor")
    make(user, "k")

    answer = make(user, "k", {"kind": "b"})

    assert (answer.status_code, answer.data["code"]) == (422, "idempotency_key_reused")


def test_the_key_holds_no_answer_only_the_name_of_the_row(staff):
    user = staff("advisor")
    made = make(user, "k")

    row = IdempotencyKey.objects.get()
    assert row.object_id == made.data["id"]
    assert {field.name for field in IdempotencyKey._meta.fields} == {
        "id", "user", "key", "fingerprint", "object_id", "status", "created_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "version"),
    [('"3"', 3), ("3", 3), ('W/"3"', 3), ('"x"', -1), ('"' + "9" * 30 + '"', -1), ("*", -1), ("٣", -1)],
)
def test_the_version_seen_is_read_from_if_match(header, version):
    assert seen_version(SimpleNamespace(headers={"If-Match": header})) == version


def test_a_change_without_a_version_is_428():
    with pytest.raises(VersionRequired):
        seen_version(SimpleNamespace(headers={}))
    assert etag(SimpleNamespace(version=7)) == '"7"'


# -- signing in --------------------------------------------------------------------------------------------------------


def log_in(**body):
    return APIClient().post("/api/v1/auth/login/", body, format="json")


def test_number_and_password_bring_a_token_that_is_stored_only_as_a_digest(staff):
    user = staff("advisor")

    answer = log_in(number=user.staff_number, password=PASSWORD)

    token = answer.json()["token"]
    assert set(answer.json()) == {"token", "expires"}
    assert token not in str(list(AuthToken.objects.values()))
    assert AuditEntry.objects.filter(action="token.issue", actor=user).exists()
    phone = APIClient(headers={"authorization": f"Token {token}"})
    assert phone.get("/api/v1/policies/").status_code == 200
    assert phone.post("/api/v1/auth/logout/").status_code == 204
    assert phone.get("/api/v1/policies/").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"number": "x"}, {"number": "x", "password": "y", "is_staff": True}, {"number": ["x"], "password": {}}]
)
def test_a_log_in_of_the_wrong_shape_is_a_400(body):
    assert log_in(**body).status_code == 400


def test_the_eleventh_token_ends_the_oldest(api, staff):
    user = staff("advisor")
    phones = [api(user) for _turn in range(10)]

    assert log_in(number=user.staff_number, password=PASSWORD).status_code == 200

    answers = [phone.get("/api/v1/auth/devices/").status_code for phone in phones]
    assert answers == [401] + [200] * 9
    assert AuthToken.objects.filter(user=user).count() == 10


def test_a_log_in_takes_no_word_that_nothing_keeps(staff):
    assert log_in(number="x", password="y", device="phone").status_code == 400


def test_devices_are_ones_own_and_end_together(api, staff):
    user = staff("advisor")
    first, second, other = api(user), api(user), api(staff("advisor"))

    assert len(first.get("/api/v1/auth/devices/").json()) == 2
    assert first.delete("/api/v1/auth/devices/").status_code == 204

    assert second.get("/api/v1/auth/devices/").status_code == 401
    assert other.get("/api/v1/auth/devices/").status_code == 200


def test_a_session_may_read_over_rest_and_writes_only_with_its_form_token(staff):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(staff("advisor"))

    assert browser.get("/api/v1/policies/").status_code == 200
    assert browser.post("/api/v1/policies/", {}, format="json").status_code == 403
