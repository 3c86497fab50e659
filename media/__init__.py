"""Pictures: bytes in, bytes out. No database, network, clock or config."""
