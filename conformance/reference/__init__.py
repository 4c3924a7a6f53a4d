"""The reference ROR: a small FHIR R4 server over a fictitious region, and the faults it can be started with."""
