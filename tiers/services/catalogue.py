"""The catalogue of services: adding, changing as a new edition, ending, and making a branch's own of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.access import system_user
from crm.core.checked import check
from crm.core.errors import InvalidInput
from crm.core.fields import money
from crm.core.models import Branch, Company, User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock
from tiers.errors import ServiceCodeTaken, ServiceEnded, ServiceOfBranch
from tiers.gates import gate_choices
from tiers.models import (
    ContactCadence,
    Delivery,
    Entitlement,
    MarketEvent,
    Promise,
    PromiseRun,
    ServiceDay,
    ServiceEdition,
    ServiceItem,
)
from tiers.models.programme import DEFAULT_CODE
from tiers.services.house import refuse_foreign

CATALOGUE_FILE = Path(__file__).resolve().parents[1] / "catalogue.toml"
#: What is said about a service; ``code`` once, when it is added.
TERMS = (
    "name_en", "name_zh", "kind", "process_en", "process_zh", "standard_en", "standard_zh", "limit_days", "channel",
    "owner_role", "cost", "rhythm", "proof", "purposes", "channels", "least_grade", "gate", "places", "starts_on",
)  # fmt: skip
#: A code stands once in the company and once in a branch.
_ONCE = ("service_code_once_in_company", "service_code_once_in_branch")
#: From when on the product's own catalogue holds.
_ALWAYS = date(2000, 1, 1)


@service("service_item.create")
def create_item(
    *, code: str, values: Mapping[str, Any], company: Company, actor: User, branch: Branch | None = None
) -> ServiceItem:
    """Add a service to the catalogue of the company or of one branch.

    Raises ``MissingRight``, ``InvalidInput`` and ``ServiceCodeTaken``.
    """
    refuse_foreign(company, branch, actor)
    item = ServiceItem(company=company, branch=branch, code=code)
    _say(item, values)
    _check(item)
    with unless_taken(ServiceItem, *_ONCE, refusal=ServiceCodeTaken(fields={"code": ServiceCodeTaken.message})):
        item.save()
    _keep_edition(item, actor, "")
    audit.record(actor, "service_item.create", item, after={"code": code, **terms_of(item)})
    return item


@service("service_item.change")
def change_item(
    *, item: ServiceItem, values: Mapping[str, Any], reason: str, actor: User, version: int | None = None
) -> ServiceItem:
    """Change what a service says; the words before stay as an edition, and promises made stay as they were made.

    Raises ``MissingRight``, ``ServiceEnded``, ``InvalidInput`` and ``StaleEdit``.
    """
    row = _held(item, actor, version)
    before = terms_of(row)
    _say(row, values)
    _check(row)
    changed = {name: value for name, value in terms_of(row).items() if value != before[name]}
    if not changed:
        return row
    if {"rhythm", "proof"} & changed.keys() and Promise.objects.filter(item=row).exists():
        said = _("Promises rest on this. End the service and add another one.")
        raise InvalidInput(fields=dict.fromkeys(sorted({"rhythm", "proof"} & changed.keys()), said))
    row.save_changed(list(changed))
    _keep_edition(row, actor, reason)
    audit.record(
        actor,
        "service_item.change",
        row,
        before={name: before[name] for name in changed},
        after=changed,
        reason=reason,
    )
    return row


@service("service_item.end")
def end_item(
    *, item: ServiceItem, last_day: date, today: date, reason: str, actor: User, version: int | None = None
) -> ServiceItem:
    """Let a service end after ``last_day``, today at the earliest; what is still owed then is closed with that reason.

    Raises ``MissingRight``, ``ServiceEnded``, ``InvalidInput`` and ``StaleEdit``.
    """
    row = _held(item, actor, version)
    if last_day < today or last_day < row.starts_on:
        raise InvalidInput(fields={"last_day": _("Name today or a later day.")})
    row.ends_on = last_day
    row.save_changed(["ends_on"])
    _keep_edition(row, actor, reason)
    audit.record(actor, "service_item.end", row, after={"ends_on": last_day}, reason=reason)
    return row


@service("service_item.adapt")
def adapt_item(*, item: ServiceItem, branch: Branch, actor: User) -> ServiceItem:
    """Make a copy of the company's service for one branch, with its entitlements, to be changed there.

    What its clients are owed goes over to the copy and is owed on its words, with the branch's days, its rounds for market
    events and what it has delivered. What is settled keeps the words on which it was promised: the editions go over, too.
    Raises ``MissingRight`` and ``ServiceOfBranch``.
    """
    refuse_foreign(branch.company, branch, actor)
    row = _held_off(item, branch)
    if row.branch_id is not None or row.company_id != branch.company_id:
        raise ServiceOfBranch
    made = ServiceItem(company=row.company, branch=branch, code=row.code, ends_on=row.ends_on, version=row.version + 1)
    _say(made, terms_of(row))
    with unless_taken(ServiceItem, *_ONCE, refusal=ServiceOfBranch()):
        made.save()
    _copy_editions(row, made)
    _keep_edition(made, actor, "")
    entitlements = list(Entitlement.objects.filter(item=row, valid_to=None))
    for one in entitlements:
        one.pk, one._state.adding, one.item = None, True, made
        one.public_id = Entitlement._meta.get_field("public_id").get_default()
        one.created_by = actor
    Entitlement.objects.bulk_create(entitlements)
    gone_over: dict[str, Any] = {"item": made, "version": F("version") + 1}
    MarketEvent.objects.filter(item=row, branch=branch).update(**gone_over)
    ServiceDay.objects.filter(item=row, branch=branch).update(**gone_over)
    Delivery.objects.filter(item=row, branch=branch).update(item=made)
    promises = Promise.objects.filter(item=row, client__branch=branch)
    moved = promises.due().update(**gone_over, edition=made.version) + promises.update(**gone_over)
    audit.record(actor, "service_item.adapt", made, after={"code": made.code, "from": row.public_id, "moved": moved})
    return made


@service("service_item.seed")
def seed_catalogue(*, company: Company, actor: User) -> list[ServiceItem]:
    """The catalogue that the product brings, for a company that has none; never touches what is there."""
    if ServiceItem.objects.filter(company=company).exists():
        return []
    content = tomllib.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    made = []
    for row in content["service"]:
        item = ServiceItem(company=company, code=row["code"])
        _say(item, _terms_in_file(row))
        item.save()
        _keep_edition(item, actor, "")
        Entitlement.objects.bulk_create(
            Entitlement(
                item=item,
                programme_code=DEFAULT_CODE,
                tier_code=tier,
                times=times,
                period=row["per"],
                valid_from=_ALWAYS,
                created_by=actor,
            )
            for tier, times in row["tiers"].items()
        )
        made.append(item)
    ContactCadence.objects.bulk_create(
        ContactCadence(
            company=company,
            programme_code=DEFAULT_CODE,
            tier_code=tier,
            days=days,
            valid_from=_ALWAYS,
            created_by=actor,
        )
        for tier, days in content["cadence"].items()
    )
    audit.record(actor, "service_item.seed", company, after={"services": [item.code for item in made]})
    return made


def seed_missing_catalogues() -> int:
    """Companies without a catalogue get the product's. Returns how many."""
    known = ServiceItem.objects.filter(company=OuterRef("pk"))
    found = list(Company.objects.filter(~Exists(known)))
    for company in found:
        seed_catalogue(company=company, actor=system_user())
    return len(found)


def _terms_in_file(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: row[name] for name in TERMS if name in row}
    return said | {
        "name_en": row["en"],
        "name_zh": row["zh"],
        "limit_days": row["limit"],
        "owner_role": row["owner"],
        "cost": money(row.get("cost", "0")),
        "starts_on": _ALWAYS,
    }


# -- what all changes share --------------------------------------------------------------------------------------------


def terms_of(item: ServiceItem) -> dict[str, Any]:
    """What a service says, as the trail and the editions keep it."""
    return {name: getattr(item, name) for name in TERMS}


def _held(item: ServiceItem, actor: User, version: int | None) -> ServiceItem:
    row: ServiceItem = lock(ServiceItem.objects.select_related("company", "branch"), pk=item.pk, version=version)
    refuse_foreign(row.company, row.branch, actor)
    if row.ends_on is not None:
        raise ServiceEnded
    return row


def _say(item: ServiceItem, values: Mapping[str, Any]) -> None:
    if unknown := sorted(set(values) - set(TERMS)):
        raise TypeError(f"not for services: {', '.join(unknown)}")
    for name, value in values.items():
        setattr(item, name, value.strip() if isinstance(value, str) else value)


def _check(item: ServiceItem) -> None:
    wrong: dict[str, str] = {}
    if item.gate and item.gate not in dict(gate_choices()):
        wrong["gate"] = _("There is no such condition.")
    if item.rhythm == ServiceItem.Rhythm.ON_REQUEST and not item.places:
        wrong["places"] = _("Say how many places a day there are.")
    if item.rhythm == ServiceItem.Rhythm.ON_REQUEST and item.proof != ServiceItem.Proof.BOOKING:
        wrong["proof"] = _("What the client asks for is proved by a booking, and only that.")
    if wrong:
        raise InvalidInput(fields=wrong)
    check(item, exclude=["company", "branch"])


def _held_off(item: ServiceItem, branch: Branch) -> ServiceItem:
    """The service, with everybody held off who would write a row of it for this branch.

    Whoever has begun is waited for, so that his rows are there to be moved; who comes later finds that the branch offers it no
    more. The planner waits at its run, asking again at the round, and the rest at the service (``hold``).
    """
    PromiseRun.objects.select_for_update().filter(branch=branch).first()
    list(MarketEvent.objects.select_for_update().filter(item=item, branch=branch).order_by("pk").values("pk"))
    return lock(ServiceItem.objects.select_related("company"), pk=item.pk)


def _copy_editions(item: ServiceItem, made: ServiceItem) -> None:
    """The copy goes on where the service stands: its editions under the same numbers, as they were made."""
    rows = list(item.editions.all())
    days = [row.made_at for row in rows]
    for row in rows:
        row.pk, row._state.adding, row.item = None, True, made
    ServiceEdition.objects.bulk_create(rows)
    for row, made_at in zip(rows, days, strict=True):  # making a row sets its day
        row.made_at = made_at
    ServiceEdition.objects.bulk_update(rows, ["made_at"])


def _keep_edition(item: ServiceItem, actor: User, reason: str) -> None:
    terms = {name: str(value) if not isinstance(value, list | int) else value for name, value in terms_of(item).items()}
    ends = item.ends_on.isoformat() if item.ends_on else None
    ServiceEdition.objects.create(
        item=item, number=item.version, terms={**terms, "ends_on": ends}, reason=reason.strip()[:200], made_by=actor
    )
