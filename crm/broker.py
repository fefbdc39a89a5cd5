"""A Celery broker of plain files, for machines without Redis.

kombu's own ``filesystem://`` creates a message file and then fills it, while a reader may already rename and read
it: with two producers and two consumers some hundred of 4,000 messages are lost (kombu issue 1551). Here a message
is written under another name and renamed when complete, so a reader sees it whole or not at all. All folders lie on
one file system (see ``transport_options``), so that taking a message is one atomic rename and only one reader wins.
"""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

SUFFIX = ".msg"


def transport_options(folder: Path) -> dict[str, Any]:
    """Options for ``crmfile://``: everything below *folder*, which is made when missing."""
    queue, control, taken = folder / "queue", folder / "control", folder / "taken"
    for path in (queue, control, taken):
        path.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "processed_folder": str(taken),
        "store_processed": False,
        "polling_interval": 0.2,
    }


class Channel(filesystem.Channel):
    """A channel whose messages appear complete or not at all."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        path = os.path.join(self.data_folder_out, f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}{SUFFIX}")
        with open(path + ".part", "xb") as part:
            part.write(str_to_bytes(dumps(payload)))
        os.rename(path + ".part", path)

    def _size(self, queue: str) -> int:
        return sum(name.partition(".")[2] == f"{queue}{SUFFIX}" for name in os.listdir(self.data_folder_in))


class Transport(filesystem.Transport):
    """Registered as ``crmfile``; used as ``crmfile://localhost//`` (the host name only silences a warning)."""

    Channel = Channel


# A string, not the class: kombu calls a class found here as if it were a factory.
TRANSPORT_ALIASES["crmfile"] = "crm.broker:Transport"
