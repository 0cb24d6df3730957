"""The Lambda service, as `cargo lambda watch` emulates it, with functions running in it.

Each function is the binary that was built, started with the variables that the template gives it; events go in by
`cargo lambda invoke`. Invariant: everything that was started is stopped with the emulator, and whoever fails shows the
functions' logs.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_SECONDS = 60


class Emulator:
    """A context: the emulator runs within it, and so does every function started in it."""

    def __init__(self, executables):
        self.executables = executables
        self.started = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        at = ["--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)]
        self._spawn("watch", ["cargo", "lambda", "watch", "--only-lambda-apis", *at], os.environ)
        self._until("watch", self._listens)
        return self

    def __exit__(self, kind, _error, _trace):
        for name, process, log in reversed(self.started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            if kind is not None:
                print(f"---- {name}", log.read_text(errors="replace")[-8_000:], sep="\n")
        self.folder.cleanup()

    def start(self, function, variables):
        """Starts a function, whose first event waits until it has connected."""
        runtime = {
            "AWS_LAMBDA_RUNTIME_API": f"{self.base}/.rt/{function}",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._spawn(function, [self.executables[function]], {**kept, **variables, **runtime})

    def invoke(self, function, event):
        """What the function answers to an event: a path, or the event itself."""
        if not isinstance(event, Path):
            path = Path(self.folder.name) / "event.json"
            path.write_text(json.dumps(event))
            event = path
        at = ["--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)]
        command = ["cargo", "lambda", "invoke", function, *at, "--data-file", str(event)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=READY_SECONDS, check=False)
        assert done.returncode == 0, f"{function} refused {event}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def request(self, function, method, path, body=None, headers=None):
        """The status, headers and body with which a function answers over HTTP."""
        request = urllib.request.Request(f"{self.base}/lambda-url/{function}{path}", method=method)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=READY_SECONDS) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read().decode()

    def _spawn(self, name, command, environment):
        log = Path(self.folder.name) / f"{name}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
            )
        self.started.append((name, process, log))

    def _until(self, name, condition):
        process = next(process for started, process, _ in self.started if started == name)
        end = time.monotonic() + READY_SECONDS
        while not condition():
            assert process.poll() is None and time.monotonic() < end, f"{name} does not get ready"
            time.sleep(0.05)

    def _listens(self):
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0
