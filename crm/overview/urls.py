"""Addresses of overview."""

from django.urls import URLPattern, path

from crm.overview import brief, views

app_name = "overview"
urlpatterns: list[URLPattern] = [
    path("clients/<str:public_id>/brief/", brief.client_brief, name="brief"),
    path("clients/<str:public_id>/", views.client_page, name="client"),
]
