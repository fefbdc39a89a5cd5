"""What everybody may change about himself."""

from __future__ import annotations

from datetime import datetime

from crm.core import audit
from crm.core.models import User
from crm.core.service import service


@service("profile.change")
def change_profile(*, actor: User, language: str, market_colours: str) -> User:
    """Language ("" follows the browser) and market colours of the actor himself."""
    wanted = {"language": language, "market_colours": market_colours}
    before, after = audit.changes(actor, ["language", "market_colours"], wanted)
    if after:
        actor.language, actor.market_colours = language, market_colours
        actor.save(update_fields=["language", "market_colours"])
        audit.record(actor, "profile.change", actor, before=before, after=after)
    return actor


@service("profile.end_device")
def end_device(*, actor: User, token_key: str, now: datetime) -> int:
    """Sign one of the actor's own devices out; returns how many tokens that were."""
    from knox.models import AuthToken

    gone, _kinds = AuthToken.objects.filter(user=actor, token_key=token_key).delete()
    if gone:
        audit.record(actor, "token.end", actor, after={"tokens": gone, "at": now})
    return int(gone)
