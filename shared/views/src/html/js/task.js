// The page of a task while it is under way: where it stands, sources as they are read, and the timeline, also of kinds that are new.

const { events } = document.body.dataset;

if (events) {
  const MESSAGE = "task_run.progress_msg.";
  const CHARS = 4000;
  // entries that are shown, as many as the server shows
  const LISTED = 1000;
  const words = { pending: "Pending", running: "Processing" };
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const stand = (task) => {
    const badge = byId("status");
    badge.dataset.status = task.status;
    say(badge, words[task.status] ?? task.status);
    byId("progress").value = task.progress;
    byId("percent").textContent = task.progress + " %";
    say(byId("waiting"), task.waitingFor ? "Waiting for " + visible(task.waitingFor) : "");
  };

  // a number goes to its new value in half a second, and ends there exactly
  const moves = new WeakMap();
  const count = (node, to) => {
    cancelAnimationFrame(moves.get(node));
    const from = Number(node.textContent);
    if (isCalm || !Number.isFinite(to) || !Number.isFinite(from) || document.hidden) return (node.textContent = to ?? "\u2013");
    const began = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - began) / 500));
      node.textContent = Math.round(from + (to - from) * (1 - (1 - part) ** 3));
      if (part < 1) moves.set(node, requestAnimationFrame(step));
    };
    moves.set(node, requestAnimationFrame(step));
  };

  const score = ({ source_stats: stats }) => {
    if (!stats) return;
    byId("score").hidden = false;
    count(byId("considered"), stats.num_sources_considered ?? undefined);
    count(byId("read"), stats.num_sources_read ?? undefined);
    const sources = (stats.sources_read_sample ?? []).slice(0, 20).map((source) => {
      const item = make("li");
      item.append(linked(String(source)));
      return item;
    });
    byId("sample").replaceChildren(...sources);
  };

  const bought = (id) => {
    const [line, shown, button] = ["run-line", "run", "copy-run"].map(byId);
    line.hidden = false;
    say(shown, visible(id));
    button.dataset.copy = id;
    button.hidden = false;
  };

  const note = (at, label, text) => {
    const item = make("li");
    if (typeof at === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(at)) {
      const time = make("time", "", at.slice(11, 19));
      time.dateTime = at;
      item.append(time, " ");
    }
    const said = make("span", "said", text.slice(0, CHARS));
    said.dir = "auto";
    item.append(make("span", "pill", label), " ", said);
    const timeline = byId("timeline");
    timeline.append(item);
    if (timeline.children.length > LISTED) timeline.firstElementChild.remove();
  };

  // a kind that is not known is shown as what it is, as the server does
  const tellOf = (name, told) => {
    if (name.startsWith(MESSAGE) && typeof told?.message === "string") note(told.timestamp, name.slice(MESSAGE.length).replaceAll("_", " "), told.message);
    else if (name === "upstream.error" && typeof told?.error?.message === "string") note(told.timestamp, "error", told.error.message);
    else note(told?.timestamp, name, JSON.stringify(told));
  };

  const hear = {
    status: stand,
    complete: () => {
      renew();
      return false;
    },
    error: ({ error }) => say(byId("waiting"), `The live stream ended: ${visible(error)}.`),
    "task_run.progress_stats": score,
    "task_run.state": (told) => {
      if (typeof told?.run?.run_id === "string") bought(told.run.run_id);
      if (typeof told?.run?.status === "string") note(told.run.modified_at ?? told.timestamp, "state", told.run.status);
    },
  };
  follow(events, (name, data) => (Object.hasOwn(hear, name) ? hear[name](data) : tellOf(name, data)), () => tell("It was deleted, or its time is over.", true));
}
