"""What runs unattended: the daemon, the watch over the files, and one call from cron in the daemon's place."""

from scheduler.daemon.once import run_once
from scheduler.daemon.process import Daemon
from scheduler.daemon.watch import PostsWatch

__all__ = ["Daemon", "PostsWatch", "run_once"]
