"""How functions are compiled that only compiled code calls.

It rests on the inside of numba, and is imported for versions alone of which that is known.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from numba.core import typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, _pass_registry
from numba.core.postproc import PostProcessor


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


STEPS = (
    untyped_passes.TranslateByteCode,
    untyped_passes.FixupArgs,
    untyped_passes.IRProcessing,
    untyped_passes.GenericRewrites,
    untyped_passes.ReconstructSSA,
    typed_passes.NopythonTypeInference,
    typed_passes.PreLowerStripPhis,
    typed_passes.InlineOverloads,
    typed_passes.NoPythonSupportedFeatureValidation,
    typed_passes.IRLegalization,
    typed_passes.NativeLowering,
    typed_passes.NoPythonBackend,
)
"""Those of numba's steps that have something to do in a rule.

The others are for what rules do not have, and the translation to JavaScript refuses as well:
functions within functions, comprehensions, `with`, branches on types. Arithmetic on whole arrays
works, in a loop for each operation.
"""


class Steps(PassManager):
    """Numba's steps, without the types that it writes out before each for whoever listens.

    The type of a record of parameters is thousands of characters.
    """

    def _runPass(self, index: int, step: Any, state: Any) -> None:  # noqa: N802
        step.analysis = self._analysis
        step.run_initialization(state)
        changed = step.run_pass(state)
        step.run_finalizer(state)
        if changed and _pass_registry.get(type(step)).mutates_CFG:
            PostProcessor(state.func_ir).run()


class LinkedCompiler(CompilerBase):
    """The compiler of functions that only compiled code calls."""

    def define_pipelines(self) -> list[PassManager]:
        """Return the steps, with a place for code that is only linked."""
        state = self.state
        state.library = LinkedCode(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.type_annotation = None
        steps = Steps("linked")
        for step in STEPS:
            steps.add_pass(step, step.__name__)
        steps.finalize()
        return [steps]
