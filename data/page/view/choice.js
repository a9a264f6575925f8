// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, setText } from "./text.js";

const MANY = 20; /* rows, of which a narrow screen shows the groups only */
/** @type {Record<string, string>} */
const WORDS = {
  online: "Those online", available: "Those available", busy: "Those busy",
  problems: "Those who need attention",
};

/** Who is shown of the hives and workers, and how: as the page's address says. */
export class ChoiceView {
  #groups;
  #place;
  #onChange;
  #text = find("rows-filter");
  #views = find("views");
  #box = find("shown");
  #word = find("shown-word");
  #narrow = matchMedia("(max-width: 48rem)");

  /**
   * @param {import('../model/groups.js').Groups} groups
   * @param {import('./place.js').Place} place
   * @param {() => void} onChange
   */
  constructor(groups, place, onChange) {
    this.#groups = groups;
    this.#place = place;
    this.#onChange = onChange;
    this.#text.addEventListener("input", () => this.#find());
    this.#views.addEventListener("change", () => this.#turn());
    find("shown-all").addEventListener("click", () => this.show(""));
    this.#narrow.addEventListener("change", onChange);
  }

  /** Somebody has come to the page's address, or gone to another. */
  move() {
    const view = this.#place.get("view") === "model" ? "model" : "hive";
    const text = this.#place.get("find");

    if (this.#text.value.trim() !== text) this.#text.value = text;
    for (const radio of this.#views.querySelectorAll("input")) radio.checked = radio.value === view;
    this.#groups.filter.setText(this.#text.value);
    this.#groups.filter.setChoice(this.#place.get("show"));
    this.#groups.setView(view);
    this.#groups.setFolds(this.#place.list("fold"), this.#place.list("unfold"));
    this.#groups.refilter();
  }

  /** @param {string} choice of a figure; `""` for all */
  show(choice) {
    this.#place.note({ show: choice });
    this.#groups.filter.setChoice(choice);
    this.#groups.refilter();
    this.#onChange();
  }

  noteFolds() {
    this.#place.note({ fold: this.#groups.listFolds(true), unfold: this.#groups.listFolds(false) });
  }

  draw() {
    const { choice } = this.#groups.filter;

    this.#groups.foldAll(this.#narrow.matches && this.#groups.size > MANY);
    this.#box.hidden = !choice;
    setText(this.#word, WORDS[choice] ?? "");
  }

  #find() {
    this.#place.note({ find: this.#text.value.trim() });
    this.#groups.filter.setText(this.#text.value);
    this.#groups.refilter();
    this.#onChange();
  }

  #turn() {
    const view = this.#views.querySelector(":checked").value;

    this.#place.note({ view: view === "model" ? view : "", fold: [], unfold: [] });
    this.#groups.setFolds([], []);
    this.#groups.setView(view);
    this.#onChange();
  }
}
