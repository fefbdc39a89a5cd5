"""Client 360 and the wide client list, read from several apps."""
