(() => {
  "use strict";
  // The page's URL holds the query, so a saved query is a name and a link; it stays in this browser.
  const KEY = "workbench.queries";
  const MOST = 50;

  function* deep(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* deep(element.shadowRoot);
    }
  }
  const find = (test) => [...deep(document.getElementById("main"))].find(test);

  function saved() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY) || "[]");
      return found.filter((item) => typeof item.name === "string" && typeof item.search === "string");
    } catch (error) { return []; }
  }

  function keep(items) {
    localStorage.setItem(KEY, JSON.stringify(items.slice(-MOST)));
    fill();
  }

  function element(kind, text, attributes = {}) {
    const made = document.createElement(kind);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function row(item) {
    const line = document.createElement("li");
    const remove = element("button", "Remove", { type: "button", "aria-label": `Remove ${item.name}` });
    remove.addEventListener("click", () => keep(saved().filter((other) => other.name !== item.name)));
    line.append(element("a", item.name, { href: `sql${item.search}` }), remove);
    return line;
  }

  function form() {
    const made = document.createElement("form");
    const name = element("input", "", { type: "text", "aria-label": "Name of the query", placeholder: "name", maxlength: "80", required: "" });
    made.append(name, element("button", "Save the query that was run", { type: "submit" }));
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      const wanted = name.value.trim();
      if (!wanted || !new URLSearchParams(location.search).get("sql")) return;
      keep([...saved().filter((item) => item.name !== wanted), { name: wanted, search: location.search }]);
    });
    return made;
  }

  function fill() {
    const place = find((node) => node.dataset && node.dataset.savedQueries !== undefined);
    if (!place) return false;
    const list = element("ul", "", { class: "list saved" });
    list.append(...saved().map(row));
    place.replaceChildren(place.querySelector("h2"), list, form());
    place.hidden = false;
    return true;
  }

  const waiting = setInterval(() => { if (fill()) clearInterval(waiting); }, 60);

  document.addEventListener("keydown", (event) => {
    const typed = event.composedPath()[0];
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || typed.tagName !== "TEXTAREA") return;
    event.preventDefault();
    typed.dispatchEvent(new Event("change"));
    const run = find((node) => node.tagName === "BUTTON" && node.textContent.trim() === "Run");
    if (run && !run.disabled) run.click();
  }, true);
})();
