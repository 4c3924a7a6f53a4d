"""Words and forms that scenarios and those who read them share."""

import re
from typing import Any

# ``{activity.code}``: a bound value, or a constant of the profile, put into a request.
PLACEHOLDER = re.compile(r"\{([A-Za-z][\w-]*)(?:\.([\w.-]+))?\}")

# What a step may send.
METHODS = ("GET", "POST-search", "POST", "PUT", "PATCH")

# Names that every scenario that writes has: a text of this run and scenario alone, the mark by which what it created is
# found again; and the time at which the scenario began.
OWN_NAMES = ("unique", "now")

# A deliberately unknown parameter or modifier carries this word, so that a slip of the pen is still told.
PROBE = "rorqual"


def over_run(parameters: Any) -> bool:
    """Whether an expectation looks at all that the candidate has shown in the run, not at its step alone."""
    return isinstance(parameters, dict) and parameters.get("over") == "run"
