"""Stand-ins for the networks: real HTTP servers on loopback, as strict as the networks themselves."""
