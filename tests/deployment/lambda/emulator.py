"""The Lambda service, as `cargo lambda watch` emulates it, with functions running in it.

Each function is the binary that was built, started with the variables that the template gives it; events go in by
`cargo lambda invoke`. Invariant: everything that was started is stopped with the emulator, and when something fails, the
logs of all functions are shown.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

READY_SECONDS = 60
TIMEOUT_SECONDS = 600
DEADLINE = "lambda-runtime-deadline-ms"


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

    def start(self, function, variables, needs_time=False):
        """Starts a function, whose first event waits until it has connected.

        One that `needs_time` is told a deadline that lies ahead: what the emulator tells is long past.
        """
        base = _with_time(self.base) if needs_time else self.base
        runtime = {
            "AWS_LAMBDA_RUNTIME_API": f"{base}/.rt/{function}",
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

    def lines(self, function):
        """What a function has printed, line by line: each must be one JSON object."""
        log = next(log for started, _, log in self.started if started == function)
        return [json.loads(line) for line in log.read_text().splitlines()]

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


def _with_time(base):
    """The emulator at `base`, but for the deadline of each event, which is told anew."""

    class Handler(BaseHTTPRequestHandler):
        """Asks the emulator, and answers as it does."""

        protocol_version = "HTTP/1.1"

        def do_GET(self):  # pylint: disable=invalid-name
            """The next event, for which this waits as long as it takes."""
            self._pass_on(None)

        def do_POST(self):  # pylint: disable=invalid-name
            """The answer to an event."""
            if "Content-Length" in self.headers:
                body = self.rfile.read(int(self.headers["Content-Length"]))
            else:
                body = b"".join(self._chunks())
            self._pass_on(body)

        def _chunks(self):
            while length := int(self.rfile.readline(), 16):
                yield self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()

        def _pass_on(self, body):
            request = urllib.request.Request(base + self.path, data=body, method=self.command)
            request.add_header("Content-Type", self.headers.get("Content-Type", "application/json"))
            try:
                answer = urllib.request.urlopen(request)
            except urllib.error.HTTPError as refused:
                answer = refused
            except OSError:  # the emulator has ended, and the function will
                self.close_connection = True
                return
            with answer:
                text = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower().startswith("lambda-runtime-") and name.lower() != DEADLINE:
                        self.send_header(name, value)
                self.send_header(DEADLINE, str(int((time.time() + TIMEOUT_SECONDS) * 1_000)))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        def log_message(self, *_arguments):
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
