"""Every change in who serves whom."""
