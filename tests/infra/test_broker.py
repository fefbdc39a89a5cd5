"""The file broker: a message is whole or absent, and exactly one reader has it."""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport import filesystem

import crm.broker
from crm.broker import transport_options

SCRIPT = """
import sys, time
from pathlib import Path
from queue import Empty
import crm.broker
from kombu import Connection
role, who, folder, count = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
with Connection("crmfile://localhost//", transport_options=crm.broker.transport_options(folder)) as connection:
    queue = connection.SimpleQueue("due")
    if role == "producer":
        for number in range(count):
            queue.put(f"{who}-{number} " + "x" * 3000)
    else:
        quiet_until = time.monotonic() + 3
        while time.monotonic() < quiet_until:
            try:
                message = queue.get(block=False)
            except Empty:
                time.sleep(0.005)
                continue
            print(message.payload.split()[0])
            message.ack()
            quiet_until = time.monotonic() + 1.5
"""


def connect(folder: Path) -> Connection:
    return Connection("crmfile://localhost//", transport_options=transport_options(folder))


def stock(folder: Path) -> Connection:
    """kombu's own transport over the same folders: the twin that must fail."""
    return Connection("filesystem://localhost//", transport_options=transport_options(folder))


def test_two_producers_and_two_consumers_lose_and_double_nothing(tmp_path: Path) -> None:
    def start(role: str, who: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SCRIPT, role, who, str(tmp_path), "250"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=os.getcwd())

    running = [start("consumer", "c1"), start("consumer", "c2"), start("producer", "p1"), start("producer", "p2")]
    outputs = [process.communicate(timeout=90) for process in running]

    assert [process.returncode for process in running] == [0, 0, 0, 0], [error for _, error in outputs]
    received = Counter(line for output, _ in outputs for line in output.split())
    assert received == Counter(f"{who}-{number}" for who in ("p1", "p2") for number in range(250))


def read_while_writing(
    make: Callable[[Path], Connection], module: Any, folder: Path, patch: pytest.MonkeyPatch
) -> None:
    """Look into the queue at the moment in which a writer is about to fill its file."""
    with make(folder) as writer, make(folder) as reader:
        writing, reading = writer.channel(), reader.channel()
        real = module.dumps

        def look_first(payload: Any) -> str:
            with pytest.raises(Empty):
                reading._get("due")
            return str(real(payload))

        patch.setattr(module, "dumps", look_first)
        writing._put("due", {"body": "whole"})
        assert reading._get("due") == {"body": "whole"}


def test_a_message_that_is_being_written_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_while_writing(connect, crm.broker, tmp_path, monkeypatch)


def test_kombus_own_transport_hands_out_the_unwritten_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        read_while_writing(stock, filesystem, tmp_path, monkeypatch)


def test_of_two_readers_of_one_listing_only_one_has_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(tmp_path) as one, connect(tmp_path) as two:
        quick, slow = one.channel(), two.channel()
        quick._put("due", {"body": "once"})
        real, taken = os.listdir, []

        def list_then_lose(folder: str) -> list[str]:
            names = real(folder)
            monkeypatch.setattr(os, "listdir", real)
            taken.append(quick._get("due"))  # another worker comes first, after the listing
            return names

        monkeypatch.setattr(os, "listdir", list_then_lose)
        with pytest.raises(Empty):
            slow._get("due")
        assert taken == [{"body": "once"}]


def test_messages_never_leave_the_brokers_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    moved: list[tuple[str, str]] = []
    real = os.rename
    monkeypatch.setattr(os, "rename", lambda old, new: (moved.append((str(old), str(new))), real(old, new))[1])

    with connect(tmp_path / "broker") as connection:
        channel = connection.channel()
        channel._put("due", {"body": "here"})
        channel._get("due")

    assert len(moved) == 2
    assert all(str(path).startswith(str(tmp_path / "broker")) for pair in moved for path in pair)
    assert list(elsewhere.iterdir()) == []
    assert list((tmp_path / "broker" / "taken").iterdir()) == []


def test_queues_do_not_see_each_others_messages(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        channel = connection.channel()
        channel._put("due", {"body": 1})
        channel._put("overdue", {"body": 2})
        assert (channel._size("due"), channel._size("overdue")) == (1, 1)
        assert channel._get("overdue") == {"body": 2}
        assert channel._purge("due") == 1


def test_two_workers_binding_at_once_both_stay_bound(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        channel = connection.channel()
        for name in ("due", "send", "long", "due"):
            Queue(name, Exchange("branch", type="direct"), routing_key=name)(channel).declare()
        assert {row.queue for row in channel.get_table("branch")} == {"due", "send", "long"}
        assert len(channel.get_table("branch")) == 3
