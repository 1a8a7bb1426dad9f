"""Operations of a TensorFlow graph that touch files, addresses or other code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deepimagej.library.paths import leaves
from deepimagej.library.wire import messages, strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BY_REASON: Final = {
    "runs Python code": "PyFunc PyFuncStateless EagerPyFunc",
    "reads files": """
        ReadFile MatchingFiles ImmutableConst WholeFileReader WholeFileReaderV2 TextLineReader
        TextLineReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader
        TFRecordReaderV2 LMDBReader LMDBDataset ExperimentalLMDBDataset TextLineDataset CSVDataset
        CSVDatasetV2 ExperimentalCSVDataset FixedLengthRecordDataset FixedLengthRecordDatasetV2
        TFRecordDataset TFRecordDatasetV2 SqlDataset ExperimentalSqlDataset MatchingFilesDataset
        ExperimentalMatchingFilesDataset LoadDataset RecordInput InitializeTableFromTextFile
        InitializeTableFromTextFileV2 GenerateVocabRemapping LoadAndRemapMatrix
        FixedUnigramCandidateSampler SnapshotDatasetReader SnapshotChunkDataset
        ListSnapshotChunksDataset SnapshotNestedDatasetReader
    """,
    "writes files": """
        WriteFile PrintV2 CacheDataset CacheDatasetV2 SaveDataset SaveDatasetV2 SnapshotDataset
        SnapshotDatasetV2 DatasetToTFRecord ExperimentalDatasetToTFRecord DistributedSave
        CreateSummaryFileWriter CreateSummaryDbWriter DebugIdentity DebugIdentityV2
        DebugIdentityV3 DebugNanCount DebugNumericSummary
    """,
    "opens addresses": """
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4
        RegisterDataset RegisterDatasetV2 RpcCall RpcServer RpcClient RemoteCall
        FileSystemSetConfiguration
    """,
}
OPERATIONS: Final = {op: why for why, names in _BY_REASON.items() for op in names.split()}
"""What may be asked for, with the reason (operations of TensorFlow 2.21 and earlier)."""

_SAVERS: Final = frozenset(
    ("Save", "SaveV2", "SaveSlices", "Restore", "RestoreV2", "RestoreSlice", "MergeV2Checkpoints")
)
_NAMING: Final = frozenset(
    """
    Const Placeholder PlaceholderWithDefault StringJoin ShardedFilename Identity Pack Select
    SelectV2 StaticRegexFullMatch
    """.split()  # noqa: SIM905 - read as a sentence
)
"""What TensorFlow's own saver makes its file names with."""


def scan_tensorflow(content: bytes) -> Iterator[tuple[str, str]]:
    """Operation and reason for all that a ``saved_model.pb`` has of them.

    Notes
    -----
    Each SavedModel has a saver (`SaveV2`, `RestoreV2`), which works on the path that the loader
    gives. It is found only where the graph itself makes a path, out of the model's folder or by
    other operations than TensorFlow's own savers use.
    """
    # SavedModel.meta_graphs(2).graph_def(2): node(1), and library(2).function(1).node_def(3)
    for graph in messages(memoryview(content), 2, 2):
        yield from _scan_nodes(list(messages(graph, 1)))
        for function in messages(graph, 2, 1):
            yield from _scan_nodes(list(messages(function, 3)))


def _scan_nodes(nodes: list[memoryview]) -> Iterator[tuple[str, str]]:
    by_name = {next(strings(node, 1), ""): node for node in nodes}  # NodeDef: name 1, op 2, input 3
    for node in nodes:
        operation = next(strings(node, 2), "")
        if operation in OPERATIONS:
            yield operation, OPERATIONS[operation]
        elif operation in _SAVERS and _makes_path(node, by_name):
            yield operation, "reads or writes files at a path of its own"


def _makes_path(saver: memoryview, by_name: Mapping[str, memoryview]) -> bool:
    """Whether the first input of `saver` comes from more than the path that it is given."""
    waiting, seen = [*strings(saver, 3)][:1], set[str]()
    while waiting:
        name = waiting.pop().partition(":")[0]
        node = by_name.get(name)
        if node is None or name in seen:  # None: an argument of the function
            continue
        seen.add(name)
        # AttrValue: tensor 8; TensorProto: string_val 8
        if next(strings(node, 2), "") not in _NAMING:
            return True
        if any(leaves(text) for text in strings(node, 5, 2, 8, 8)):
            return True
        waiting += (n for n in strings(node, 3) if not n.startswith("^"))  # ^: only the order
    return False
