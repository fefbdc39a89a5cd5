"""The drill: kill processes where it hurts, and show that nothing is lost and nothing is done twice.

    python3 do.py chaos            ten places, ten random moments
    python3 do.py chaos --long     every place five times, a hundred random moments

Web, worker and beat run as on any day, on a folder and a database of their own (``DATABASE_URL`` names the server,
``REDIS_URL`` the broker). At each place of ``crm/core/faults.py`` the process that passes gets SIGKILL while somebody works;
then random processes are killed under a mixed load. Doers repeat what was not answered, with the same key, as phones and
people do. Leases of dead holders are declared over, so that nobody waits two minutes for them. At the end each deed must
have happened exactly once, the audit trail must be whole, and no batch, job or message may be left half-way.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

CLIENTS = 60
SEED = 7
REDIS_NUMBER = 13
"""Database of the Redis server that the drill uses: not the one of a developer's own house."""


@contextlib.contextmanager
def own_place(given: Path | None, topic: str = "chaos") -> Iterator[Path]:
    """A folder and a database of our own; both are gone afterwards unless the folder was given."""
    folder = given or Path(tempfile.mkdtemp(prefix=f"crm-{topic}-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(CRM_VAR=str(folder), DJANGO_SETTINGS_MODULE="crm.settings")
    os.environ.pop("CRM_FAULT", None)
    if url := os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{topic}_{os.getpid()}"))
    if url := os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{REDIS_NUMBER}"))
    try:
        yield folder
    finally:
        _drop_database()
        if given is None:
            shutil.rmtree(folder, ignore_errors=True)


def prepare(clients: int = CLIENTS) -> None:
    """Migrations and a small demo branch, unless the folder has them."""
    import django

    django.setup()
    from django.core.management import call_command

    import crm.celery  # noqa: F401  (hints of the drill itself go to the same broker)
    from crm.core.models import User
    from crm.prepare import create_database_if_missing

    create_database_if_missing()
    call_command("migrate", verbosity=0, interactive=False)
    if not User.objects.filter(is_system=False).exists():
        with open(os.devnull, "w") as nothing:
            call_command("demo", clients=clients, stdout=nothing)


def _drop_database() -> None:
    from django.conf import settings
    from django.db import connection

    if not settings.configured or connection.vendor != "postgresql":
        return
    name = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)} WITH (FORCE)")


# -- what is due after a kill ------------------------------------------------------------------------------------------


def release_the_dead() -> int:
    """End the leases of holders that are gone; living ones keep theirs."""
    from datetime import timedelta

    from crm.core.clocks import database_now
    from crm.core.models import JobRun, Outbound
    from crm.core.outbound import LEASE

    now, freed = database_now(), 0
    for run in JobRun.objects.filter(state="running"):
        number = run.leased_by.rsplit(":", 2)[-2]
        if not Path(f"/proc/{number}").exists():
            freed += JobRun.objects.filter(pk=run.pk, leased_by=run.leased_by).update(
                lease_until=now - timedelta(seconds=1)
            )
    # A message names no holder; sending takes milliseconds here, so ten seconds are an age.
    stale = Outbound.objects.filter(state="sending", lease_until__lt=now + LEASE - timedelta(seconds=10))
    return int(freed + stale.update(lease_until=now - timedelta(seconds=1)))


def ask_for_sweeps() -> None:
    """As beat does every half minute."""
    from celery import current_app

    for task in ("core.run_due", "core.send_outbound"):
        with contextlib.suppress(Exception):
            current_app.send_task(task, expires=30, ignore_result=True)


class Caretaker(threading.Thread):
    """While somebody waits: frees the leases of the dead and asks for sweeps."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()

    def run(self) -> None:
        from django.db import connection

        while not self.ended.wait(2):
            with contextlib.suppress(Exception):  # a locked database: next time
                release_the_dead()
                ask_for_sweeps()
        connection.close()


# -- rounds ------------------------------------------------------------------------------------------------------------


def at_places(house: Any, deeds: Any, rounds: int) -> list[str]:
    """Each place in turn with the deed that passes it. Returns the places where nobody died."""
    plan: list[tuple[str, Callable[[], None]]] = [
        ("once.claimed", deeds.contact),
        ("service.committed", deeds.survey),
        ("job.taken", deeds.bring),
        ("job.done", deeds.bring),
        ("import.applying", deeds.bring),
        ("evaluation.applied", deeds.evaluate),
        ("outbound.sent", deeds.message),
        ("hint.unsent", deeds.match),
    ]
    missed = []
    for number in range(rounds):
        for place, deed in plan:
            begun = time.monotonic()
            house.arm(place)
            deed()
            if place == "outbound.sent":
                _settle(house)
            missed += _struck(house, place, number, begun)
        begun = time.monotonic()
        deeds.bring()  # somebody to be matched
        deeds.match("matching.approving")
        missed += _struck(house, "matching.approving", number, begun)
        missed += _beat_killed(house, number)
        house.wait_for_page()
    return missed


def _beat_killed(house: Any, number: int) -> list[str]:
    """Beat dies while it asks for a sweep; the one that takes its place is heard by a worker."""
    from bench._house import PATIENCE, wait_until
    from crm.core.clocks import database_now
    from crm.core.models import Heartbeat

    begun = time.monotonic()
    house.arm("beat.asked")
    wait_until(lambda: house.has_struck("beat.asked"), PATIENCE, "beat to be killed")
    killed_at = database_now()
    heard = Heartbeat.objects.filter(name="worker", at__gt=killed_at)
    wait_until(heard.exists, PATIENCE, "a worker to hear the next beat")
    return _struck(house, "beat.asked", number, begun)


def _struck(house: Any, place: str, number: int, begun: float) -> list[str]:
    struck = house.has_struck(place)
    house.disarm(place)
    print(
        f"  {place:<22} round {number + 1}: {'killed and recovered' if struck else 'NOBODY DIED'}"
        f" ({time.monotonic() - begun:.0f} s)",
        flush=True,
    )
    return [] if struck else [f"{place}: nobody died there"]


def at_random(house: Any, deeds: Any, rng: random.Random, moments: int) -> list[str]:
    """Kill somebody again and again while everybody works."""
    broken: list[str] = []
    ended = threading.Event()

    def work(kinds: list[Callable[[], None]]) -> None:
        from django.db import connection

        while not ended.is_set():
            for deed in kinds:
                try:
                    deed()
                except Exception as fault:
                    broken.append(f"{getattr(deed, '__name__', deed)}: {fault!r}")
        connection.close()

    crews = [
        [deeds.contact, deeds.survey, deeds.contact, deeds.message],
        [deeds.complaint, deeds.call],
        [deeds.bring, deeds.match],
        [deeds.evaluate],
    ]
    threads = [threading.Thread(target=work, args=(crew,), daemon=True) for crew in crews]
    for thread in threads:
        thread.start()
    victims = [number % len(house.children) for number in range(moments)]  # each of the three as often as the others
    rng.shuffle(victims)
    for number, victim in enumerate(victims):
        time.sleep(rng.uniform(0.5, 4))
        name = house.kill(victim)
        print(f"  moment {number + 1}: {name} killed", flush=True)
        house.wait_for_page()
    ended.set()
    for thread in threads:
        thread.join(600)
    if any(thread.is_alive() for thread in threads):
        broken.append("somebody is still at work")
    return broken


def _settle(house: Any) -> None:
    """Wait until no work is alive."""
    from bench._house import PATIENCE, wait_until
    from crm.core.clocks import database_now
    from crm.core.models import JobRun, Outbound

    house.wait_for_page()
    wait_until(
        lambda: (
            not JobRun.objects.alive().exists()
            and not Outbound.objects.filter(state="sending").exists()
            and not Outbound.objects.due(database_now()).exists()  # what is due in the morning waits for it
        ),
        2 * PATIENCE,
        "all work to end",
        pause=1,
    )


# -- what must be true -------------------------------------------------------------------------------------------------


def findings(deeds: Any, folder: Path) -> Iterator[str]:
    """Everything that was lost, doubled or left half-way."""
    for proof in deeds.proofs:
        found = proof.count()
        if found != proof.expected:
            yield f"{proof.what}: {found} instead of {proof.expected}"
    yield from _half_done()
    yield from _audit(deeds)
    yield from _tiers()
    sent = _letters(folder)
    if sent:
        yield sent


def _half_done() -> Iterator[str]:
    from crm.core.models import IdempotencyKey, ImportBatch, JobRun, Outbound

    for name, rows in (
        ("keys claimed without a change", IdempotencyKey.objects.filter(status=0)),
        ("batches half applied", ImportBatch.objects.filter(state__in=["applying", "staged"])),
        ("claims of dead processes", ImportBatch.objects.exclude(claimed_by="")),
        ("jobs alive or failed by a fault", JobRun.objects.filter(state__in=["queued", "running"])),
        ("messages half sent", Outbound.objects.filter(state="sending")),
    ):
        if count := rows.count():
            yield f"{name}: {count}"


def _audit(deeds: Any) -> Iterator[str]:
    """The chain holds, and each deed has exactly one entry."""
    from crm.core import audit
    from crm.core.clocks import database_now
    from crm.core.models import AuditEntry

    audit.seal_entries(database_now())
    yield from (f"audit {flaw.kind} at {flaw.position}: {flaw.detail}" for flaw in audit.verify())
    entries = AuditEntry.objects.filter(pk__gt=deeds.first_entry)
    for action, kind in (
        ("contact.log", "contact"),
        ("complaint.accept", "complaint"),
        ("call.complete", "call"),
        ("survey.answer", "survey"),
    ):
        found, wanted = entries.filter(action=action).count(), deeds.done.get(kind, 0)
        if found != wanted:
            yield f"audit entries {action}: {found} for {wanted} deeds"


def _tiers() -> Iterator[str]:
    """The present tier of each client is where his last proof says."""
    from django.db.models import F, OuterRef, Subquery

    from tiers.models import TierChange, TierState

    last = TierChange.objects.filter(client_id=OuterRef("client_id")).order_by("-pk").values("new_id")[:1]
    wrong = TierState.objects.annotate(proved=Subquery(last)).exclude(proved=F("tier_id")).count()
    if wrong:
        yield f"clients whose tier is not that of their last proof: {wrong}"


def _letters(folder: Path) -> str:
    """Messages to the gateway that writes files: as many files as messages sent."""
    from crm.core.models import Outbound

    files = len(list((folder / "outbox").glob("*.json")))
    rows = Outbound.objects.filter(channel="sms", state="sent").count()
    return "" if files == rows else f"{files} messages left the house, {rows} are noted as sent"


def main(argv: list[str] | None = None) -> int:
    """Exit code 1 if anything was lost, doubled or left half-way, or if a place was never passed."""
    parser = argparse.ArgumentParser(prog="do.py chaos", description="Kill processes and look what is lost.")
    parser.add_argument("--long", action="store_true", help="five rounds, a hundred random moments")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="keep the house here, logs included")
    options = parser.parse_args(argv)
    with own_place(options.folder) as folder:
        prepare()
        return drill(folder, options.seed, *((5, 100) if options.long else (1, 10)))


def drill(folder: Path, seed: int, rounds: int, moments: int) -> int:
    """Places, moments, findings."""
    from bench._deeds import Deeds
    from bench._house import House
    from crm.core.models import Policy

    rng, begun = random.Random(seed), time.monotonic()
    # A drill may be held at night, and its messages are not to wait for the morning.
    Policy.objects.filter(policy_key="outbound.quiet_hours").update(value=["00:00", "00:00"])
    house, caretaker = House(folder), Caretaker()
    deeds = Deeds(house, rng)
    found: list[str] = []
    try:
        house.start()
        caretaker.start()
        print(f"house ready after {time.monotonic() - begun:.0f} s; places:", flush=True)
        found += at_places(house, deeds, rounds)
        print("random moments:", flush=True)
        found += at_random(house, deeds, rng, moments)
        _settle(house)
        found += findings(deeds, folder)
    except (TimeoutError, AssertionError) as stopped:
        found += [f"{type(stopped).__name__}: {stopped}", *_tail(folder)]
    finally:
        caretaker.ended.set()
        caretaker.join(10)
        house.stop()
    print(f"deeds: {', '.join(f'{kind} {count}' for kind, count in sorted(deeds.done.items()))}")
    print(f"{len(deeds.proofs)} proofs, {time.monotonic() - begun:.0f} s of wall time")
    for finding in found:
        print(f"FOUND {finding}", file=sys.stderr)
    print("Nothing lost, nothing doubled." if not found else f"{len(found)} findings.")
    return int(bool(found))


def _tail(folder: Path) -> list[str]:
    return (folder / "chaos.log").read_text(encoding="utf-8", errors="replace").splitlines()[-15:]


if __name__ == "__main__":
    raise SystemExit(main())
