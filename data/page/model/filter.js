// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** @typedef {import('./component.js').Component} Component */

/** @type {Record<string, (component: Component) => boolean>} */
const CHOICES = {
  online: (component) => component.isOnline,
  available: (component) => component.isAvailable,
  busy: (component) => component.status === "busy",
  problems: (component) => component.isProblem,
};

/** Who is wanted: by what is shown of somebody, and by how it is. */
export class Filter {
  /** @type {string[]} */
  #words = [];
  #text = "";
  #choice = "";

  /** @param {string} text words that must all be there, in whatever case and order */
  setText(text) {
    this.#text = text.trim();
    this.#words = this.#text.toLowerCase().split(/\s+/).filter(Boolean);
  }

  /** @param {string} choice one of those above; anything else means all */
  setChoice(choice) {
    this.#choice = Object.hasOwn(CHOICES, choice) ? choice : "";
  }

  get text() {
    return this.#text;
  }

  get choice() {
    return this.#choice;
  }

  get isActive() {
    return this.#words.length > 0 || this.#choice !== "";
  }

  /** @param {Component | null} component */
  accepts(component) {
    if (!this.isActive) return true;
    if (!component || (this.#choice && !CHOICES[this.#choice](component))) return false;
    return this.#words.every((word) => component.text.includes(word));
  }

  /** @param {string} name of a group, which then stands for all that are in it */
  acceptsName(name) {
    if (this.#choice || this.#words.length === 0) return !this.isActive;
    return this.#words.every((word) => name.toLowerCase().includes(word));
  }
}
