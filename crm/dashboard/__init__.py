"""Branch home: the branch's numbers, read from several apps."""
