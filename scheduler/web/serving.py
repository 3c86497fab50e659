"""Runs the site: one process beside the daemon, on the same state."""

import uvicorn

from scheduler.app import App
from scheduler.web.all_routes import ROUTES
from scheduler.web.entrance import application
from scheduler.web.site import Site


def serve(app: App, *, host: str, port: int) -> None:
    """Answer requests until told to stop. No request is ever logged."""
    site = Site(app)
    config = uvicorn.Config(
        application(site, ROUTES),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=10,
        limit_concurrency=500,
    )
    uvicorn.Server(config).run()
