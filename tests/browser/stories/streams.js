// Live streams as a browser's own EventSource reads them: `onmessage` and nothing else, through the death of the service, to the end and no further.
//
// Invariant of the stories: what is waited for is a frame or the source's own state. CLOSED is for ever: a browser that has come so far asks no more.

import assert from "node:assert/strict";
import { service } from "../world.js";

/** What a browser says of a service that is not there; the stories take it away themselves. */
const AWAY = /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;

const post = async (base, path, body) => {
  const answer = await fetch(base + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.equal(answer.status, 202, await answer.clone().text());
  return answer.json();
};

/** A page of the service that reads these streams, each by its name; with every request that its browser makes for them. */
async function reader(open, base, paths) {
  const { tab } = await open();
  const asked = [];
  tab.on("request", (request) => request.resourceType() === "eventsource" && asked.push(request));
  await tab.goto(base);
  await tab.evaluate((paths) => {
    window.streams = Object.entries(paths).map(([name, path]) => {
      const source = new EventSource(path);
      const frames = [];
      source.onmessage = ({ data, lastEventId }) => frames.push({ data, lastEventId });
      return { name, source, frames };
    });
  }, paths);
  const frames = (name) => tab.evaluate((name) => window.streams.find((stream) => stream.name === name).frames, name);
  const until = (test, ...more) => tab.waitForFunction(test, more, { timeout: 60_000 });
  const closed = () => until(() => window.streams.every(({ source }) => source.readyState === EventSource.CLOSED));
  const refused = async (times) => {
    for (let at = 0; at < times; at++) await tab.waitForEvent("requestfailed", (request) => /REFUSED/.test(request.failure().errorText));
  };
  const requests = (name) => asked.filter((request) => new URL(request.url()).pathname === paths[name]);
  return { frames, until, closed, refused, requests };
}

/** Every frame has an id of its own, and the last of all is the end. */
function told(frames) {
  const ids = frames.map(({ lastEventId }) => lastEventId);
  assert.deepEqual(ids.filter((id, at) => ids.indexOf(id) !== at), [], "a frame came twice");
  assert.equal(frames.filter(({ data }) => data === "[DONE]").length, 1);
  assert.equal(frames.at(-1).data, "[DONE]");
  return frames.slice(0, -1).map(({ data }) => JSON.parse(data));
}

/** The frames of a task: all that the upstream told, in order, each once; then the result. */
function tellsTask(frames, { task, events }) {
  const all = told(frames);
  assert.deepEqual(all.filter((frame) => !frame.task), events.map((event) => event.data));
  const results = all.filter((frame) => frame.task?.status === "completed");
  assert.deepEqual(results.map((frame) => frame.task.result), [task.result]);
  assert.equal(all.at(-1), results[0]);
}

/** The frames of a group: it only ever comes further; then all results. */
function tellsGroup(frames, group) {
  const all = told(frames);
  const percents = all.map(({ status }) => status.progress_percent);
  assert.deepEqual(percents, [...percents].sort((one, other) => one - other));
  const results = all.filter((frame) => frame.results);
  assert.deepEqual(results.map((frame) => frame.results), [group.results]);
  assert.equal(all.at(-1), results[0]);
}

/** A task and a group that take long enough to be followed through what happens to the service. */
async function underWay(base) {
  const task = await post(base, "/api/tasks", { processor: "ultra", input: { company: "Acme", simulate: "seconds=14" }, taskSpec: { output_schema: "its sector" } });
  const inputs = Array.from({ length: 12 }, (_, at) => ({ company: `Company ${at}`, simulate: `seconds=${at + 1}.5` }));
  const group = await post(base, "/v1beta/tasks/groups", { inputs, output_type: "text", processor: "lite" });
  return { task: `/task/${task.id}`, group: `/${group.taskgroup_id}` };
}

export default {
  "an unmodified EventSource resumes when the service is stopped, and killed, and started again, and ends with the work": async ({ open, allow }) => {
    allow(AWAY);
    const own = await service(["--sweep-seconds", "1", "--lease-seconds", "3"]);
    try {
      const paths = await underWay(own.url);
      const { frames, until, closed, refused, requests } = await reader(open, own.url, { task: `${paths.task}.sse`, group: `${paths.group}.sse` });
      for (const signal of ["SIGTERM", "SIGKILL"]) {
        // each stream has told something more than before
        await until(([more]) => window.streams.every((stream) => stream.frames.length >= (stream.seen ?? 0) + more), 2);
        await own.end(signal);
        await until(() => window.streams.every((stream) => stream.source.readyState === EventSource.CONNECTING && ((stream.seen = stream.frames.length), true)));
        // it stays away until both have come back in vain
        if (signal === "SIGKILL") await refused(2);
        await own.startAgain();
      }
      await closed();
      const json = (path) => fetch(`${own.url}${path}.json`).then((answer) => answer.json());
      tellsTask(await frames("task"), await json(paths.task));
      tellsGroup(await frames("group"), await json(paths.group));
      for (const name of ["task", "group"]) {
        const asked = await Promise.all(
          requests(name).map(async (request) => ({ status: (await request.response())?.status(), last: (await request.allHeaders())["last-event-id"] })),
        );
        const answered = asked.filter(({ status }) => status);
        assert.ok(answered.length >= 4 && answered.length < asked.length, JSON.stringify(asked));
        assert.deepEqual(answered.map(({ status }) => status), [...answered.slice(1).map(() => 200), 204]);
        assert.equal(answered[0].last, undefined);
        assert.ok(answered.slice(1).every(({ last }) => last), JSON.stringify(asked));
        assert.equal(answered.at(-1).last, (await frames(name)).at(-1).lastEventId);
      }
    } finally {
      await own.stop();
    }
  },

  "an EventSource that is left open behind the end asks once more, and never again": async ({ open, url }) => {
    const task = await post(url, "/api/tasks", { processor: "lite", input: "Acme" });
    const group = await post(url, "/v1beta/tasks/groups", { inputs: ["a", "b"], output_type: "text", processor: "lite" });
    const paths = { task: `/task/${task.id}.sse`, group: `/${group.taskgroup_id}.sse` };
    const { closed, requests, frames } = await reader(open, url, paths);
    await closed();
    for (const name of ["task", "group"]) {
      const answers = await Promise.all(requests(name).map(async (request) => (await request.response()).status()));
      assert.deepEqual(answers, [200, 204]);
      told(await frames(name));
    }
  },
};
