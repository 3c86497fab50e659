"""The pages of staff: signing in, moderation, the calendar, what needs a person, and governing it all."""

from scheduler.web.routing import Route
from scheduler.web.staff import (
    account,
    accounts,
    audit,
    calendar,
    compose,
    delivery,
    export,
    moderation,
    needs,
    openid,
    passkeys,
    pausing,
    people,
    signing,
    today,
)

# Every module of pages stands in both lists.
ROUTES: tuple[Route, ...] = (
    *signing.ROUTES,
    *passkeys.ROUTES,
    *openid.ROUTES,
    *account.ROUTES,
    *people.ROUTES,
    *audit.ROUTES,
    *moderation.ROUTES,
    *today.ROUTES,
    *calendar.ROUTES,
    *delivery.ROUTES,
    *needs.ROUTES,
    *pausing.ROUTES,
    *accounts.ROUTES,
    *compose.ROUTES,
    *export.ROUTES,
)
