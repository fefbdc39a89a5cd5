"""Addresses of care, and of the page on which clients answer without signing in."""

from django.urls import URLPattern, path

from care.views import calls, findings, public, rounds, surveys, unable

app_name = "care"
urlpatterns: list[URLPattern] = [
    path("care/", calls.queue, name="queue"),
    path("care/calls/<str:public_id>/", calls.detail, name="call"),
    path("care/calls/<str:public_id>/take/", calls.take, name="call_take"),
    path("care/calls/<str:public_id>/release/", calls.release, name="call_release"),
    path("care/calls/<str:public_id>/attempt/", calls.attempt, name="call_attempt"),
    path("care/calls/<str:public_id>/complete/", calls.complete, name="call_complete"),
    path("care/calls/<str:public_id>/unable/", unable.propose, name="call_unable"),
    path("care/unable/", unable.waiting, name="unable"),
    path("care/unable/<str:public_id>/approve/", unable.approve, name="unable_approve"),
    path("care/unable/<str:public_id>/refuse/", unable.refuse, name="unable_refuse"),
    path("care/findings/", findings.finding_list, name="findings"),
    path("care/findings/<str:public_id>/close/", findings.close, name="finding_close"),
    path("care/findings/<str:public_id>/needs/", findings.ask_needs, name="finding_needs"),
    path("care/surveys/", surveys.results, name="surveys"),
    path("care/surveys/rounds/", rounds.round_list, name="survey_rounds"),
    path("care/surveys/rounds/new/", rounds.round_new, name="survey_round_new"),
    path("care/surveys/<str:public_id>/link/", surveys.hand_out, name="survey_link"),
    path("s/<str:token>/", public.survey, name="survey"),
]
