"""Pages of clients; the client page itself is composed at the roof from these parts."""
