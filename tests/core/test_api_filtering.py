"""Lists over REST are narrowed by the filters that the query names, and the others cost nothing."""

from __future__ import annotations

import django_filters as filters
import pytest
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from crm.core.api.filtering import FiltersInUse
from crm.core.filters import DayRange
from crm.core.models import Branch, JobRun

asked: list[str] = []


def _branches(_request):
    asked.append("branches")
    return Branch.objects.all()


class Narrowed(filters.FilterSet):
    branch = filters.ModelChoiceFilter(queryset=_branches, field_name="actor__branch")
    kind = filters.CharFilter()
    started = DayRange(field_name="created_at")

    class Meta:
        model = JobRun
        fields: list[str] = []


class Demanding(Narrowed):
    kind = filters.CharFilter(required=True)


def narrowed(query, chosen=Narrowed):
    asked.clear()
    view = ListAPIView()
    view.filterset_class = chosen
    request = Request(APIRequestFactory().get("/", query))
    return FiltersInUse().filter_queryset(request, JobRun.objects.all(), view)


def test_a_query_that_narrows_nothing_builds_no_filter():
    assert narrowed({"page_size": "5"}).query.where.children == []
    assert asked == []


def test_a_named_filter_narrows_and_the_others_are_not_asked_for_their_choices():
    where = str(narrowed({"kind": "export"}).query.where)

    assert "export" in where
    assert asked == []


def test_either_end_of_a_range_narrows():
    assert "greaterthanorequal" in str(narrowed({"started_after": "2026-06-01"}).query.where).lower()
    assert "lessthan" in str(narrowed({"started_before": "2026-06-01"}).query.where).lower()


def test_a_filter_that_has_to_be_there_is_missed():
    with pytest.raises(Exception, match="required"):
        narrowed({}, Demanding)
