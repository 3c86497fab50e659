"""Every address of the site."""

from scheduler.web import assets, health, media
from scheduler.web.routing import Route
from scheduler.web.staff import ROUTES as STAFF
from scheduler.web.volunteers import ROUTES as VOLUNTEERS

ROUTES: tuple[Route, ...] = (*assets.ROUTES, *media.ROUTES, *health.ROUTES, *VOLUNTEERS, *STAFF)
