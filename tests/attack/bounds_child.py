"""Run cases of `bounds` under a limit of memory: GROUP FOLDER AFTER [--quick]."""

import importlib
import json
import re
import resource
import sys
import warnings
from pathlib import Path

from .bounds import ALLOWANCE
from .promise import Case

_QUICK = 4  # of how many cases one is run


def main() -> None:
    """Print, as JSON, which case begins and how it ended."""
    group, folder, after = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    step = _QUICK if "--quick" in sys.argv else 1
    cases = importlib.import_module(f".{group}", __package__).cases(folder)
    names = [case.name for case in cases]
    first = names.index(after) + 1 if after else 0
    warnings.simplefilter("ignore")
    _limit()
    for case in cases[first::step]:
        _say("begins", case.name)
        _say("ended", case.name, wrong=_wrong(case))
    _say("over", "")


def _limit() -> None:
    status = Path("/proc/self/status").read_text()
    taken = int(status.partition("VmData:")[2].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (taken + ALLOWANCE,) * 2)


def _wrong(case: Case) -> str | None:
    try:
        case.do()
    except case.errors as error:
        said = str(error) or str(getattr(error, "detail", ""))
        if re.search(case.says, said):
            return None
        return f"it says: {said[:300]}"
    except BaseException as error:  # whatever it is, it is reported
        return f"{type(error).__name__}: {str(error)[:300]}"
    return None if case.may_pass else "nothing was raised"


def _say(state: str, case: str, **more: str | None) -> None:
    print(json.dumps({"state": state, "case": case, **more}), flush=True)


if __name__ == "__main__":
    main()
