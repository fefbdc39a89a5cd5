"""Addresses of services: catalogue, entitlements, promises, bookings, preference segments."""

from django.urls import URLPattern, path

from tiers.views import bookings, catalogue, entitlements, kept, market_events, preferences, promises, publications

urlpatterns: list[URLPattern] = [
    path("services/catalogue/", catalogue.catalogue, name="catalogue"),
    path("services/catalogue/new/", catalogue.service_new, name="service_new"),
    path("services/catalogue/<str:public_id>/", catalogue.service_detail, name="service"),
    path("services/catalogue/<str:public_id>/edit/", catalogue.service_edit, name="service_edit"),
    path("services/catalogue/<str:public_id>/end/", catalogue.service_end, name="service_end"),
    path("services/catalogue/<str:public_id>/adapt/", catalogue.service_adapt, name="service_adapt"),
    path("services/entitlements/", entitlements.grid, name="grid"),
    path("services/entitlements/<str:public_id>/<str:tier_id>/", entitlements.entitlement_set, name="entitlement_set"),
    path("services/cadence/<str:tier_id>/", entitlements.cadence_set, name="cadence_set"),
    path("services/promises/", promises.promise_list, name="promises"),
    path("services/promises/<str:public_id>/", promises.promise_detail, name="promise"),
    path("services/promises/<str:public_id>/keep/", promises.promise_keep, name="promise_keep"),
    path("services/promises/<str:public_id>/waive/", promises.promise_waive, name="promise_waive"),
    path("services/promises/<str:public_id>/put-off/", promises.promise_put_off, name="promise_put_off"),
    path("services/deliveries/new/", promises.delivery_new, name="delivery_new"),
    path("services/market-events/", market_events.event_list, name="market_events"),
    path("services/market-events/new/", market_events.event_new, name="market_event_new"),
    path("services/market-events/count/", market_events.event_count, name="market_event_count"),
    path("services/market-events/<str:public_id>/", market_events.event_detail, name="market_event"),
    path("services/market-events/<str:public_id>/ask/", market_events.event_ask, name="market_event_ask"),
    path("services/kept/", kept.kept, name="kept"),
    path("services/touch/", kept.touch, name="touch"),
    path("services/bookings/", bookings.booking_list, name="bookings"),
    path("services/bookings/new/", bookings.booking_choose, name="booking_choose"),
    path("services/bookings/new/<str:public_id>/", bookings.booking_new, name="booking_new"),
    path("services/bookings/places/", bookings.places_set, name="places_set"),
    path("services/bookings/<str:public_id>/", bookings.booking_detail, name="booking"),
    path(
        "services/bookings/<str:public_id>/confirm/",
        bookings.booking_step,
        {"verb": "confirm"},
        name="booking_confirm",
    ),
    path("services/bookings/<str:public_id>/cancel/", bookings.booking_step, {"verb": "cancel"}, name="booking_cancel"),
    path("services/bookings/<str:public_id>/came/", bookings.booking_step, {"verb": "came"}, name="booking_came"),
    path(
        "services/bookings/<str:public_id>/no-show/",
        bookings.booking_step,
        {"verb": "no_show"},
        name="booking_no_show",
    ),
    path("services/publications/", publications.publication_list, name="publications"),
    path("services/publications/new/", publications.publication_new, name="publication_new"),
    path("services/publications/<str:public_id>/", publications.publication_detail, name="publication"),
    path("services/publications/<str:public_id>/edit/", publications.publication_edit, name="publication_edit"),
    path("services/publications/<str:public_id>/send/", publications.publication_send, name="publication_send"),
    path(
        "services/publications/<str:public_id>/withdraw/",
        publications.publication_withdraw,
        name="publication_withdraw",
    ),
    path(
        "services/publications/<str:public_id>/told/<str:row>/", publications.publication_told, name="publication_told"
    ),
    path("services/preferences/", preferences.preference_list, name="preferences"),
    path("services/preferences/new/", preferences.preference_new, name="preference_new"),
    path("services/preferences/<str:public_id>/", preferences.preference_edit, name="preference_edit"),
    path("services/preferences/<str:public_id>/count/", preferences.preference_count, name="preference_count"),
]
