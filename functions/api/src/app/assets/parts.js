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

// rows that can be repeated: the button adds one, made of the template, and each has a button that takes it away
export function repeated(form) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.add) {
      const kind = button.dataset.add;
      const list = byId(kind + "-rows");
      list.append(byId(kind + "-row").content.cloneNode(true));
      list.lastElementChild.querySelector("input").focus();
    } else if (button.classList.contains("remove")) {
      const row = button.closest("li");
      const near = row.nextElementSibling ?? row.previousElementSibling;
      const list = row.parentElement;
      row.remove();
      (near?.querySelector("input") ?? form.querySelector(`[data-add="${row.dataset.row}"]`)).focus();
      list.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

// the rows of one kind: each with its element and its fields, those that are empty left out
export function rowsOf(kind) {
  return [...byId(kind + "-rows").children]
    .map((row) => {
      const values = {};
      for (const field of row.querySelectorAll("[data-field]")) values[field.dataset.field] = field.value.trim();
      return { row, values };
    })
    .filter(({ row }) => [...row.querySelectorAll("input")].some((input) => input.value.trim() !== ""));
}

// the segment of a JSON pointer that names this
export const segment = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
