// The sources of a row that does not carry them: fetched with its run when its link is followed, and laid out in its place.

const EXCERPTS = 3;
const LISTED = 40;
const WORDS = ["low", "medium", "high"];

function dot(word) {
  const node = make("span", "dot " + word);
  node.title = word + " confidence";
  node.role = "img";
  node.ariaLabel = node.title;
  return node;
}

const sureness = (word) => (WORDS.includes(word) ? [dot(word), word] : []);

// the address with a text fragment, so that the browser scrolls to what was cited
function cited({ url, excerpts }) {
  if (!/^https?:\/\/\S+$/.test(url ?? "") || url.includes("#")) return url;
  const usable = (Array.isArray(excerpts) ? excerpts : []).map((text) => String(text).trim().replace(/^[.\u2026 ]+|[.\u2026 ]+$/g, ""));
  const parts = usable.filter((text) => text && text.length <= 300 && !/\.\.\.|\n/.test(text)).slice(0, EXCERPTS);
  return parts.length ? `${url}#:~:${parts.map((text) => `text=${encodeURIComponent(text).replaceAll("-", "%2D")}`).join("&")}` : url;
}

function sourcesOf(run) {
  const box = make("details");
  const title = make("summary");
  title.append(...(sureness(run.confidence?.overall).length ? sureness(run.confidence.overall) : ["sources"]));
  const terms = make("dl", "basis");
  for (const { field, reasoning, confidence, citations } of (Array.isArray(run.basis) ? run.basis : []).filter(Boolean).slice(0, LISTED)) {
    const name = make("dt", "", field);
    name.append(" ", ...sureness(String(confidence).toLowerCase()).slice(0, 1));
    const said = make("dd", "", reasoning ?? "");
    const list = make("ul");
    for (const citation of (Array.isArray(citations) ? citations : []).filter(Boolean).slice(0, LISTED)) {
      const item = make("li");
      const link = linked(String(cited(citation) ?? ""));
      if (citation.title && link.href) link.textContent = visible(citation.title);
      item.append(link.href ? link : document.createTextNode(visible(citation.title || citation.url || "source")));
      list.append(item);
    }
    if (list.children.length) said.append(list);
    terms.append(name, said);
  }
  box.append(title, terms);
  return box;
}

// what stands in the last cell of a row that came in live
function sourcesLink(run) {
  const words = sureness(run.confidence?.overall);
  if (!Array.isArray(run.basis) || run.basis.length === 0) return words;
  const link = make("a", "src");
  link.href = `${id}/runs/${run.index}`;
  link.append(...(words.length ? words : ["sources"]));
  return [link];
}

table.addEventListener("click", async (event) => {
  const link = event.target.closest("a.src");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await ask("GET", link.getAttribute("href"));
  if (!answer.ok) return tell(answer.body.detail ?? `The service answered ${answer.status}.`, true);
  const box = sourcesOf(answer.body);
  box.open = true;
  link.replaceWith(box);
  box.firstElementChild.focus();
});
