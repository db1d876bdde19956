"""How functions are compiled that only compiled code calls."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager


class LinkedCode(JITCodeLibrary):
    """Code that is only ever linked into its callers.

    numba optimises every function and translates it into the machine's code, also one whose code
    then stands in its callers alone, where all of it is optimised and translated again. What is
    only linked needs neither: that is half of the time that compiling took.
    """

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return that there is none."""
        return 0

    @property
    def codegen(self) -> Any:
        """What numba tells where Python objects of this code are: there are none."""
        return SimpleNamespace(set_env=lambda name, environment: None)


class LinkedCompiler(Compiler):
    """The compiler of functions that only compiled code calls."""

    def define_pipelines(self) -> list[PassManager]:
        """Return numba's steps, with a place for code that is only linked."""
        state = self.state
        state.library = LinkedCode(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super().define_pipelines()


LINKED: dict[str, Any] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": LinkedCompiler,
}
"""Options for what only compiled code calls: Python needs no way in."""
