"""Parts of the product that a branch may leave out: each has a figure ``module.<name>`` that a branch sets as any other.

Which parts are left out comes with the asker in the one statement that is asked before every page (``querysets.standing``).
Where a part is left out its rights are not held, so that every entry and link to it goes, and its addresses answer 404. Who sees
the company holds them as long as one branch keeps the part, and chooses among those that do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError

if TYPE_CHECKING:
    from datetime import date

    from crm.core.models import Branch, User

#: Every figure of a part begins like this.
LEAD = "module."


@dataclass(frozen=True)
class Module:
    """One part: the starts of its routes' names, and what its rights are about ("app.model")."""

    name: str
    routes: tuple[str, ...]
    about: tuple[str, ...] = ()

    def holds(self, right: str) -> bool:
        app, _dot, codename = right.partition(".")
        return any(app == of and codename.endswith(f"_{model}") for of, model in (one.split(".") for one in self.about))


class ModuleOff(DomainError):
    """The part is left out at the asker's own branch, or at the one that a command is about."""

    code = "module_off"
    status = 404
    message = _("This part is switched off at your branch.")
    at_this_branch = _("This part is switched off at this branch.")


_modules: dict[str, Module] = {}


def add_module(name: str, *, routes: Iterable[str], about: Iterable[str] = ()) -> None:
    """Name a part that may be left out; called from ``AppConfig.ready()`` of the app that owns it."""
    _modules[name] = Module(name, tuple(routes), tuple(about))


def names() -> tuple[str, ...]:
    return tuple(sorted(_modules))


def without(rights: frozenset[str], off: Iterable[str]) -> frozenset[str]:
    """``rights`` less those of the parts that are ``off``."""
    gone = [_modules[name] for name in off]
    return frozenset(right for right in rights if not any(module.holds(right) for module in gone)) if gone else rights


def is_off(user: Any, route: str) -> bool:
    """Whether ``route`` ("app:name") belongs to a part that is left out for ``user``."""
    return any(route.startswith(_modules[name].routes) for name in user.modules_off)


def demand(user: User, route: str) -> None:
    """Raises ``ModuleOff`` where ``route`` belongs to a part that is left out for ``user``."""
    if is_off(user, route):
        raise ModuleOff


def demand_at(name: str, branch: Branch, day: date) -> None:
    """Raises ``ModuleOff`` where ``branch``, which need not be the asker's own, leaves the part out on ``day``."""
    if left_out(name, [branch.pk], day):
        raise ModuleOff(ModuleOff.at_this_branch)


def demand_route_at(route: str, branch: Branch, day: date) -> None:
    """Raises ``ModuleOff`` where ``route`` belongs to a part that ``branch`` leaves out."""
    if left_out_of_route(route, [branch.pk], day):
        raise ModuleOff(ModuleOff.at_this_branch)


def left_out_of_route(route: str, branches: Collection[int], day: date) -> set[int]:
    """Which of these branches leave out the part to which ``route`` belongs; no statement where it belongs to none."""
    of = [module.name for module in _modules.values() if route.startswith(module.routes)]
    return set().union(*(left_out(name, branches, day) for name in of))


def left_out(name: str, branches: Collection[int], day: date) -> set[int]:
    """Which of these branches leave the part out on ``day``; one statement."""
    from crm.core.models import Policy

    governs = Policy.objects.set_at(f"{LEAD}{name}", day)
    everywhere = governs.get(None, True)
    return {pk for pk in branches if not governs.get(pk, everywhere)}


def branches_without(name: str, day: date) -> set[int]:
    """Ids of all branches at which this part is left out on ``day``, for sweeps; two statements."""
    from crm.core.models import Branch

    return left_out(name, list(Branch.objects.values_list("pk", flat=True)), day)
