"""Addresses of overview."""

from django.urls import URLPattern, path

from crm.overview import views

app_name = "overview"
urlpatterns: list[URLPattern] = [
    path("clients/<str:public_id>/", views.client_page, name="client"),
]
