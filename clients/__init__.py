"""Who the client is: identity, accounts, assets, book, contact log, imports."""
