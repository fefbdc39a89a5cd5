"""What we promise: programmes and their tiers, who stands where and why, and what trading costs."""

from tiers.models.bookings import Booking, ServiceDay
from tiers.models.commission import ClientRate, Product, RateBasis, RateCard, RateReview
from tiers.models.fees import Exchange, FeeQuote, Side
from tiers.models.former import FormerTier
from tiers.models.leaks import AppliedRate, LeakReview, RateLeak
from tiers.models.market_events import MarketEvent
from tiers.models.menus import MenuEntry, PreferenceSegment
from tiers.models.overrides import TierOverride
from tiers.models.plans import PlanStep, PlanStepMark, ServicePlan
from tiers.models.programme import Emblem, Programme, Tier
from tiers.models.promises import Delivery, Promise, PromiseRun
from tiers.models.publications import ProductRisk, Publication, Recipient
from tiers.models.services import (
    ContactCadence,
    Entitlement,
    OwnerRole,
    Period,
    ServiceEdition,
    ServiceItem,
)
from tiers.models.simulation import SimulatedClient, SimulatedTurnover, Simulation
from tiers.models.state import EvaluationRun, TierChange, TierState

__all__ = [
    "AppliedRate",
    "Booking",
    "ClientRate",
    "ContactCadence",
    "Delivery",
    "Emblem",
    "Entitlement",
    "EvaluationRun",
    "Exchange",
    "FeeQuote",
    "FormerTier",
    "LeakReview",
    "MarketEvent",
    "MenuEntry",
    "OwnerRole",
    "Period",
    "PlanStep",
    "PlanStepMark",
    "PreferenceSegment",
    "Product",
    "ProductRisk",
    "Programme",
    "Promise",
    "PromiseRun",
    "Publication",
    "RateBasis",
    "RateCard",
    "RateLeak",
    "RateReview",
    "Recipient",
    "ServiceDay",
    "ServiceEdition",
    "ServiceItem",
    "ServicePlan",
    "Side",
    "SimulatedClient",
    "SimulatedTurnover",
    "Simulation",
    "Tier",
    "TierChange",
    "TierOverride",
    "TierState",
]
