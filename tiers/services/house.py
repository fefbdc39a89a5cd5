"""Who changes what belongs to the company, and what to one of its branches."""

from __future__ import annotations

from crm.core.errors import MissingRight
from crm.core.models import Branch, Company, User


def refuse_foreign(company: Company, branch: Branch | None, actor: User) -> None:
    """The company's own is changed by those who see the company, a branch's also by those of the branch.

    Raises ``MissingRight``.
    """
    if not actor.is_system and not actor.scope.keeps(company.pk, branch.pk if branch else None):
        raise MissingRight
