"""Addresses of advisory."""

from django.urls import URLPattern, path

from advisory.views import advisors, agreements, hand_over, matching, reviews

app_name = "advisory"
urlpatterns: list[URLPattern] = [
    path("matching/", matching.index, name="matching"),
    path("matching/start/", matching.run_start, name="matching_start"),
    path("matching/<str:public_id>/", matching.run_detail, name="matching_run"),
    path("matching/<str:public_id>/approve/", matching.run_approve, name="matching_approve"),
    path("matching/<str:public_id>/reject/", matching.run_reject, name="matching_reject"),
    path("advisors/", advisors.advisor_list, name="advisors"),
    path("advisors/<str:public_id>/", advisors.advisor_edit, name="advisor_edit"),
    path("handover/", hand_over.hand_over_list, name="hand_overs"),
    path("handover/new/", hand_over.hand_over_new, name="hand_over_new"),
    path("agreements/client/<str:public_id>/", agreements.agreement_list, name="agreements"),
    path("agreements/client/<str:public_id>/sign/", agreements.agreement_sign, name="agreement_sign"),
    path("agreements/<str:public_id>/cancel/", agreements.agreement_cancel, name="agreement_cancel"),
    path("agreements/<str:public_id>/end/", agreements.agreement_end, name="agreement_end"),
    path("reviews/", reviews.review_list, name="reviews"),
    path("reviews/client/<str:public_id>/new/", reviews.review_open, name="review_open"),
    path("reviews/<str:public_id>/", reviews.review_detail, name="review"),
    path("reviews/<str:public_id>/record/", reviews.review_record, name="review_record"),
    path("reviews/<str:public_id>/answer/", reviews.review_answer, name="review_answer"),
    path("reviews/<str:public_id>/correct/", reviews.review_correct, name="review_correct"),
]
