"""What every REST resource shares: rights for each method, problem answers, cursors, versions, once-only writes."""
