"""Addresses of clients; the client page itself is composed at the roof."""

from django.urls import URLPattern, path

from clients.views import accounts, contacts, edit, investors, lists, needs, permissions, quality, tags

app_name = "clients"
urlpatterns: list[URLPattern] = [
    path("clients/", lists.client_list, name="list"),
    path("clients/new/", edit.client_create, name="create"),
    path("clients/tags/", tags.tag_list, name="tags"),
    path("clients/tags/new/", tags.tag_create, name="tag_create"),
    path("clients/tags/set/", tags.tag_many, name="tag_many"),
    path("clients/tags/undo/<str:public_id>/", tags.tag_undo, name="tag_undo"),
    path("clients/tags/<str:public_id>/edit/", tags.tag_edit, name="tag_edit"),
    path("clients/<str:public_id>/tags/", tags.client_tags, name="client_tags"),
    path("clients/export/", lists.client_export, name="export"),
    path("clients/<str:public_id>/edit/", edit.client_edit, name="edit"),
    path("clients/<str:public_id>/risk/", edit.client_risk, name="risk"),
    path("clients/<str:public_id>/advisor/", edit.client_advisor, name="advisor"),
    path("clients/<str:public_id>/do-not-contact/", edit.client_do_not_contact, name="do_not_contact"),
    path("clients/<str:public_id>/reveal/<str:field>/", edit.client_reveal, name="reveal"),
    path("clients/<str:public_id>/contacts/", contacts.contact_add, name="contact_add"),
    path("clients/<str:public_id>/accounts/new/", accounts.account_add, name="account_add"),
    path("clients/<str:public_id>/lines/", accounts.line_mark, name="line_mark"),
    path("clients/<str:public_id>/lines/<str:mark>/remove/", accounts.line_unmark, name="line_unmark"),
    path("clients/<str:public_id>/permissions/", permissions.precheck_all, name="prechecks"),
    path("clients/<str:public_id>/permissions/<str:code>/", permissions.precheck_one, name="precheck"),
    path("clients/<str:public_id>/permissions/<str:code>/open/", permissions.permission_open, name="permission_open"),
    path(
        "clients/<str:public_id>/permissions/<str:code>/exemption/",
        permissions.permission_exemption,
        name="permission_exemption",
    ),
    path("clients/<str:public_id>/permissions/<str:code>/test/", permissions.test_record, name="test_record"),
    path("permissions/<str:public_id>/decide/", permissions.permission_decide, name="permission_decide"),
    path("permissions/<str:public_id>/close/", permissions.permission_close, name="permission_close"),
    path("clients/<str:public_id>/class/", investors.classification_apply, name="classification_apply"),
    path("classifications/<str:public_id>/", investors.classification, name="classification"),
    path("classifications/<str:public_id>/decide/", investors.classification_decide, name="classification_decide"),
    path(
        "classifications/<str:public_id>/withdraw/", investors.classification_withdraw, name="classification_withdraw"
    ),
    path("classifications/<str:public_id>/end/", investors.classification_end, name="classification_end"),
    path("classifications/<str:public_id>/proof/", investors.classification_proof, name="classification_proof"),
    path("accounts/<str:public_id>/edit/", accounts.account_edit, name="account_edit"),
    path("accounts/<str:public_id>/reveal/", accounts.account_reveal, name="account_reveal"),
    path("accounts/<str:public_id>/margin/", accounts.account_margin, name="account_margin"),
    path("quality/", quality.work_list, name="quality"),
    path("clients/<str:public_id>/complete/", quality.complete, name="complete"),
    path("clients/<str:public_id>/verify/", quality.verify, name="verify"),
    path("clients/<str:public_id>/ask/", quality.ask, name="ask"),
    path("clients/<str:public_id>/needs/", needs.needs_add, name="needs_add"),
    path("contacts/<str:public_id>/correct/", contacts.contact_correct, name="contact_correct"),
]
