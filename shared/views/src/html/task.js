const body = document.body;
if (body.dataset.events) {
  const visible = (text) =>
    text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "").replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g, "\ufffd");
  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = visible(String(text));
    return node;
  };
  const words = { pending: "Pending", running: "Processing" };

  const stand = (task) => {
    const badge = document.getElementById("status");
    badge.dataset.status = task.status;
    const word = words[task.status] ?? task.status;
    if (badge.textContent !== word) badge.textContent = word;
    document.getElementById("progress").value = task.progress;
    document.getElementById("percent").textContent = task.progress + " %";
    document.getElementById("waiting").textContent = task.waitingFor ? "Waiting for " + visible(task.waitingFor) : "";
  };

  const score = ({ source_stats: stats }) => {
    if (!stats) return;
    document.getElementById("score").hidden = false;
    document.getElementById("considered").textContent = stats.num_sources_considered ?? "–";
    document.getElementById("read").textContent = stats.num_sources_read ?? "–";
    const sources = (stats.sources_read_sample ?? []).slice(0, 20).map((source) => {
      const item = make("li");
      if (/^https?:\/\/\S+$/.test(source)) {
        const link = make("a", "", source);
        link.href = source;
        link.rel = "noopener noreferrer nofollow";
        item.append(link);
      } else {
        item.textContent = visible(String(source));
      }
      return item;
    });
    document.getElementById("sample").replaceChildren(...sources);
  };

  const say = (at, label, text) => {
    const item = make("li");
    if (at) {
      const time = make("time", "", at.slice(11, 19));
      time.dateTime = at;
      item.append(time, " ");
    }
    item.append(make("span", "pill", label), " ", make("span", "said", text.slice(0, 4000)));
    document.getElementById("timeline").append(item);
  };

  const source = new EventSource(body.dataset.events);
  const on = (name, act) => source.addEventListener(name, (event) => event.data && act(JSON.parse(event.data)));
  on("status", stand);
  on("task_run.progress_stats", score);
  on("task_run.state", ({ run }) => run && say(run.modified_at, "state", run.status));
  for (const kind of ["plan", "search", "result", "tool", "tool_call", "exec_status", "extract"]) {
    on("task_run.progress_msg." + kind, (told) => say(told.timestamp, kind.replaceAll("_", " "), String(told.message)));
  }
  source.addEventListener("complete", () => {
    source.close();
    location.reload();
  });
}
