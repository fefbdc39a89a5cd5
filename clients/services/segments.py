"""Keeping, changing and giving up segments and saved views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from clients.errors import NameTaken
from clients.models import SavedView, Segment, Share
from clients.segments import Group, parse, refuse_secret, rights_of, secret_of
from crm.core import audit
from crm.core.checked import check
from crm.core.errors import InvalidInput, MissingRight
from crm.core.models import User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

#: Label of a secret model → the action under which a look at it is noted.
_LOOKS = {"clients.amlgrade": "aml.view"}
SEGMENT = ("name", "description", "share", "rule")
VIEW = ("name", "share", "query", "columns", "sort")
#: Parameters of the list that are no part of a kept view: what was typed (a name), where one was, which view it was, and what
#: stands in columns of its own.
PASSING = frozenset({"q", "cursor", "view", "page", "cols", "sort"})


@service("segment.create")
def create_segment(*, values: Mapping[str, Any], actor: User) -> Segment:
    """A new segment of the actor. Raises ``InvalidRule``, ``NameTaken``, ``MissingRight`` (sharing) and ``InvalidInput``."""
    made: Segment = _keep(Segment(**_ownership(actor)), _checked_rule(values, actor), SEGMENT, actor)
    after = {"name": made.name, "share": made.share, "rule": made.rule}
    _note(actor, "segment.create", made, secret_of(made.group), after=after)
    return made


@service("segment.change")
def change_segment(*, segment: Segment, values: Mapping[str, Any], actor: User, version: int | None = None) -> Segment:
    """Change one's own segment; those who use it have the new rule at once. Raises what making one does, and ``StaleEdit``."""
    row: Segment = lock(Segment.objects.all(), pk=segment.pk, version=version)
    _refuse_foreign(row, actor)
    was_secret = secret_of(row.group)
    before, after = audit.changes(row, [name for name in SEGMENT if name in values], _checked_rule(values, actor))
    if after:
        if "rule" in after:
            row.rights = rights_of(parse(after["rule"], actor))
        _keep(row, after, SEGMENT, actor)
        _note(actor, "segment.change", row, was_secret or secret_of(row.group), before=before, after=after)
    return row


@service("segment.delete")
def delete_segment(*, segment: Segment, actor: User, version: int | None = None) -> None:
    """Give one's own segment up; lists that named it show nobody. Raises ``StaleEdit``."""
    row: Segment = lock(Segment.objects.all(), pk=segment.pk, version=version)
    _refuse_foreign(row, actor)
    _note(actor, "segment.delete", row, secret_of(row.group), before={"name": row.name, "rule": row.rule})
    row.delete()


def _note(actor: User, action: str, row: Segment, secret: str, **said: Any) -> None:
    """On the trail; what is said of a secret rule stands there for those who may know what it asks for."""
    if secret:
        said["after"] = {**said.get("after", {}), "segment": row.public_id}
    audit.record(actor, action, secret or row, **said)


def note_look(group: Group, reader: User) -> None:
    """Before it is shown whom a secret rule means: a look at what it asks for, as on the pages of that."""
    if secret := secret_of(group):
        audit.record_read(reader, _LOOKS[secret], secret)


def refuse_secret_query(query: str) -> None:
    """Raises ``InvalidInput`` where the list that ``query`` describes is narrowed by a secret segment and is to leave it."""
    named = QueryDict(query).getlist("segment")
    for segment in Segment.objects.filter(public_id__in=named):
        refuse_secret(segment.group, "filter")


@service("view.create")
def create_view(*, values: Mapping[str, Any], actor: User) -> SavedView:
    """Keep the list under a name, without ``PASSING``. Raises ``NameTaken``, ``MissingRight`` and ``InvalidInput``."""
    kept = {name: said for name, said in values.get("query", {}).items() if name not in PASSING}
    made: SavedView = _keep(SavedView(**_ownership(actor)), {**values, "query": kept}, VIEW, actor)
    audit.record(
        actor, "view.create", made, after={name: values.get(name) for name in ("name", "share", "columns", "sort")}
    )
    return made


@service("view.delete")
def delete_view(*, view: SavedView, actor: User, version: int | None = None) -> None:
    """Give one's own view up. Raises ``StaleEdit``."""
    row: SavedView = lock(SavedView.objects.all(), pk=view.pk, version=version)
    _refuse_foreign(row, actor)
    audit.record(actor, "view.delete", row, before={"name": row.name})
    row.delete()


@service("view.pin")
def pin(*, row: Segment | SavedView, is_pinned: bool, actor: User) -> Segment | SavedView:
    """Keep a segment or a view at the top of one's own list, or no longer."""
    if is_pinned:
        row.pinned_by.add(actor)
    else:
        row.pinned_by.remove(actor)
    audit.record(actor, "view.pin", row, after={"pinned": is_pinned})
    return row


def _ownership(actor: User) -> dict[str, Any]:
    return {"owner": actor, "company_id": actor.scope.company_id, "branch": actor.branch}


def _checked_rule(values: Mapping[str, Any], actor: User) -> dict[str, Any]:
    said = dict(values)
    if "rule" in said:
        said["rule"] = parse(said["rule"], actor).as_json()
    return said


def _keep(row: Any, values: Mapping[str, Any], known: tuple[str, ...], actor: User) -> Any:
    if unknown := sorted(set(values) - set(known)):
        raise TypeError(f"not for {row._meta.model_name}s: {', '.join(unknown)}")
    is_new = row.pk is None
    for name, value in values.items():
        setattr(row, name, value.strip() if name in ("name", "description") else value)
    if is_new and isinstance(row, Segment):
        row.rights = rights_of(parse(row.rule, actor))
    if not row.name:
        raise InvalidInput(fields={"name": _("Give it a name.")})
    if row.share != Share.MINE and not actor.has_perm("clients.share_segment"):
        raise MissingRight
    if row.share == Share.COMPANY and not actor.scope.sees_company:
        raise InvalidInput(fields={"share": _("Only the head office shares with the whole company.")})
    if row.share == Share.BRANCH and row.branch_id is None:
        raise InvalidInput(fields={"share": _("You belong to no branch that it could be shared with.")})
    check(row, exclude=["pinned_by", "owner", "company", "branch"])
    once = "segment_name_once_per_owner" if isinstance(row, Segment) else "view_name_once_per_owner"
    with unless_taken(type(row), once, refusal=NameTaken(fields={"name": NameTaken.message})):
        if is_new:
            row.save()
        else:
            row.save_changed([*values, *(["rights"] if "rule" in values else [])])
    return row


def _refuse_foreign(row: Segment | SavedView, actor: User) -> None:
    if row.owner_id != actor.pk:
        raise MissingRight
