"""Addresses of tiers and of the commission desk."""

from django.urls import URLPattern, URLResolver, path

from tiers import service_urls
from tiers.views import (
    commission,
    console,
    criteria,
    fees,
    leaks,
    overrides,
    programmes,
    proof,
    rates,
    run_rates,
    simulation,
    statement,
)

app_name = "tiers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("tiers/", console.index, name="index"),
    path("tiers/preview/", console.preview, name="preview"),
    path("tiers/run/", console.run_start, name="run_start"),
    path("tiers/runs/<str:public_id>/", console.run_detail, name="run"),
    path("tiers/programmes/default/", console.programme_seed, name="programme_seed"),
    path("tiers/programmes/new/", console.programme_new, name="programme_new"),
    path("tiers/programmes/start/", programmes.programme_start, name="programme_start"),
    path("tiers/programmes/compare/", programmes.programme_compare, name="programme_compare"),
    path("tiers/programmes/<str:public_id>/", programmes.programme, name="programme"),
    path("tiers/programmes/<str:public_id>/edit/", programmes.programme_edit, name="programme_edit"),
    path("tiers/programmes/<str:public_id>/submit/", programmes.programme_submit, name="programme_submit"),
    path("tiers/programmes/<str:public_id>/activate/", programmes.programme_activate, name="programme_activate"),
    path("tiers/programmes/<str:public_id>/send-back/", programmes.programme_send_back, name="programme_send_back"),
    path("tiers/programmes/<str:public_id>/retire/", programmes.programme_retire, name="programme_retire"),
    path("tiers/programmes/<str:public_id>/tiers/new/", programmes.tier_new, name="tier_new"),
    path("tiers/programmes/<str:public_id>/tiers/<str:tier_id>/", programmes.tier_edit, name="tier_edit"),
    *(
        path(
            f"tiers/programmes/<str:public_id>/tiers/<str:tier_id>/{verb}/",
            programmes.tier_order,
            {"verb": verb},
            name=f"tier_{verb}",
        )
        for verb in ("up", "down", "out")
    ),
    path("tiers/by-hand/", overrides.queue, name="overrides"),
    path("tiers/by-hand/new/<str:public_id>/", overrides.request_new, name="override_request"),
    path("tiers/by-hand/<str:public_id>/approve/", overrides.decide, {"verb": "approve"}, name="override_approve"),
    path("tiers/by-hand/<str:public_id>/reject/", overrides.decide, {"verb": "reject"}, name="override_reject"),
    path("tiers/by-hand/<str:public_id>/withdraw/", overrides.withdraw, name="override_withdraw"),
    path("tiers/by-hand/<str:public_id>/end/", overrides.end, name="override_end"),
    path("tiers/changes/<str:public_id>/", proof.change, name="change"),
    path("tiers/programmes/<str:public_id>/simulate/", simulation.simulation_start, name="simulation_start"),
    path("tiers/simulations/<str:public_id>/", simulation.simulation, name="simulation"),
    path("tiers/simulations/<str:public_id>/draft/", simulation.simulation_draft, name="simulation_draft"),
    path("tiers/simulations/<str:public_id>/drafts/", simulation.simulation_drafts, name="simulation_drafts"),
    path("tiers/proof/<str:public_id>/", proof.proof, name="proof"),
    path("commission/", commission.desk, name="commission"),
    path("commission/leaks/", leaks.leaks, name="leaks"),
    path("commission/leaks/review/", leaks.review, name="leak_review"),
    path("commission/leaks/export/", leaks.export, name="leak_export"),
    path("commission/criteria/", criteria.criteria, name="criteria"),
    path("commission/statement/<str:public_id>/", statement.statement, name="statement"),
    path("commission/fees/", fees.calculator, name="fees"),
    path("commission/fees/<str:public_id>/", fees.quote, name="fee_quote"),
    path("commission/card/<str:public_id>/<str:product>/", commission.card_set, name="card_set"),
    path("commission/runs/<str:public_id>/", run_rates.run_rates, name="run_rates"),
    path("commission/rates/new/<str:public_id>/", commission.rate_propose, name="rate_propose"),
    path("commission/rates/<str:public_id>/approve/", commission.rate_decide, {"verb": "approve"}, name="rate_approve"),
    path("commission/rates/<str:public_id>/reject/", commission.rate_decide, {"verb": "reject"}, name="rate_reject"),
    path("commission/rates/<str:public_id>/accept/", commission.rate_answer, {"verb": "accept"}, name="rate_accept"),
    path("commission/rates/<str:public_id>/decline/", commission.rate_answer, {"verb": "decline"}, name="rate_decline"),
    path("commission/rates/<str:public_id>/end/", commission.rate_end, name="rate_end"),
    path("commission/rates/<str:public_id>/", rates.rate_detail, name="rate_detail"),
    path("commission/rates/<str:public_id>/papers/", rates.rate_attach, name="rate_attach"),
    *service_urls.urlpatterns,
]
