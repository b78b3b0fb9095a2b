// Small behaviours of the pages. Every page works without them, but for copying.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const done = await copyText(source.textContent);
  if (!done) selectText(source);
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// The clipboard exists on https and on localhost only.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function selectText(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// A form is sent once; one that takes long says what is going on.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") form.dataset.sent = "yes";
  const button = form.querySelector("button:not([type=button])");
  if (form.dataset.busy && button) {
    button.textContent = form.dataset.busy;
    button.setAttribute("aria-busy", "true");
  }
});

// Back from the next page, the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("alpine:init", () => {
  Alpine.data("authentication", () => ({
    kind: "",
    init() { this.kind = this.$refs.kind.value; },
    choose() { this.kind = this.$refs.kind.value; },
    get bearer() { return this.kind === "bearer"; },
    get basic() { return this.kind === "basic"; },
    get header() { return this.kind === "authheaders"; },
  }));

  Alpine.data("tabs", () => ({
    tabs: [],
    init() {
      this.tabs = [...this.$root.querySelectorAll("[role=tab]")];
      this.show(this.tabs[0]);
    },
    choose(event) { this.show(event.currentTarget); },
    next(event) { this.step(event.target, 1); },
    previous(event) { this.step(event.target, -1); },
    step(from, by) {
      const at = this.tabs.indexOf(from);
      if (at < 0) return;
      const to = this.tabs[(at + by + this.tabs.length) % this.tabs.length];
      this.show(to);
      to.focus();
    },
    show(chosen) {
      for (const tab of this.tabs) {
        const here = tab === chosen;
        tab.setAttribute("aria-selected", String(here));
        tab.tabIndex = here ? 0 : -1;
        document.getElementById(tab.getAttribute("aria-controls")).hidden = !here;
      }
    },
  }));

  Alpine.data("picker", () => ({
    chosen: "",
    init() { this.count(); },
    count() {
      const picked = this.$root.querySelectorAll("input[type=checkbox]:checked").length;
      this.chosen = picked ? `${picked} picked` : "Nothing picked yet";
    },
    filter() {
      const words = this.$refs.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const item of this.$root.querySelectorAll("[data-text]")) {
        item.hidden = !words.every((word) => item.dataset.text.includes(word));
      }
    },
    all(event) {
      const fieldset = event.currentTarget.closest("fieldset");
      const boxes = [...fieldset.querySelectorAll("li:not([hidden]) input")];
      const pick = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = pick;
      this.count();
    },
  }));
});
