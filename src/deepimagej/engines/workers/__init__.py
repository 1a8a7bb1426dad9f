"""What runs inside a worker process: one file per framework, and what they share.

These files import nothing of deepimagej, so that an engine may live in another Python
environment, of Python 3.9 or newer, that has only numpy, appose and the framework.

A worker is started as ``python start.py ENGINE`` and speaks Appose's protocol (JSON lines on
stdin and stdout). It imports its framework before it reads the first line: on Windows, numpy
hangs when it is imported while another thread reads stdin (numpy#24290). A task calls one of

``load(key, path, options) -> {"key", "engine", "device", "inputs", "outputs", ...}``
    Loads the weights at `path` and keeps them warm; the ``key`` that it answers, of the weights
    on that device, is the one that the other functions take. `options` are plain JSON:
    ``format`` (the RDF's name), ``device`` (``auto``, ``cpu``, ``cuda:0``), ``memory`` (bytes
    that the process may take, or None) and, for a SavedModel, ``tag`` and ``signature``.
    ``inputs`` and ``outputs`` are what the file says of its tensors: ``[{"name", "shape",
    "dtype"}]``, shape or dtype None where it does not say. Further fields: ``threads`` (None: the
    framework's own number) and ``options``, with which the framework gives the same bits when it
    is called as its file's docstring says; ``resident``, the bytes that the process has now, and
    ``grown``, those that the network brought; None where that cannot be told.
``predict(key, block, inputs, outputs, target, capacity) -> {"outputs", "size", "written", ...}``
    One call of the network. `inputs` are ``[{"name", "dtype", "shape", "offset"}]`` in the
    order of the RDF, lying in the shared memory `block`; `outputs` are all of the
    RDF's, ``[{"name", "rank", "wanted"}]``, of which the wanted are handed back. The
    results go into the shared memory `target`; if that is None or smaller than ``size`` bytes,
    ``written`` is false and they are kept for `fetch`. Further fields: ``seconds`` of the
    framework's call alone; ``memory``, the bytes that the process had at most during the call
    beyond those after loading, shared memory left out, None where that cannot be told;
    ``grown``, as for `load`, with what the calls left behind.
``apply(key, block, inputs) -> {"outputs", "size", "written"}``
    One call of a bundle's Python step, loaded by the engine ``steps``; `inputs` lie in `block` as
    for `predict`, and the results wait for `fetch`.
``fetch(block, target, capacity) -> {"outputs", "size", "written"}``
    The results that the inputs in `block` gave, into a target that is large enough.
``unload(key) -> {}``, ``release(blocks) -> {}``
    Forgets weights, or shared memory that the client is about to free.

While a task runs, the client gets an update each second, a sign of life.

A failure is an answer as well: ``{"error": {"kind", "message", "detail"}}``, where `kind` is
``trust`` (the file holds code), ``device`` (the message lists the devices there are),
``package`` (a further Python package is missing), ``memory``, ``limit`` (the memory allowed is
less than the framework takes by itself, which the message tells), ``stopped`` (the network is not
loaded), ``tensors`` (names or number of tensors do not fit) or ``framework`` (anything else
the framework says).

Every block of shared memory is made and freed by the client, so that no crash of a worker
leaves one behind. The file of a framework offers ``version() -> str``,
``threads() -> Optional[int]``, ``has_gpu(index) -> bool`` and
``load(path, device, options) -> Model``; the protocol `Model` is in `serve.py`.
"""
