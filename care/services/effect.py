"""Whether service shows in what clients think of us."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from care.models import SurveyInvitation
from crm.core.clocks import year_up_to
from crm.core.language import in_language
from crm.core.policies import figures

if TYPE_CHECKING:
    from crm.core.models import User

#: How the promises due to a client were kept, the best first.
GROUPS = {
    "kept": _("All promises kept"),
    "missed": _("Some promises missed or overdue"),
    "none": _("Nothing was owed"),
}


def effect_of_service(user: User, today: date) -> dict[str, Any]:
    """Satisfaction and recommendation over the last twelve months by promises kept and by tier, of surveys and clients that
    ``user`` may see: ``since``, ``least`` answers of a group that is shown, ``promises`` and ``tiers``, and both as ``parts``.
    Three statements; a part whose right the reader does not hold is empty.
    """
    since, rows = year_up_to(today), SurveyInvitation.objects.visible_to(user)
    least = figures(today, user.branch).integer("survey.least_answers")
    order = list(GROUPS)
    promises = rows.by_promises(user, since, today, least) if user.has_perm("tiers.view_promise") else []
    tiers = rows.by_tier(user, since, least) if user.has_perm("tiers.view_tierstate") else []
    promises.sort(key=lambda row: order.index(row["group"]))
    promises = [{**row, "name": str(GROUPS[row["group"]])} for row in promises]
    tiers = [{**row, "group": row["code"], "name": in_language(en=row["name_en"], zh=row["name_zh"])} for row in tiers]
    return {"since": since, "least": least, "promises": promises, "tiers": tiers, "parts": (promises, tiers)}
