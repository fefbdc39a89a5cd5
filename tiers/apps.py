from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "booking.ask": _("Booked a service"),
    "booking.cancel": _("Cancelled a booked service"),
    "booking.confirm": _("Confirmed a booked service"),
    "booking.conclude": _("Noted how a booked service went"),
    "cadence.set": _("Set how often a tier is spoken with"),
    "client_rate.accept": _("Recorded that a client agreed to a rate"),
    "client_rate.attach": _("Added a paper that the client signed to his rate"),
    "client_rate.approve": _("Approved a client rate"),
    "client_rate.decline": _("Recorded that a client declined a rate"),
    "client_rate.endorse": _("Gave the first of two approvals to a client rate"),
    "client_rate.expire": _("Closed a client rate that has run out"),
    "client_rate.lapse": _("Let a proposed client rate lapse"),
    "client_rate.end": _("Ended a client rate"),
    "client_rates.approve_run": _("Approved the rates of an evaluation together"),
    "client_rate.propose": _("Proposed a client rate"),
    "client_rate.reject": _("Rejected a client rate"),
    "commission.statement": _("Opened a client's statement of services and fees"),
    "leaks.review": _("Looked for leaks of commission"),
    "leak.export": _("Commission leaks exported"),
    "entitlement.set": _("Set what a tier may have of a service"),
    "fee_quote.save": _("Worked out the fees of a trade"),
    "market_event.ask_again": _("Asked a round for a market event again"),
    "market_event.call": _("Called out a round for a market event"),
    "preference.change": _("Changed a preference segment"),
    "preference.create": _("Drew a preference segment up"),
    "programme.activate": _("Put a tier programme in force"),
    "programme.change": _("Changed a draft of a tier programme"),
    "programme.create": _("Drew a tier programme up"),
    "programme.draft": _("Began a draft of a tier programme"),
    "programme.retire": _("Retired a tier programme"),
    "programme.send_back": _("Sent a tier programme back"),
    "programme.submit": _("Handed a tier programme in"),
    "promise.deliver": _("Recorded an event or a sending"),
    "promise.keep": _("Noted that a promise was kept"),
    "promise.keep_by_contacts": _("Promises kept by contacts"),
    "promise.plan": _("Promises of a branch made"),
    "promise.put_off": _("Agreed on another day for a promise"),
    "promise.waive": _("Waived a promise"),
    "publication.change": _("Changed a publication"),
    "publication.create": _("Drew a publication up"),
    "publication.hold": _("Held back calls about publications"),
    "publication.send": _("Sent a publication out"),
    "publication.settle": _("Noted what became of messages of publications"),
    "publication.tell": _("Noted that a client was told of a publication"),
    "publication.withdraw": _("Withdrew a publication"),
    "publication.write": _("Wrote the messages of publications"),
    "rate_card.carry": _("Carried the rate card over to a new edition"),
    "rate_card.set": _("Set a rate of the card"),
    "rates.review": _("Looked at the rates after a change of tier"),
    "simulation.ask": _("Asked for figures to try bounds of tiers"),
    "simulation.lay_out": _("Laid figures out to try bounds of tiers"),
    "simulation.save_draft": _("Kept tried bounds as a draft"),
    "service_day.open": _("Opened a day for bookings"),
    "service_day.set": _("Set the places of a day"),
    "service_plan.agree": _("Agreed a service plan with a client"),
    "service_plan.confirm": _("Confirmed a service plan after changed needs"),
    "service_plan.end": _("Ended a service plan"),
    "service_plan.make": _("Drew a service plan up"),
    "service_plan.note_step": _("Noted a step of a service plan as done"),
    "service_plan.drop_step": _("Dropped a step of a service plan"),
    "service_item.adapt": _("Made a branch's own of a service"),
    "service_item.change": _("Changed a service of the catalogue"),
    "service_item.create": _("Added a service to the catalogue"),
    "service_item.end": _("Ended a service of the catalogue"),
    "service_item.seed": _("Brought the catalogue of services in"),
    "tier.proof": _("Looked at the proof of a tier"),
    "tier_override.approve": _("Approved a tier by hand"),
    "tier_override.end": _("Ended a tier by hand"),
    "tier_override.lapse": _("Let a request for a tier by hand lapse"),
    "tier_override.reject": _("Rejected a tier by hand"),
    "tier_override.request": _("Asked for a tier by hand"),
    "tier_override.withdraw": _("Withdrew a request for a tier by hand"),
    "tiers.evaluate": _("Evaluated the tiers"),
}


class TiersConfig(AppConfig):
    name = "tiers"
    label = "tiers"
    verbose_name = _("Tiers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clients.owed import add_owed
        from clients.registry import bind
        from clients.services.contacts import follows_contacts
        from crm.core.audit_words import add_words
        from crm.core.exporting import register as lets_out
        from crm.core.figures_on_page import add_parts
        from crm.core.importing import register as takes_in
        from crm.core.modules import add_module
        from tiers import tasks  # noqa: F401  registers the job and the sweep
        from tiers.importing import AppliedRateTarget, FormerTierTarget
        from tiers.querysets.reminders import promises_to_keep
        from tiers.segments import offer
        from tiers.services import promise_plan, publication_messages  # noqa: F401  register sweeps, and what follows a change
        from tiers.services.leak_export import LEAKS
        from tiers.services.merging import own_rows
        from tiers.services.promise_contacts import follow_contacts

        _shut()
        add_module(
            "bookings",
            routes=("tiers:booking", "tiers:places_set", "api:bookings-", "api:service-days-"),
            about=("tiers.booking", "tiers.serviceday"),
        )
        add_module(
            "preferences",
            routes=("tiers:preference", "tiers:publication", "api:preference-segments-", "api:publications-"),
            about=("tiers.preferencesegment", "tiers.publication", "tiers.recipient"),
        )
        add_module("leaks", routes=("tiers:leak", "api:rate-leaks-"), about=("tiers.rateleak", "tiers.leakreview"))
        add_module("simulator", routes=("tiers:simulation", "api:tier-simulations-"))
        add_words(_ACTIONS)
        add_parts(
            {"branch_manager": _("Branch manager"), "head_office": _("Head office"), "steps": _("steps of tiers")}
        )
        bind(*own_rows())
        takes_in(AppliedRateTarget())
        takes_in(FormerTierTarget())
        lets_out(LEAKS)
        follows_contacts(follow_contacts)
        add_owed(promises_to_keep)
        offer()


def _shut() -> None:
    """Who reads of rates and quotes on the trail, and who opens the files that lie with rows of this app."""
    from crm.core import attachments, audit
    from tiers.models import ClientRate, FeeQuote, Publication

    @audit.veil(ClientRate)
    def commission_of_others(user: Any) -> Any:
        may = user.has_perm("tiers.view_clientrate")
        return ClientRate.objects.unseen_by(user) if may else ClientRate.objects.all()

    @audit.veil(FeeQuote)
    def quotes_of_others(user: Any) -> Any:
        seen: Any = (
            FeeQuote.objects.visible_to(user) if user.has_perm("tiers.view_feequote") else FeeQuote.objects.none()
        )
        return FeeQuote.objects.exclude(pk__in=seen.values("pk"))

    @attachments.guard(ClientRate)
    def agreements_on_rates(user: Any) -> Any:
        may = user.has_perm("tiers.view_clientrate")
        return ClientRate.objects.visible_to(user) if may else ClientRate.objects.none()

    @attachments.guard(Publication)
    def publications_of(user: Any) -> Any:
        may = user.has_perm("tiers.view_publication")
        return Publication.objects.visible_to(user) if may else Publication.objects.none()
