"""Settings. The package itself is the embedded default; ``production`` and ``testing`` stand beside it.

Python runs this file also on the way to ``crm.settings.production``. The default generates keys below ``var/``, and a
production server must never do that, so the default is only loaded where it is the chosen module.
"""

import os

if os.environ.get("DJANGO_SETTINGS_MODULE", "crm.settings") == "crm.settings":
    from crm.settings.embedded import *  # noqa: F403  settings build on each other
