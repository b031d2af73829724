// A stand-in for the Resonate server: the in-memory server logic of the vendor's SDK behind the server's HTTP interface.
//
//   node front.mjs [--port N] [--token T]
//
// The first line on stdout is {"port":N}. It ends when its stdin closes, so that it cannot outlive whoever started it.

import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { isRequest, LocalNetwork } from "@resonatehq/sdk";

const VERSION = "2026-04-01";
const BODY_LIMIT = 2 * 1024 * 1024;
const TICK_MS = 200;
const ADDRESS = /^poll:\/\/(any|uni)@([^/]+)(?:\/([^/]+))?$/;

const { port, token } = parseArgs({
  options: { port: { type: "string", default: "0" }, token: { type: "string" } },
}).values;

const { server: engine } = new LocalNetwork();
const nodes = new Set();

function apply(request) {
  const result = engine.apply(Date.now(), request);
  // The engine keeps every message ever sent, and searches them all on each new one.
  engine.outgoing.length = 0;
  return result;
}

function receiverOf(address) {
  const [, cast, group, id] = ADDRESS.exec(address);
  const members = [...nodes].filter((node) => node.group === group);
  // Of several connections of one node the newest counts: the older ones may be dead without our knowing it yet.
  const named = members.findLast((node) => node.id === id);
  return named ?? (cast === "any" ? members[Math.floor(Math.random() * members.length)] : undefined);
}

// Fire and forget, like the real server: without a receiver the message is lost.
function deliver(changes) {
  for (const { kind, address, message } of changes) {
    if (kind === "message.send") receiverOf(address)?.stream.write(`data: ${JSON.stringify(message)}\n\n`);
  }
}

// The real server lets a request leave these out; the vendor's logic takes them for granted.
function fillOptional({ kind, head, data }) {
  if (kind === "promise.create") {
    data.param ??= {};
    data.tags ??= {};
  } else if (kind === "promise.settle") {
    data.value ??= {};
  }
  for (const action of data.actions ?? (data.action ? [data.action] : [])) {
    action.head = { ...head, ...action.head };
    fillOptional(action);
  }
}

function addressIn({ data }) {
  return data.address ?? (data.action ?? { data }).data.tags?.["resonate:target"];
}

function answer(body) {
  let request;
  try {
    request = JSON.parse(body);
    fillOptional(request);
  } catch {
    // Not JSON, or not made of objects: isRequest refuses what is there.
  }
  const reply = (status, data) => ({
    kind: request?.kind ?? "unknown",
    head: { corrId: request?.head?.corrId ?? "", status, version: VERSION },
    data,
  });

  if (!isRequest(request) || request.head.version !== VERSION) return reply(400, "Invalid request");
  if (token !== undefined && request.head.auth !== token) return reply(401, "Unauthorized");
  if (request.kind.startsWith("debug.")) return reply(403, "Debug operations are disabled");
  const address = addressIn(request);
  if (address !== undefined && !ADDRESS.test(address)) return reply(400, "Invalid address");

  const { response, changes } = apply(request);
  // Messages follow the answer, as they do from the real server.
  setImmediate(deliver, changes);
  return reply(response.head.status, response.data);
}

function sendText(response, status, text = "") {
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}

function rpc(request, response) {
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    // An oversized body is still read to its end, because closing on a client that is writing can lose our answer.
    if (size <= BODY_LIMIT) chunks.push(chunk);
  });
  request.on("end", () => {
    if (size > BODY_LIMIT) return sendText(response, 413, "length limit exceeded");
    const envelope = answer(Buffer.concat(chunks).toString());
    const body = Buffer.from(JSON.stringify(envelope));
    response
      .writeHead(envelope.head.status, { "content-type": "application/json", "content-length": body.length })
      .end(body);
  });
}

function poll(request, response, group, id) {
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
    return sendText(response, 401, "Unauthorized");
  }
  const node = { group, id, stream: response };
  nodes.add(node);
  response.on("close", () => nodes.delete(node));
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
}

const http = createServer((request, response) => {
  const [root, ...rest] = request.url.split("/").slice(1);
  if (request.method === "POST" && root === "") rpc(request, response);
  else if (request.method === "GET" && root === "poll" && rest.length === 2) poll(request, response, ...rest);
  else if (request.method === "GET" && ["ready", "health"].includes(root)) sendText(response, 200);
  else sendText(response, 404, "Not found");
});

// Unlike Node by default, the real server does not close an idle connection after a few seconds.
http.keepAliveTimeout = 0;

http.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify({ port: http.address().port })));

setInterval(() => {
  const head = { corrId: "tick", version: VERSION };
  deliver(apply({ kind: "debug.tick", head, data: { time: Date.now() } }).changes);
}, TICK_MS);

process.stdin.on("close", () => process.exit()).resume();
process.on("SIGTERM", () => process.exit());
