// Which sources may be used: two lists of websites, each entry a chip that can be taken away, and a date.

import { byId, make } from "./parts.js";

const NAMES = ["include", "exclude"];
const lists = { include: [], exclude: [] };

// an address that was pasted is taken for its website
const website = (text) => text.trim().toLowerCase().replace(/^[a-z]+:\/\//, "").replace(/\/+$/, "");

function draw(name) {
  const list = byId(name + "-chips").querySelector(".chosen");
  list.replaceChildren(
    ...lists[name].map((entry, at) => {
      const chip = make("li", "", entry);
      const remove = make("button", "", "\u00d7");
      remove.type = "button";
      remove.setAttribute("aria-label", `Remove ${entry}`);
      remove.addEventListener("click", () => {
        lists[name].splice(at, 1);
        draw(name);
        byId(name).focus();
        byId(name).dispatchEvent(new Event("input", { bubbles: true }));
      });
      chip.append(remove);
      return chip;
    }),
  );
}

function add(name) {
  const field = byId(name);
  for (const entry of field.value.split(/[\s,;]+/).map(website)) {
    if (entry && !lists[name].includes(entry)) lists[name].push(entry);
  }
  field.value = "";
  draw(name);
}

export function start() {
  for (const name of NAMES) {
    const field = byId(name);
    field.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === ",") && field.value.trim()) {
        event.preventDefault();
        add(name);
        field.dispatchEvent(new Event("input", { bubbles: true }));
      } else if (event.key === "Backspace" && !field.value && lists[name].length) {
        lists[name].pop();
        draw(name);
      }
    });
    field.addEventListener("change", () => add(name));
  }
}

// the policy as it is sent; none if there is nothing to say
export function sourcesOf() {
  const policy = {};
  for (const name of NAMES) if (lists[name].length) policy[name + "_domains"] = lists[name];
  if (byId("after").value) policy.after_date = byId("after").value;
  return Object.keys(policy).length ? policy : undefined;
}
