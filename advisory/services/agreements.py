"""Advisory agreements (投顾协议): signed, cancelled by the client within some working days, or ended."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from advisory.errors import (
    AgreementEnded,
    AgreementInForce,
    AgreementNumberTaken,
    CancelPeriodOver,
    NoLicence,
    NoRiskGrade,
)
from advisory.models import AdvisorProfile, AdvisoryAgreement
from clients.days import refuse_before_trading
from clients.models import Client
from clients.suitability import may_be_recommended_to
from crm.core import audit
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

#: Natural days that certainly hold the working days of the cancelling period.
_HORIZON = timedelta(days=60)


@service("agreement.sign")
def sign_agreement(
    *, client: Client, number: str, signed_on: date, risk_disclosure: str, actor: User, now: datetime
) -> AdvisoryAgreement:
    """Put an agreement on file that the client has signed with the advisor in whose book he is.

    The advisor needs a valid licence on that day, and the client a valid risk grade unless he is a professional investor
    (投顾暂行规定 Art. 7, 11; 适当性管理办法 Art. 7–12). Raises ``InvalidInput``, ``NoLicence``, ``NoRiskGrade``,
    ``AgreementInForce``, ``AgreementNumberTaken``.
    """
    if signed_on > local_date(now):
        raise InvalidInput(fields={"signed_on": _("An agreement cannot be signed in the future.")})
    refuse_before_trading("signed_on", signed_on)
    row: Client = lock(Client.objects.select_related("branch", "advisor"), pk=client.pk)
    profile = AdvisorProfile.objects.filter(user=row.advisor).first() if row.advisor else None
    if profile is None or not profile.may_advise(signed_on):
        raise NoLicence
    if not may_be_recommended_to(row, signed_on):
        raise NoRiskGrade
    if row.advisory_agreements.filter(ended_on=None).exists():
        raise AgreementInForce
    days = figures(signed_on, row.branch).days("advice.cancel_days")
    calendar = Calendar.load(signed_on, signed_on + _HORIZON)
    made = AdvisoryAgreement(
        client=row,
        advisor=row.advisor,
        number=number.strip(),
        signed_on=signed_on,
        cancel_until=calendar.add_working_days(signed_on, days),
        risk_disclosure=risk_disclosure.strip(),
        signed_by=actor,
    )
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise AgreementNumberTaken(fields={"number": AgreementNumberTaken.message}) from None
    after = {"number": made.number, "signed_on": signed_on, "cancel_until": made.cancel_until}
    audit.record(actor, "agreement.sign", made, after=after, client=row)
    return made


@service("agreement.cancel")
def cancel_agreement(
    *, agreement: AdvisoryAgreement, received_on: date, actor: User, now: datetime, version: int | None = None
) -> AdvisoryAgreement:
    """The client's written cancellation came in on ``received_on``, within the period; it needs no reason.

    Raises ``AgreementEnded``, ``CancelPeriodOver``, ``InvalidInput``, ``StaleEdit``.
    """
    row = _in_force(agreement, version)
    if received_on > row.cancel_until:
        raise CancelPeriodOver
    return _end(row, "agreement.cancel", received_on, _("Cancelled by the client"), actor, now)


@service("agreement.end")
def end_agreement(
    *,
    agreement: AdvisoryAgreement,
    ended_on: date,
    reason: str,
    actor: User,
    now: datetime,
    version: int | None = None,
) -> AdvisoryAgreement:
    """End an agreement as agreed with the client. Raises ``AgreementEnded``, ``InvalidInput``, ``StaleEdit``."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why the agreement ends.")})
    return _end(_in_force(agreement, version), "agreement.end", ended_on, reason.strip(), actor, now)


def _in_force(agreement: AdvisoryAgreement, version: int | None) -> AdvisoryAgreement:
    row: AdvisoryAgreement = lock(AdvisoryAgreement.objects.select_related("client"), pk=agreement.pk, version=version)
    if row.ended_on is not None:
        raise AgreementEnded
    return row


def _end(row: AdvisoryAgreement, action: str, day: date, reason: str, actor: User, now: datetime) -> AdvisoryAgreement:
    if not row.signed_on <= day <= local_date(now):
        raise InvalidInput(fields={"ended_on": _("A day from the signing until today.")})
    row.ended_on, row.end_reason = day, reason[:200]
    row.save_changed(["ended_on", "end_reason"])
    audit.record(actor, action, row, after={"ended_on": day}, reason=reason, client=row.client)
    return row
