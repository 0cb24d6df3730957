// What was told to the webhook, attempt by attempt, and the telling of it once more.

const log = byId("deliveries");

if (log) {
  const timeOf = (at) => {
    const time = make("time", "", at.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC"));
    time.dateTime = at;
    return time;
  };
  const cameOf = ({ answered, failed, refused }) => (answered ? `answered ${answered.status}` : (failed ?? refused)?.reason ?? "ended");
  const attempt = (tried) => {
    const item = make("li");
    item.append(`${tried.attempt}. `, timeOf(tried.at), make("span", "", ` ${cameOf(tried.outcome)}, after ${tried.milliseconds} ms`));
    return item;
  };
  const good = { delivered: "completed", pending: "running" };
  const line = (told, isNewest) => {
    const row = make("tr");
    const state = make("td");
    const pill = make("span", "pill", capital(told.state));
    pill.dataset.status = good[told.state] ?? "failed";
    state.append(pill);
    if (told.next_attempt_at) state.append(make("div", "null", "next "), timeOf(told.next_attempt_at));
    const attempts = make("td");
    const list = make("ul", "attempts");
    list.append(...told.attempts.map(attempt));
    attempts.append(told.attempts.length ? list : make("span", "null", "none yet"));
    const act = make("td");
    if (isNewest) {
      const button = make("button", "quiet", "Redeliver");
      button.type = "button";
      button.dataset.hook = told.hook;
      button.addEventListener("click", () => change("POST", `${id}/deliveries/${encodeURIComponent(told.hook)}/redeliver`, show));
      act.append(button);
    }
    row.append(make("td", "", `${told.moment}, round ${told.round + 1}`), make("td", "to", told.url), state, attempts, act);
    return row;
  };
  let timer;
  const draw = ({ deliveries }) => {
    const { hook } = document.activeElement?.dataset ?? {};
    byId("log").replaceChildren(...deliveries.map((told) => {
      const rivals = deliveries.filter(({ hook }) => hook === told.hook);
      const newest = rivals.reduce((best, other) => (`${other.created_at} ${other.round}` > `${best.created_at} ${best.round}` ? other : best));
      return line(told, newest === told);
    }));
    if (hook !== undefined) [...log.querySelectorAll("[data-hook]")].find((button) => button.dataset.hook === hook)?.focus();
    byId("none").hidden = deliveries.length > 0;
    clearTimeout(timer);
    // what is under way is looked at again, as long as it is looked at
    if (!log.hidden && deliveries.some(({ state }) => state === "pending")) timer = setTimeout(refresh, 3000);
  };
  const refresh = async () => {
    const answer = await ask("GET", `${id}/deliveries`);
    if (answer.ok) draw(answer.body);
  };
  const show = () => change("GET", `${id}/deliveries`, (answer) => {
    if (log.hidden) toggle(log, true);
    draw(answer);
  });
  acts.deliveries = () => {
    if (log.hidden) return show();
    clearTimeout(timer);
    toggle(log, false);
  };
}
