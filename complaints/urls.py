"""Addresses of complaints."""

from django.urls import URLPattern, path

from complaints.views import dossier, intake, lists

app_name = "complaints"
urlpatterns: list[URLPattern] = [
    path("complaints/", lists.complaint_list, name="list"),
    path("complaints/new/", intake.register, name="register"),
    path("complaints/<str:public_id>/", dossier.detail, name="detail"),
    path("complaints/<str:public_id>/print/", dossier.print_dossier, name="print"),
    path("complaints/<str:public_id>/evidence/", dossier.evidence, name="evidence"),
    path("complaints/<str:public_id>/step/<str:action>/", dossier.step, name="step"),
    path("complaints/<str:public_id>/reveal/<str:field>/", dossier.reveal, name="reveal"),
]
