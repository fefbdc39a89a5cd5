"""`manage.py rotate_field_keys`: seal every private value again with the first key of CRM_FIELD_KEYS."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from crm.core.crypto import keyring
from crm.core.exporting import vault as export_vault
from crm.core.importing import vault
from crm.core.rotation import rotate, rotate_second_factors, sealed_models


class Command(BaseCommand):
    help = "Seal private values and blind indexes with the newest key. May be stopped and started again."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {model._meta.label_lower: rotate(model, fields) for model, fields in sealed_models()}
        counts["mfa.authenticator"] = rotate_second_factors()
        counts["core.importfile"] = vault.rotate()
        counts["core.exportfile"] = export_vault.rotate()
        self.stdout.write(json.dumps({"key": keyring()[0].name, "rows": counts}))
