"""Named sets of core rows; the first in every chain is ``visible_to(user)``."""
