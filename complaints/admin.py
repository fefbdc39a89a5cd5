"""Complaints in the admin: to look, not to touch; names, phones and words of complainants stay out of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from complaints.models import Complaint


@admin.register(Complaint)
class ComplaintAdmin(admin.ModelAdmin):
    """Every change goes through the state table and its audit entry, never through here; recusal holds here as well."""

    list_display = ("number", "branch", "state", "subject", "level", "handler", "received_at", "closed_at")
    list_select_related = ("branch", "handler")
    list_filter = ("state", "subject", "level", "branch")
    search_fields = ("number", "external_id")
    show_full_result_count = False
    exclude = ("complainant_name", "complainant_phone", "complainant_phone_index", "description", "opinion", "reply")

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = Complaint.objects.visible_to(request.user)  # type: ignore[arg-type]  # the admin asks for a sign-in
        return super().get_queryset(request).filter(pk__in=seen.values("pk"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
