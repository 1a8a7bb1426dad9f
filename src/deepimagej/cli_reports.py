"""Models and test reports as text for people and as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepimagej.axes import DataDependentSize, SizeRule, format_axes
from deepimagej.request import Stage

if TYPE_CHECKING:
    from deepimagej.axes import Axis
    from deepimagej.bundle.spec import ModelSpec, TensorSpec, Weights
    from deepimagej.library import ModelEntry
    from deepimagej.result import TestReport


def model_record(entry: ModelEntry) -> dict[str, Any]:
    """One model of ``models --json``; a broken one with its problem."""
    runnable, problem = entry.problem == "", entry.problem
    if entry.spec is not None and runnable:
        weights = [weights_state(entry.spec, w) for w in entry.spec.weights.values()]
        runnable = any(state["runnable"] for state in weights)
        problem = "" if runnable else "; ".join(str(state["reason"]) for state in weights)
    return {
        "name": entry.name,
        "id": entry.id,
        "nickname": entry.nickname,
        "version": entry.version,
        "path": str(entry.path),
        "runnable": runnable,
        "problem": problem or None,
    }


def model_line(entry: ModelEntry) -> str:
    """One model of ``models``: name, then what else it is called, or its problem."""
    record = model_record(entry)
    called = " ".join(str(record[key]) for key in ("nickname", "version") if record[key])
    state = "" if record["runnable"] else f"  cannot run: {record['problem']}"
    return f"{entry.name}{f'  ({called})' if called else ''}{state}"


def weights_state(spec: ModelSpec, weights: Weights) -> dict[str, Any]:
    """Whether weights can run here, and why not."""
    from deepimagej.process import tools

    state = tools().engines.status(weights.format, spec)
    if not state.runnable:
        return {"runnable": False, "reason": f"{state.reason}; {state.hint}"}
    if weights.source is None or not weights.source.exists():
        return {"runnable": False, "reason": f"the file {weights.declared} is missing"}
    return {"runnable": True, "reason": None}


def info_record(spec: ModelSpec) -> dict[str, Any]:
    """What ``info --json`` prints; works without weights."""
    return {
        "name": spec.name,
        "id": spec.id,
        "nickname": spec.nickname,
        "version": spec.version,
        "format_version": spec.format_version,
        "path": str(spec.folder.absolute()),
        "description": spec.description,
        "authors": list(spec.authors),
        "license": spec.license,
        "inputs": [_tensor_record(tensor) for tensor in spec.inputs],
        "outputs": [_tensor_record(tensor) for tensor in spec.outputs],
        "weights": {str(w.format): weights_state(spec, w) for w in spec.weights.values()},
        "preprocessing": _stage_record(spec, Stage.PREPROCESSING),
        "postprocessing": _stage_record(spec, Stage.POSTPROCESSING),
        "warnings": list(spec.warnings),
    }


def _tensor_record(tensor: TensorSpec) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "axes": format_axes(tensor.names).lower(),
        "data_type": tensor.data_type,
        "sizes": {axis.id: _size_text(axis) for axis in tensor.axes},
        "halo": {axis.id: axis.halo for axis in tensor.axes if axis.halo},
    }


def _size_text(axis: Axis) -> str:
    size = axis.size
    if isinstance(size, SizeRule):
        return f"{size.min}" if size.step == 0 else f"{size.min} + n*{size.step}"
    if isinstance(size, DataDependentSize):
        return "known after the run"
    scaled = f"{size.tensor}.{size.axis}" + (f" * {size.scale:g}" if size.scale != 1 else "")
    return scaled + (f" + 2*{size.offset:g}" if size.offset else "")


def _stage_record(spec: ModelSpec, stage: Stage) -> dict[str, Any]:
    tensors = spec.inputs if stage is Stage.PREPROCESSING else spec.outputs
    operations = [
        {"tensor": tensor.name, "name": operation.name, "kwargs": dict(operation.kwargs)}
        for tensor in tensors
        for operation in tensor.operations
    ]
    steps = [{"kind": s.kind.value, "file": s.file} for s in spec.steps.get(stage, ())]
    return {"macro": steps, "zoo": operations}


def info_text(spec: ModelSpec) -> str:
    """What ``info`` prints."""
    lines = [spec.name]
    lines += [f"  {text}" for text in (spec.description, _called(spec)) if text]
    for kind, tensors in (("input", spec.inputs), ("output", spec.outputs)):
        for tensor in tensors:
            sizes = ", ".join(f"{axis.id} {_size_text(axis)}" for axis in tensor.axes)
            lines.append(f"  {kind} {tensor.name} ({tensor.data_type}): {sizes}")
    for stage in Stage:
        record = _stage_record(spec, stage)
        steps = [step["file"] for step in record["macro"]]
        names = [operation["name"] for operation in record["zoo"]]
        if steps or names:
            both = [f"macro {', '.join(steps)}"] if steps else []
            both += [f"operations {', '.join(names)}"] if names else []
            lines.append(f"  {stage}: {'; '.join(both)}")
    for weights in spec.weights.values():
        state = weights_state(spec, weights)
        lines.append(f"  weights {weights.format}: {state['reason'] or 'can run here'}")
    lines += [f"  warning: {warning}" for warning in spec.warnings]
    return "\n".join(lines)


def _called(spec: ModelSpec) -> str:
    parts = (
        spec.id and f"id {spec.id}",
        spec.nickname and f"nickname {spec.nickname}",
        spec.version and f"version {spec.version}",
        f"format {spec.format_version}",
        spec.license and f"licence {spec.license}",
    )
    return ", ".join(part for part in parts if part)


def test_text(report: TestReport) -> str:
    """What ``test`` prints for one weights format."""
    verdict = "passed" if report.passed else "FAILED"
    lines = [f"{report.model}, {report.format} ({report.engine} on {report.device}): {verdict}"]
    for name, output in report.outputs.items():
        lines.append(
            f"  {name}: maximal error {output.max_abs_error:.3g}; "
            f"{output.tolerance_exceeded} of {output.values} values exceed "
            f"{output.absolute:g} + {output.relative:g}*|expected|"
        )
    lines += [f"  note: {note}" for note in report.notes]
    return "\n".join(lines)
