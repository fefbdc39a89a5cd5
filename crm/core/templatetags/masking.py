"""Masks as template filters; the rule itself is in ``crm.core.masking``."""

from django import template

from crm.core.masking import MASKS

register = template.Library()
for _name, _mask in MASKS.items():
    register.filter(f"mask_{_name}", _mask)
