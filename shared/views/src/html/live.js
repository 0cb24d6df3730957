const body = document.body;
if (body.dataset.events) {
  const fields = JSON.parse(body.dataset.fields);
  // direction overrides and controls are never shown, as on the page that the server made
  const visible = (text) =>
    text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "").replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g, "\ufffd");
  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = visible(text);
    return node;
  };
  const shown = (value) => {
    const box = make("div", "v");
    if (value === null || value === undefined) return box;
    if (typeof value !== "string") {
      box.textContent = visible(typeof value === "object" ? JSON.stringify(value, null, 1) : String(value));
    } else if (/^https?:\/\/\S+$/.test(value)) {
      const link = make("a", "", value);
      link.href = value;
      link.rel = "noopener noreferrer nofollow";
      box.append(link);
    } else {
      box.textContent = visible(value);
    }
    return box;
  };
  const dot = (word) => {
    const node = make("span", "dot " + word);
    node.title = word + " confidence";
    return node;
  };
  const capital = (word) => (word[0].toUpperCase() + word.slice(1)).replaceAll("_", " ");
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  const update = (run) => {
    const row = document.getElementById("r" + run.index);
    if (!row) return;
    const cells = [...row.children];
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
      const value = whole ? run.output : parts && field !== null ? run.output[field] : null;
      outputs[at].replaceChildren(shown(value));
      const sure = field === null ? null : confidence.fields[field];
      if (sure) outputs[at].firstElementChild.append(dot(sure));
    });
    sureness.replaceChildren();
    if (confidence.overall) sureness.append(dot(confidence.overall), confidence.overall);
    row.classList.remove("changed");
    void row.offsetWidth;
    row.classList.add("changed");
  };

  const stand = ({ status }) => {
    const badge = document.getElementById("status");
    badge.dataset.status = status.status;
    badge.textContent = status.status_message;
    document.getElementById("progress").value = status.progress_percent;
    document.getElementById("percent").textContent = status.progress_percent + " %";
    document.getElementById("total").textContent = status.num_task_runs;
    for (const item of document.querySelectorAll("[data-count]")) {
      const count = status.task_run_status_counts[item.dataset.count] ?? 0;
      item.hidden = count === 0;
      item.firstElementChild.textContent = count;
    }
    const waiting = document.getElementById("waiting");
    waiting.textContent = status.waiting_for ? "Waiting for " + visible(status.waiting_for) : "";
    if (status.num_task_runs > 0 && !document.getElementById("r0")) location.reload();
  };

  const source = new EventSource(body.dataset.events);
  source.addEventListener("initial", (event) => stand(JSON.parse(event.data)));
  source.addEventListener("group_status", (event) => stand(JSON.parse(event.data)));
  source.addEventListener("run_update", (event) => update(JSON.parse(event.data)));
  source.addEventListener("complete", () => {
    source.close();
    location.reload();
  });
}
