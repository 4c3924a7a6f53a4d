"""FHIRPath expressions, compiled once."""

import sys
from concurrent.futures import ThreadPoolExecutor

from conformance.fhir import path


def test_expressions_compiled_by_several_threads_leave_the_output_alone(capsys):
    expressions = [f"HealthcareService.extension.where(url = '{number}').exists()" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(path.compiled, expressions))
    sys.stdout.write("still here\n")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("still here\n", "")
