"""Addresses of the branch home."""

from django.urls import URLPattern, path

from crm.dashboard import quality, views

app_name = "dashboard"
urlpatterns: list[URLPattern] = [
    path("branch/", views.branch_home, name="branch"),
    path("branch/quality/", quality.branch_quality, name="quality"),
]
