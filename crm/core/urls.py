"""Addresses of the ground floor: people, figures, calendar, audit trail, jobs, health, one's own settings."""

from django.urls import URLPattern, URLResolver, path

from crm.core.views import calendar

app_name = "core"

urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/calendar/", calendar.calendar_year, name="calendar"),
    path("settings/calendar/import/", calendar.calendar_import, name="calendar_import"),
    path("settings/calendar/<str:day>/", calendar.calendar_day, name="calendar_day"),
]
