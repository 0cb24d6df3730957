// Small pieces of a page: elements made of texts, dates, and words. Text is never markup here.

// direction overrides and controls are never shown, as on the pages that the server makes
export const visible = (text) =>
  String(text)
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g, "\ufffd");

export const byId = (id) => document.getElementById(id);

export function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = visible(text);
  return node;
}

export const chosen = (form, name) => form.querySelector(`input[name="${name}"]:checked`).value;

// shows the parts whose list in `data-<name>` has the word, and hides the others
export function reveal(form, name, word) {
  for (const part of form.querySelectorAll(`[data-${name}]`)) {
    part.hidden = !part.dataset[name].split(" ").includes(word);
  }
}

// a new row of this kind, made of its template
export const rowOf = (kind) => byId(kind + "-row").content.firstElementChild.cloneNode(true);

// rows that can be repeated: the button adds one to the list beside it, and each has a button that takes it away
export function repeated(form) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.add) {
      const row = rowOf(button.dataset.add);
      button.parentElement.querySelector(":scope > .repeated").append(row);
      row.querySelector("input").focus();
    } else if (button.classList.contains("remove")) {
      const row = button.closest("li");
      const near = row.nextElementSibling ?? row.previousElementSibling;
      const list = row.parentElement;
      row.remove();
      (near?.querySelector("input") ?? list.parentElement.querySelector(":scope > [data-add]")).focus();
      list.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

// the fields of a row itself, without those of the rows inside it
export const fieldsOf = (row) => [...row.querySelectorAll("[data-field]")].filter((field) => field.closest("[data-row]") === row);

// the rows of a list: each with its element and its fields; rows in which nothing was typed are left out
export function rowsOf(list) {
  return [...list.children]
    .filter((row) => [...row.querySelectorAll("input:not([type=checkbox])")].some((input) => input.value.trim() !== ""))
    .map((row) => {
      const values = {};
      for (const field of fieldsOf(row)) values[field.dataset.field] = field.type === "checkbox" ? field.checked : field.value.trim();
      return { row, values };
    });
}

// what is written in a JSON text, or why nothing can be
export function jsonOf(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { fault: `This is no JSON: ${error.message}` };
  }
}

// the segment of a JSON pointer that names this
export const segment = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
