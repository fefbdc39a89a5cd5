"""Addresses of advisory."""

from django.urls import URLPattern

app_name = "advisory"
urlpatterns: list[URLPattern] = []
