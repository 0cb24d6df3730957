// What the scripts of a unit's page share. They are one module, made of files; text is never markup in any of them.

const byId = (id) => document.getElementById(id);

// direction overrides and controls are never shown, as on the page that the server made
const visible = (text) =>
  String(text)
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g, "\ufffd");

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = visible(text);
  return node;
}

// the text, as a link where it is an address on the web
function linked(text) {
  if (!/^https?:\/\/\S+$/.test(text)) return document.createTextNode(visible(text));
  const link = make("a", "", text);
  link.href = text;
  link.rel = "noopener noreferrer nofollow";
  return link;
}

const capital = (word) => (word[0].toUpperCase() + word.slice(1)).replaceAll("_", " ");

// sets a text that is not there yet, so that nothing is announced twice
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
