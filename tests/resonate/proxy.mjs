// A proxy that injects faults between a client and an HTTP server on this machine, repeatably for a seed.
//
//   node proxy.mjs --target PORT --seed N
//
// The first line on stdout is {"port":N}. Each line on stdin changes the settings it names, and is answered by {"ok":true}
// once it is in force. It ends when its stdin closes.

import { createServer, request as send } from "node:http";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const { target, seed } = parseArgs({ options: { target: { type: "string" }, seed: { type: "string" } } }).values;

const settings = {
  drop: 0, // probability that the target handles the request, and its answer is lost
  delay_ms: 0, // how long a request is held before it goes to the target
  duplicate: 0, // probability that the target gets the request twice
  truncate: 0, // probability that the answer breaks off in the middle of its body
  down: false, // whether every connection is closed at once
};

// mulberry32
let state = Number(seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), state | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
}

// Each request takes the same number of draws, whatever the settings are, so that its fate depends on its position alone.
function drawFaults() {
  const [drop, duplicate, truncate] = [random(), random(), random()];
  return {
    drop: drop < settings.drop,
    duplicate: duplicate < settings.duplicate,
    truncate: truncate < settings.truncate,
  };
}

// Without what describes one connection only, as each side of the proxy has its own.
function endToEnd({ connection, "keep-alive": keepAlive, "transfer-encoding": encoding, ...headers }) {
  return headers;
}

// Each request goes over a connection of its own, for no fault to come from a pool here.
function open({ method, url, headers }, extraHeaders) {
  return send({
    port: target,
    host: "127.0.0.1",
    method,
    path: url,
    headers: { ...endToEnd(headers), ...extraHeaders },
    agent: false,
  });
}

function forward(request, body) {
  return new Promise((resolve, reject) => {
    open(request, { "content-length": body.length })
      .on("response", (answer) => buffer(answer).then((content) => resolve({ answer, content }), reject))
      .on("error", reject)
      .end(body);
  });
}

async function relay(request, response) {
  const faults = drawFaults();
  const body = await buffer(request);
  await sleep(settings.delay_ms);
  const { answer, content } = await forward(request, body);
  if (faults.duplicate) await forward(request, body);
  if (faults.drop) return response.destroy();

  response.writeHead(answer.statusCode, { ...endToEnd(answer.headers), "content-length": content.length });
  if (faults.truncate) {
    response.write(content.subarray(0, content.length / 2), () => response.destroy());
  } else {
    response.end(content);
  }
}

function relayStream(request, response) {
  const upstream = open(request)
    .on("response", (answer) => {
      response.writeHead(answer.statusCode, endToEnd(answer.headers)).flushHeaders();
      // However it ends, the pipeline closes both sides.
      pipeline(answer, response, () => {});
    })
    .on("error", () => response.destroy())
    .end();
  response.on("close", () => upstream.destroy());
}

const sockets = new Set();

// Polls take no draws: how often a client reconnects depends on its timing, and must not shift the fate of the requests.
const http = createServer((request, response) => {
  if (request.method === "GET" && request.url.startsWith("/poll/")) relayStream(request, response);
  // It fails when either side goes away, which the client shall see as a lost connection.
  else relay(request, response).catch(() => response.destroy());
});

http.keepAliveTimeout = 0;

http.on("connection", (socket) => {
  if (settings.down) return socket.destroy();
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
});

http.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: http.address().port })));

for await (const line of createInterface({ input: process.stdin })) {
  Object.assign(settings, JSON.parse(line));
  if (settings.down) for (const socket of sockets) socket.destroy();
  console.log(JSON.stringify({ ok: true }));
}
process.exit();
