(() => {
  "use strict";
  const loading = document.getElementById("wb-loading");
  const lost = document.getElementById("wb-lost");
  const signedOut = document.getElementById("wb-signed-out");
  let connection = null;

  // Bokeh puts every component into a shadow root of its own, where selectors do not reach.
  function* deep(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* deep(element.shadowRoot);
    }
  }

  function age(seconds, isExact) {
    if (seconds < (isExact ? 1 : 5)) return "just now";
    if (seconds < 60) return `${Math.floor(seconds)} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  }

  function tellAges() {
    for (const element of deep(document.body)) {
      const since = element.dataset && element.dataset.since;
      if (!since) continue;
      const text = age(Math.max(0, Date.now() / 1000 - Number(since)), element.dataset.exact !== undefined);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  // What the widgets' libraries leave without a name, or name so that a screen reader loses its way.
  function mend() {
    if (document.hidden) return;
    for (const element of deep(document.getElementById("main"))) {
      if (element.classList.contains("bk-spin-btn") && !element.ariaLabel) {
        element.ariaLabel = element.classList.contains("bk-spin-btn-up") ? "More" : "Less";
      } else if (element.classList.contains("tabulator")) {
        if (element.getAttribute("role") === "grid") mendGrid(element);
        mendRows(element);
      } else if (element.classList.contains("wb-side") && !element.hasAttribute("tabindex")) {
        // It scrolls by itself, so it must be reached by the keyboard also where nothing in it can be.
        element.tabIndex = 0;
      }
    }
  }

  // A grid may hold rows alone; Tabulator also puts its pages' buttons into it.
  function mendGrid(table) {
    const header = table.querySelector(".tabulator-header");
    const holder = table.querySelector(".tabulator-tableholder");
    if (!header || !holder) return;
    header.id = "wb-table-header";
    table.removeAttribute("aria-owns");
    table.setAttribute("role", "group");
    table.ariaLabel = "Table and its pages";
    holder.setAttribute("role", "grid");
    holder.setAttribute("aria-owns", header.id);
    holder.ariaLabel = "Table";
  }

  // Rows are chosen by the pointer alone; so one of them is a stop of the keyboard, which leads to the others.
  function mendRows(table) {
    const rows = [...table.querySelectorAll(".tabulator-row.tabulator-selectable")];
    const stop = rows.find((row) => row.tabIndex === 0) || rows.find((row) => row.matches(".tabulator-selected")) || rows[0];
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  }

  document.addEventListener("keydown", (event) => {
    const row = event.composedPath()[0];
    if (!row.classList || !row.classList.contains("tabulator-row")) return;
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!step) return row.click();
    const next = row[step];
    if (!next || next.tabIndex === undefined) return;
    row.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  // On a narrow window the pages' names stand in a line that scrolls.
  const current = document.querySelector(".wb-nav [aria-current]");
  const line = current.parentElement;
  line.scrollLeft = current.offsetLeft - line.offsetLeft - (line.clientWidth - current.offsetWidth) / 2;

  const drawn = setInterval(() => {
    const root = document.querySelector("#main > div");
    if (!root || !root.querySelector("*")) return;
    clearInterval(drawn);
    loading.remove();
    mend();
    tellAges();
  }, 30);
  setInterval(tellAges, 1000);
  setInterval(mend, 1500);

  // The URL holds the whole state of a page: where the browser goes within it, the server hears of and follows.
  // Panel answers each change of its location with a new entry of the history, also when the browser is there already,
  // and what is typed above a column would be an entry for each letter.
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const here = window.location;
    const next = new URL(url, here);
    if (next.href === here.href) return;
    if (isTyped(new URLSearchParams(here.search), next.searchParams)) history.replaceState(state, title, url);
    else push(state, title, url);
  };

  function isTyped(before, after) {
    const words = new Set([...before.keys(), ...after.keys()]);
    const changed = [...words].filter((word) => before.get(word) !== after.get(word));
    const [word] = changed;
    const isAbove = changed.length === 1 && word.includes(".") && !word.endsWith(".sort") && !word.endsWith(".page");
    return isAbove && before.has(word) && after.has(word);
  }

  function locationModel() {
    const roots = (window.Bokeh ? window.Bokeh.documents : []).flatMap((document) => document.roots());
    return roots.find((model) => model.type === "panel.models.location.Location");
  }
  window.addEventListener("popstate", () => {
    const model = locationModel();
    if (model && lost.hidden) model.search = window.location.search;
    else window.location.reload();
  });

  // Whoever may see this page no longer is led to the form; nobody else is led anywhere.
  async function isServed() {
    try {
      const answer = await fetch(window.location.href, { cache: "no-store", redirect: "manual" });
      return { isHere: answer.ok, isSignedOut: signedOut !== null && answer.type === "opaqueredirect" };
    } catch (error) { return { isHere: false, isSignedOut: false }; }
  }
  async function returnWhenServed() {
    const { isHere, isSignedOut } = await isServed();
    if (isHere) window.location.reload();
    else if (isSignedOut) showSignedOut();
    else setTimeout(returnWhenServed, 2000);
  }
  document.addEventListener("wb-connection-lost", async (event) => {
    connection = event.detail.connection.deref() || connection;
    if (!lost.hidden) return;
    lost.hidden = false;
    sayNotLive();
    if (signedOut && (await isServed()).isSignedOut) showSignedOut();
    else setTimeout(returnWhenServed, 1000);
  });

  function sayNotLive() {
    for (const element of deep(document.body)) {
      if (!element.classList.contains("dot")) continue;
      element.className = "dot bad";
      element.textContent = "not live";
    }
  }

  // What was shown goes: whoever sits here now may be somebody else.
  function showSignedOut() {
    if (connection) connection.close();
    const main = document.getElementById("main");
    main.replaceChildren(signedOut.content.cloneNode(true));
    main.querySelector("a").href = window.location.href;
    for (const part of document.querySelectorAll(".wb-nav, .wb-search-open, .wb-strip, .wb-search, .wb-lost")) part.remove();
    document.title = "Signed out · Crate Workbench";
    // Somebody may have signed in again in another window.
    window.addEventListener("focus", async () => {
      if ((await isServed()).isHere) window.location.reload();
    });
  }

  // The words of a revision are put in or taken out here, where all the other words of the address are known.
  function addressOf(revision) {
    const address = new URL(window.location.href);
    if (revision === null) address.searchParams.delete("revision");
    else address.searchParams.set("revision", revision);
    return address.href;
  }

  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Without TLS browsers give the clipboard to this alone.
    const field = document.body.appendChild(document.createElement("textarea"));
    field.value = text;
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    if (!isCopied) throw new Error("not copied");
  }

  document.addEventListener("click", async (event) => {
    const pressed = event.composedPath().find((node) => node.dataset && node.dataset.pin !== undefined);
    if (!pressed) return;
    const address = addressOf(pressed.dataset.pin);
    const words = pressed.textContent;
    try {
      await copy(address);
      pressed.textContent = "Copied";
      setTimeout(() => { pressed.textContent = words; }, 2000);
    } catch (error) { window.prompt("The link to this revision", address); }
  });

  // A link to something on this very page is a selection: the row or list that holds it does the work.
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.composedPath().find((node) => node.tagName === "A");
    if (!link || !link.href || event.defaultPrevented) return;
    if (link.dataset.row !== undefined) return event.preventDefault();
    if (link.dataset.now !== undefined) {
      event.preventDefault();
      window.location.href = addressOf(null);
      return;
    }
    const here = new URL(window.location.href), there = new URL(link.href);
    const isHere = here.searchParams.get("revision") === there.searchParams.get("revision") && link.origin === window.location.origin && link.pathname === window.location.pathname;
    if (!isHere || link.hash || link.target || link.hasAttribute("download") || !lost.hidden || !locationModel()) return;
    event.preventDefault();
    push({}, "", link.href);
    window.dispatchEvent(new PopStateEvent("popstate"));
  }, true);
})();
