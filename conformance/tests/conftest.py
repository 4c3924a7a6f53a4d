"""What tests share: the reference ROR on a loopback port."""

import pytest

from conformance.reference.app import create_app
from conformance.reference.region import generate
from conformance.reference.server import Running, stored


@pytest.fixture(scope="session")
def ror():
    """The address of a clean reference ROR of 120 offers."""
    with Running(create_app(stored(generate(120, 7)), profile_id="ror-fhir-0.7.0")) as base:
        yield base


@pytest.fixture
def candidate_file(tmp_path):
    """Writes a candidate.yaml for a base address, with more lines when given."""

    def write(base, more="", top=""):
        path = tmp_path / "candidate.yaml"
        path.write_text(f'product: Produit\nversion: "2"\nvendor: Vendeur\nrole: server\nprofiles: [ror-fhir-0.7.0]\n{top}'
                        f"endpoint:\n  base-url: {base}\n{more}")
        return path

    return write
