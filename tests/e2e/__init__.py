"""The pages in a real browser: phone and desktop, with and without scripts, both languages, keyboard only."""
