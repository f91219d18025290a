(() => {
  "use strict";
  // Runs before anything is drawn, so that a chosen theme shows from the first frame on.
  const KEY = "workbench.theme";
  const THEMES = ["light", "dark"];
  const root = document.documentElement;
  const prefersLight = window.matchMedia("(prefers-color-scheme: light)");

  function chosen() {
    try {
      const kept = localStorage.getItem(KEY);
      return THEMES.includes(kept) ? kept : null;
    } catch (error) { return null; }
  }
  const theme = () => chosen() || (prefersLight.matches ? "light" : "dark");

  function dress() {
    root.dataset.theme = theme();
    const button = document.getElementById("wb-theme");
    if (button) button.setAttribute("aria-pressed", String(theme() === "light"));
  }

  // The pages that run no script, those for signing in, hear of it from the server.
  function tell() {
    if (chosen()) document.cookie = `workbench-theme=${chosen()}; path=/; max-age=31536000; samesite=lax`;
  }

  dress();
  tell();
  prefersLight.addEventListener("change", dress);
  // Another page of the same browser has changed it.
  window.addEventListener("storage", (event) => { if (event.key === KEY) dress(); });
  // Once: the event comes again when components are embedded.
  document.addEventListener("DOMContentLoaded", () => {
    dress();
    document.getElementById("wb-theme").addEventListener("click", () => {
      try { localStorage.setItem(KEY, theme() === "light" ? "dark" : "light"); } catch (error) { return; }
      dress();
      tell();
    });
  }, { once: true });
})();
