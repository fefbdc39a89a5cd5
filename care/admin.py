"""Care in the admin: scripts are read there, never changed past the services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from care.models import CareProgramme, ScriptQuestion


class Questions(admin.TabularInline):
    model = ScriptQuestion
    fields = ["version", "position", "code", "text_en", "text_zh", "bad_answer"]
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("care.view_careprogramme"))


@admin.register(CareProgramme)
class CareProgrammeAdmin(admin.ModelAdmin):
    """Programmes with their questions."""

    list_display = ["code", "company", "is_active", "script_version"]
    list_select_related = ["company"]
    inlines = [Questions]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
