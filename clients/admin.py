"""Clients in the admin: to look, not to touch; private values stay out of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from clients.models import Client


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):
    """Every change goes through a service and its audit entry, never through here."""

    list_display = ("external_id", "display_name", "branch", "status", "advisor", "total_assets")
    list_select_related = ("branch", "advisor")
    list_filter = ("status", "kind", "branch")
    search_fields = ("external_id",)
    show_full_result_count = False
    exclude = ("phone", "id_number", "email", "address", "phone_index", "id_index", "name_grams")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
