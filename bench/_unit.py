"""The yardstick as a site of its own, with the few layers that such a page has: what `served` measures the product against."""

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
django.setup()
# Between the two: apps look for their layers when they are loaded, the handler keeps those that it finds.
settings.ROOT_URLCONF = "bench.yardstick"
settings.MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
]
application = WSGIHandler()
