"""rorqual: conformance and homologation harness for exchanges of the French health-offer directory (ROR)."""

__version__ = "0.1.0"
