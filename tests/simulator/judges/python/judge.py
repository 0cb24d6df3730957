"""The official Python SDK, run against a simulator: it judges whether the simulator speaks the API.

Set PARALLEL_BASE_URL to the simulator's URL. Each flow prints one line; the exit status is 1 if any flow failed.
Replies are validated strictly: a field that is missing or of another type fails the flow that met it.
"""

import asyncio
import http.server
import os
import queue
import sys
import threading
import traceback
import uuid
from typing import List, Optional

import parallel
from parallel import AsyncParallel, Parallel
from pydantic import BaseModel, Field
from standardwebhooks.webhooks import Webhook

URL = os.environ["PARALLEL_BASE_URL"]
WEBHOOK_SECRET = os.environ.get("PARALLEL_WEBHOOK_SECRET", "whsec_c3ludGhldGljLXNpZ25pbmcta2V5LTI0")
FLOWS = []


def flow(function):
    FLOWS.append(function)
    return function


def client(key=None, **options):
    key = key or f"judge-{uuid.uuid4().hex}"
    return Parallel(api_key=key, base_url=URL, max_retries=0, _strict_response_validation=True, **options)


def raises(kind, status, call):
    """Holds that `call` raises exactly `kind`, with `status`."""
    try:
        call()
    except parallel.APIStatusError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}"
        assert error.status_code == status, error.status_code
        return error
    raise AssertionError(f"no {kind.__name__}")


class Company(BaseModel):
    """What is asked about a company."""

    model_config = {"extra": "forbid"}

    ceo: Optional[str] = Field(description="Who leads it")
    employees: int
    revenue: float
    public: bool
    products: List[str]


SCHEMA = {
    "type": "json",
    "json_schema": {
        "type": "object",
        "properties": {
            "stage": {"type": "string", "enum": ["seed", "grown"]},
            "offices": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "since": {"type": ["integer", "null"]}},
                    "required": ["city", "since"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["stage", "offices"],
        "additionalProperties": False,
    },
}


@flow
def task_run_create_retrieve_and_input():
    api = client()
    run = api.task_run.create(
        input={"company": "Northwind Kiln"}, processor="core", metadata={"row": "17"}, task_spec={"output_schema": SCHEMA}
    )
    assert run.run_id.startswith("trun_") and run.interaction_id == run.run_id
    assert run.status in ("queued", "running") and run.is_active and run.metadata == {"row": "17"}
    assert run.warnings is None and run.error is None and run.task_group_id is None
    again = api.task_run.retrieve(run.run_id)
    assert again.run_id == run.run_id and again.created_at == run.created_at
    told = api.task_run.retrieve_input(run.run_id)
    assert told.processor == "core" and told.input == {"company": "Northwind Kiln"}


@flow
def task_run_result_of_each_output_type():
    api = client()
    create = lambda spec: api.task_run.create(input="Acme", processor="lite", **({"task_spec": spec} if spec else {}))
    json_run = api.task_run.result(create({"output_schema": SCHEMA}).run_id)
    assert json_run.run.status == "completed" and json_run.output.type == "json"
    content = json_run.output.content
    assert content["stage"] in ("seed", "grown") and content["offices"][0]["city"]
    fields = {basis.field for basis in json_run.output.basis}
    assert {"stage", "offices", "offices.0"} <= fields, fields
    assert all(basis.reasoning and basis.confidence in ("low", "medium", "high") for basis in json_run.output.basis)
    text = api.task_run.result(create({"output_schema": "A short report"}).run_id)
    assert text.output.type == "text" and text.output.content.startswith("# ")
    auto = api.task_run.result(create(None).run_id)
    assert auto.output.type == "json" and isinstance(auto.output.content["output"], str)


@flow
def task_run_execute_with_a_schema_and_a_pydantic_type():
    api = client()
    plain = api.task_run.execute(input="Acme", processor="lite", output=SCHEMA, timeout=60)
    assert plain.output.type == "json"
    typed = api.task_run.execute(input={"company": "Acme"}, processor="base", output=Company, timeout=60)
    parsed = typed.output.parsed
    assert isinstance(parsed, Company) and parsed.products and parsed.employees > 0
    assert typed.run.warnings is None, typed.run.warnings


@flow
def task_run_events_from_the_first_to_the_last_state():
    api = client()
    run = api.task_run.create(input="simulate:seconds=1 Acme", processor="core", enable_events=True)
    with api.task_run.events(run.run_id) as stream:
        events = list(stream)
    kinds = [event.type for event in events]
    assert kinds[0] == "task_run.state" and events[0].run.is_active and events[0].output is None
    assert kinds[-1] == "task_run.state" and events[-1].run.status == "completed" and events[-1].output.content
    assert "task_run.progress_stats" in kinds
    assert any(event.message == "Starting research" for event in events if hasattr(event, "message"))
    with api.task_run.events(run.run_id) as stream:
        assert [event.type for event in stream] == ["task_run.state"]


@flow
def task_group_from_creation_to_its_last_event():
    api = client()
    group = api.task_group.create(metadata={"job": "kilns"})
    assert group.task_group_id.startswith("tgrp_") and not group.status.is_active
    spec = {"output_schema": SCHEMA}
    inputs = [
        {"processor": "lite", "input": "Acme", "metadata": {"row": "0"}},
        {"processor": "base", "input": {"simulate": "fail"}, "metadata": {"row": "1"}},
    ]
    added = api.task_group.add_runs(group.task_group_id, inputs=inputs, default_task_spec=spec)
    assert len(added.run_ids) == 2 and added.status.num_task_runs == 2 and added.status.is_active
    with api.task_group.events(group.task_group_id) as stream:
        events = list(stream)
    ends = {event.run.run_id: event.run.status for event in events if event.type == "task_run.state"}
    assert ends == dict(zip(added.run_ids, ["completed", "failed"])), ends
    assert events[-1].type == "task_group_status" and not events[-1].status.is_active
    final = api.task_group.retrieve(group.task_group_id)
    assert final.status.task_run_status_counts == {"completed": 1, "failed": 1} and final.metadata == {"job": "kilns"}
    cursor = events[-2].event_id
    with api.task_group.events(group.task_group_id, last_event_id=cursor) as stream:
        assert [event.event_id for event in stream] == [events[-1].event_id]
    failed = api.task_group.retrieve_run(added.run_ids[1], task_group_id=group.task_group_id)
    assert failed.status == "failed" and failed.error.message and failed.error.ref_id


@flow
def task_group_get_runs_with_input_and_output_and_a_cursor():
    api = client()
    group = api.task_group.create()
    inputs = [{"processor": "lite", "input": f"simulate:seconds=0 company {n}"} for n in range(3)]
    first = api.task_group.add_runs(group.task_group_id, inputs=inputs, refresh_status=False)
    for run_id in first.run_ids:
        api.task_run.result(run_id)
    with api.task_group.get_runs(group.task_group_id, include_input=True, include_output=True) as stream:
        events = list(stream)
    assert [event.run.run_id for event in events] == first.run_ids
    assert all(event.input.input == entry["input"] and event.output for event, entry in zip(events, inputs))
    second = api.task_group.add_runs(group.task_group_id, inputs=[{"processor": "lite", "input": "simulate:never"}])
    with api.task_group.get_runs(group.task_group_id, last_event_id=second.run_cursor) as stream:
        rest = list(stream)
    assert [event.run.run_id for event in rest] == second.run_ids and rest[0].run.is_active and rest[0].output is None


@flow
def errors_are_raised_as_their_classes():
    api = client()
    run = dict(input="Acme", processor="lite")
    refused = client(key="refused")
    raises(parallel.AuthenticationError, 401, lambda: refused.task_run.create(**run))
    raises(parallel.APIStatusError, 402, lambda: client(key="nocredit").task_run.create(**run))
    raises(parallel.PermissionDeniedError, 403, lambda: api.task_run.create(input="Acme", processor="mega"))
    raises(parallel.NotFoundError, 404, lambda: api.task_run.retrieve("trun_nobody"))
    raises(parallel.NotFoundError, 404, lambda: api.task_group.retrieve("tgrp_nobody"))
    error = raises(parallel.UnprocessableEntityError, 422, lambda: api.task_run.create(input=7, processor="lite"))
    assert error.body["type"] == "error" and error.body["error"]["message"], error.body
    group = api.task_group.create()
    add = lambda: api.task_group.add_runs(group.task_group_id, inputs=[{"processor": "lite", "input": 7}])
    error = raises(parallel.UnprocessableEntityError, 422, add)
    assert error.body["detail"][0]["loc"] == ["body", "inputs", 0, "input"], error.body
    never = api.task_run.create(input="simulate:never", processor="lite")
    raises(parallel.APIStatusError, 408, lambda: api.task_run.result(never.run_id, api_timeout=1))
    failing = api.task_run.create(input="simulate:fail simulate:seconds=0", processor="lite")
    raises(parallel.NotFoundError, 404, lambda: api.task_run.result(failing.run_id))


@flow
def too_many_runs_and_server_errors_are_raised_and_retried():
    import httpx

    key = f"judge-{uuid.uuid4().hex}"
    run = dict(input="Acme", processor="lite")
    for status, kind in ((429, parallel.RateLimitError), (503, parallel.InternalServerError)):
        fault = {"endpoint": "create_run", "effect": {"kind": "status", "status": status}, "times": 2, "key": key}
        httpx.post(f"{URL}/_sim/faults", json=fault).raise_for_status()
        raises(kind, status, lambda: client(key=key).task_run.create(**run))
        retrying = Parallel(api_key=key, base_url=URL, max_retries=1, _strict_response_validation=True)
        assert retrying.task_run.create(**run).run_id
    ledger = httpx.get(f"{URL}/_sim/ledger", params={"key": key}).json()
    assert len(ledger["runs"]) == 2, len(ledger["runs"])


@flow
def the_asynchronous_client_runs_the_same_flows():
    async def main():
        async with AsyncParallel(
            api_key=f"judge-{uuid.uuid4().hex}", base_url=URL, max_retries=0, _strict_response_validation=True
        ) as api:
            typed = await api.task_run.execute(input="Acme", processor="lite", output=Company, timeout=60)
            assert isinstance(typed.output.parsed, Company)
            run = await api.task_run.create(input="simulate:seconds=1", processor="pro")
            stream = await api.task_run.events(run.run_id)
            events = [event async for event in stream]
            assert events[-1].type == "task_run.state" and events[-1].output

    asyncio.run(main())


@flow
def webhooks_verify_with_the_standard_library_for_them():
    received = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put((dict(self.headers.items()), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = {"url": f"http://127.0.0.1:{server.server_port}/", "event_types": ["task_run.status"]}
    run = client().task_run.create(input="simulate:seconds=0", processor="lite", webhook=hook)
    headers, body = received.get(timeout=30)
    event = Webhook(WEBHOOK_SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
    assert event["data"]["run_id"] == run.run_id and event["data"]["status"] == "completed"
    server.shutdown()


def main():
    failed = 0
    for each in FLOWS:
        name = each.__name__.replace("_", " ")
        try:
            each()
            print(f"ok    python: {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL  python: {name}", flush=True)
            traceback.print_exc()
    print(f"python: parallel-web {parallel.__version__}, {len(FLOWS) - failed} of {len(FLOWS)} flows", flush=True)
    return 1 if failed else 0


sys.exit(main())
