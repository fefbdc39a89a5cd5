"""Facts of the profile that a file of clients may bring."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.models import DocumentKind
from clients.services.identity_facts import tidy
from crm.core.importing import ImportField, InputRow, Problem

PROFILE_FIELDS = [
    ImportField("nationality", "text", gettext_lazy("nationality"), headers=("国籍", "国籍/地区")),
    ImportField("tax_residency", "text", gettext_lazy("tax residency"), headers=("税收居民身份",)),
    ImportField(
        "employer", "text", gettext_lazy("employer"), headers=("工作单位", "单位名称", "单位", "公司", "company")
    ),
    ImportField("income_source", "text", gettext_lazy("source of income"), headers=("收入来源",)),
    ImportField(
        "annual_income", "money", gettext_lazy("yearly income"), minimum=0, headers=("年收入", "个人年收入", "income")
    ),
    ImportField(
        "outside_assets",
        "money",
        gettext_lazy("financial assets elsewhere"),
        minimum=0,
        headers=("其他金融资产", "行外金融资产"),
    ),
    ImportField("debts", "money", gettext_lazy("debts"), minimum=0, headers=("负债", "债务")),
    ImportField(
        "investing_since",
        "date",
        gettext_lazy("investing since"),
        headers=("开始投资时间", "首次入市时间"),
        help=gettext_lazy("The month counts; any day of it will do."),
    ),
    ImportField("integrity_note", "text", gettext_lazy("integrity record"), headers=("诚信记录", "不良诚信记录")),
    ImportField("avoid_topics", "text", gettext_lazy("topics to avoid"), headers=("避谈事项", "沟通禁忌")),
    ImportField("controller", "text", gettext_lazy("actual controller"), headers=("实际控制人", "实际控制投资者")),
    ImportField(
        "beneficiary", "text", gettext_lazy("beneficial owner"), headers=("受益人", "交易实际受益人", "受益所有人")
    ),
    ImportField("is_listed", "boolean", gettext_lazy("listed company"), headers=("是否上市公司",)),
    ImportField("stock_code", "code", gettext_lazy("stock code"), headers=("股票代码", "证券代码")),
    ImportField("industry", "text", gettext_lazy("industry"), headers=("行业", "所属行业")),
    ImportField("own_funds", "money", gettext_lazy("net assets of the institution"), headers=("净资产",)),
    ImportField(
        "legal_representative", "text", gettext_lazy("legal representative"), headers=("法定代表人", "法人代表")
    ),
    ImportField(
        "id_kind",
        "choice",
        gettext_lazy("kind of document"),
        choices=DocumentKind.choices,
        headers=("证件类型", "证件类别"),
    ),
    ImportField(
        "id_valid_until",
        "date",
        gettext_lazy("document valid until"),
        headers=("证件有效期", "证件有效期至", "证件到期日"),
        help=gettext_lazy("2099-12-31 and later mean: valid long-term."),
    ),
    ImportField(
        "id_is_long_term", "boolean", gettext_lazy("document valid long-term"), headers=("证件长期有效", "是否长期有效")
    ),
]
#: Account systems write a far day where the document says 长期.
_FOREVER = date(2099, 12, 31)


def tidy_row(row: InputRow, values: dict[str, Any]) -> list[Problem]:
    """Bring the row's profile into stored form; what contradicts itself is named."""
    until = values.get("id_valid_until")
    if until and until >= _FOREVER:
        values["id_is_long_term"], values["id_valid_until"] = True, None
    elif until and values.get("id_is_long_term"):
        text = _("A document that is valid long-term has no last day.")
        return [row.problem("id_valid_until", "contradiction", text)]
    if values.get("stock_code") and values.get("is_listed") is False:
        return [row.problem("stock_code", "contradiction", _("Only a listed company has a stock code."))]
    tidy(values)
    return []
