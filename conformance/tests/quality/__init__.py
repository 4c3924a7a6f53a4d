"""Population and quality of the data."""
