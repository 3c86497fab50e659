"""The web pages: thin, server-rendered, for volunteers and staff. Everything they do is an operation's work.

A request goes `routing` (which page, who may, is it really from our own page) -> the page's function, in a thread,
with an `Ask` -> an answer made by `pages`. `serving` runs it all in one process beside the daemon, on the same state.
"""
