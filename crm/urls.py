"""Every address of the product. Each app names its own pages and resources; the roof only puts them together."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

import advisory.api
import care.api
import clients.api
import complaints.api
import crm.core.api.resources
import crm.overview.api
import tiers.api
from crm.core.api.auth import Devices, Login, Logout
from crm.core.views import errors

router = SimpleRouter()
for resources in (
    crm.core.api.resources,
    clients.api,
    tiers.api,
    advisory.api,
    complaints.api,
    care.api,
    crm.overview.api,
):
    resources.register(router)

api: list[URLPattern | URLResolver] = [
    path("auth/login/", Login.as_view(), name="login"),
    path("auth/logout/", Logout.as_view(), name="logout"),
    path("auth/devices/", Devices.as_view(), name="devices"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    *router.urls,
]

# One door for everybody: the desk for reference data sends people to it, with its counter, second factor and trail.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents it

# Looked through from the top: what is asked most comes first. A client's page follows those beside it ("clients/new/").
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include((api, "api"))),
    path("", include("clients.urls")),
    path("", include("crm.overview.urls")),
    path("", include("crm.core.urls")),
    path("", include("tiers.urls")),
    path("", include("advisory.urls")),
    path("", include("complaints.urls")),
    path("", include("care.urls")),
    path("", include("crm.workbench.urls")),
    path("", include("crm.dashboard.urls")),
    path("", include("crm.search.urls")),
    # Passwords come from an administrator and addresses from the staff page: these doors of allauth stay shut.
    re_path(r"^accounts/(?:email|confirm-email|password/reset|password/set)(?:/|$)", errors.not_here),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]

handler400 = "crm.core.views.errors.handler400"
handler403 = "crm.core.views.errors.handler403"
handler404 = "crm.core.views.errors.handler404"
handler500 = "crm.core.views.errors.handler500"
