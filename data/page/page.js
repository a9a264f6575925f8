// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { Clock } from "./model/clock.js";
import { Cluster } from "./model/cluster.js";
import { Journal } from "./model/journal.js";
import { Pulse } from "./model/pulse.js";
import { Trend } from "./model/trend.js";
import { BASE } from "./stream/address.js";
import { ask } from "./stream/ask.js";
import { InTurn } from "./stream/in-turn.js";
import { JobsFeed } from "./stream/jobs.js";
import { QueensFeed } from "./stream/queens.js";
import { askRights } from "./stream/rights.js";
import { subscribe } from "./stream/subscribe.js";
import { AttentionView } from "./view/attention.js";
import { ChoiceView } from "./view/choice.js";
import { DetailView } from "./view/detail.js";
import { EmptyView } from "./view/empty.js";
import { Figures } from "./view/figures.js";
import { drawSoon } from "./view/frames.js";
import { JobsView } from "./view/jobs.js";
import { listenForJumps } from "./view/jumps.js";
import { LogView } from "./view/log.js";
import { Place } from "./view/place.js";
import { PlotView } from "./view/plot.js";
import { PulseView } from "./view/pulse.js";
import { QueensView } from "./view/queens.js";
import { RowsView } from "./view/rows.js";
import { StaleView } from "./view/stale.js";
import { find } from "./view/text.js";
import { now, setClock } from "./view/time.js";
import { TokenView } from "./view/token.js";

const AGE_TICK = 100; /* ms: the age of the queen's beat has tenths */
const PATIENCE = 2; /* beats of the queen: as long as that holds what she said last */
const LOG_TICK = 250; /* ms: nobody reads faster */

const clock = new Clock();
const journal = new Journal();
const cluster = new Cluster((change) => journal.addChange(change));
const pulse = new Pulse();
const trend = new Trend();
const place = new Place(move);
const choice = new ChoiceView(cluster.groups, place, () => drawSoon(draw));
const attention = new AttentionView(place, () => choice.show("problems"));
const detail = new DetailView(cluster, place);
const empty = new EmptyView();
const figures = new Figures((name) => choice.show(name));
const feed = new JobsFeed(() => drawSoon(drawJobs));
const jobs = new JobsView(feed);
const log = new LogView(journal, place);
const plot = new PlotView();
const pulseView = new PulseView();
const queensView = new QueensView();
const queens = new QueensFeed(() => drawSoon(drawQueens));
const stale = new StaleView();
const rows = new RowsView(cluster,
  ({ kind, id }) => place.go({ worker: "", hive: "", [kind]: id }), () => choice.noteFolds());

/* What comes in */

/** @type {Record<string, string>} */
const LINK_NOTES = {
  open: "connected",
  lost: "connection lost; reconnecting",
  bye: "the queen said goodbye; reconnecting",
  locked: "the queen wants a token",
  busy: "the queen has as many subscribers as she may; will try again",
  refused: "the page is not let through",
  unanswered: "no answer from the queen; still trying",
  held: "the queen answers, but something on the way holds the stream back",
};

/** @param {import('./stream/parse.js').Happening} happening */
function write(happening) {
  const { kind, at, id = "", status = "", census } = happening;

  if (kind === "lagged")
    journal.addNote(happening.dropped === null ? "some events were dropped" :
      `${happening.dropped} events were dropped`, at);
  else if (kind === "restart") journal.addNote("the queen has started anew", at);
  else if (!census) journal.addBeat(kind, { at, id, status });
  else if (happening.number !== undefined)
    journal.addBeat(kind, { at, text:
      `${census.workersOnline} workers, ${census.hivesOnline} hives online` });
}

/** @param {import('./stream/parse.js').Happening} happening */
function take(happening) {
  pulse.hear(happening.at);
  if (!cluster.take(happening)) return;
  if (happening.kind === "restart") pulse.forgetInterval();
  if (happening.kind === "queen") pulse.beat(happening);
  if (happening.kind === "queen" && !document.hidden) queens.hearBeat();
  if (happening.kind === "restart" || happening.kind === "lagged") queens.ask();
  write(happening);
}

/**
 * @param {import('./stream/connection.js').LinkState} state
 * @param {string} why
 */
function takeLink(state, why) {
  const text = why ? `${LINK_NOTES[state]}: ${why}` : LINK_NOTES[state];

  if (state !== pulse.link && text) journal.addNote(text);
  if (state === "open") cluster.watchedSince = Math.min(cluster.watchedSince, Date.now());
  if (state === "open" && pulse.link !== "open") {
    lookForJobs();
    queens.ask();
  }
  pulse.link = state;
  pulse.why = why;
  followJobs();
}

/* Jobs are shown to those who may have them ended. */

let maySeeJobs = false;

async function lookForJobs() {
  maySeeJobs = (await askRights()).has("jobs");
  feed.hear(); /* asked about at once if somebody looks, else when somebody does */
  followJobs();
}

function followJobs() {
  feed.follow(maySeeJobs && !document.hidden && pulse.link === "open");
}

function drawJobs() {
  jobs.draw();
}

/* Of 65 536 workers there are hundreds of parts. */
const parts = new InTurn((/** @type {import('./stream/hub.js').RosterMessage} */ message) => {
  cluster.takeRoster(message.part, message.clockOffset);
  drawSoon(draw);
});
const retry = subscribe((message) => {
  if (message.type === "jobs") return feed.hear(); /* what comes of it is drawn then */
  if (message.type === "link") takeLink(message.state, message.why);
  else if (message.type === "roster") parts.add(message);
  else message.happenings.forEach(take);
  if (message.type === "link") drawTitle();
  drawSoon(draw);
});
const token = new TokenView(retry);

/* What is drawn, and when */

/** @returns {import('./view/figures.js').Reading} */
function read() {
  const { census, tallies: { worker, hive }, attention: { size } } = cluster;
  const areKnown = cluster.isListed("worker") && cluster.isListed("hive");

  return {
    online: census?.workersOnline ?? null,
    available: census?.workersAvailable ?? null,
    hivesOnline: census?.hivesOnline ?? null,
    known: areKnown ? worker.known : null,
    busy: areKnown ? worker.busy : null,
    hivesKnown: areKnown ? hive.known : null,
    problems: areKnown ? size : null,
  };
}

function draw() {
  const reading = read();

  if (!pulse.isAway(Date.now())) trend.sample(Date.now(), { ...reading });
  empty.draw(cluster.components.size === 0 && pulse.link === "open");
  token.draw(pulse.link === "locked");
  figures.draw(reading, trend, now());
  attention.draw(cluster.attention, reading.problems !== null);
  choice.draw();
  figures.drawChoice(cluster.groups.filter.choice);
  plot.drawOnline(cluster.census);
  drawPulse();
  if (rows.isStale) rows.draw();
  rows.drawChanged(cluster.changed);
  detail.draw();
  detail.drawChanged(cluster.changed);
  cluster.changed.clear();
}

function drawSecond() {
  const second = lastSecond;

  rows.drawAges();
  attention.drawAges();
  jobs.drawAges();
  if (second % rows.trackStep === 0) rows.drawTracks();
  detail.drawTrack();
  plot.draw(cluster.rates, second, (PATIENCE * pulse.interval) / 1000);
}

function drawPulse() {
  pulseView.draw(pulse, Date.now());
  stale.draw(pulse, Date.now());
}

function drawTitle() {
  pulseView.drawTitle(pulse, cluster.census, cluster.attention.size);
}

function drawQueens() {
  queensView.draw(queens);
}

function drawLog() {
  log.draw();
}

let lastSecond = 0;
/** @param {number} second */
function pass(second) {
  lastSecond = second;
  cluster.rates.pass(second, pulse.link === "open", cluster.census?.workersOnline ?? 0);
  if (!pulse.isAway(Date.now())) cluster.pass(Date.now());
  drawTitle();
  if (document.hidden) return;
  drawSoon(draw);
  drawSoon(drawSecond);
}

let isOutOfTime = false, isStartingOver = false;
/* The page is loaded again, unless something else would come than the page. */
async function startOver() {
  if (isStartingOver) return;
  isStartingOver = true;
  try {
    if ((await ask(BASE.href)).ok) location.reload();
  } catch {
    /* The queen is away; then it is done when she is back. */
  }
  isStartingOver = false;
}

function tick() {
  const second = Math.floor(Date.now() / 1000);

  isOutOfTime ||= clock.wasSetBack(Date.now());
  if (isOutOfTime && second !== lastSecond) startOver();
  if (second !== lastSecond) pass(second);
  if (!document.hidden) drawSoon(drawPulse);
}

/** What the page's address says has changed. */
function move() {
  choice.move();
  log.move();
  drawSoon(draw);
}

setClock(() => pulse.asOf(Date.now()));
find("unloaded").remove();
find("where").textContent = BASE.host + BASE.pathname.replace(/\/$/, "");
listenForJumps();
move();
setInterval(tick, AGE_TICK);
setInterval(() => document.hidden || drawSoon(drawLog), LOG_TICK);
document.addEventListener("visibilitychange", () => {
  followJobs();
  drawSoon(draw);
});
tick();
