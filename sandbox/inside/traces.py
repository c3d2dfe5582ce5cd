"""What a test may leave behind in a process that goes on to execute others: put right, or noticed.

Numbers drawn, decimal contexts, warnings and limits are put right. What else a test leaves in a module is noticed, and
whoever finds something must not execute another test.
"""

import builtins
import decimal
import locale
import sys
import warnings
from types import ModuleType
from typing import Any


class Traces:
    """The state in which every test shall begin."""

    def __init__(self) -> None:
        # Imported by this module, it would want a new seed after every fork: see `warm_up`.
        self._numbers: Any = sys.modules["random"]
        self._random = self._numbers.getstate()
        self._decimal = decimal.getcontext().copy()
        self._filters = list(warnings.filters)
        self._limits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
        self._locale = locale.setlocale(locale.LC_ALL)
        self._modules, self._count = _contents(), len(sys.modules)

    def remove(self) -> bool:
        """Puts right what can be; says whether everything is as it was."""
        self._numbers.setstate(self._random)
        decimal.setcontext(self._decimal.copy())
        warnings.filters[:] = self._filters  # type: ignore[index]  # a list, whatever typeshed says
        recursion, digits = self._limits
        sys.setrecursionlimit(recursion)
        sys.set_int_max_str_digits(digits)
        return locale.setlocale(locale.LC_ALL) == self._locale and self._is_untouched()

    def _is_untouched(self) -> bool:
        known = self._modules
        return len(sys.modules) == self._count and all(
            name in sys.modules and sys.modules[name].__dict__ == contents for name, contents in known.items()
        )


def _contents() -> dict[str, dict[str, Any]]:
    """Every module with what it holds."""
    modules = {name: module for name, module in sys.modules.items() if isinstance(module, ModuleType)}
    return {name: module.__dict__.copy() for name, module in (modules | {"builtins": builtins}).items()}
