"""The pages of staff: signing in, moderation, the calendar, what needs a person, and governing it all."""

from scheduler.web.routing import Route

ROUTES: tuple[Route, ...] = ()
