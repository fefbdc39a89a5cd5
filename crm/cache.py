"""A Redis cache that is only ever a convenience."""

from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class ForgivingRedisCache(RedisCache):
    """Redis, where it answers; a cache that has nothing, where it does not.

    A stopped or frozen Redis must not turn a page into a 500. Reads then find nothing and writes are dropped, each
    after at most the socket timeout.
    """

    def _forgive(self, found_nothing: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(), name)(*args, **kwargs)
        except (RedisError, OSError) as down:
            log.warning("cache_unreachable", operation=name, reason=type(down).__name__)
            return found_nothing

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(True, "add", *args, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._forgive(default, "get", key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._forgive(None, "set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(False, "touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(False, "delete", *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(self._forgive({}, "get_many", *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._forgive(False, "has_key", *args, **kwargs))

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._forgive(list(data), "set_many", data, *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._forgive(None, "delete_many", *args, **kwargs)
