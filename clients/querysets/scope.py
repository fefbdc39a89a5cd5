"""The one rule of who sees which client; every client-bound model of every app starts here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.core.access import NOTHING, Reach
from crm.core.masking import mask_name

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User


def client_q(user: User | AnonymousUser, prefix: str = "") -> Q:
    """Rows whose client the member of staff may see; ``prefix`` leads to the client ("client__").

    Company roles: the company. Branch roles: their branch with its outlets. Book roles: own book, the books of those they
    stand in for today, and clients whose team they are in. Agents: clients they introduced. Others: none.
    """
    if not user.is_authenticated:
        return NOTHING
    scope = user.scope
    if scope.sees_company:
        return Q(**{f"{prefix}branch__company_id": scope.company_id})
    return _in_work(user, prefix) & in_use_q(user, prefix)


def in_use_q(user: User, prefix: str = "") -> Q:
    """Rows whose client's data may be used, for what is reached by another way than the client; rows without a client are.

    Restricted to storage (PIPL Art. 47), he is out of everybody's work but compliance's and its peers'.
    """
    return Q() if user.scope.sees_company else Q(**{f"{prefix}restricted_on": None})


def _in_work(user: User, prefix: str) -> Q:
    """By branch, book or introduction."""
    scope = user.scope
    if scope.sees_branch:
        return Q(**{f"{prefix}branch_id__in": scope.branch_ids})
    reachable = NOTHING
    if Reach.BOOK in scope.reaches:
        reachable = Q(**{f"{prefix}advisor_id__in": scope.acting_ids})
        if team := _team_clients(user):
            key = f"{prefix[:-2]}_id__in" if prefix else "pk__in"
            reachable |= Q(**{key: team})
    if Reach.INTRODUCED in scope.reaches:
        introduced = Q(**{f"{prefix}introducer_id__in": scope.acting_ids})
        reachable = introduced if reachable == NOTHING else reachable | introduced
    return reachable


#: Clients in whose team somebody is; a short list, which comes along when it is asked who he is.
TEAM_SQL = "SELECT m.client_id AS found FROM clients_clientteammember m WHERE m.member_id = u.id LIMIT 2000"


def _team_clients(user: User) -> list[int]:
    """Ids of the clients whose team the user is in.

    As a list and not as a sub-query: only so can PostgreSQL combine two indexes instead of reading the branch.
    """
    return list(user.standing.keys["team"])


def sees_names(user: User | AnonymousUser) -> bool:
    """Whether names are shown in full: to everybody but those who see only clients whom they introduced."""
    return user.is_authenticated and bool(user.scope.reaches - {Reach.INTRODUCED})


def shown_name(client: Client, user: User | AnonymousUser) -> str:
    """The client's name in the form this member of staff may see; without a name on file, the client number."""
    name: str = client.display_name
    return name if sees_names(user) or not client.name else mask_name(name)


def said_of(client: Client, user: User | AnonymousUser, text: Any) -> str:
    """What was done, with the name of the client whom it was done for: the page that comes next may be about many."""
    return _("%(name)s: %(text)s") % {"name": shown_name(client, user), "text": text}
