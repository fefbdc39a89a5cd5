"""Forms of clients: they check the shape, the services hold the rules."""

from clients.forms.client import AdvisorForm, ClientForm, DoNotContactForm, RiskForm
from clients.forms.contact import AppointmentForm, CancelForm, ContactForm, CorrectionForm, FilesForm, MoveForm
from clients.forms.export import ExportForm

__all__ = [
    "AdvisorForm",
    "AppointmentForm",
    "CancelForm",
    "ClientForm",
    "ContactForm",
    "CorrectionForm",
    "DoNotContactForm",
    "ExportForm",
    "FilesForm",
    "MoveForm",
    "RiskForm",
]
