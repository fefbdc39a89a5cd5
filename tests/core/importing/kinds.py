"""A kind of data that needs no word of the trade: departments of a branch."""

from __future__ import annotations

from typing import Any

from crm.core.importing import ImportContext, ImportField, ModelTarget
from crm.core.models import Department, User


class DepartmentTarget(ModelTarget):
    kind = "departments"
    label = "Departments"
    model = Department
    sees = ""
    identity = ("branch_id", "code")
    row_key_field = "code"
    fields = (
        ImportField("code", "code", label="Code", required=True, headers=("部门代码",)),
        ImportField("name", "text", label="Name", required_for_new=True, headers=("部门名称",)),
    )

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        return {"branch_id": context.branch.pk, "company_id": context.branch.company_id}


class PeopleTarget(ModelTarget):
    """Versioned rows with a choice, a secret and a date column of their own."""

    kind = "people"
    label = "People"
    model = User
    identity = ("staff_number",)
    row_key_field = "staff_number"
    columns = {"number": "staff_number"}
    fields = (
        ImportField("staff_number", "code", label="Number", required=True),
        ImportField("name", "text", label="Name", required_for_new=True),
        ImportField("email", "text", label="E-mail", sensitive=True),
        ImportField("language", "choice", choices=[("en", "English"), ("zh-hans", "中文")]),
        ImportField("is_active", "boolean"),
    )

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        return {"branch_id": context.branch.pk, "company_id": context.branch.company_id}
