"""Addresses of the ground floor: people, figures, calendar, audit trail, jobs, health, one's own settings."""

from django.urls import URLPattern, URLResolver, path

from crm.core.views import (
    attachments,
    audit,
    calendar,
    delegations,
    health,
    jobs,
    policies,
    profile,
    settings,
    staff,
    styleguide,
)

app_name = "core"

urlpatterns: list[URLPattern | URLResolver] = [
    path("staff/", staff.staff_list, name="staff_list"),
    path("staff/new/", staff.staff_add, name="staff_add"),
    path("staff/<str:public_id>/", staff.staff_detail, name="staff_detail"),
    path("staff/<str:public_id>/edit/", staff.staff_edit, name="staff_edit"),
    path("staff/<str:public_id>/disable/", staff.staff_disable, name="staff_disable"),
    path("staff/<str:public_id>/enable/", staff.staff_enable, name="staff_enable"),
    path("staff/<str:public_id>/reset/", staff.staff_reset, name="staff_reset"),
    path("staff/<str:public_id>/end-access/", staff.staff_end_access, name="staff_end_access"),
    path("delegations/", delegations.delegation_list, name="delegation_list"),
    path("delegations/new/", delegations.delegation_add, name="delegation_add"),
    path("delegations/<str:public_id>/revoke/", delegations.delegation_revoke, name="delegation_revoke"),
    path("settings/", settings.settings_home, name="settings"),
    path("settings/hours/", settings.hours_list, name="hours_list"),
    path("settings/hours/<str:public_id>/", settings.hours_edit, name="hours_edit"),
    path("settings/policies/", policies.policy_list, name="policy_list"),
    path("settings/policies/<str:key>/", policies.policy_detail, name="policy_detail"),
    path("settings/policies/<str:key>/new/", policies.policy_add, name="policy_add"),
    path("settings/calendar/", calendar.calendar_year, name="calendar"),
    path("settings/calendar/import/", calendar.calendar_import, name="calendar_import"),
    path("settings/calendar/<str:day>/", calendar.calendar_day, name="calendar_day"),
    path("audit/", audit.audit_list, name="audit_list"),
    path("audit/export/", audit.audit_export, name="audit_export"),
    path("audit/<str:public_id>/", audit.audit_detail, name="audit_detail"),
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<str:public_id>/", jobs.job_detail, name="job_detail"),
    path("jobs/<str:public_id>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("attachments/<str:public_id>/", attachments.attachment_download, name="attachment"),
    path("profile/", profile.profile, name="profile"),
    path("profile/devices/<str:token_key>/end/", profile.device_end, name="device_end"),
    # Before Django's own at the same address: the switch is also the choice of whoever is signed in.
    path("i18n/setlang/", profile.set_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("health/jobs", health.health_jobs, name="health_jobs"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]
