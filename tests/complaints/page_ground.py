"""Filling in the form of a page, and the address of a step."""

from __future__ import annotations

from django.urls import reverse


def send(browser, url, **said):
    """Fill the form of a page in and send it, with what the page itself put into it."""
    form = browser.get(url).context["form"]
    own = {name: form[name].value() for name in ("form_token", "version") if form[name].value() is not None}
    return browser.post(url, {**own, **said})


def step(complaint, action):
    return reverse("complaints:step", args=[complaint.public_id, action])
