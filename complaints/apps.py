"""What the client says: enquiries, requests, complaints and suggestions with their clocks."""

from typing import Any

from django.apps import AppConfig
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    label = "complaints"
    verbose_name = _("Complaints")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The services bring the sweep of the clocks and what follows a change of the calendar.
        from clients.registry import ClientBound, Moves, bind
        from clients.retention import keeps, stops_erasure
        from complaints import services  # noqa: F401  registers them
        from complaints.importing import ComplaintTarget
        from complaints.models import Complaint
        from complaints.querysets import recused_q
        from complaints.segments import offer
        from complaints.steps import STEPS
        from crm.core import attachments, audit
        from crm.core.audit_words import add_words
        from crm.core.clocks import local_date
        from crm.core.importing import register

        @attachments.guard(Complaint)
        def evidence(user: Any) -> Any:
            may = user.has_perm("complaints.view_complaint")
            return Complaint.objects.visible_to(user) if may else Complaint.objects.none()

        @audit.veil(Complaint)
        def about_the_reader(user: Any) -> Any:
            return Complaint.objects.filter(recused_q(user))

        offer()
        bind(ClientBound("complaints.Complaint", on_merge=Moves(), is_counted=False))

        @keeps("complaints")
        def newest_complaint(client: Any) -> Any:
            moment = Complaint.objects.filter(client=client).aggregate(at=Max("received_at"))["at"]
            return local_date(moment) if moment else None

        @stops_erasure
        def open_complaint(client: Any, reader: Any) -> str:
            found = Complaint.objects.filter(client=client).open()
            told = found.visible_to(reader) if reader is not None else found.filter(complained_of=None)
            if (first := told.first()) is not None:
                return gettext("Open complaint: %(number)s") % {"number": first.number}
            return gettext("Something is open that colleagues handle.") if found.exists() else ""

        register(ComplaintTarget())
        add_words({f"complaint.{step.action}": step.label for step in STEPS})
        add_words(
            {
                "complaint.register": _("Took a complaint down"),
                "complaint.attach": _("Added evidence to a complaint"),
                "complaint.overdue": _("A clock of a complaint ran out"),
                "complaint.print": _("Printed a complaint"),
                "complaint.view": _("Looked at a complaint"),
            }
        )
