"""Forms of clients: they check the shape, the services hold the rules."""

from clients.forms.client import AdvisorForm, ClientForm, DoNotContactForm, ExportForm, RiskForm
from clients.forms.contact import ContactForm, CorrectionForm

__all__ = [
    "AdvisorForm",
    "ClientForm",
    "ContactForm",
    "CorrectionForm",
    "DoNotContactForm",
    "ExportForm",
    "RiskForm",
]
