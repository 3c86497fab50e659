"""Tests of the daemon's own process: its threads, what it tells of itself, and its service manager."""
