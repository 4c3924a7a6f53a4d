"""The reference ROR: a small FHIR R4 server over a generated fictitious region, and the faults it can be started with."""
