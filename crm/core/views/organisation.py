"""The company on one page, and the forms with which an administrator changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.core.forms.commands import CommandForm
from crm.core.forms.organisation import BranchForm, DepartmentForm, NameForm, RegionForm
from crm.core.forms.staff import ReasonForm
from crm.core.models import Branch, Company, Department, Region, User
from crm.core.services import organisation as services
from crm.core.views.commands import command, form_page
from crm.core.views.places import actor_of


@require_safe
@permission_required("core.view_branch", raise_exception=True)
def organisation(request: HttpRequest) -> HttpResponse:
    """Regions, branches with their outlets, departments; how many people work where."""
    actor = actor_of(request)
    branches: list[Any] = list(Branch.objects.nameable_by(actor).for_tree())
    own = {branch.pk for branch in branches}
    departments = list(Department.objects.visible_to(actor).order_by("code"))
    for branch in branches:
        branch.inside = [row for row in departments if row.branch_id == branch.pk]
    tops = [row for row in branches if row.parent_id not in own]
    context = {
        "company": Company.objects.filter(staff=actor).first(),
        "regions": Region.objects.visible_to(actor).select_related("parent").order_by("code"),
        "branches": [branch for top in tops for branch in (top, *(row for row in branches if row.parent_id == top.pk))],
        "head_office": [row for row in departments if row.branch_id is None],
        "may_change": actor.has_perm("core.change_branch"),
    }
    return render(request, "core/organisation.html", context)


@form_page
@permission_required("core.change_branch", raise_exception=True)
def company_edit(request: HttpRequest) -> HttpResponse:
    """The name of the company."""
    actor = actor_of(request)
    company = get_object_or_404(Company.objects.filter(staff=actor))
    form = NameForm(request.POST or None, initial=_known(company, "name"))

    def save(form: CommandForm) -> Company:
        return services.change_company(actor=actor, company=company, seen=form.seen, **form.command)

    return _answer(request, form, save, _("Edit %(name)s") % {"name": company.name})


@form_page
@permission_required("core.add_branch", raise_exception=True)
def region_add(request: HttpRequest) -> HttpResponse:
    """A new region."""
    actor = actor_of(request)
    form = RegionForm(request.POST or None, actor=actor)
    return _answer(request, form, lambda said: services.add_region(actor=actor, **said.command), _("New region"))


@form_page
@permission_required("core.change_branch", raise_exception=True)
def region_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Rename a region or hang it under another."""
    actor = actor_of(request)
    region = get_object_or_404(Region.objects.visible_to(actor), public_id=public_id)
    form = RegionForm(request.POST or None, actor=actor, known=region, initial=_known(region, "name", "parent"))

    def save(form: CommandForm) -> Region:
        return services.change_region(actor=actor, region=region, seen=form.seen, **form.command)

    return _answer(request, form, save, _("Edit %(name)s") % {"name": region.name})


@form_page
@permission_required("core.add_branch", raise_exception=True)
def branch_add(request: HttpRequest) -> HttpResponse:
    """A new branch or outlet."""
    actor = actor_of(request)
    form = BranchForm(request.POST or None, actor=actor)

    def add(form: CommandForm) -> Branch:
        return services.add_branch(actor=actor, code=form.cleaned_data["code"], facts=cast(BranchForm, form).facts)

    return _answer(request, form, add, _("New branch"))


@form_page
@permission_required("core.change_branch", raise_exception=True)
def branch_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Edit a branch."""
    actor = actor_of(request)
    branch = _branch(actor, public_id)
    known = _known(branch, "name", "region", "parent", "address", "complaint_phone")
    form = BranchForm(request.POST or None, actor=actor, known=branch, initial=known)

    def save(form: CommandForm) -> Branch:
        return services.change_branch(actor=actor, branch=branch, seen=form.seen, facts=cast(BranchForm, form).facts)

    return _answer(request, form, save, _("Edit %(name)s") % {"name": branch.name})


@form_page
@permission_required("core.change_branch", raise_exception=True)
def branch_open(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close an open branch, open a closed one again."""
    actor = actor_of(request)
    branch = _branch(actor, public_id)
    form = ReasonForm(request.POST or None, initial={"version": branch.version})
    change = services.close_branch if branch.is_open else services.reopen_branch
    title = _("Close %(name)s") if branch.is_open else _("Open %(name)s again")

    def save(form: CommandForm) -> Branch:
        return change(actor=actor, branch=branch, seen=form.seen, **form.command)

    warning = _("A closed branch takes no people, files or clients any more. What it did stays on file.")
    if branch.is_open and (left := services.what_keeps_open(branch)):
        warning = " ".join([_("This branch cannot be closed yet."), *left])
    more = {"warning": warning, "danger": True, "submit_label": _("Close branch")} if branch.is_open else {}
    return _answer(request, form, save, title % {"name": branch.name}, **more)


@form_page
@permission_required("core.add_branch", raise_exception=True)
def department_add(request: HttpRequest) -> HttpResponse:
    """A new department."""
    actor = actor_of(request)
    form = DepartmentForm(request.POST or None, actor=actor)
    return _answer(
        request, form, lambda said: services.add_department(actor=actor, **said.command), _("New department")
    )


@form_page
@permission_required("core.change_branch", raise_exception=True)
def department_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Rename a department."""
    actor = actor_of(request)
    department = get_object_or_404(Department.objects.visible_to(actor), public_id=public_id)
    form = DepartmentForm(request.POST or None, actor=actor, known=department, initial=_known(department, "name"))

    def save(form: CommandForm) -> Department:
        return services.change_department(actor=actor, department=department, seen=form.seen, **form.command)

    return _answer(request, form, save, _("Edit %(name)s") % {"name": department.name})


def _answer(
    request: HttpRequest, form: CommandForm, do: Callable[[CommandForm], Any], title: str, **more: Any
) -> HttpResponse:
    url = reverse("core:organisation")
    crumbs = [{"label": _("Settings"), "url": reverse("core:settings")}, {"label": _("Organisation"), "url": url}]
    context = {"title": title, "crumbs": crumbs, "back_url": url, "submit_label": _("Save"), **more}
    return command(
        request,
        form,
        do=do,
        done=lambda: url,
        template="core/organisation_form.html",
        context=context,
        said=_("Saved."),
    )


def _known(row: Any, *names: str) -> dict[str, Any]:
    """What the form shows at first; places by their public id."""
    values = {name: getattr(row, name) for name in names}
    return {"version": row.version, **{name: getattr(value, "public_id", value) for name, value in values.items()}}


def _branch(actor: User, public_id: str) -> Branch:
    return get_object_or_404(Branch.objects.nameable_by(actor), public_id=public_id)
