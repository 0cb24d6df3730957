/**
 * The official TypeScript SDK, run against a simulator: it judges whether the simulator speaks the API.
 *
 * Set PARALLEL_BASE_URL to the simulator's URL. Each flow prints one line; the exit status is 1 if any flow failed.
 * Compiled with `tsc --strict`, so the replies are used as the SDK types them.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import Parallel from "parallel-web";

const url = process.env["PARALLEL_BASE_URL"];
assert.ok(url, "PARALLEL_BASE_URL is the simulator's URL");

const client = (apiKey = `judge-${randomUUID()}`, maxRetries = 0): Parallel =>
  new Parallel({ apiKey, baseURL: url, maxRetries, timeout: 60_000 });

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Holds that `call` rejects with exactly that class and status. */
async function rejects(kind: Function, status: number, call: () => Promise<unknown>): Promise<InstanceType<typeof Parallel.APIError>> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof Parallel.APIError, String(error));
    assert.equal(error.constructor, kind);
    assert.equal(error.status, status);
    return error;
  }
  throw new Error(`no ${kind.name}`);
}

const schema = {
  type: "json" as const,
  json_schema: {
    type: "object",
    properties: {
      stage: { type: "string", enum: ["seed", "grown"] },
      offices: { type: "array", items: { type: "string" } },
    },
    required: ["stage", "offices"],
    additionalProperties: false,
  },
};

const flows: Record<string, () => Promise<void>> = {
  async "taskRun create, retrieve and input"() {
    const api = client();
    const run = await api.taskRun.create({
      input: { company: "Northwind Kiln" },
      processor: "core",
      metadata: { row: "17" },
      task_spec: { output_schema: schema },
    });
    assert.match(run.run_id, /^trun_[0-9a-f]{32}$/);
    assert.equal(run.interaction_id, run.run_id);
    assert.ok(run.is_active && run.status === "queued");
    assert.deepEqual(run.metadata, { row: "17" });
    const again = await api.taskRun.retrieve(run.run_id);
    assert.equal(again.created_at, run.created_at);
    const input = await api.taskRun.retrieveInput(run.run_id);
    assert.deepEqual(input.input, { company: "Northwind Kiln" });
  },

  async "taskRun result of each output type"() {
    const api = client();
    const result = async (spec?: Parallel.TaskSpec) => {
      const run = await api.taskRun.create({ input: "Acme", processor: "lite", ...(spec && { task_spec: spec }) });
      return (await api.taskRun.result(run.run_id, { timeout: 60 })).output;
    };
    const json = await result({ output_schema: schema });
    assert.equal(json.type, "json");
    if (json.type === "json") {
      assert.ok(["seed", "grown"].includes(String(json.content["stage"])));
      assert.ok(Array.isArray(json.content["offices"]));
    }
    const fields = json.basis.map((basis) => basis.field);
    for (const field of ["stage", "offices", "offices.0"]) assert.ok(fields.includes(field), field);
    const text = await result({ output_schema: "A short report" });
    assert.ok(text.type === "text" && text.content.startsWith("# "));
    const auto = await result();
    assert.ok(auto.type === "json" && typeof auto.content["output"] === "string");
  },

  async "taskRun events from the first to the last state"() {
    const api = client();
    const run = await api.taskRun.create({ input: "simulate:seconds=1 Acme", processor: "core", enable_events: true });
    const events = await collect(await api.taskRun.events(run.run_id));
    const first = events[0];
    const last = events.at(-1);
    assert.ok(first?.type === "task_run.state" && first.run.is_active);
    assert.ok(last?.type === "task_run.state" && last.run.status === "completed" && last.output);
    assert.ok(events.some((event) => event.type === "task_run.progress_stats" && event.progress_meter > 0));
    assert.ok(events.some((event) => event.type === "task_run.progress_msg.exec_status"));
    assert.equal((await collect(await api.taskRun.events(run.run_id))).length, 1);
  },

  async "taskGroup from creation to its last event"() {
    const api = client();
    const group = await api.taskGroup.create({ metadata: { job: "kilns" } });
    assert.match(group.taskgroup_id, /^tgrp_/);
    assert.equal(group.status.is_active, false);
    const added = await api.taskGroup.addRuns(group.taskgroup_id, {
      default_task_spec: { output_schema: schema },
      inputs: [
        { processor: "lite", input: "Acme", metadata: { row: "0" } },
        { processor: "base", input: { simulate: "fail" }, metadata: { row: "1" } },
      ],
    });
    assert.equal(added.run_ids.length, 2);
    const events = await collect(await api.taskGroup.events(group.taskgroup_id));
    const ends: Record<string, string> = {};
    for (const event of events) if (event.type === "task_run.state") ends[event.run.run_id] = event.run.status;
    assert.deepEqual(ends, { [added.run_ids[0]!]: "completed", [added.run_ids[1]!]: "failed" });
    const last = events.at(-1);
    assert.ok(last?.type === "task_group_status" && !last.status.is_active);
    const final = await api.taskGroup.retrieve(group.taskgroup_id);
    assert.deepEqual(final.status.task_run_status_counts, { completed: 1, failed: 1 });
    const rest = await collect(await api.taskGroup.events(group.taskgroup_id, { last_event_id: last.event_id }));
    assert.equal(rest.length, 1);
    const failed = await api.taskGroup.retrieveRun(added.run_ids[1]!, { taskgroup_id: group.taskgroup_id });
    assert.ok(failed.status === "failed" && failed.error?.message);
  },

  async "taskGroup getRuns with input, output and a cursor"() {
    const api = client();
    const group = await api.taskGroup.create({});
    const inputs = [0, 1, 2].map((n) => ({ processor: "lite", input: `simulate:seconds=0 company ${n}` }));
    const first = await api.taskGroup.addRuns(group.taskgroup_id, { inputs, refresh_status: false });
    for (const id of first.run_ids) await api.taskRun.result(id);
    const query = { include_input: true, include_output: true };
    const events = await collect(await api.taskGroup.getRuns(group.taskgroup_id, query));
    assert.equal(events.length, 3);
    events.forEach((event, n) => {
      assert.ok(event.type === "task_run.state" && event.output);
      assert.equal(event.run.run_id, first.run_ids[n]);
      assert.equal(event.input?.input, inputs[n]?.input);
    });
    const second = await api.taskGroup.addRuns(group.taskgroup_id, {
      inputs: [{ processor: "lite", input: "simulate:never" }],
    });
    assert.ok(second.run_cursor);
    const rest = await collect(await api.taskGroup.getRuns(group.taskgroup_id, { last_event_id: second.run_cursor }));
    assert.ok(rest.length === 1 && rest[0]?.type === "task_run.state" && rest[0].run.is_active);
  },

  async "errors are raised as their classes"() {
    const api = client();
    const run = { input: "Acme", processor: "lite" };
    await rejects(Parallel.AuthenticationError, 401, () => client("refused").taskRun.create(run));
    await rejects(Parallel.APIError, 402, () => client("nocredit").taskRun.create(run));
    await rejects(Parallel.PermissionDeniedError, 403, () => api.taskRun.create({ ...run, processor: "mega" }));
    await rejects(Parallel.NotFoundError, 404, () => api.taskRun.retrieve("trun_nobody"));
    await rejects(Parallel.NotFoundError, 404, () => api.taskGroup.retrieve("tgrp_nobody"));
    const long = { ...run, metadata: { ["k".repeat(17)]: "v" } };
    await rejects(Parallel.UnprocessableEntityError, 422, () => api.taskRun.create(long));
    const group = await api.taskGroup.create({});
    const add = () => api.taskGroup.addRuns(group.taskgroup_id, { inputs: [long] });
    await rejects(Parallel.UnprocessableEntityError, 422, add);
    const never = await api.taskRun.create({ ...run, input: "simulate:never" });
    await rejects(Parallel.APIError, 408, () => api.taskRun.result(never.run_id, { timeout: 1 }));
  },

  async "too many runs and server errors are raised and retried"() {
    const key = `judge-${randomUUID()}`;
    const run = { input: "Acme", processor: "lite" };
    for (const [status, kind] of [[429, Parallel.RateLimitError], [503, Parallel.InternalServerError]] as const) {
      const fault = { endpoint: "create_run", effect: { kind: "status", status }, times: 2, key };
      const set = await fetch(`${url}/_sim/faults`, { method: "POST", body: JSON.stringify(fault) });
      assert.equal(set.status, 200);
      await rejects(kind, status, () => client(key).taskRun.create(run));
      assert.ok((await client(key, 1).taskRun.create(run)).run_id);
    }
  },
};

let failed = 0;
for (const [name, flow] of Object.entries(flows)) {
  try {
    await flow();
    console.log(`ok    typescript: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  typescript: ${name}`);
    console.error(error);
  }
}
const count = Object.keys(flows).length;
console.log(`typescript: ${count - failed} of ${count} flows`);
process.exit(failed === 0 ? 0 : 1);
