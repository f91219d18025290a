(() => {
  "use strict";
  const PAGES = {
    crate: (name) => `fleet?crate=${encodeURIComponent(name)}`,
    port: (name) => `ports?port=${encodeURIComponent(name)}`,
    service: (name) => `topology?node=${encodeURIComponent(`external:${name}`)}`,
    finding: (name) => `findings?finding=${encodeURIComponent(name)}`,
  };
  const TITLES = { crate: "Crates", port: "Ports", service: "Services outside the fleet", finding: "Findings" };
  const WAIT_MS = 90;
  const dialog = document.getElementById("wb-search");
  const field = document.getElementById("wb-search-text");
  const list = document.getElementById("wb-search-hits");
  const words = document.getElementById("wb-search-words");
  const opener = document.getElementById("wb-search-open");
  let asked = null;
  let timer = 0;
  let chosen = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function choose(index) {
    const all = options();
    chosen = all.length ? (index + all.length) % all.length : -1;
    all.forEach((option, n) => option.setAttribute("aria-selected", String(n === chosen)));
    if (chosen < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  }

  function element(kind, className, text) {
    const made = document.createElement(kind);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function show(found) {
    list.replaceChildren();
    let count = 0;
    for (const group of found) {
      if (!group.hits.length) continue;
      const part = document.createElement("div");
      part.setAttribute("role", "group");
      part.setAttribute("aria-label", TITLES[group.kind]);
      part.append(element("h2", "", TITLES[group.kind]));
      for (const hit of group.hits) {
        const option = document.createElement("a");
        option.id = `wb-hit-${count++}`;
        option.href = PAGES[hit.kind](hit.name);
        option.tabIndex = -1;
        option.setAttribute("role", "option");
        option.append(element("b", hit.kind === "port" ? "mono" : "", hit.title), element("small", "", hit.detail));
        part.append(option);
      }
      list.append(part);
    }
    choose(0);
    words.textContent = count ? "" : "Nothing of this name.";
  }

  async function ask() {
    if (asked) asked.abort();
    const text = field.value.trim();
    if (!text) {
      list.replaceChildren();
      words.textContent = "Type a name, a port, or a word of a finding.";
      return;
    }
    const mine = asked = new AbortController();
    try {
      const answer = await fetch(`api/search?q=${encodeURIComponent(text)}`, { signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
    } catch (error) {
      if (mine.signal.aborted) return;
      list.replaceChildren();
      words.textContent = "The workbench does not answer; try again in a moment.";
    }
  }

  function open() {
    if (dialog.open || !dialog.isConnected) return;
    dialog.showModal();
    field.select();
    ask();
  }

  opener.addEventListener("click", open);
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") options()[chosen]?.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  }, true);
})();
