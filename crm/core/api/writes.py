"""Writing over REST: once only (Idempotency-Key) and never over somebody else's change (If-Match)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.serializers import Strict
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit, VersionRequired
from crm.core.models import Branch, User
from crm.core.modules import demand_route_at
from crm.core.once import fingerprint, once, print_of_file
from crm.core.writing import whole_number

KEY_LENGTH = 80


class KeyMissing(InvalidInput):
    code = "idempotency_key_missing"


def etag(row: Any) -> str:
    """The version of a row as an entity tag."""
    return f'"{row.version}"'


def seen_version(request: Request) -> int:
    """The version the caller has seen, from If-Match. Raises ``VersionRequired`` (428) without one.

    A tag that is no version of ours cannot match: the service then answers 412.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise VersionRequired
    number = whole_number(given.removeprefix("W/").strip('"'))
    return -1 if number is None else number


def stamp(row: Any, *names: str) -> int:
    """A version for rows without a column for it, made from the values that a change would move."""
    said = repr([str(getattr(row, name)) for name in names]).encode()
    return int.from_bytes(hashlib.sha256(said).digest()[:3])


def refuse_stale(request: Request, version: int) -> None:
    """Hold a row's stamp against If-Match. Raises ``VersionRequired`` (428) and ``StaleEdit`` (412)."""
    if seen_version(request) != version:
        raise StaleEdit


class Once:
    """Mixin for viewsets: answers POSTs by token once per Idempotency-Key."""

    request: Any  # DRF's request; typed loosely, since the view class declares it, too

    def once(
        self, make: Callable[[], Any], show: Callable[[str], Response], *, said: tuple[bytes | str, ...] = ()
    ) -> Response:
        """Make the row (or find the one made before) and answer it through ``show(public_id)``; 201 when it is new.

        The key is required; ``show`` looks the row up with today's rights. ``said`` is what makes the request the same
        request where that is more, or less, than its body.
        """
        key = self.request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > KEY_LENGTH or not key.isprintable():
            raise KeyMissing(_("Send an Idempotency-Key of up to 80 characters."))
        print_ = fingerprint(self.request.method or "", self.request.path, *(said or self._body()))
        outcome = once(user=self.request.user, key=key, print_=print_, make=make)
        answer = show(outcome.object_id)
        answer.status_code = status.HTTP_201_CREATED if outcome.is_new else status.HTTP_200_OK
        return answer

    def _body(self) -> tuple[bytes | str, ...]:
        """What was sent; of a form its words and the content of its files, since another recording may bear the same name."""
        if not self.request.FILES:
            return (self.request._request.body if hasattr(self.request._request, "_body") else repr(self.request.data),)
        words: list[str] = []
        for name, sent in sorted(self.request.data.lists()):
            for one in sent:
                words += [name, print_of_file(one), one.name] if hasattr(one, "chunks") else [name, str(one)]
        return tuple(words)


class Commands(Once):
    """What resources with commands share: who asks, the row of the path, and what was said."""

    kwargs: dict[str, Any]
    get_queryset: Callable[[], Any]
    get_serializer_class: Callable[[], Any]
    get_serializer_context: Callable[[], dict[str, Any]]
    #: The name under which the services take the row that they change: "agreement", "rate" …
    subject: str

    @property
    def _actor(self) -> User:
        return cast(User, self.request.user)  # the permission class asks for a sign-in

    def _row(self) -> Any:
        """The row of the path within the caller's reach; the list's own filters do not narrow it."""
        return get_object_or_404(self.get_queryset(), public_id=self.kwargs["id"])

    def _said(self, command: type[Strict], given: Any = None) -> dict[str, Any]:
        """The checked words of a command: of the body, or those ``given``."""
        body = command(data=self.request.data if given is None else given, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def _place(self, said: dict[str, Any]) -> Branch:
        """The branch that was named, taken out of ``said``, else one's own.

        Raises ``InvalidInput`` where there is neither, and ``ModuleOff`` where it leaves out the part to which the resource
        belongs; of one's own that has been asked before.
        """
        own = self._actor.branch
        branch: Branch | None = said.pop("branch", None) or own
        if branch is None:
            raise InvalidInput(fields={"branch": _("Name the branch.")})
        if branch != own or self._actor.scope.sees_company:
            demand_route_at(self.request.resolver_match.view_name, branch, local_date(timezone.now()))
        return branch

    def _do(self, command: type[Strict], change: Callable[..., Any]) -> Response:
        """Change the row of the path once, from the version that the caller has seen, and answer it as it is then."""
        row, version, said = self._row(), seen_version(self.request), self._said(command)
        who = {"actor": self._actor, "now": timezone.now(), "version": version}
        return self.once(lambda: change(**{self.subject: row}, **who, **said), self._shown)

    def _shown(self, public_id: str) -> Response:
        """One row within the caller's reach, with its version as ETag where it has one."""
        row = get_object_or_404(self.get_queryset(), public_id=public_id)
        told = self.get_serializer_class()(row, context=self.get_serializer_context()).data
        return Response(told, headers={"ETag": etag(row)} if hasattr(row, "version") else None)
