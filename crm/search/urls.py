"""Addresses of search."""

from django.urls import URLPattern, path

from crm.search import views

app_name = "search"
urlpatterns: list[URLPattern] = [
    path("search/", views.search_page, name="page"),
    path("search/palette/", views.search_palette, name="palette"),
]
