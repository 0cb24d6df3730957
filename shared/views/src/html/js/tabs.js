// The views of a result as tabs; without this script they stand below each other. Arrow keys go from one to the next.

const result = byId("result");

if (result) {
  const views = [...result.querySelectorAll("[data-view]")];
  const bar = make("div", "tabs");
  bar.role = "tablist";
  bar.ariaLabel = "Views of the result";
  const tabs = views.map((view) => {
    const title = view.querySelector("h3");
    title.hidden = true;
    const tab = make("button", "", title.textContent);
    tab.type = "button";
    tab.role = "tab";
    tab.id = `tab-${view.dataset.view}`;
    tab.setAttribute("aria-controls", view.id);
    view.role = "tabpanel";
    view.tabIndex = 0;
    view.setAttribute("aria-labelledby", tab.id);
    return tab;
  });
  const open = (at) => {
    views.forEach((view, other) => {
      view.hidden = other !== at;
      tabs[other].ariaSelected = String(other === at);
      tabs[other].tabIndex = other === at ? 0 : -1;
    });
  };
  tabs.forEach((tab, at) => tab.addEventListener("click", () => open(at)));
  bar.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    open(next);
    tabs[next].focus();
  });
  bar.append(...tabs);
  result.querySelector("h2").after(bar);
  open(Math.max(0, views.findIndex((view) => view.dataset.view === result.dataset.first)));
}
