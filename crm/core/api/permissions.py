"""Rights over REST: asked for every method, also for GET, and before any row is looked up."""

from __future__ import annotations

from typing import Any

from rest_framework import permissions
from rest_framework.request import Request


class ModelPermissions(permissions.DjangoModelPermissions):
    """The model's view right for reading, add, change and delete for writing. Fails closed where a view has no model."""

    perms_map = {
        **permissions.DjangoModelPermissions.perms_map,
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
        "OPTIONS": ["%(app_label)s.view_%(model_name)s"],
    }


def may(*rights: str) -> type[permissions.BasePermission]:
    """A permission class that asks named rights; for actions whose right is not the method's."""

    class NamedRights(permissions.BasePermission):
        required = rights

        def has_permission(self, request: Request, view: Any) -> bool:
            return bool(request.user and request.user.is_authenticated and request.user.has_perms(rights))

    return NamedRights
