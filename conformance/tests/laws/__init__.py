"""Laws of searching."""
