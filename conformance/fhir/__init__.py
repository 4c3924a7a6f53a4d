"""Reading FHIR JSON: bodies, Bundles, FHIRPath, search criteria, structures. Knows no verdict."""
