"""Addresses of the branch home."""

from django.urls import URLPattern, path

from crm.dashboard import feed, inflow, quality, staying, views

app_name = "dashboard"
urlpatterns: list[URLPattern] = [
    path("branch/", views.branch_home, name="branch"),
    path("branch/contacts/", feed.contact_feed, name="contacts"),
    path("branch/staying/", staying.clients_who_stay, name="staying"),
    path("branch/inflow/", inflow.net_inflow, name="inflow"),
    path("branch/quality/", quality.branch_quality, name="quality"),
]
