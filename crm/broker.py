"""A Celery broker of plain files, for machines without Redis.

kombu's own ``filesystem://`` creates a message file and then fills it, while a reader may already rename and read
it: with two producers and two consumers some hundred of 4,000 messages are lost (kombu issue 1551). Here a message
is written under another name and renamed when complete, so a reader sees it whole or not at all. All folders lie on
one file system (see ``transport_options``), so that taking a message is one atomic rename and only one reader wins;
kombu's own moves to the system's temporary folder, which across file systems is a copy that two readers can both make.
A reader that is killed loses the message it held: a task is only a hint, what is due stands in the database.
"""

import fcntl
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

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
        "polling_interval": 0.2,
    }


class Channel(filesystem.Channel):
    """A channel whose messages appear complete or not at all."""

    # kombu's own two declarations of _put disagree about the second name.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # kombu leaves it untyped
        path = os.path.join(self.data_folder_out, f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}{SUFFIX}")
        with open(path + ".part", "xb") as part:
            part.write(str_to_bytes(dumps(payload)))
        os.rename(path + ".part", path)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The oldest message of *queue*. Of two readers the one whose rename succeeds has it."""
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}{SUFFIX}":
                continue
            taken = os.path.join(self.processed_folder, name)
            try:
                os.rename(os.path.join(self.data_folder_in, name), taken)
            except FileNotFoundError:
                continue
            payload = Path(taken).read_bytes()
            os.remove(taken)
            return loads(bytes_to_str(payload))
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        """Queues bound to *exchange*; a half-written table cannot be met, because tables are renamed into place too."""
        try:
            text = self._exchange_file(exchange).read_text()
        except FileNotFoundError:
            return []
        return [filesystem.exchange_queue_t(*row) for row in loads(text)]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        table = self._exchange_file(exchange)
        with open(f"{table}.lock", "w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            rows = self.get_table(exchange)
            if row in rows:
                return
            part = Path(f"{table}.part")
            part.write_text(dumps([row, *rows]))
            part.rename(table)

    def _size(self, queue: str) -> int:
        return sum(name.partition(".")[2] == f"{queue}{SUFFIX}" for name in os.listdir(self.data_folder_in))


class Transport(filesystem.Transport):
    """Registered as ``crmfile``; used as ``crmfile://localhost//`` (the host name only silences a warning)."""

    Channel = Channel


# A string, not the class: kombu calls a class found here as if it were a factory.
TRANSPORT_ALIASES["crmfile"] = "crm.broker:Transport"
