// Buttons that copy the text in their `data-copy`; without a clipboard, as on a page without TLS, the text beside them is selected.

for (const button of document.querySelectorAll("[data-copy]")) button.hidden = button.dataset.copy === "";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button || button.dataset.label) return;
  let did = "Copied";
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const shown = byId(button.dataset.shown);
    if (shown) getSelection().selectAllChildren(shown);
    did = shown ? "Selected" : "Not copied";
  }
  button.dataset.label = button.textContent;
  button.textContent = did;
  say(byId("said"), did);
  setTimeout(() => {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
    say(byId("said"), "");
  }, 1500);
});
