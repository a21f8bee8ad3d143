"use strict";
// The filters' controls: lists of which several values can be chosen, and the first month and the last.
const CrimeChoices = (() => {
  const NAMED = 3;

  function listed(names) {
    const shown = names.length > NAMED + 1 ? [...names.slice(0, NAMED), `${names.length - NAMED} more`] : names;
    return [shown.slice(0, -1).join(", "), shown.at(-1)].filter(Boolean).join(" and ");
  }

  // A list, folded: its boxes, a field that finds some of them, and a button that chooses none.
  function list(details) {
    const boxes = [...details.querySelectorAll("input[type=checkbox]")];
    const said = details.querySelector("[data-said]");
    const every = said.textContent;
    const find = details.querySelector("input[type=search]");
    const clear = details.querySelector("button");
    const name = (box) => box.parentElement.textContent.trim();
    find?.addEventListener("input", (event) => {
      event.stopPropagation();
      const wanted = find.value.trim().toLowerCase();
      for (const box of boxes) box.parentElement.hidden = !name(box).toLowerCase().includes(wanted);
    });
    find?.addEventListener("change", (event) => event.stopPropagation());
    clear.addEventListener("click", () => {
      choose(null);
      details.dispatchEvent(new Event("change", { bubbles: true }));
    });
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      details.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => { if (!details.contains(event.target)) details.open = false; });
    function value() {
      const chosen = boxes.filter((box) => box.checked).map((box) => Number(box.value));
      return chosen.length ? new Set(chosen) : null;
    }
    function choose(positions) {
      for (const box of boxes) box.checked = positions?.has(Number(box.value)) ?? false;
    }
    function words() {
      const chosen = boxes.filter((box) => box.checked).map(name);
      said.textContent = chosen.length ? listed(chosen) : every;
      clear.disabled = !chosen.length;
      return said.textContent;
    }
    return { value, choose, words };
  }

  // The first month and the last: choosing one beyond the other moves the other along.
  function period(from, to) {
    const last = to.options.length - 1;
    from.addEventListener("change", () => { if (Number(from.value) > Number(to.value)) to.value = from.value; });
    to.addEventListener("change", () => { if (Number(to.value) < Number(from.value)) from.value = to.value; });
    const value = () => ({ from: Number(from.value), to: Number(to.value) });
    function choose(first, end) {
      from.value = String(first);
      to.value = String(Math.max(first, end));
    }
    const isAll = () => value().from === 0 && value().to === last;
    function words() {
      const [begin, end] = [from, to].map((select) => select.selectedOptions[0].textContent);
      return begin === end ? begin : `${begin} to ${end}`;
    }
    return { value, choose, isAll, words, last };
  }

  return { list, period };
})();
