"""The tabs of the client page, in their order. A new one is a module here and a line in ``TABS``."""

from crm.core.models import User
from crm.overview.tabs import (
    accounts,
    advice,
    assets,
    complaints,
    documents,
    history,
    looks,
    needs,
    overview,
    profile,
    quality,
    services,
    surveys,
    timeline,
)
from crm.overview.tabs.tab import Tab

TABS: tuple[Tab, ...] = (
    overview.TAB,
    profile.TAB,
    needs.TAB,
    timeline.TAB,
    assets.TAB,
    accounts.TAB,
    services.TAB,
    advice.TAB,
    complaints.TAB,
    surveys.TAB,
    documents.TAB,
    quality.TAB,
    history.TAB,
    looks.TAB,
)


def tabs_for(user: User) -> dict[str, Tab]:
    """The tabs that ``user`` may open, by key; the overview is always among them."""
    return {tab.key: tab for tab in TABS if not tab.right or user.has_perm(tab.right)}
