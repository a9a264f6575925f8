// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A hub of server-sent events as one writes it in node: what is posted goes to all who listen. */

import http from "node:http";

const subscribers = new Set();
let events = 0;

function subscribe(response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write("retry: 2000\n\n");
  subscribers.add(response);
  response.on("close", () => subscribers.delete(response));
}

async function publish(request, response) {
  let body = "";

  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const { worker, timestamp } = JSON.parse(body);
  const data = JSON.stringify({
    type: "worker", worker_id: worker.id, status: worker.status, timestamp });
  const frame = `id: 19a1c0de2f7-${++events}\nevent: heartbeat\ndata: ${data}\n\n`;
  for (const subscriber of subscribers) subscriber.write(frame);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({
    status: "ok", message: `Heartbeat received from worker ${worker.id}` }));
}

const server = http.createServer((request, response) =>
  request.method === "POST" ? publish(request, response) : subscribe(response));
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
  console.error(`hub: ready on http://127.0.0.1:${server.address().port}`));
