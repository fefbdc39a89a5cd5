"""What people call a browser and the system it runs on."""

from __future__ import annotations

#: What a browser calls itself, the more particular first; and the system it runs on.
BROWSERS = (
    ("MicroMessenger", "WeChat"), ("QQBrowser", "QQ Browser"), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"),
    ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_words(agent: object) -> str:
    """A browser and its system as people know them; what it says of itself where nothing is known of it."""
    text = str(agent or "")
    found = [next((name for mark, name in known if mark in text), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, found)) or text[:60] or "—"
