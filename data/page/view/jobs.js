// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "../stream/address.js";
import { ask } from "../stream/ask.js";
import { readFault } from "../stream/fault.js";
import { makeName, setName } from "./name.js";
import { makeState, setState } from "./states.js";
import { capitalize, find, formatAge, formatNumber, make, setText } from "./text.js";
import { now } from "./time.js";

/** @typedef {import('../stream/jobs.js').Job} Job */

/** @param {Job} job */
const nameModel = ({ model, operation }) => model ?? operation;

/** @param {Job} job */
function describePlace({ status, worker_id, position }) {
  if (status === "running") return `on ${worker_id ?? "–"}`;
  return position ? `number ${formatNumber(position)} in line` : "in line";
}

/** The jobs of one model together, first those that run, and each the oldest first. */
/** @param {Job[]} jobs */
function arrange(jobs) {
  /** @type {(job: Job) => string} */
  const write = (job) => [job.status === "running" ? 0 : 1, job.created_at, job.job_id].join(" ");
  /** @type {Map<string, Job[]>} */
  const models = new Map();

  for (const job of jobs) models.set(nameModel(job), [...models.get(nameModel(job)) ?? [], job]);
  for (const list of models.values()) list.sort((a, b) => write(a) < write(b) ? -1 : 1);
  return new Map([...models].sort(([a], [b]) => a < b ? -1 : 1));
}

/** What a model has to do. */
class Heading {
  element = make("li", "asked");
  #name = makeName();
  #count = make("span", "count");

  constructor() {
    this.element.append(this.#name, this.#count);
  }

  /**
   * @param {string} model
   * @param {Job[]} jobs
   */
  draw(model, jobs) {
    const running = jobs.filter(({ status }) => status === "running").length;

    setName(this.#name, model);
    setText(this.#count,
      `${formatNumber(running)} running, ${formatNumber(jobs.length - running)} waiting`);
  }
}

/** One job. */
class Line {
  element = make("li", "job");
  #state = makeState();
  #place = makeName();
  #speed = make("span", "speed");
  #age = make("time", "since");
  #cancel = make("button", "", "Cancel");
  /** @type {Job | null} */
  #job = null;

  /** @param {(job: Job) => void} onCancel */
  constructor(onCancel) {
    this.#cancel.type = "button";
    this.#cancel.addEventListener("click", () => this.#job && onCancel(this.#job));
    this.element.append(this.#state, this.#place, this.#speed, this.#age, this.#cancel);
  }

  /** @param {Job} job */
  draw(job) {
    const { status, tokens_per_second: speed } = job;

    this.#job = job;
    this.element.dataset.job = job.job_id;
    setState(this.#state, status === "running" ? "running" : "waiting");
    setName(this.#place, describePlace(job));
    setText(this.#speed, speed > 0 ? `${formatNumber(Math.round(speed * 10) / 10)} tokens/s` : "");
    this.#age.dateTime = job.created_at;
    this.#cancel.setAttribute("aria-label", `Cancel the job for ${nameModel(job)} ${describePlace(job)}`);
    this.drawAge();
  }

  drawAge() {
    if (this.#job) setText(this.#age, formatAge(Math.max(0, now() - Date.parse(this.#job.created_at))));
  }
}

/** What models are asked just now: nothing is shown when that is nothing. */
export class JobsView {
  #part = find("jobs");
  #list = find("jobs-list");
  #note = find("jobs-note");
  #feed;
  /** @type {Map<string, Line>} by the job's id */
  #lines = new Map();
  /** @type {Map<string, Heading>} by the model */
  #headings = new Map();
  #fault = "";

  /** @param {import('../stream/jobs.js').JobsFeed} feed */
  constructor(feed) {
    this.#feed = feed;
  }

  draw() {
    const { jobs, isCut } = this.#feed;
    const models = arrange(jobs);
    const ids = new Set(jobs.map(({ job_id }) => job_id));

    for (const id of this.#lines.keys()) if (!ids.has(id)) this.#lines.delete(id);
    for (const model of this.#headings.keys()) if (!models.has(model)) this.#headings.delete(model);
    this.#place([...models].flatMap(([model, list]) => this.#drawModel(model, list)));
    this.#part.hidden = jobs.length === 0 && !this.#fault;
    setText(this.#note, this.#fault || (isCut ? "There may be more." : ""));
    this.#note.hidden = !this.#note.textContent;
  }

  drawAges() {
    for (const line of this.#lines.values()) line.drawAge();
  }

  /**
   * @param {string} model
   * @param {Job[]} jobs
   */
  #drawModel(model, jobs) {
    const heading = this.#headings.get(model) ?? new Heading();

    this.#headings.set(model, heading);
    heading.draw(model, jobs);
    return [heading.element, ...jobs.map((job) => this.#drawJob(job))];
  }

  /** @param {Job} job */
  #drawJob(job) {
    const line = this.#lines.get(job.job_id) ?? new Line((asked) => this.#cancel(asked));

    this.#lines.set(job.job_id, line);
    line.draw(job);
    return line.element;
  }

  /* What stays where it was is not touched: it may have the focus. */
  /** @param {HTMLElement[]} elements */
  #place(elements) {
    const wanted = new Set(elements);

    for (const element of [...this.#list.children]) if (!wanted.has(element)) element.remove();
    elements.forEach((element, i) => {
      if (this.#list.children[i] !== element) this.#list.insertBefore(element, this.#list.children[i] ?? null);
    });
  }

  /** @param {Job} job */
  async #cancel(job) {
    try {
      const answer = await ask(resolve(`v1/jobs/${encodeURIComponent(job.job_id)}`), { method: "DELETE" });
      this.#fault = answer.ok ? "" : capitalize(`${(await readFault(answer)).message}.`);
    } catch {
      this.#fault = "The queen does not answer.";
    }
    this.#feed.ask();
  }
}
