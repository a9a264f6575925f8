// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { Cluster } from "./model/cluster.js";
import { Journal } from "./model/journal.js";
import { Pulse } from "./model/pulse.js";
import { subscribe } from "./stream/subscribe.js";
import { DetailView } from "./view/detail.js";
import { EmptyView } from "./view/empty.js";
import { Figures } from "./view/figures.js";
import { drawSoon } from "./view/frames.js";
import { LogView } from "./view/log.js";
import { PlotView } from "./view/plot.js";
import { PulseView } from "./view/pulse.js";
import { RowsView } from "./view/rows.js";
import { find } from "./view/text.js";
import { TokenView } from "./view/token.js";

const AGE_TICK = 100; /* ms: the age of the queen's beat has tenths */
const PATIENCE = 2; /* beats of the queen: as long as that holds what she said last */
const LOG_TICK = 250; /* ms: nobody reads faster */

const cluster = new Cluster();
const journal = new Journal();
const pulse = new Pulse();
const detail = new DetailView();
const empty = new EmptyView();
const figures = new Figures();
const log = new LogView(journal);
const plot = new PlotView();
const pulseView = new PulseView();
const rows = new RowsView(cluster, (component) => detail.open(component));

/* What comes in */

/** @type {Record<string, string>} */
const LINK_NOTES = {
  open: "connected",
  lost: "connection lost; reconnecting",
  bye: "the queen said goodbye; reconnecting",
  locked: "the queen wants a token",
  busy: "the queen has no room for one more listener; will try again",
};

/** @param {string} text */
function note(text, at = Date.now()) {
  journal.add({ at, kind: "note", id: "", status: "", text });
}

/** @param {import('./stream/parse.js').Happening} happening */
function write(happening) {
  const { kind, at, id = "", status = "", census } = happening;

  if (kind === "lagged")
    note(happening.dropped === null ? "some events were dropped" :
      `${happening.dropped} events were dropped`, at);
  else if (kind === "restart") note("the queen has started anew", at);
  else if (!census) journal.add({ at, kind, id, status, text: "" });
  else if (happening.number !== undefined)
    journal.add({ at, kind, id, status, text:
      `${census.workersOnline} workers, ${census.hivesOnline} hives online` });
}

/** @param {import('./stream/parse.js').Happening} happening */
function take(happening) {
  if (!cluster.take(happening)) return;
  if (happening.kind === "restart") pulse.forgetInterval();
  if (happening.kind === "queen") pulse.beat(happening);
  write(happening);
}

/** @param {import('./stream/connection.js').LinkState} state */
function takeLink(state) {
  if (state !== pulse.link && LINK_NOTES[state]) note(LINK_NOTES[state]);
  pulse.link = state;
}

const retry = subscribe((message) => {
  if (message.type === "link") takeLink(message.state);
  else if (message.type === "roster") cluster.takeRoster(message.part);
  else message.happenings.forEach(take);
  if (message.type === "link") pulseView.drawTitle(pulse, cluster.census);
  drawSoon(draw);
});
const token = new TokenView(retry);

/* What is drawn, and when */

function draw() {
  empty.draw(cluster.components.size === 0 && pulse.link === "open");
  token.draw(pulse.link === "locked");
  figures.draw(cluster.census);
  plot.drawOnline(cluster.census);
  pulseView.draw(pulse, Date.now());
  if (rows.isStale) rows.draw();
  rows.drawChanged(cluster.changed);
  detail.drawChanged(cluster.changed);
  cluster.changed.clear();
}

/** @param {number} second */
function drawSecond(second) {
  rows.drawAges();
  if (second % rows.trackStep === 0) rows.drawTracks();
  detail.drawTrack();
  plot.draw(cluster.rates, second, (PATIENCE * pulse.interval) / 1000);
}

let lastSecond = 0;
function tick() {
  const second = Math.floor(Date.now() / 1000);

  if (second !== lastSecond) {
    lastSecond = second;
    cluster.rates.pass(second, pulse.link === "open", cluster.census?.workersOnline ?? 0);
    pulseView.drawTitle(pulse, cluster.census);
    if (!document.hidden) drawSoon(() => drawSecond(second));
  }
  if (!document.hidden) drawSoon(drawPulse);
}

const drawPulse = () => pulseView.draw(pulse, Date.now());
const drawLog = () => log.draw();

find("where").textContent = location.host;
setInterval(tick, AGE_TICK);
setInterval(() => document.hidden || drawSoon(drawLog), LOG_TICK);
document.addEventListener("visibilitychange", () => drawSoon(draw));
tick();
