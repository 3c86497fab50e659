"""Pictures from outside: what their first bytes cost, how they are opened, and what they held beside pixels."""
