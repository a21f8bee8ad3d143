"use strict";
// A served page asks its server now and then whether there is something new, and shows it. What is chosen in the
// filters is in the address and stays.
(() => {
  const EVERY = 2000;
  const mark = document.querySelector("meta[name=crime-version]").content;
  const said = document.querySelector("[data-slot=live]");
  async function ask() {
    try {
      const answer = await fetch("state", { cache: "no-store" });
      const state = await answer.json();
      if (state.version !== mark) { location.reload(); return; }
      said.textContent = state.problem ? `Not up to date: ${state.problem}` : "Live: shows what is new by itself";
    } catch {
      said.textContent = "The dashboard's server does not answer; this is what it said last";
    }
    setTimeout(ask, EVERY);
  }
  setTimeout(ask, EVERY);
})();
