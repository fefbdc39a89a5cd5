"""Addresses of the branch home."""

from django.urls import URLPattern, path

from crm.dashboard import feed, quality, views

app_name = "dashboard"
urlpatterns: list[URLPattern] = [
    path("branch/", views.branch_home, name="branch"),
    path("branch/contacts/", feed.contact_feed, name="contacts"),
    path("branch/quality/", quality.branch_quality, name="quality"),
]
