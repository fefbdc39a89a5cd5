"""My day: what one person has to do now, read from several apps."""
