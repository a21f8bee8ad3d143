"""Statistics, with NumPy and SciPy alone."""
