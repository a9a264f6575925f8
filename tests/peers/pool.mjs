// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

// pool.mjs URL COUNT: so many heartbeats through Node's own pool of kept connections.

import http from "node:http";

const [url, count] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function beat(number) {
  const body = JSON.stringify({ worker_id: `node-${number % 50}`, status: "ready" });
  const headers = { "Content-Type": "application/json", "Content-Length": body.length };

  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, method: "POST", headers }, (answer) => {
      answer.resume().on("end", () => (answer.statusCode === 200 ? resolve() : reject(answer.statusCode)));
    });
    request.on("error", reject).end(body);
  });
}

for (let done = 0; done < Number(count); done += 100) {
  await Promise.all(Array.from({ length: 100 }, (_, number) => beat(number)));
}
agent.destroy();
