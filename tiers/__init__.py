"""What we promise: programmes, tiers, evaluation runs, commission desk."""
