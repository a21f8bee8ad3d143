"use strict";
// The filters' controls: lists of which several values can be chosen, and the first day and the last.
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

  // The first day and the last: choosing one beyond the other moves the other along. A date that can't
  // be chosen changes nothing.
  function period(inputs, calendar) {
    let chosen = { from: calendar.first, to: calendar.last };
    const isAll = () => chosen.from === calendar.first && chosen.to === calendar.last;
    const written = (...ends) => { for (const end of ends) inputs[end].value = CrimeCalendar.iso(chosen[end]); };
    function choose(from, to) {
      chosen = { from: calendar.snapped(from, false), to: calendar.snapped(Math.max(from, to), true) };
      written("from", "to");
    }
    function take(end, other) {
      const { value, validity } = inputs[end];
      if (!value || !validity.valid) return;
      const day = CrimeCalendar.parsed(value);
      const beyond = end === "from" ? day > chosen.to : day < chosen.from;
      chosen[end] = calendar.snapped(day, end === "to");
      if (!beyond) return;
      chosen[other] = calendar.snapped(day, other === "to");
      written(other);
    }
    for (const [end, other] of [["from", "to"], ["to", "from"]]) {
      const input = inputs[end];
      let typing = false;
      // Half of a date may be a date too: what is typed counts once it is left, or Enter is pressed.
      const leave = () => {
        const before = JSON.stringify(chosen);
        if (typing) take(end, other);
        typing = false;
        written(end);
        if (JSON.stringify(chosen) !== before) input.form.dispatchEvent(new Event("change"));
      };
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") leave();
        else if (event.key !== "Tab") typing = true;
      });
      input.addEventListener("change", (event) => {
        if (typing) event.stopPropagation();
        else take(end, other);
      });
      input.addEventListener("blur", leave);
    }
    return { value: () => ({ ...chosen }), choose, isAll, words: () => CrimeCalendar.words(chosen) };
  }

  return { list, period };
})();
