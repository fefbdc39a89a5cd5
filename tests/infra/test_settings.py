"""Settings: production refuses to start half-configured, one variable changes one part, keys are made once."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "CRM_SECRET_KEY": "s" * 60,
    "CRM_FIELD_KEYS": "k1:" + "A" * 43 + "=",
    "DATABASE_URL": "postgresql://crm@db.example/crm",
    "REDIS_URL": "redis://redis.example:6379/0",
    "ALLOWED_HOSTS": "crm.example,www.crm.example",
}
SHOW = """
import json
from django.conf import settings as s
print(json.dumps({
    "database": {k: v for k, v in s.DATABASES["default"].items() if k in ("ENGINE", "NAME", "HOST")},
    "database options": s.DATABASES["default"].get("OPTIONS", {}),
    "cache": s.CACHES["default"]["BACKEND"],
    "broker": s.CELERY_BROKER_URL.partition(":")[0],
    "broker options": s.CELERY_BROKER_TRANSPORT_OPTIONS,
    "media": str(s.MEDIA_ROOT), "beat": s.CELERY_BEAT_SCHEDULE_FILENAME,
    "keys": [s.SECRET_KEY, s.CRM_FIELD_KEYS],
    "cookies": [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS],
}))
"""


def python(code: str, module: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    env = {**kept, "DJANGO_SETTINGS_MODULE": module, **variables}
    return subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)


def shown(module: str = "crm.settings", **variables: str) -> dict[str, Any]:
    answer = python(SHOW, module, **variables)
    assert answer.returncode == 0, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


@pytest.mark.parametrize("missing", COMPLETE)
def test_production_names_the_variable_that_is_missing(missing: str, tmp_path: Path) -> None:
    given = {name: value for name, value in COMPLETE.items() if name != missing}
    answer = python(SHOW, "crm.settings.production", CRM_VAR=str(tmp_path / "var"), **given)
    assert answer.returncode != 0
    assert "ImproperlyConfigured" in answer.stderr
    assert missing in answer.stderr.splitlines()[-1]
    assert not (tmp_path / "var").exists(), "a refused start must not make keys of its own"


@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "sqlite:////tmp/crm.sqlite3"), ("CRM_SECRET_KEY", "short"), ("REDIS_URL", " ")]
)
def test_production_refuses_what_is_no_answer(name: str, value: str, tmp_path: Path) -> None:
    answer = python(SHOW, "crm.settings.production", CRM_VAR=str(tmp_path), **{**COMPLETE, name: value})
    assert answer.returncode != 0
    assert name in answer.stderr.splitlines()[-1]


def test_complete_production_uses_given_keys_and_host_cookies(tmp_path: Path) -> None:
    seen = shown("crm.settings.production", CRM_VAR=str(tmp_path), **COMPLETE)
    assert seen["keys"] == [COMPLETE["CRM_SECRET_KEY"], COMPLETE["CRM_FIELD_KEYS"]]
    assert seen["cookies"] == ["__Host-session", "__Host-csrf", True, 31536000]
    assert not (tmp_path / "secret-key").exists()
    assert not (tmp_path / "field-keys").exists()


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def test_each_variable_alone_changes_only_its_own_part(tmp_path: Path) -> None:
    here = str(tmp_path / "a")
    plain = shown(CRM_VAR=here)
    assert differing(plain, shown(CRM_VAR=here, DATABASE_URL="postgresql://crm@db.example/crm")) == {
        "database",
        "database options",
    }
    assert differing(plain, shown(CRM_VAR=here, REDIS_URL="redis://redis.example/0")) == {
        "cache",
        "broker",
        "broker options",
    }
    assert differing(plain, shown(CRM_VAR=here, PORT="8123")) == set()
    assert differing(plain, shown(CRM_VAR=str(tmp_path / "b"))) == {
        "database",
        "broker options",
        "media",
        "beat",
        "keys",
    }
    assert plain["cookies"][2:] == [False, 0], "the default serves plain HTTP on this machine"


def test_processes_starting_together_read_one_key(tmp_path: Path) -> None:
    code = "from django.conf import settings as s; print(s.SECRET_KEY, s.CRM_FIELD_KEYS)"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "crm.settings", "CRM_VAR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    starts = [subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    answers = {process.communicate(timeout=60)[0].strip() for process in starts}
    assert len(answers) == 1
    for name in ("secret-key", "field-keys"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("redis", ["", "redis://redis.example/0"])
def test_a_task_may_run_twice_its_hard_limit_before_another_worker_gets_it(tmp_path: Path, redis: str) -> None:
    code = (
        "import json; from django.conf import settings as s; print(json.dumps([s.CELERY_TASK_TIME_LIMIT, "
        "s.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout'], s.CELERY_VISIBILITY_TIMEOUT, "
        "s.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS['visibility_timeout']]))"
    )
    limit, *three_places = json.loads(python(code, "crm.settings", CRM_VAR=str(tmp_path), REDIS_URL=redis).stdout)
    assert len(set(three_places)) == 1
    assert limit * 2 <= three_places[0]


@pytest.mark.parametrize(("process", "seconds"), [("web", 1), ("beat", 1), ("worker", 5)])
def test_a_frozen_redis_holds_a_page_for_one_second_and_a_worker_for_five(
    tmp_path: Path, process: str, seconds: int
) -> None:
    seen = shown(CRM_VAR=str(tmp_path), REDIS_URL="redis://redis.example/0", CRM_PROCESS=process)
    assert seen["broker options"]["socket_timeout"] == seconds
    assert seen["broker options"]["socket_connect_timeout"] == 1


def test_pages_have_a_statement_limit_and_management_commands_have_none(tmp_path: Path) -> None:
    url = "postgresql://crm@db.example/crm"
    web = shown(CRM_VAR=str(tmp_path), DATABASE_URL=url, CRM_PROCESS="web")["database options"]["options"]
    manage = shown(CRM_VAR=str(tmp_path), DATABASE_URL=url)["database options"]["options"]
    assert "statement_timeout=15000" in web
    assert "lock_timeout=3000" in web
    assert "statement_timeout" not in manage


def test_pages_are_planned_for_rows_in_memory_and_a_worker_as_the_server_says(tmp_path: Path) -> None:
    url = "postgresql://crm@db.example/crm"
    web = shown(CRM_VAR=str(tmp_path), DATABASE_URL=url, CRM_PROCESS="web")["database options"]["options"]
    worker = shown(CRM_VAR=str(tmp_path), DATABASE_URL=url, CRM_PROCESS="worker")["database options"]["options"]
    assert "jit=off" in web
    assert "random_page_cost=1.1" in web
    assert "jit" not in worker


def test_every_hint_of_the_beat_expires_after_two_periods() -> None:
    from crm.settings.engines import beat_schedule

    for entry in beat_schedule().values():
        assert entry["options"]["expires"] == 2 * entry["schedule"].total_seconds()


def test_a_dead_cache_is_an_empty_cache() -> None:
    from crm.cache import ForgivingRedisCache

    options = {"OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}}
    cache = ForgivingRedisCache("redis://127.0.0.1:1/0", options)
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert cache.get_many(["key"]) == {}
    assert cache.add("key", 1) is True
    assert cache.delete("key") is False
    assert cache.has_key("key") is False
    assert cache.set_many({"key": 1}) == ["key"]


def test_a_complete_production_passes_the_deployment_check_in_silence(tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from django.core.management import call_command; "
        "call_command('check', deploy=True, fail_level='WARNING')"
    )
    key = base64.urlsafe_b64encode(os.urandom(48)).decode()
    given = {**COMPLETE, "CRM_SECRET_KEY": key, "CRM_VAR": str(tmp_path)}
    answer = python(code, "crm.settings.production", **given)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "no issues (0 silenced)" in answer.stdout
