"""The virtual environment, made from hashed locks, and the stamp that lets the next start skip it."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"

# Each lock holds the ones before it.
LOCKS = ("requirements.txt", "requirements-test.txt", "requirements-dev.txt")


class CannotContinue(Exception):
    """Something outside the product is missing; the message says what and how to get it."""


def var_folder() -> Path:
    """Where everything made at run time lies."""
    return Path(os.environ.get("CRM_VAR") or ROOT / "var").resolve()


def venv_python(venv: Path = VENV) -> Path:
    """The environment's own interpreter."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(lock: str, root: Path = ROOT) -> str:
    """What an installation of *lock* depends on: this lock and those it holds, Python's version, and the place."""
    digest = hashlib.sha256()
    for name in LOCKS[: LOCKS.index(lock) + 1]:
        digest.update((root / name).read_bytes())
    digest.update(f"{sys.version_info[:2]} {root}".encode())
    return digest.hexdigest()


def installed(root: Path = ROOT) -> dict[str, str]:
    """Lock → fingerprint of what is installed; empty if nothing is, or if the environment belongs elsewhere."""
    try:
        stamp = json.loads((root / ".venv" / STAMP.name).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and venv_python(root / ".venv").exists() else {}


def satisfied(lock: str, root: Path = ROOT) -> bool:
    """True if *lock*, or a larger one that holds it, is installed as it stands in the folder now."""
    have = installed(root)
    return any(have.get(name) == fingerprint(name, root) for name in LOCKS[LOCKS.index(lock) :])


def ensure(lock: str) -> Path:
    """Make the environment hold *lock*; returns its interpreter. Does nothing if it already does."""
    if satisfied(lock):
        return venv_python()
    with _one_at_a_time():
        if not satisfied(lock):
            _make_venv()
            print(f"Installing {lock} (once; about a minute)…", flush=True)
            _install(lock)
            have = {name: mark for name, mark in installed().items() if mark == fingerprint(name)}
            STAMP.write_text(json.dumps({**have, lock: fingerprint(lock)}))
    return venv_python()


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands started together must not install into one folder together."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    var_folder().mkdir(parents=True, exist_ok=True)
    with (var_folder() / "install.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _usable(python: Path) -> bool:
    """The interpreter starts, has our version, and believes that it lives here (a moved folder does not)."""
    ask = f"import sys; print(sys.version_info[:2] == {tuple(sys.version_info[:2])}, sys.prefix)"
    try:
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.strip() == f"True {VENV}"


def _moved() -> bool:
    """Scripts in the environment carry its old path if the folder was moved or copied."""
    have = installed()
    return bool(have) and not any(mark == fingerprint(name) for name, mark in have.items()) and not _script_is_ours()


def _script_is_ours() -> bool:
    script = VENV / "bin" / "django-admin"
    with contextlib.suppress(OSError):
        return str(VENV) in script.read_text()[:300]
    return True


def _base_python() -> str:
    """The interpreter outside any environment: ours may be the very one that is rebuilt."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _make_venv() -> None:
    if venv_python().exists() and _usable(venv_python()) and not _moved():
        return
    # --without-pip works where Debian's python3-venv (ensurepip) is not installed.
    subprocess.run([_base_python(), "-m", "venv", "--without-pip", "--clear", VENV], check=True)


def _install(lock: str) -> None:
    options = ["--require-hashes", "-r", str(ROOT / lock)]
    if os.environ.get("CRM_UV") and (uv := shutil.which("uv")):
        _run_installer([uv, "pip", "install", "-q", "--python", str(venv_python()), *options], index_for_uv())
        return
    _run_installer([*_pip(), "install", "-qq", "--disable-pip-version-check", "--no-input", *options], {})


def _run_installer(command: list[str], extra: dict[str, str]) -> None:
    if subprocess.run(command, env={**os.environ, **extra}).returncode:
        raise CannotContinue("The packages could not be installed; the lines above say why.")


def _pip() -> list[str]:
    """A pip that installs into the environment: the machine's own (22.3 or newer), else one made on the spot."""
    outer = [_base_python(), "-m", "pip", "--python", str(venv_python())]
    if subprocess.run([*outer, "--version"], capture_output=True).returncode == 0:
        return outer
    subprocess.run([venv_python(), "-m", "ensurepip", "-q"], capture_output=True)
    inner = [str(venv_python()), "-m", "pip"]
    if subprocess.run([*inner, "--version"], capture_output=True).returncode == 0:
        return inner
    raise CannotContinue("This needs pip 22.3 or newer (Debian, Ubuntu: apt-get install python3-pip).")


def index_for_uv() -> dict[str, str]:
    """The variable that tells uv where pip.conf says packages are: uv does not read that file, where many name their mirror."""
    command = [_base_python(), "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run(command, capture_output=True, text=True)
    return {"UV_DEFAULT_INDEX": found.stdout.strip()} if found.returncode == 0 else {}


def has_module(name: str) -> bool:
    """Whether the environment can import *name*."""
    ask = f"import importlib.util,sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([venv_python(), "-c", ask], capture_output=True).returncode == 0
