"""Addresses of my day and the services page."""

from django.urls import URLPattern, path

from crm.workbench import views

app_name = "workbench"
urlpatterns: list[URLPattern] = [
    path("", views.my_day, name="my_day"),
    path("services/", views.services, name="services"),
]
