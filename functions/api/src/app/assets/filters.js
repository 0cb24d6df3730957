// Which of the list is wanted, as the form says it: in the address of the page, and in the query of a request.

import { byId } from "./parts.js";

const PLAIN = ["q", "status", "kind", "processor"];
const FURTHER = ["processor", "from", "to", "entry"];
const ALL = [...PLAIN, "from", "to", "entry"];
const TYPED = ["q", "entry"];
const PAUSE = 300;

const said = (id) => byId(id).value.trim();

// the beginning of a day here, or of the day after it
function moment(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

export const isFiltered = () => ALL.some((id) => said(id) !== "");

// takes what the address of the page says
export function given() {
  const asked = new URLSearchParams(location.search);
  for (const id of ALL) byId(id).value = asked.get(id) ?? "";
  byId("further").open = FURTHER.some((id) => said(id) !== "");
}

// the address that says what the form says
export function filled() {
  const query = new URLSearchParams({ show: "list" });
  for (const id of ALL) if (said(id)) query.set(id, said(id));
  return query;
}

export function queryOf({ limit, cursor }) {
  const query = new URLSearchParams({ limit });
  for (const id of PLAIN) if (said(id)) query.set(id, said(id));
  if (said("from")) query.set("from", moment(said("from"), 0));
  if (said("to")) query.set("to", moment(said("to"), 1));
  const [, name, value] = /^([^=]+)=(.*)$/.exec(said("entry")) ?? [];
  if (name) query.set(`metadata.${name.trim()}`, value.trim());
  byId("entry-fault").hidden = !said("entry") || name !== undefined;
  if (cursor) query.set("cursor", cursor);
  return query;
}

// calls `changed` when another list is wanted, a moment after the last letter
export function start(changed) {
  let timer;
  for (const id of ALL) {
    byId(id).addEventListener(TYPED.includes(id) ? "input" : "change", () => {
      clearTimeout(timer);
      timer = setTimeout(changed, TYPED.includes(id) ? PAUSE : 0);
    });
  }
  byId("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    changed();
  });
}
