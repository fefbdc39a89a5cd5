"""Colleagues to choose from."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from clients.services.clients import BOOK_ROLES
from crm.core.models import User


def advisors_near(request: Any) -> QuerySet[User]:
    if not request:
        return User.objects.none()
    people = User.objects.visible_to(request.user).active().with_role(*BOOK_ROLES).order_by("name", "pk")
    return people.only("name", "public_id")


def colleagues_near(request: Any) -> QuerySet[User]:
    if not request:
        return User.objects.none()
    people = User.objects.visible_to(request.user).active().order_by("name", "pk")
    return people.only("name", "public_id")
