// The page of a group while it is under way: counts and rows as they come in, some at a time, so that ten thousand of them do not hold the page.

const { events } = document.body.dataset;

if (events) {
  const fields = JSON.parse(document.body.dataset.fields);
  // rows drawn in one go, the pause before the next go, and how many may be drawn to be marked as new
  const [AT_ONCE, PAUSE_ROWS, MARKED] = [500, 200, 50];
  const shownValue = (value) => {
    const box = make("div", "v");
    box.dir = "auto";
    if (value === undefined) return box;
    if (value === null) box.append(make("span", "null", "\u2013"));
    else if (typeof value === "string") box.append(linked(value));
    else box.textContent = visible(typeof value === "object" ? JSON.stringify(value, null, 1) : value);
    return box;
  };
  // names of fields come from strangers: what an object inherits is none of them
  const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  const draw = (row, run) => {
    const cells = [...row.cells];
    const [status, sureness] = [cells[1], cells.at(-1)];
    const outputs = cells.slice(-fields.length - 1, -1);
    const pill = status.firstElementChild;
    pill.dataset.status = run.status;
    pill.textContent = capital(run.status);
    status.replaceChildren(pill);
    if (run.error) status.append(make("div", "reason", run.error.message));
    const confidence = run.confidence ?? { overall: null, fields: {} };
    fields.forEach((field, at) => {
      const parts = isObject(run.output);
      // a page that was made before any row was over knows no fields yet: its one column takes everything
      const whole = field === null && (!parts || fields.length === 1);
      const value = whole ? run.output : parts && field !== null ? own(run.output, field) : undefined;
      outputs[at].replaceChildren(shownValue(run.status === "completed" ? value : undefined));
      const sure = field === null ? null : own(confidence.fields, field);
      if (sure) outputs[at].firstElementChild.append(dot(sure));
    });
    sureness.replaceChildren();
    if (run.status === "completed") sureness.append(...sourcesLink(run));
  };

  const waiting = new Map();
  let drawing = null;
  const drawSome = () => {
    drawing = null;
    const drawn = [];
    for (const [index, run] of waiting) {
      if (drawn.length === AT_ONCE) break;
      waiting.delete(index);
      const row = byId("r" + index);
      if (!row) continue;
      draw(row, run);
      drawn.push(row);
    }
    reconsider(drawn);
    if (drawn.length <= MARKED) {
      for (const row of drawn) row.classList.remove("changed");
      void table.offsetWidth;
      for (const row of drawn) row.classList.add("changed");
    }
    if (waiting.size) drawing = setTimeout(drawSome, PAUSE_ROWS);
  };
  const update = (run) => {
    waiting.set(run.index, run);
    drawing ??= setTimeout(drawSome, PAUSE_ROWS);
  };

  // the stream tells of rows that are over; that all others were bought follows from the counts
  const bought = () => {
    const rows = [...table.querySelectorAll('.pill[data-status="pending"]')].map((pill) => {
      pill.dataset.status = "queued";
      pill.textContent = capital("queued");
      return pill.closest("tr");
    });
    if (rows.length) reconsider(rows);
  };

  const stand = ({ status }) => {
    const badge = byId("status");
    badge.dataset.status = status.status;
    say(badge, status.status_message);
    byId("progress").value = status.progress_percent;
    byId("percent").textContent = status.progress_percent + " %";
    byId("total").textContent = status.num_task_runs;
    for (const item of document.querySelectorAll("[data-count]")) {
      const count = status.task_run_status_counts[item.dataset.count] ?? 0;
      item.hidden = count === 0;
      item.firstElementChild.textContent = count;
    }
    say(byId("waiting"), status.waiting_for ? "Waiting for " + visible(status.waiting_for) : "");
    if (status.is_active && !status.task_run_status_counts.pending) bought();
    if (status.num_task_runs > 0 && lines.length === 0) renew();
  };

  const hear = {
    initial: stand,
    group_status: stand,
    run_update: update,
    complete: () => {
      renew();
      return false;
    },
  };
  follow(events, (name, data) => Object.hasOwn(hear, name) && hear[name](data), () => tell("It was deleted, or its time is over.", true));
}
