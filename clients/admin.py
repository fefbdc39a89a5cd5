"""Clients in the admin: to look, not to touch; private values stay out of it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core import audit
from crm.core.masking import mask_name
from crm.core.models import User


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):
    """Every change goes through a service and its audit entry, never through here."""

    list_display = ("external_id", "name_masked", "branch", "status", "advisor", "total_assets")
    list_select_related = ("branch", "advisor")
    list_filter = ("status", "kind", "branch")
    search_fields = ("external_id",)
    show_full_result_count = False
    exclude = (
        "name",
        "pinyin",
        "initials",
        "name_grams",
        "phone",
        "id_number",
        "email",
        "address",
        "phone_index",
        "id_index",
        "do_not_contact_reason",
        "provenance",
        "integrity_note",
        "avoid_topics",
        "controller",
        "beneficiary",
        "legal_representative",
        "introduced_by_client",
    )

    @admin.display(description=_("name"))
    def name_masked(self, client: Client) -> str:
        return mask_name(client.name)

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = Client.objects.visible_to(request.user)
        return super().get_queryset(request).filter(pk__in=seen.values("pk"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Client | None:
        """One client is never opened without an entry of who looked."""
        client: Client | None = super().get_object(request, object_id, from_field)
        if client is not None and self.has_view_permission(request, client):
            audit.record_read(cast(User, request.user), "client.view", client, client=client)
            client.name = mask_name(client.name)  # title and path of the page print it; nothing is saved from here
        return client

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
